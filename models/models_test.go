package models_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"terang/models"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Every state x action stands in one grid that a reader can check against the law
// without reading Go.
func TestLifecycleGrid(t *testing.T) {
	var b strings.Builder
	for _, s := range models.States {
		fmt.Fprintf(&b, "\n%s (next: %s)\n", s, s.NextActor())
		for _, a := range models.Actions {
			if to, ok := models.Leads(s, a); ok {
				fmt.Fprintf(&b, "  %-12s -> %s\n", a, to)
			}
		}
	}
	got := b.String()
	const golden = "testdata/lifecycle.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the grid changed; run go test ./models -update and read the difference:\n%s", got)
	}
}

func TestMove(t *testing.T) {
	tests := []struct {
		name string
		c    models.Case
		act  models.Action
		to   models.State
		code string
	}{
		{"a new case is submitted", models.Case{}, models.ActSubmit, models.StateRegistered, ""},
		{"an incomplete one is kept apart", models.Case{}, models.ActSetAside, models.StateIncomplete, ""},
		{"a reply returns to review", models.Case{State: models.StateAwaitingClarification}, models.ActClarify, models.StateInReview, ""},
		{"a reply returns to the open rung", models.Case{State: models.StateAwaitingClarification, RungLevel: 2}, models.ActClarify, models.StateEscalated, ""},
		{"a closed case cannot be decided", models.Case{State: models.StateClosed}, models.ActDecide, "", "not_possible_now"},
		{"a rung that is not open cannot be settled", models.Case{State: models.StateEscalated}, models.ActSettle, "", "no_open_rung"},
		{"an objection cannot be objected to here", models.Case{Kind: models.Objection, State: models.StateDecided}, models.ActObject, "", "objection_to_objection"},
		{"an objection is not published", models.Case{Kind: models.Objection, State: models.StateDecided}, models.ActPublish, "", "not_possible_now"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			was := tt.c.State
			err := tt.c.Move(tt.act)
			if models.CodeOf(err) != tt.code {
				t.Fatalf("got %v", err)
			}
			want := tt.to
			if tt.code != "" {
				want = was
			}
			if tt.c.State != want {
				t.Errorf("state %q, want %q", tt.c.State, want)
			}
		})
	}
}

func TestStandingIsDerived(t *testing.T) {
	due := time.Date(2026, 1, 22, 16, 59, 59, 0, time.UTC)
	early, late := due.Add(-time.Hour), due.Add(time.Second)
	tests := []struct {
		name     string
		due      *time.Time
		answered *time.Time
		state    models.State
		now      time.Time
		want     models.Standing
	}{
		{"no clock yet", nil, nil, models.StateIncomplete, late, models.NoStanding},
		{"far away", &due, nil, models.StateInReview, due.Add(-10 * 24 * time.Hour), models.OnTime},
		{"three days before", &due, nil, models.StateInReview, due.Add(-models.DueSoonWithin), models.DueSoon},
		{"at the last second", &due, nil, models.StateInReview, due, models.DueSoon},
		{"one second after", &due, nil, models.StateInReview, late, models.Overdue},
		{"answered in time, asked long after", &due, &early, models.StateClosed, due.Add(1000 * time.Hour), models.Answered},
		{"answered late", &due, &late, models.StateDecided, due.Add(1000 * time.Hour), models.AnsweredLate},
		{"withdrawn", &due, nil, models.StateWithdrawn, late, models.NoStanding},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := models.StandingOf(tt.due, tt.answered, tt.state, tt.now); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestReferencesAndKeys(t *testing.T) {
	seen := map[string]bool{}
	for range 10_000 {
		r := models.NewReference()
		if seen[r] || len(r) != 12 || strings.ContainsAny(r, "01OILSAEU") {
			t.Fatalf("reference %q", r)
		}
		seen[r] = true
		for _, typed := range []string{r, strings.ToLower(r), strings.ReplaceAll(r, "-", ""), " " + strings.ReplaceAll(r, "-", " ") + " "} {
			if got, ok := models.NormalReference(typed); !ok || got != r {
				t.Fatalf("%q read as %q", typed, got)
			}
		}
	}
	for _, bad := range []string{"", "22-2222-222", "22-2222-22222", "22-2222-222O", "22/2222/2222", "22-2222-222\x00"} {
		if got, ok := models.NormalReference(bad); ok {
			t.Errorf("%q read as %q", bad, got)
		}
	}
	k := models.NewKey()
	if models.HashKey(k) == "" || models.HashKey(k) != models.HashKey(strings.ToLower(strings.ReplaceAll(k, "-", " "))) {
		t.Errorf("key %q", k)
	}
	if models.HashKey(k[:len(k)-1]) != "" || models.SameHash("", "") {
		t.Error("a short key, or no key, matches")
	}
	seed := []byte("0123456789abcdef0123456789abcdef")
	first := models.KeyFrom(seed)
	if again := models.KeyFrom(seed); again != first || models.HashKey(first) == "" {
		t.Error("a derived key is not stable, or not a key")
	}
	if seed[0] != '0' {
		t.Error("the seed was changed")
	}
}

func TestUnitsBelow(t *testing.T) {
	one, two := int64(1), int64(2)
	units := []models.Unit{{ID: 1}, {ID: 2, ParentID: &one}, {ID: 3, ParentID: &two}, {ID: 4}}
	if got := fmt.Sprint(models.Below(units, 1)); got != "[1 2 3]" {
		t.Error(got)
	}
}

func TestWhatIsUnknownHides(t *testing.T) {
	c := models.Case{BodyID: 1, State: models.StateInReview, Classification: "typo"}
	body := int64(1)
	a := models.Actor{Kind: models.ByOfficer, Role: models.InfoOfficer, BodyID: &body, Clearance: models.Restricted}
	if models.SightOf(a).Sees(&c, nil) {
		t.Error("a case of an unknown class is shown")
	}
	c.Classification, a.Clearance = models.Restricted, ""
	if models.SightOf(a).Sees(&c, nil) {
		t.Error("an officer of unknown clearance sees a restricted case")
	}
}
