-- A redacted copy names the document it was made of, and counts what it covers.
ALTER TABLE attachments ADD COLUMN redacts INTEGER;
ALTER TABLE attachments ADD COLUMN covered TEXT NOT NULL DEFAULT '';

-- What the public reads of a decision is the entry's own: the masked text, never the case's.
-- Entries from before have none of these, and show less, not more.
ALTER TABLE disclosures ADD COLUMN question TEXT NOT NULL DEFAULT '';
ALTER TABLE disclosures ADD COLUMN withheld TEXT NOT NULL DEFAULT '';
ALTER TABLE disclosures ADD COLUMN why TEXT NOT NULL DEFAULT '';
ALTER TABLE disclosures ADD COLUMN until TEXT NOT NULL DEFAULT '';
ALTER TABLE disclosures ADD COLUMN choices TEXT NOT NULL DEFAULT '';

-- Which documents go out with an entry, and on what ground each may.
CREATE TABLE published_documents (
  id INTEGER PRIMARY KEY,
  case_id INTEGER NOT NULL REFERENCES cases (id),
  attachment_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  basis TEXT NOT NULL,
  found INTEGER NOT NULL,
  reason TEXT NOT NULL,
  by TEXT NOT NULL,
  at DATETIME NOT NULL
);
CREATE INDEX published_documents_case ON published_documents (case_id, id);
INSERT INTO published_documents (case_id, attachment_id, name, basis, found, reason, by, at)
  SELECT a.case_id, a.id, a.name, 'before', 0, '', d.by, d.published_at
  FROM disclosures d JOIN attachments a ON a.case_id = d.case_id
  WHERE a.from_body AND a.released AND a.classification = 'public' AND a.sha256 <> ''
  ORDER BY a.id;

-- Boxes drawn on a document and not yet burned in: places only, never words.
CREATE TABLE redactions (
  id INTEGER PRIMARY KEY,
  case_id INTEGER NOT NULL REFERENCES cases (id),
  attachment_id INTEGER NOT NULL UNIQUE,
  boxes TEXT NOT NULL,
  by TEXT NOT NULL,
  version INTEGER NOT NULL,
  updated_at DATETIME NOT NULL
);
CREATE INDEX redactions_case ON redactions (case_id, id);
