package store

import (
	"slices"

	"terang/models"
)

// open is the state list of the partial indexes; SQLite uses such an index only
// where the query says the very same. It is what the body still owes.
const (
	open  = "state IN ('incomplete', 'registered', 'in_review', 'awaiting_clarification', 'escalated')"
	openC = "c." + open
)

// disclosed keeps an entry of the disclosure log, under the name it has in a query, out of sight
// where its case has since been classified higher or unpublished.
func disclosed(d string) string {
	return "EXISTS (SELECT 1 FROM cases pc WHERE pc.id = " + d + ".case_id AND pc.published_at IS NOT NULL AND pc.classification = 'public')"
}

// sightSQL is models.Sight as a condition on cases c. It must say what Sight.Sees
// says; storetest holds the two together over random cases and actors.
func sightSQL(s models.Sight) (string, []any) {
	switch {
	case s.Everything:
		return "1 = 1", nil
	case s.CaseID != 0:
		return "c.id = ?", []any{s.CaseID}
	case !s.Desk:
		return "1 = 0", nil
	}
	where := "c.state <> 'draft'"
	var args []any
	if s.BodyID != nil {
		where += " AND c.body_id = ?"
		args = append(args, *s.BodyID)
	}
	// Whatever is not a known class counts as confidential, as in Class.Level.
	switch s.Clearance.Level() {
	case models.Public.Level():
		return where + " AND c.classification = 'public'", args
	case models.Restricted.Level():
		return where + " AND c.classification IN ('public', 'restricted')", args
	}
	if s.WholeBody {
		return where, args
	}
	where += " AND (c.classification IN ('public', 'restricted') OR c.officer_id = ?"
	args = append(args, s.OfficerID)
	if len(s.UnitIDs) > 0 {
		where += " OR c.unit_id IN ?"
		args = append(args, s.UnitIDs)
	}
	if slices.Contains(s.Roles, models.Superior) {
		where += " OR c.kind = 'objection'"
	}
	where += " OR EXISTS (SELECT 1 FROM rungs r WHERE r.case_id = c.id AND r.role IN ?)"
	args = append(args, s.Roles)
	if !s.Now.IsZero() {
		where += " OR c.id IN (SELECT g.case_id FROM grants g WHERE g.officer_id = ? AND g.revoked_at IS NULL AND g.at <= ? AND g.until > ?)"
		args = append(args, s.OfficerID, s.Now.UTC(), s.Now.UTC())
	}
	return where + ")", args
}
