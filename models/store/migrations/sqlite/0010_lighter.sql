-- A filing pays for each index it stands in. An event is found by what it says only once it has its
-- place in the log: until then it is in events_pending, and in the trail of its case. What is
-- assigned to nobody is in no officer's or unit's queue. A reference finds its case, and that its events.
DROP INDEX events_reference;
DROP INDEX events_case;
DROP INDEX events_kind;
DROP INDEX events_body;
DROP INDEX events_time;
CREATE INDEX events_case ON events (case_id) WHERE case_id IS NOT NULL;
CREATE INDEX events_kind ON events (kind, leaf) WHERE leaf IS NOT NULL;
CREATE INDEX events_body ON events (body_id, leaf) WHERE leaf IS NOT NULL AND body_id IS NOT NULL;
CREATE INDEX events_time ON events (time, leaf) WHERE leaf IS NOT NULL;

DROP INDEX cases_open_officer;
DROP INDEX cases_open_unit;
CREATE INDEX cases_open_officer ON cases (officer_id, coalesce(due_at, '9999-12-31 00:00:00+00:00'), id, classification, state, body_id, unit_id, kind)
  WHERE officer_id IS NOT NULL AND state IN ('incomplete', 'registered', 'in_review', 'awaiting_clarification', 'escalated');
CREATE INDEX cases_open_unit ON cases (unit_id, coalesce(due_at, '9999-12-31 00:00:00+00:00'), id, classification, state, body_id, officer_id, kind)
  WHERE unit_id IS NOT NULL AND state IN ('incomplete', 'registered', 'in_review', 'awaiting_clarification', 'escalated');

-- What climbs is counted without its cases, and without the rungs behind it.
DROP INDEX cases_rung;
CREATE INDEX cases_rung ON cases (rung_role, body_id, coalesce(due_at, '9999-12-31 00:00:00+00:00'), id, classification, state, officer_id, unit_id, kind, rung_level) WHERE rung_level > 0;
CREATE INDEX rungs_held ON rungs (case_id, role, holder_id) WHERE state = 'acknowledged' AND holder_id IS NOT NULL;
