package audit_test

import (
	"strings"
	"testing"

	"terang/models/casework/caseworktest"
)

func TestStatisticsLeadToTheirRows(t *testing.T) {
	s := serve(t)
	c, _, _ := s.Given(caseworktest.Request())
	if _, err := s.Decide(s.Ctx, s.As("officer"), c.Reference, caseworktest.Refusal(c.Version)); err != nil {
		t.Fatal(err)
	}
	get := s.reader("auditor@dinas.test")
	page := get("/audit/statistics")
	if page.status != 200 || gap.MatchString(page.body) {
		t.Fatalf("%d %s", page.status, gap.FindString(page.body))
	}
	for _, want := range []string{"Statistics", "Refusal grounds", "UU 14/2008 art. 17 h", "Median, working days", "Exports, by whom"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("no %q", want)
		}
	}
	links := 0
	for _, part := range strings.Split(page.body, `href="/audit/events?`)[1:] {
		url := "/audit/events?" + strings.ReplaceAll(part[:strings.Index(part, `"`)], "&amp;", "&")
		if rows := get(url); rows.status != 200 || !strings.Contains(rows.body, c.Reference) && !strings.Contains(url, "rung.") && !strings.Contains(url, "deadline.") {
			t.Errorf("%s: %d and not the row", url, rows.status)
		}
		links++
	}
	if links < 4 {
		t.Errorf("%d figures lead anywhere", links)
	}
	for path, want := range map[string]int{
		"/audit/statistics?lang=id":                         200,
		"/audit/statistics?from=2026-01-01&to=2026-12-31":   200,
		"/audit/statistics?from=kemarin":                    422,
		"/audit/statistics?from=2026-02-01&to=2026-01-01":   422,
		"/audit/statistics?body=lain":                       404,
		"/audit/statistics?body=dinas&from=2026-01-01&to=x": 422,
	} {
		if got := get(path).status; got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	for _, who := range []string{"agent@dinas.test", "superior@dinas.test", "admin@terang.test"} {
		if got := s.reader(who)("/audit/statistics").status; got != 403 {
			t.Errorf("%s: %d", who, got)
		}
	}
}
