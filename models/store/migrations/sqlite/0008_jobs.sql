-- Work that is done apart from the request that asked for it, by whichever instance takes it.
-- payload names rows by their ids and holds nothing of what people wrote.
CREATE TABLE jobs (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  payload TEXT NOT NULL,
  dedupe_key TEXT UNIQUE,
  run_at DATETIME NOT NULL,
  lease_to DATETIME NOT NULL,
  leased_by TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  last_error TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  done_at DATETIME,
  dead_at DATETIME
);
CREATE INDEX jobs_due ON jobs (kind, run_at) WHERE done_at IS NULL AND dead_at IS NULL;
CREATE INDEX jobs_done ON jobs (done_at) WHERE done_at IS NOT NULL;

-- Who among several instances does what only one should do. Times are the database's own.
CREATE TABLE leases (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  until DATETIME NOT NULL
);

-- What every instance on this database must agree on, such as the secret's fingerprint.
CREATE TABLE installation (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);
