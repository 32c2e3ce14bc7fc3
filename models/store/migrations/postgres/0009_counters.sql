-- A desk's counters and its standings read nothing but these: what sight asks of a case stands in
-- them behind the order of a queue.
DROP INDEX cases_standing;
DROP INDEX cases_open_body;
DROP INDEX cases_open_unassigned;
DROP INDEX cases_open_officer;
DROP INDEX cases_open_unit;
CREATE INDEX cases_open_body ON cases (body_id, coalesce(due_at, TIMESTAMPTZ '9999-12-31 00:00:00+00:00'), id, classification, state, due_at, answered_at, officer_id, unit_id, kind)
  WHERE state IN ('incomplete', 'registered', 'in_review', 'awaiting_clarification', 'escalated');
CREATE INDEX cases_open_unassigned ON cases (body_id, coalesce(due_at, TIMESTAMPTZ '9999-12-31 00:00:00+00:00'), id, classification, state, officer_id, unit_id, kind)
  WHERE officer_id IS NULL AND state IN ('incomplete', 'registered', 'in_review', 'awaiting_clarification', 'escalated');
CREATE INDEX cases_open_officer ON cases (officer_id, coalesce(due_at, TIMESTAMPTZ '9999-12-31 00:00:00+00:00'), id, classification, state, body_id, unit_id, kind)
  WHERE state IN ('incomplete', 'registered', 'in_review', 'awaiting_clarification', 'escalated');
CREATE INDEX cases_open_unit ON cases (unit_id, coalesce(due_at, TIMESTAMPTZ '9999-12-31 00:00:00+00:00'), id, classification, state, body_id, officer_id, kind)
  WHERE state IN ('incomplete', 'registered', 'in_review', 'awaiting_clarification', 'escalated');

-- A span of the log is found by this without reading an event.
DROP INDEX events_time;
CREATE INDEX events_time ON events (time, leaf);

-- Kept for two days, and swept each minute.
CREATE INDEX idempotencies_created ON idempotencies (created_at);
