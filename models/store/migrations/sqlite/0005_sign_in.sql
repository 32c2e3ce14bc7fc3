-- What an officer proves beside the password, and where they are signed in.
-- Secrets of apps come here sealed; recovery codes as keyed hashes.
ALTER TABLE officers ADD COLUMN second_factor BOOLEAN NOT NULL DEFAULT FALSE;

ALTER TABLE sessions ADD COLUMN device TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN way TEXT NOT NULL DEFAULT 'password';
ALTER TABLE sessions ADD COLUMN proved_at DATETIME;
ALTER TABLE sessions ADD COLUMN confirmed_at DATETIME;

CREATE TABLE authenticators (
  officer_id INTEGER PRIMARY KEY REFERENCES officers (id),
  sealed TEXT NOT NULL,
  coming TEXT NOT NULL,
  last_step INTEGER NOT NULL,
  created_at DATETIME NOT NULL,
  confirmed_at DATETIME
);

CREATE TABLE passkeys (
  id INTEGER PRIMARY KEY,
  officer_id INTEGER NOT NULL REFERENCES officers (id),
  credential_id TEXT NOT NULL UNIQUE,
  record TEXT NOT NULL,
  name TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  used_at DATETIME
);
CREATE INDEX passkeys_officer ON passkeys (officer_id, id);

CREATE TABLE recovery_codes (
  id INTEGER PRIMARY KEY,
  officer_id INTEGER NOT NULL REFERENCES officers (id),
  hash TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  used_at DATETIME,
  UNIQUE (officer_id, hash)
);

-- The account at a body's own sign-in service that an officer's first sign-in there pinned.
CREATE TABLE provider_subjects (
  id INTEGER PRIMARY KEY,
  officer_id INTEGER NOT NULL REFERENCES officers (id),
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  created_at DATETIME NOT NULL,
  UNIQUE (issuer, subject),
  UNIQUE (officer_id, issuer)
);

-- A lost second factor whose reset waits for a second person.
CREATE TABLE factor_resets (
  id INTEGER PRIMARY KEY,
  officer_id INTEGER NOT NULL UNIQUE REFERENCES officers (id),
  asked_id INTEGER REFERENCES officers (id),
  asked_by TEXT NOT NULL,
  asked_at DATETIME NOT NULL,
  expires_at DATETIME NOT NULL
);

-- Asked-for password links, known address or not: which of them it is is looked up later,
-- so that the asking takes the same work for both.
CREATE TABLE password_asks (
  id INTEGER PRIMARY KEY,
  email TEXT NOT NULL,
  lang TEXT NOT NULL,
  asked_at DATETIME NOT NULL
);
