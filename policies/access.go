package policies

import "slices"

// Roles of officers, lowest rung first; the last two are outside the chain.
const (
	RoleAgent         = "agent"
	RoleUnitHead      = "unit_head"
	RoleOfficer       = "officer"
	RoleSuperior      = "superior"
	RoleAuditor       = "auditor"
	RoleAdministrator = "administrator"
)

// Actions that May decides on.
const (
	ActCaseView           = "case.view"
	ActCaseFile           = "case.file"
	ActCaseRecord         = "case.record" // enter what was brought by letter, telephone or at the counter
	ActAssign             = "assign"
	ActAssignSelf         = "assign.self"
	ActClassify           = "classify" // confirm or raise
	ActLowerClass         = "lower_class"
	ActAskClarification   = "ask_clarification"
	ActExtend             = "extend"
	ActEscalateRaise      = "escalate.raise"
	ActEscalateAck        = "escalate.acknowledge"
	ActEscalateReturn     = "escalate.return"
	ActEscalateDecide     = "escalate.decide"
	ActDecideQuestion     = "decide.question"
	ActDecideComplaint    = "decide.complaint"
	ActDecideRequest      = "decide.request"
	ActRefuse             = "refuse"
	ActDecideObjection    = "decide.objection"
	ActPublish            = "publish"
	ActNote               = "note"
	ActMessage            = "message"
	ActExport             = "export"
	ActAuditView          = "audit.view"
	ActTrailView          = "trail.view"
	ActAdminBodies        = "admin.bodies"
	ActAdminOfficers      = "admin.officers"
	ActRequesterIdentity  = "requester.identity"
	ActBackup             = "backup"
	ActAdministrationView = "trail.administration" // the administration events of the trail
	ActOutside            = "outside"              // record that the case went to a body outside, and what that decided
	ActDossier            = "dossier"              // make the file to hand over there
	ActErasePropose       = "erase.propose"
	ActEraseConfirm       = "erase.confirm"         // the second person
	ActGrant              = "grant"                 // let an officer into a confidential case, or end that
	ActEmergency          = "emergency"             // open a confidential case by its reference, with a reason
	ActEmergencySee       = "emergency.acknowledge" // look into it afterwards
	ActHandover           = "handover"              // move an officer's cases, rungs, grants and delegations to another
	ActOutbox             = "outbox"                // see messages that no server took, and have them tried again
	ActRepeatFind         = "repeat.find"           // find a case repeated or vexatious, where the law knows that
)

// AccessFacts are what access depends on besides role and action. The zero value
// grants nothing that depends on a fact.
type AccessFacts struct {
	Clearance string // of the officer: public restricted confidential
	Class     string // of the case; "" where the action is about no case
	SameBody  bool   // the case, unit or officer acted on belongs to the officer's body
	SameUnit  bool   // and to the officer's unit
	Assigned  bool   // the case is assigned to the officer
	OnRung    bool   // the officer holds the open rung of the case's chain
	Granted   bool   // a live grant lets the officer into the case
	Kind      string // of the case
	Anonymity string // of the requester
	Granting  bool   // the decision gives all that was asked
}

// need is what a role must show for one action.
type need struct {
	body     bool // SameBody
	see      bool // may see the case: clearance, and for confidential also few hands
	unit     bool // SameUnit, Assigned or OnRung
	rung     bool // OnRung
	public   bool // class public only
	upto     string
	granting bool
	identity bool // for a hidden requester: Assigned and OnRung
	cleared  bool // clearance for the class; being involved is not asked
}

var (
	onCase   = need{body: true, see: true}
	inUnit   = need{body: true, see: true, unit: true}
	ownRung  = need{body: true, see: true, rung: true}
	ownBody  = need{body: true}
	anywhere = need{}
	breaking = need{body: true, cleared: true}
	unitBody = need{body: true, unit: true}
)

// grants is the whole table of access. What is not in it is refused. Everyone may
// file a case as a member of the public.
var grants = map[string]map[string]need{
	RoleAgent: {
		ActCaseFile: anywhere, ActCaseRecord: ownBody,
		ActCaseView: onCase, ActAssignSelf: onCase, ActAssign: inUnit,
		ActClassify: onCase, ActAskClarification: onCase, ActMessage: onCase, ActNote: onCase,
		ActEscalateRaise: onCase, ActEscalateAck: ownRung, ActEscalateReturn: ownRung, ActEscalateDecide: ownRung,
		ActDossier:           inUnit,
		ActEmergency:         breaking,
		ActDecideQuestion:    {body: true, see: true, public: true},
		ActRequesterIdentity: {body: true, see: true, identity: true},
	},
	RoleUnitHead: {
		ActCaseFile: anywhere, ActCaseRecord: ownBody,
		ActCaseView: onCase, ActAssignSelf: onCase, ActAssign: onCase,
		ActClassify: onCase, ActAskClarification: onCase, ActMessage: onCase, ActNote: onCase,
		ActEscalateRaise: onCase, ActEscalateAck: ownRung, ActEscalateReturn: ownRung, ActEscalateDecide: ownRung,
		ActExtend: onCase, ActDossier: inUnit, ActEmergency: breaking, ActHandover: unitBody,
		ActDecideQuestion: {body: true, see: true, upto: ClassRestricted}, ActDecideComplaint: {body: true, see: true, upto: ClassRestricted},
		ActDecideRequest:     {body: true, see: true, upto: ClassRestricted, granting: true},
		ActRequesterIdentity: {body: true, see: true, identity: true},
	},
	RoleOfficer:  officerGrants(false),
	RoleSuperior: officerGrants(true),
	RoleAuditor: {
		ActCaseFile: anywhere,
		ActCaseView: {body: true, see: true}, ActAuditView: ownBody, ActTrailView: ownBody, ActExport: ownBody,
		ActAdministrationView: ownBody,
	},
	RoleAdministrator: {
		ActCaseFile:    anywhere,
		ActAdminBodies: anywhere, ActAdminOfficers: anywhere, ActHandover: anywhere, ActBackup: anywhere, ActAdministrationView: anywhere, ActOutbox: anywhere,
	},
}

func officerGrants(superior bool) map[string]need {
	g := map[string]need{
		ActCaseFile: anywhere, ActCaseRecord: ownBody, ActExport: ownBody,
		ActRequesterIdentity: onCase, ActEmergency: breaking, ActEmergencySee: ownBody, ActHandover: ownBody,
		ActEscalateAck: onCase, ActEscalateReturn: onCase, ActEscalateDecide: onCase,
	}
	for _, a := range []string{
		ActCaseView, ActAssign, ActAssignSelf, ActClassify, ActLowerClass, ActAskClarification, ActExtend, ActEscalateRaise,
		ActDecideQuestion, ActDecideComplaint, ActDecideRequest, ActRefuse, ActPublish, ActNote, ActMessage,
		ActOutside, ActDossier, ActErasePropose, ActGrant, ActRepeatFind,
	} {
		g[a] = onCase
	}
	if superior {
		// UU 14/2008 art. 36(2): the superior answers objections, and nobody else, because
		// the PPID would judge its own decision.
		g[ActDecideObjection] = onCase
		// Nobody destroys what is on record alone: the officer proposes, the superior confirms.
		g[ActEraseConfirm] = onCase
	}
	return g
}

// MayRow is one line of the table of access, for printing and for tests.
type MayRow struct{ Role, Action string }

// AccessTable returns every role and action that can be allowed at all, sorted.
func AccessTable() []MayRow {
	var rows []MayRow
	for role, actions := range grants {
		for action := range actions {
			rows = append(rows, MayRow{role, action})
		}
	}
	slices.SortFunc(rows, func(a, b MayRow) int {
		if a.Role != b.Role {
			return slices.Index(allRoles, a.Role) - slices.Index(allRoles, b.Role)
		}
		if a.Action < b.Action {
			return -1
		}
		return 1
	})
	return rows
}

// May says whether an officer of role may do action in the light of f. It fails
// closed: an unknown role, action, class, clearance or kind is refused. The code of a
// refusal is for the log and the officer; never tell an outsider why, because
// "clearance" confirms that a confidential case exists.
func May(role, action string, f AccessFacts) Decision {
	facts := []string{
		"role=" + role, "action=" + action, "clearance=" + f.Clearance, "class=" + f.Class,
		"same_body=" + yes(f.SameBody), "same_unit=" + yes(f.SameUnit), "assigned=" + yes(f.Assigned), "on_rung=" + yes(f.OnRung), "granted=" + yes(f.Granted),
	}
	refuse := func(code string) Decision {
		return Decision{Code: code, Rule: "access:" + action, Facts: facts}
	}
	actions, ok := grants[role]
	if !ok {
		return refuse("role_unknown")
	}
	n, ok := actions[action]
	if !ok {
		return refuse("role_may_not")
	}
	if n.body && !f.SameBody {
		return refuse("other_body")
	}
	if n.see {
		if code := hidden(role, f); code != "" {
			return refuse(code)
		}
		if f.Kind != "" && !slices.Contains(kinds, f.Kind) {
			return refuse("kind_unknown")
		}
	}
	if n.cleared {
		class, clearance := slices.Index(classes, f.Class), slices.Index(classes, f.Clearance)
		if class < 0 || clearance < class {
			return refuse("clearance_too_low")
		}
	}
	switch {
	case n.unit && !f.SameUnit && !f.Assigned && !f.OnRung:
		return refuse("other_unit")
	case n.rung && !f.OnRung:
		return refuse("not_your_rung")
	case n.public && f.Class != ClassPublic:
		return refuse("class_too_high")
	case n.upto != "" && slices.Index(classes, f.Class) > slices.Index(classes, n.upto):
		return refuse("class_too_high")
	case n.granting && !f.Granting:
		return refuse("role_may_not_refuse")
	case n.identity && f.Anonymity != "open" && !(f.Anonymity == "hidden" && f.Assigned && f.OnRung):
		return refuse("identity_hidden")
	case action == ActDecideObjection && f.Kind != "objection":
		return refuse("not_an_objection")
	case f.Kind == "objection" && (action == ActDecideQuestion || action == ActDecideComplaint || action == ActDecideRequest):
		return refuse("objection_is_for_superior")
	}
	return Decision{Allowed: true, Code: "allowed", Rule: "access:" + action, Facts: facts}
}

// hidden returns why the officer may not see the case, or "". A confidential case is
// for few hands: clearance alone does not open it, except to an auditor, who reads and
// cannot act.
func hidden(role string, f AccessFacts) string {
	class, clearance := slices.Index(classes, f.Class), slices.Index(classes, f.Clearance)
	switch {
	case class < 0:
		return "class_unknown"
	case clearance < 0:
		return "clearance_unknown"
	case clearance < class:
		return "clearance_too_low"
	case f.Class == ClassConfidential && !f.Assigned && !f.SameUnit && !f.OnRung && !f.Granted && role != RoleAuditor:
		return "not_involved"
	}
	return ""
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
