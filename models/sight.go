package models

import "slices"

// Sight is what an actor may see, as data: the one visibility rule. Sees
// answers for one case; the store turns the same value into a WHERE clause for
// lists, counters and search, and a test holds the two together.
type Sight struct {
	Everything bool    // the system and an operator's command
	CaseID     int64   // a requester: the one case whose key they proved
	Desk       bool    // an officer on the chain, or an auditor
	BodyID     *int64  // nil: every body of the installation
	Clearance  Class   // nothing above it
	WholeBody  bool    // confidential without being on it: see SightOf
	OfficerID  int64   // confidential when assigned
	UnitIDs    []int64 // confidential when in one of these units
	Roles      []Role  // confidential when a rung of the case is or was one of theirs
}

// SightOf derives it. An administrator keeps accounts and sees no case; someone
// unknown sees cases only through the disclosure log. Confidential matters need
// clearance and a need to know: being assigned, of the unit, or on a rung. Two
// roles have the need by their office: the information officer, who answers for
// every request of the body (UU 14/2008 art. 13), and the auditor, who must be able
// to say that none was dropped. The superior has it for objections (art. 36(2)).
func SightOf(a Actor) Sight {
	switch a.Kind {
	case BySystem:
		return Sight{Everything: true}
	case ByRequester:
		return Sight{CaseID: a.CaseID}
	case ByOfficer:
		if !a.Role.OnChain() && a.Role != Auditor {
			return Sight{}
		}
		if !slices.Contains(Classes, a.Clearance) {
			a.Clearance = Public // Level would read what it does not know as the highest
		}
		return Sight{
			Desk: true, BodyID: a.BodyID, Clearance: a.Clearance,
			WholeBody: a.Role == InfoOfficer || a.Role == Auditor,
			OfficerID: a.OfficerID, UnitIDs: a.UnitIDs, Roles: a.Roles(),
		}
	}
	return Sight{}
}

// Sees says whether the case may be known to exist. rungRoles are the roles of
// the rungs the case has reached.
func (s Sight) Sees(c *Case, rungRoles []Role) bool {
	switch {
	case s.Everything:
		return true
	case s.CaseID != 0:
		return c.ID == s.CaseID
	case !s.Desk, s.BodyID != nil && *s.BodyID != c.BodyID, c.State == StateDraft:
		return false
	case c.Classification.Level() > s.Clearance.Level():
		return false
	case c.Classification.Level() < Confidential.Level(), s.WholeBody:
		return true
	}
	return c.OfficerID != nil && *c.OfficerID == s.OfficerID ||
		c.UnitID != nil && slices.Contains(s.UnitIDs, *c.UnitID) ||
		c.Kind == Objection && slices.Contains(s.Roles, Superior) ||
		slices.ContainsFunc(rungRoles, func(r Role) bool { return slices.Contains(s.Roles, r) })
}
