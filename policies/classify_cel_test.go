package policies

import (
	"strings"
	"testing"
)

func conditionPack(t *testing.T, when string) (*Pack, error) {
	t.Helper()
	p := &Pack{ID: "t", Language: "id", Exemptions: []Exemption{{ID: "h"}}, Rules: []Rule{{
		ID: "a", Title: Text{ID: "t"}, Because: Text{ID: "b"}, Legal: Legal{Article: "x", Source: "x"},
		Class: ClassRestricted, Exemption: "h", AnyOf: []string{"rahasia"}, When: when,
	}}}
	return p, compileRules(p)
}

func TestConditions(t *testing.T) {
	f := Facts{
		Kind: "complaint", Subject: "Aduan", Text: "Ini RAHASIA, sangat rahasia! NIK 3273010101900001", Body: "dinas", Topic: "umum",
		RequesterKind: "individual", Anonymity: "hidden", Attachments: []string{"ktp.pdf"},
	}
	for when, want := range map[string]bool{
		`kind == "complaint"`:                                 true,
		`kind == "request"`:                                   false,
		`hits == 2 && words > 5`:                              true,
		`"nik" in personal`:                                   true,
		`personal.exists(t, t == "npwp")`:                     false,
		`attachments.exists(a, a.endsWith(".pdf"))`:           true,
		`anonymity == "hidden" && requester_kind != "group"`:  true,
		`has_any(text, ["tidak ada", "Sangat rahasia"])`:      true,
		`has_any(text, ["angat rahasia"])`:                    false,
		`has_all(text, ["ini", "nik"])`:                       true,
		`has_all(text, ["ini", "bukan"])`:                     false,
		`body == "dinas" && topic == "umum" && subject != ""`: true,
	} {
		p, err := conditionPack(t, when)
		if err != nil {
			t.Errorf("%s: %v", when, err)
			continue
		}
		if got := len(p.Classify(f).Grounds) > 0; got != want {
			t.Errorf("%s: got %t", when, got)
		}
	}
}

func TestConditionErrors(t *testing.T) {
	for when, want := range map[string]string{
		`knd == "request"`:     "undeclared reference to 'knd'",
		`kind = "request"`:     "Syntax error",
		`kind == 3`:            "no matching overload",
		`hits`:                 "a condition yields true or false",
		`has_any(text, "x")`:   "no matching overload",
		`personal.nik == true`: "does not support field selection",
	} {
		_, err := conditionPack(t, when)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "$.rules[0].when") {
			t.Errorf("%s: got %v, want %q", when, err, want)
		}
	}
}

// A condition that costs too much closes.
func TestConditionCostLimit(t *testing.T) {
	p, err := conditionPack(t, `attachments.exists(a, attachments.exists(b, attachments.exists(c, a + b == c)))`)
	if err != nil {
		t.Fatal(err)
	}
	f := Facts{Text: "rahasia"}
	for range 200 {
		f.Attachments = append(f.Attachments, "x")
	}
	if c := p.Classify(f); c.Class != ClassRestricted {
		t.Errorf("got %s", c.Class)
	}
}
