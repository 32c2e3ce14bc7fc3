package policies

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

var allActions = []string{
	ActCaseView, ActCaseFile, ActCaseRecord, ActAssign, ActAssignSelf, ActClassify, ActLowerClass, ActAskClarification, ActExtend,
	ActEscalateRaise, ActEscalateAck, ActEscalateReturn, ActEscalateDecide, ActDecideQuestion, ActDecideComplaint,
	ActDecideRequest, ActRefuse, ActDecideObjection, ActPublish, ActNote, ActMessage, ActExport, ActAuditView, ActTrailView,
	ActAdminBodies, ActAdminOfficers, ActRequesterIdentity, ActBackup, ActAdministrationView,
	ActOutside, ActDossier, ActErasePropose, ActEraseConfirm, ActGrant, ActEmergency, ActEmergencySee, ActHandover, ActOutbox, ActRepeatFind,
}

// involved are the facts of an officer with full clearance who works on a public
// request of an open requester in the own unit.
var involved = AccessFacts{
	Clearance: ClassConfidential, Class: ClassPublic, SameBody: true, SameUnit: true, Assigned: true, OnRung: true,
	Kind: "request", Anonymity: "open", Granting: true,
}

// TestAccessTable writes the whole table, role by action and class, and compares it with
// the one that was agreed (testdata/access.txt; UPDATE=1 rewrites it).
func TestAccessTable(t *testing.T) {
	var b strings.Builder
	fmt.Fprintf(&b, "%-22s", "involved, full clearance")
	for _, role := range allRoles {
		fmt.Fprintf(&b, " %-13s", role)
	}
	b.WriteString("\n")
	for _, action := range allActions {
		fmt.Fprintf(&b, "%-24s", action)
		for _, role := range allRoles {
			cell := ""
			for _, class := range classes {
				f := involved
				f.Class = class
				switch action {
				case ActDecideObjection:
					f.Kind = "objection"
				case ActDecideQuestion:
					f.Kind = "question"
				case ActDecideComplaint:
					f.Kind = "complaint"
				}
				if May(role, action, f).Allowed {
					cell += class[:1]
				}
			}
			if cell == "" {
				cell = "-"
			}
			fmt.Fprintf(&b, " %-13s", cell)
		}
		b.WriteString("\n")
	}
	const golden = "testdata/access.txt"
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the table of access is now\n%s\nagreed was\n%s", b.String(), want)
	}
}

func TestAccessFailsClosed(t *testing.T) {
	change := func(edit func(*AccessFacts)) AccessFacts {
		f := involved
		edit(&f)
		return f
	}
	tests := []struct {
		name, role, action string
		f                  AccessFacts
		code               string
	}{
		{"unknown role", "root", ActCaseView, involved, "role_unknown"},
		{"no role", "", ActCaseView, involved, "role_unknown"},
		{"unknown action", RoleSuperior, "case.delete", involved, "role_may_not"},
		{"no facts at all", RoleSuperior, ActCaseView, AccessFacts{}, "other_body"},
		{"another body", RoleSuperior, ActCaseView, change(func(f *AccessFacts) { f.SameBody = false }), "other_body"},
		{"unknown class", RoleOfficer, ActCaseView, change(func(f *AccessFacts) { f.Class = "secret" }), "class_unknown"},
		{"unknown clearance", RoleOfficer, ActCaseView, change(func(f *AccessFacts) { f.Clearance = "" }), "clearance_unknown"},
		{"clearance below the class", RoleOfficer, ActCaseView, change(func(f *AccessFacts) { f.Class, f.Clearance = ClassRestricted, ClassPublic }), "clearance_too_low"},
		{"cleared but not involved", RoleOfficer, ActCaseView, change(func(f *AccessFacts) {
			f.Class, f.SameUnit, f.Assigned, f.OnRung = ClassConfidential, false, false, false
		}), "not_involved"},
		{"unknown kind", RoleOfficer, ActCaseView, change(func(f *AccessFacts) { f.Kind = "ticket" }), "kind_unknown"},
		{"an agent decides a restricted question", RoleAgent, ActDecideQuestion, change(func(f *AccessFacts) { f.Kind, f.Class = "question", ClassRestricted }), "class_too_high"},
		{"an agent refuses", RoleAgent, ActRefuse, involved, "role_may_not"},
		{"a unit head grants less than asked", RoleUnitHead, ActDecideRequest, change(func(f *AccessFacts) { f.Granting = false }), "role_may_not_refuse"},
		{"a unit head decides a confidential request", RoleUnitHead, ActDecideRequest, change(func(f *AccessFacts) { f.Class = ClassConfidential }), "class_too_high"},
		{"the PPID decides an objection against itself", RoleOfficer, ActDecideObjection, change(func(f *AccessFacts) { f.Kind = "objection" }), "role_may_not"},
		{"the PPID answers an objection as if it were a request", RoleOfficer, ActDecideRequest, change(func(f *AccessFacts) { f.Kind = "objection" }), "objection_is_for_superior"},
		{"the superior decides as objection what is none", RoleSuperior, ActDecideObjection, involved, "not_an_objection"},
		{"an administrator reads a case", RoleAdministrator, ActCaseView, involved, "role_may_not"},
		{"an administrator reads the audit trail of cases", RoleAdministrator, ActAuditView, involved, "role_may_not"},
		{"an auditor decides", RoleAuditor, ActDecideRequest, involved, "role_may_not"},
		{"an auditor learns a requester", RoleAuditor, ActRequesterIdentity, involved, "role_may_not"},
		{"a rung of somebody else", RoleUnitHead, ActEscalateDecide, change(func(f *AccessFacts) { f.OnRung = false }), "not_your_rung"},
		{"an agent hands over what is in another unit", RoleAgent, ActAssign, change(func(f *AccessFacts) { f.SameUnit, f.Assigned, f.OnRung = false, false, false }), "other_unit"},
		{"a hidden requester, assigned but not on the rung", RoleAgent, ActRequesterIdentity, change(func(f *AccessFacts) { f.Anonymity, f.OnRung = "hidden", false }), "identity_hidden"},
		{"an anonymous requester", RoleAgent, ActRequesterIdentity, change(func(f *AccessFacts) { f.Anonymity = "anonymous" }), "identity_hidden"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := May(tt.role, tt.action, tt.f)
			if d.Allowed || d.Code != tt.code {
				t.Errorf("allowed %v, code %q, want refused with %q", d.Allowed, d.Code, tt.code)
			}
		})
	}
}

func TestHiddenRequester(t *testing.T) {
	f := involved
	f.Anonymity = "hidden"
	for _, role := range []string{RoleAgent, RoleUnitHead, RoleOfficer, RoleSuperior} {
		if d := May(role, ActRequesterIdentity, f); !d.Allowed {
			t.Errorf("%s on the rung may not know the requester: %s", role, d.Code)
		}
	}
}
