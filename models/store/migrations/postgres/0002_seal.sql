-- What is said in a case, who said it and its documents' names are sealed under keys of their
-- own (store/seal.go). Each is kept here wrapped by the master key, which is outside.
ALTER TABLE cases ADD COLUMN seal_key TEXT NOT NULL DEFAULT '';
ALTER TABLE requesters ADD COLUMN seal_key TEXT NOT NULL DEFAULT '';
ALTER TABLE drafts ADD COLUMN seal_key TEXT NOT NULL DEFAULT '';
ALTER TABLE attachments ADD COLUMN seal_key TEXT NOT NULL DEFAULT '';

-- Keyed hashes: they tell that two requesters are the same, and not who.
ALTER TABLE requesters ADD COLUMN who_email TEXT NOT NULL DEFAULT '';
ALTER TABLE requesters ADD COLUMN who_identity TEXT NOT NULL DEFAULT '';
CREATE INDEX requesters_who_email ON requesters (who_email, id) WHERE who_email <> '';
CREATE INDEX requesters_who_identity ON requesters (who_identity, id) WHERE who_identity <> '';

-- Reason, data, canonical text and salt of an event of a case, in one piece.
ALTER TABLE events ADD COLUMN sealed BYTEA;

-- What a search walks that no index may name.
CREATE INDEX cases_confidential ON cases (body_id, id) WHERE classification NOT IN ('public', 'restricted');
CREATE INDEX cases_confidential_all ON cases (id) WHERE classification NOT IN ('public', 'restricted');

-- Keys of the whole database, wrapped by the master key.
CREATE TABLE seal_keys (
  name TEXT PRIMARY KEY,
  wrapped TEXT NOT NULL
);
