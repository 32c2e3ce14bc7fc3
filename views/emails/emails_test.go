package emails

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"testing"

	"terang/views/text"
)

func TestMessages(t *testing.T) {
	gap := regexp.MustCompile(`\[[a-z_]+\.[a-z0-9_.]+\]`)
	c := Case{Reference: "T7-K4M9-XQ2R", Name: "Siti <b>\r\nBcc: x@y.id", Kind: "permintaan informasi", Body: "Dinas Pendidikan", URL: "https://terang.example/cases/T7-K4M9-XQ2R"}
	for _, l := range text.Langs {
		for name, m := range map[string]Message{
			"filed":         Filed{Lang: l, Case: c, DueOn: "Rabu, 25 Februari 2026"}.Message(),
			"incomplete":    Filed{Lang: l, Case: c, Incomplete: true, Missing: []string{"Tulis alamat"}}.Message(),
			"clarification": Clarification{Lang: l, Case: c, Runs: true}.Message(),
			"extended":      Extended{Lang: l, Case: c, DueOn: "Jumat", Article: "UU 14/2008 Pasal 22 ayat (8)"}.Message(),
			"decided":       Decided{Lang: l, Case: c, ObjectUntil: "Selasa"}.Message(),
			"escalated":     Escalated{Lang: l, Case: c, Office: "PPID", ActBy: "Kamis"}.Message(),
			"lapsed":        Escalated{Lang: l, Case: c, Office: "PPID", ActBy: "Kamis", Lapsed: true}.Message(),
			"overdue":       Overdue{Lang: l, Case: c, DueOn: "Rabu"}.Message(),
			"emergency":     Emergency{Lang: l, URL: "https://terang.example/desk"}.Message(),
			"failed":        Failed{Lang: l, Case: c}.Message(),
			"said":          Said{Lang: l, Case: c}.Message(),
			"erasure":       ErasureProposed{Lang: l, Case: c}.Message(),
			"reminder":      Reminder{Lang: l, Name: "Budi", Reference: "T7-K4M9-XQ2R", DueOn: "Rabu", URL: "https://terang.example/desk"}.Message(),
			"reminders":     Reminder{Lang: l, Name: "Budi", Count: 3, DueOn: "Rabu", URL: "https://terang.example/desk"}.Message(),
			"welcome":       Welcome{Lang: l, Name: "Budi", URL: "https://terang.example/welcome/abc", Until: "Rabu"}.Message(),
		} {
			var b bytes.Buffer
			if err := Letter(m).Render(context.Background(), &b); err != nil {
				t.Fatal(err)
			}
			whole := m.Subject + m.Text() + b.String()
			if g := gap.FindString(whole); g != "" || strings.Contains(whole, "%!") {
				t.Errorf("%s (%s): %s\n%s", name, l, g, whole)
			}
			if strings.ContainsAny(m.Subject, "\r\n") || strings.Contains(m.Text(), "\nBcc:") {
				t.Errorf("%s: a name can add a header", name)
			}
			if strings.Contains(b.String(), "<b>") {
				t.Errorf("%s: a name can add markup", name)
			}
			if m.Link != "" && (!strings.Contains(m.Text(), m.Link) || !strings.Contains(b.String(), m.Link)) {
				t.Errorf("%s: the link is missing", name)
			}
		}
	}
}
