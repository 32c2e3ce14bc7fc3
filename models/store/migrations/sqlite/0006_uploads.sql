-- What a virus scanner made of each document, and what was taken out of it at the door.
-- What is there already was never scanned, and is served as it was.
ALTER TABLE attachments ADD COLUMN cleaned TEXT NOT NULL DEFAULT '';
ALTER TABLE attachments ADD COLUMN scan TEXT NOT NULL DEFAULT 'unscanned';
ALTER TABLE attachments ADD COLUMN scan_found TEXT NOT NULL DEFAULT '';
ALTER TABLE attachments ADD COLUMN scanned_at DATETIME;
ALTER TABLE attachments ADD COLUMN scan_next DATETIME;
ALTER TABLE attachments ADD COLUMN scan_tries INTEGER NOT NULL DEFAULT 0;

-- Those that a scan is due for: none, most of the time.
CREATE INDEX attachments_scan ON attachments (scan_next, id) WHERE scan_next IS NOT NULL;

-- To tell which of the kept files nothing refers to.
CREATE INDEX attachments_stored ON attachments (stored) WHERE stored <> '';
