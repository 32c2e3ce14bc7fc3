-- Who was let into a confidential case beside those whose case it is, until when, and by whom.
CREATE TABLE grants (
  id INTEGER PRIMARY KEY,
  case_id INTEGER NOT NULL REFERENCES cases (id),
  officer_id INTEGER NOT NULL REFERENCES officers (id),
  kind TEXT NOT NULL,
  reason TEXT NOT NULL,
  granted_id INTEGER REFERENCES officers (id),
  granted_by TEXT NOT NULL,
  granted_role TEXT NOT NULL,
  at DATETIME NOT NULL,
  until DATETIME NOT NULL,
  revoked_at DATETIME,
  revoked_by TEXT NOT NULL DEFAULT '',
  seen_at DATETIME,
  seen_id INTEGER REFERENCES officers (id),
  seen_by TEXT NOT NULL DEFAULT '',
  version INTEGER NOT NULL
);
CREATE INDEX grants_case ON grants (case_id, id);
CREATE INDEX grants_officer ON grants (officer_id, until, case_id) WHERE revoked_at IS NULL;
-- Emergencies that a superior has yet to acknowledge.
CREATE INDEX grants_unseen ON grants (id) WHERE kind = 'emergency' AND seen_at IS NULL;

-- A document's own exemption ends on a day of its own.
ALTER TABLE attachments ADD COLUMN expires_on TEXT NOT NULL DEFAULT '';
CREATE INDEX attachments_expires ON attachments (expires_on, id) WHERE expires_on <> '';

-- What a handover moves: rungs that an officer holds.
CREATE INDEX rungs_holder ON rungs (holder_id, id) WHERE state IN ('open', 'acknowledged') AND holder_id IS NOT NULL;
