package models

import (
	"slices"
	"time"
)

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
	// Now is the instant at which a grant must be live to open a confidential case; at the
	// zero time none does.
	Now time.Time
}

// SightAt is SightOf at an instant: with it the grants count that are live then.
func SightAt(a Actor, now time.Time) Sight {
	s := SightOf(a)
	s.Now = now
	return s
}

// SightOf derives it, without grants. An administrator keeps accounts and sees no case; someone
// unknown sees cases only through the disclosure log. Confidential matters need
// clearance and a need to know: being assigned, of the unit, on a rung, or let in by a grant. Two
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
// the rungs the case has reached; grants are those of the case.
func (s Sight) Sees(c *Case, rungRoles []Role, grants ...Grant) bool {
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
		slices.ContainsFunc(rungRoles, func(r Role) bool { return slices.Contains(s.Roles, r) }) ||
		slices.ContainsFunc(grants, func(g Grant) bool {
			return g.CaseID == c.ID && g.OfficerID == s.OfficerID && g.Live(s.Now)
		})
}

// SeesDocument says whether an officer may open a document of a case they see: it has a
// class of its own, and the same rule holds for it as for a case of that class. What the
// requester sees of the body's documents depends on their release as well.
func (s Sight) SeesDocument(c *Case, d *Attachment, rungRoles []Role, grants ...Grant) bool {
	if d.Classification.Level() <= c.Classification.Level() {
		return s.Sees(c, rungRoles, grants...)
	}
	raised := *c
	raised.Classification = d.Classification
	return s.Sees(&raised, rungRoles, grants...)
}
