-- A message that no server took and none will: it waits for an administrator.
ALTER TABLE outgoings ADD COLUMN dead_at DATETIME;
DROP INDEX outgoings_due;
CREATE INDEX outgoings_due ON outgoings (id) WHERE sent_at IS NULL AND dead_at IS NULL;
CREATE INDEX outgoings_dead ON outgoings (id) WHERE dead_at IS NOT NULL;

-- What an officer found of a case whose requester files much, under the article that
-- allows it. Rows are added and withdrawn, never changed.
CREATE TABLE repeat_findings (
  id INTEGER PRIMARY KEY,
  case_id INTEGER NOT NULL REFERENCES cases (id),
  rule TEXT NOT NULL,
  article TEXT NOT NULL,
  earlier TEXT NOT NULL,
  reason TEXT NOT NULL,
  officer_id INTEGER,
  at DATETIME NOT NULL,
  withdrawn_at DATETIME
);
CREATE INDEX repeat_findings_case ON repeat_findings (case_id);
