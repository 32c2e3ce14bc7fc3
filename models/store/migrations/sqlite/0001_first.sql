-- Times are UTC. Whatever is hashed is text, so that it comes back byte for byte.
-- A DATETIME is text of the form 2006-01-02 15:04:05.999999+00:00, which sorts in order of time.
-- Lists of open cases compare state with exactly the list named in the partial
-- indexes below; store/queue.go holds the same text.

CREATE TABLE bodies (
  id INTEGER PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  about TEXT NOT NULL,
  pack TEXT NOT NULL,
  zone TEXT NOT NULL,
  works_on_collective_leave BOOLEAN NOT NULL,
  version INTEGER NOT NULL,
  created_at DATETIME NOT NULL
);

CREATE TABLE units (
  id INTEGER PRIMARY KEY,
  body_id INTEGER NOT NULL REFERENCES bodies (id),
  parent_id INTEGER REFERENCES units (id),
  slug TEXT NOT NULL,
  name TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  UNIQUE (body_id, slug)
);

CREATE TABLE officers (
  id INTEGER PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  body_id INTEGER REFERENCES bodies (id),
  unit_id INTEGER REFERENCES units (id),
  clearance TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  disabled BOOLEAN NOT NULL,
  away_from TEXT NOT NULL DEFAULT '',
  away_until TEXT NOT NULL DEFAULT '',
  delegate_id INTEGER REFERENCES officers (id),
  lang TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at DATETIME NOT NULL
);
CREATE INDEX officers_delegate ON officers (delegate_id) WHERE delegate_id IS NOT NULL;
CREATE INDEX officers_body ON officers (body_id, role);

CREATE TABLE sessions (
  id INTEGER PRIMARY KEY,
  token_hash TEXT NOT NULL UNIQUE,
  prev_hash TEXT NOT NULL DEFAULT '',
  officer_id INTEGER NOT NULL REFERENCES officers (id),
  created_at DATETIME NOT NULL,
  rotated_at DATETIME NOT NULL,
  seen_at DATETIME NOT NULL,
  expires_at DATETIME NOT NULL
);
CREATE INDEX sessions_prev ON sessions (prev_hash) WHERE prev_hash <> '';
CREATE INDEX sessions_officer ON sessions (officer_id);

CREATE TABLE tokens (
  id INTEGER PRIMARY KEY,
  token_hash TEXT NOT NULL UNIQUE,
  officer_id INTEGER NOT NULL REFERENCES officers (id),
  purpose TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  expires_at DATETIME NOT NULL,
  used_at DATETIME
);
CREATE INDEX tokens_officer ON tokens (officer_id, purpose);

CREATE TABLE throttles (
  key TEXT PRIMARY KEY,
  count INTEGER NOT NULL,
  window_end DATETIME NOT NULL
);

CREATE TABLE idempotencies (
  key TEXT PRIMARY KEY,
  request TEXT NOT NULL,
  answer TEXT NOT NULL,
  created_at DATETIME NOT NULL
);

CREATE TABLE requesters (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  email TEXT NOT NULL,
  phone TEXT NOT NULL,
  identity_number TEXT NOT NULL,
  address TEXT NOT NULL,
  created_at DATETIME NOT NULL
);

CREATE TABLE cases (
  id INTEGER PRIMARY KEY,
  reference TEXT NOT NULL UNIQUE,
  key_hash TEXT NOT NULL,
  kind TEXT NOT NULL,
  channel TEXT NOT NULL,
  lang TEXT NOT NULL,
  body_id INTEGER NOT NULL REFERENCES bodies (id),
  unit_id INTEGER REFERENCES units (id),
  officer_id INTEGER REFERENCES officers (id),
  requester_id INTEGER REFERENCES requesters (id),
  parent_id INTEGER REFERENCES cases (id),
  subject TEXT NOT NULL,
  text TEXT NOT NULL,
  purpose TEXT NOT NULL,
  delivery TEXT NOT NULL,
  anonymity TEXT NOT NULL,
  ground TEXT NOT NULL,
  state TEXT NOT NULL,
  outcome TEXT NOT NULL,
  classification TEXT NOT NULL,
  class_confirmed BOOLEAN NOT NULL,
  exemption TEXT NOT NULL,
  class_expires_on TEXT NOT NULL DEFAULT '',
  pack TEXT NOT NULL,
  pack_version TEXT NOT NULL,
  pack_hash TEXT NOT NULL,
  clock TEXT NOT NULL,
  due_on TEXT NOT NULL,
  due_at DATETIME,
  received_at DATETIME NOT NULL,
  recorded_at DATETIME NOT NULL,
  answered_at DATETIME,
  closed_at DATETIME,
  rung_level INTEGER NOT NULL,
  rung_role TEXT NOT NULL,
  rung_due_at DATETIME,
  published_at DATETIME,
  erasure TEXT NOT NULL DEFAULT '',
  source TEXT NOT NULL,
  source_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX cases_source ON cases (body_id, source, source_id) WHERE source <> '';
CREATE INDEX cases_class_expires ON cases (class_expires_on, id) WHERE class_expires_on <> '';
CREATE INDEX cases_parent ON cases (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX cases_requester ON cases (requester_id) WHERE requester_id IS NOT NULL;

-- Queues of open cases, in order of what is due first; a case without a due date comes last.
CREATE INDEX cases_open_body ON cases (body_id, coalesce(due_at, '9999-12-31 00:00:00+00:00'), id)
  WHERE state IN ('incomplete', 'registered', 'in_review', 'awaiting_clarification', 'escalated');
CREATE INDEX cases_open_all ON cases (coalesce(due_at, '9999-12-31 00:00:00+00:00'), id)
  WHERE state IN ('incomplete', 'registered', 'in_review', 'awaiting_clarification', 'escalated');
CREATE INDEX cases_open_officer ON cases (officer_id, coalesce(due_at, '9999-12-31 00:00:00+00:00'), id)
  WHERE state IN ('incomplete', 'registered', 'in_review', 'awaiting_clarification', 'escalated');
CREATE INDEX cases_open_unit ON cases (unit_id, coalesce(due_at, '9999-12-31 00:00:00+00:00'), id)
  WHERE state IN ('incomplete', 'registered', 'in_review', 'awaiting_clarification', 'escalated');
CREATE INDEX cases_open_unassigned ON cases (body_id, coalesce(due_at, '9999-12-31 00:00:00+00:00'), id)
  WHERE officer_id IS NULL AND state IN ('incomplete', 'registered', 'in_review', 'awaiting_clarification', 'escalated');
CREATE INDEX cases_rung ON cases (rung_role, body_id, coalesce(due_at, '9999-12-31 00:00:00+00:00'), id) WHERE rung_level > 0;

-- Counting by standing reads nothing but this.
CREATE INDEX cases_standing ON cases (body_id, classification, state, due_at, answered_at, officer_id, unit_id, kind)
  WHERE state IN ('incomplete', 'registered', 'in_review', 'awaiting_clarification', 'escalated');

-- Every case, newest or oldest first, and the sweeps over ended ones.
CREATE INDEX cases_received ON cases (received_at, id);
CREATE INDEX cases_body_received ON cases (body_id, received_at, id);
CREATE INDEX cases_published ON cases (body_id, received_at, id) WHERE published_at IS NOT NULL;
CREATE INDEX cases_body_state ON cases (body_id, state, received_at, id);
CREATE INDEX cases_body_due ON cases (body_id, coalesce(due_at, '9999-12-31 00:00:00+00:00'), id);
CREATE INDEX cases_due ON cases (coalesce(due_at, '9999-12-31 00:00:00+00:00'), id);
CREATE INDEX cases_pack ON cases (pack, id)
  WHERE state IN ('incomplete', 'registered', 'in_review', 'awaiting_clarification', 'escalated');
CREATE INDEX cases_body_answered ON cases (body_id, answered_at, outcome) WHERE answered_at IS NOT NULL;
-- What retention rules look at, and the list of what waits for two people.
CREATE INDEX cases_ended ON cases (pack, closed_at, id) WHERE closed_at IS NOT NULL AND erasure IN ('', 'person');
CREATE INDEX cases_erasure ON cases (body_id, id) WHERE erasure IN ('due', 'proposed');

CREATE TABLE drafts (
  id INTEGER PRIMARY KEY,
  token_hash TEXT NOT NULL UNIQUE,
  answers TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at DATETIME NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE INDEX drafts_updated ON drafts (updated_at);

CREATE TABLE messages (
  id INTEGER PRIMARY KEY,
  case_id INTEGER NOT NULL REFERENCES cases (id),
  kind TEXT NOT NULL,
  from_body BOOLEAN NOT NULL,
  author TEXT NOT NULL,
  text TEXT NOT NULL,
  at DATETIME NOT NULL
);
CREATE INDEX messages_case ON messages (case_id, id);

CREATE TABLE attachments (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  case_id INTEGER REFERENCES cases (id),
  draft_id INTEGER REFERENCES drafts (id),
  from_body BOOLEAN NOT NULL,
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  size INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  stored TEXT NOT NULL,
  classification TEXT NOT NULL,
  ground TEXT NOT NULL,
  released BOOLEAN NOT NULL,
  at DATETIME NOT NULL
);
CREATE INDEX attachments_case ON attachments (case_id, id) WHERE case_id IS NOT NULL;
CREATE INDEX attachments_draft ON attachments (draft_id, id) WHERE draft_id IS NOT NULL;

CREATE INDEX attachments_erased ON attachments (id) WHERE sha256 = '' AND stored <> '';

-- Who proposed and who confirmed that something of a case be erased.
CREATE TABLE erasures (
  id INTEGER PRIMARY KEY,
  case_id INTEGER NOT NULL REFERENCES cases (id),
  rule TEXT NOT NULL,
  scope TEXT NOT NULL,
  article TEXT NOT NULL,
  reason TEXT NOT NULL,
  proposed_id INTEGER REFERENCES officers (id),
  proposed_by TEXT NOT NULL,
  proposed_role TEXT NOT NULL,
  proposed_at DATETIME NOT NULL,
  settled_id INTEGER REFERENCES officers (id),
  settled_by TEXT NOT NULL,
  settled_role TEXT NOT NULL,
  settled_at DATETIME,
  done BOOLEAN NOT NULL,
  version INTEGER NOT NULL
);
CREATE INDEX erasures_case ON erasures (case_id, id);

CREATE TABLE clocks (
  id INTEGER PRIMARY KEY,
  case_id INTEGER NOT NULL REFERENCES cases (id),
  name TEXT NOT NULL,
  "primary" BOOLEAN NOT NULL,
  started_at DATETIME NOT NULL,
  day_one TEXT NOT NULL,
  due_on TEXT NOT NULL,
  due_at DATETIME NOT NULL,
  stopped_at DATETIME,
  met BOOLEAN,
  lapsed_at DATETIME,
  extended BOOLEAN NOT NULL,
  basis TEXT NOT NULL,
  version INTEGER NOT NULL
);
CREATE INDEX clocks_case ON clocks (case_id, id);
CREATE INDEX clocks_running ON clocks (due_at, id) WHERE stopped_at IS NULL AND lapsed_at IS NULL;

CREATE TABLE clock_entries (
  id INTEGER PRIMARY KEY,
  clock_id INTEGER NOT NULL REFERENCES clocks (id),
  case_id INTEGER NOT NULL REFERENCES cases (id),
  event TEXT NOT NULL,
  at DATETIME NOT NULL,
  why TEXT NOT NULL,
  article TEXT NOT NULL,
  actor TEXT NOT NULL,
  old_due TEXT NOT NULL,
  new_due TEXT NOT NULL
);
CREATE INDEX clock_entries_case ON clock_entries (case_id, id);

CREATE TABLE classifieds (
  id INTEGER PRIMARY KEY,
  case_id INTEGER NOT NULL REFERENCES cases (id),
  attachment_id INTEGER,
  class TEXT NOT NULL,
  was TEXT NOT NULL,
  proposed BOOLEAN NOT NULL,
  pending BOOLEAN NOT NULL DEFAULT FALSE,
  officer_id INTEGER REFERENCES officers (id),
  exemption TEXT NOT NULL,
  rule TEXT NOT NULL,
  article TEXT NOT NULL,
  reason TEXT NOT NULL,
  expires_on TEXT NOT NULL,
  evidence TEXT NOT NULL,
  decision TEXT NOT NULL,
  by TEXT NOT NULL,
  at DATETIME NOT NULL
);
CREATE INDEX classifieds_case ON classifieds (case_id, id);

CREATE TABLE rungs (
  id INTEGER PRIMARY KEY,
  case_id INTEGER NOT NULL REFERENCES cases (id),
  chain TEXT NOT NULL,
  level INTEGER NOT NULL,
  role TEXT NOT NULL,
  unit_id INTEGER REFERENCES units (id),
  state TEXT NOT NULL,
  opened_at DATETIME NOT NULL,
  acknowledge_by DATETIME,
  acknowledged_at DATETIME,
  holder_id INTEGER REFERENCES officers (id),
  due_at DATETIME NOT NULL,
  ended_at DATETIME,
  why TEXT NOT NULL,
  reason TEXT NOT NULL,
  basis TEXT NOT NULL,
  version INTEGER NOT NULL
);
CREATE INDEX rungs_case ON rungs (case_id, role);
CREATE INDEX rungs_live ON rungs (due_at, case_id) WHERE state IN ('open', 'acknowledged');

CREATE TABLE decisions (
  id INTEGER PRIMARY KEY,
  case_id INTEGER NOT NULL REFERENCES cases (id),
  outcome TEXT NOT NULL,
  text TEXT NOT NULL,
  exemptions TEXT NOT NULL,
  withheld TEXT NOT NULL,
  referred_to TEXT NOT NULL,
  tests TEXT NOT NULL,
  object_by TEXT NOT NULL,
  basis TEXT NOT NULL,
  officer_id INTEGER REFERENCES officers (id),
  by TEXT NOT NULL,
  by_role TEXT NOT NULL,
  at DATETIME NOT NULL
);
CREATE INDEX decisions_case ON decisions (case_id, id);

CREATE TABLE disclosures (
  id INTEGER PRIMARY KEY,
  case_id INTEGER NOT NULL UNIQUE REFERENCES cases (id),
  body_id INTEGER NOT NULL REFERENCES bodies (id),
  reference TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  summary TEXT NOT NULL,
  answer TEXT NOT NULL,
  outcome TEXT NOT NULL,
  received_on TEXT NOT NULL,
  answered_on TEXT NOT NULL,
  by TEXT NOT NULL,
  published_at DATETIME NOT NULL
);
CREATE INDEX disclosures_body ON disclosures (body_id, id);

CREATE TABLE outgoings (
  id INTEGER PRIMARY KEY,
  case_id INTEGER REFERENCES cases (id),
  kind TEXT NOT NULL,
  "to" TEXT NOT NULL,
  lang TEXT NOT NULL,
  data TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  next_at DATETIME,
  sent_at DATETIME,
  attempts INTEGER NOT NULL,
  last_error TEXT NOT NULL
);
CREATE INDEX outgoings_due ON outgoings (id) WHERE sent_at IS NULL;

-- The audit trail. Rows are only ever inserted, but for leaf, which the
-- sequencer fills in once, and for an erasure: it takes an event's words, text and
-- salt, and a later event of kind case.erased names what is left (store/erase.go).
CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  leaf INTEGER UNIQUE,
  time DATETIME NOT NULL,
  kind TEXT NOT NULL,
  case_id INTEGER REFERENCES cases (id),
  reference TEXT NOT NULL,
  case_kind TEXT NOT NULL,
  body_id INTEGER,
  body TEXT NOT NULL,
  unit TEXT NOT NULL,
  actor_role TEXT NOT NULL,
  actor TEXT NOT NULL,
  actor_id INTEGER,
  classification TEXT NOT NULL,
  state TEXT NOT NULL,
  outcome TEXT NOT NULL,
  clock TEXT NOT NULL,
  due_on TEXT NOT NULL,
  standing TEXT NOT NULL,
  pack TEXT NOT NULL,
  pack_version TEXT NOT NULL,
  article TEXT NOT NULL,
  reason TEXT NOT NULL,
  data TEXT NOT NULL,
  canonical TEXT NOT NULL,
  salt TEXT NOT NULL,
  leaf_hash TEXT NOT NULL
);
CREATE INDEX events_pending ON events (id) WHERE leaf IS NULL;
CREATE INDEX events_case ON events (case_id, leaf, id) WHERE case_id IS NOT NULL;
CREATE INDEX events_kind ON events (kind, leaf);
CREATE INDEX events_body ON events (body_id, leaf) WHERE body_id IS NOT NULL;
CREATE INDEX events_time ON events (time);
CREATE INDEX events_reference ON events (reference, leaf) WHERE reference <> '';

-- The log: what everyone may have. log_leaf holds each entry as published, log_tile the tree's
-- hashes (the last tile of a level may be partial), log_head the one history.
CREATE TABLE log_leaf (
  idx INTEGER PRIMARY KEY,
  entry BLOB NOT NULL
);
CREATE TABLE log_tile (
  level INTEGER NOT NULL,
  idx INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (level, idx)
) WITHOUT ROWID;
CREATE TABLE log_head (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  size INTEGER NOT NULL,
  root BLOB NOT NULL
);
CREATE TABLE log_checkpoint (
  size INTEGER PRIMARY KEY,
  note BLOB NOT NULL,
  created_at DATETIME NOT NULL
);
-- What witnesses signed of a head: lines of a signed note, by the witness's name.
CREATE TABLE log_cosignature (
  size INTEGER NOT NULL REFERENCES log_checkpoint (size),
  witness TEXT NOT NULL,
  lines BLOB NOT NULL,
  created_at DATETIME NOT NULL,
  PRIMARY KEY (size, witness)
) WITHOUT ROWID;
CREATE INDEX log_cosignature_witness ON log_cosignature (witness, size);

-- Full text. Terms are made in Go (store/terms.go), so that both databases find the same.
CREATE VIRTUAL TABLE case_fts USING fts5 (terms, content='', contentless_delete=1, detail=none, tokenize='ascii');
-- The same terms by case, each between spaces: to ask about few cases, where the index would walk all hits.
CREATE TABLE case_words (
  id INTEGER PRIMARY KEY,
  terms TEXT NOT NULL
);
CREATE VIRTUAL TABLE disclosure_fts USING fts5 (terms, content='', contentless_delete=1, detail=none, tokenize='ascii');

-- Decrees of days off that an administrator added to a pack's own.
CREATE TABLE holiday_decrees (
  id INTEGER PRIMARY KEY,
  pack TEXT NOT NULL,
  decree TEXT NOT NULL,
  year INTEGER NOT NULL,
  issued TEXT NOT NULL,
  days TEXT NOT NULL,
  by TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  UNIQUE (pack, decree, year)
);
