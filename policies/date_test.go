package policies

import (
	"encoding/json"
	"testing"
	"time"
)

func TestDateAgreesWithTime(t *testing.T) {
	for _, start := range []time.Time{time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1899, 12, 25, 0, 0, 0, 0, time.UTC), time.Date(2023, 12, 25, 0, 0, 0, 0, time.UTC)} {
		for i := range 1500 {
			at := start.AddDate(0, 0, i)
			d := DateOf(at, time.UTC)
			if d.String() != at.Format(time.DateOnly) || d.Weekday() != at.Weekday() || d.Year() != at.Year() || d.Month() != at.Month() || d.Day() != at.Day() {
				t.Fatalf("%s: got %s %s", at.Format(time.DateOnly), d, d.Weekday())
			}
			if back, err := ParseDate(d.String()); err != nil || back != d {
				t.Fatalf("%s parsed as %v, %v", d, back, err)
			}
		}
	}
}

func TestDateInZones(t *testing.T) {
	jakarta, err := time.LoadLocation("Asia/Jakarta")
	if err != nil {
		t.Fatal(err)
	}
	late := time.Date(2026, 1, 5, 17, 30, 0, 0, time.UTC) // half past midnight in Jakarta
	if got := DateOf(late, jakarta); got != NewDate(2026, 1, 6) {
		t.Errorf("in Jakarta it is %s, want 2026-01-06", got)
	}
	if got := NewDate(2026, 1, 5).LastSecond(jakarta); !got.Equal(time.Date(2026, 1, 5, 16, 59, 59, 0, time.UTC)) {
		t.Errorf("the day ends at %s", got)
	}
	saoPaulo, err := time.LoadLocation("America/Sao_Paulo")
	if err != nil {
		t.Fatal(err)
	}
	// Midnight did not exist on 4 November 2018: clocks went from 23:59:59 to 01:00.
	skipped := NewDate(2018, 11, 4)
	if got := DateOf(skipped.In(saoPaulo).Add(time.Hour), saoPaulo); got != skipped {
		t.Errorf("an hour into 2018-11-04 it is %s", got)
	}
}

func TestDateForms(t *testing.T) {
	for _, bad := range []string{"", "2026-1-05", "2026-02-30", "2026-13-01", "05/01/2026", "2026-01-05T00:00", "0000-01-01", " 2026-01-05", "20260105"} {
		if d, err := ParseDate(bad); err == nil {
			t.Errorf("%q was read as %s", bad, d)
		}
	}
	type record struct {
		On   Date `json:"on"`
		None Date `json:"none"`
	}
	raw, err := json.Marshal(record{On: NewDate(2026, 2, 28)})
	if err != nil || string(raw) != `{"on":"2026-02-28","none":""}` {
		t.Fatalf("%s, %v", raw, err)
	}
	var back record
	if err := json.Unmarshal(raw, &back); err != nil || back.On != NewDate(2026, 2, 28) || !back.None.IsZero() {
		t.Fatalf("%+v, %v", back, err)
	}
	var scanned Date
	for _, src := range []any{"2026-02-28", []byte("2026-02-28"), "2026-02-28T00:00:00Z", time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC)} {
		if err := scanned.Scan(src); err != nil || scanned != NewDate(2026, 2, 28) {
			t.Errorf("scanned %v as %s, %v", src, scanned, err)
		}
	}
	if got := NewDate(2026, 1, 31).AddMonths(1); got != NewDate(2026, 2, 28) {
		t.Errorf("a month after 31 January is %s", got)
	}
	if got := NewDate(2026, 1, 31).AddMonths(-2); got != NewDate(2025, 11, 30) {
		t.Errorf("two months before 31 January is %s", got)
	}
}

func TestEaster(t *testing.T) {
	for year, want := range map[int]string{1961: "1961-04-02", 2000: "2000-04-23", 2008: "2008-03-23", 2011: "2011-04-24", 2024: "2024-03-31", 2026: "2026-04-05", 2038: "2038-04-25"} {
		if got := easter(year).String(); got != want {
			t.Errorf("Easter %d is %s, want %s", year, got, want)
		}
	}
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"2026-01-05", "2024-02-29", "0001-01-01", "9999-12-31", "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDate(s)
		if err != nil {
			return
		}
		if d.String() != s {
			t.Fatalf("%q came back as %q", s, d)
		}
		if d.AddDays(31).Sub(d) != 31 || d.AddDays(7).Weekday() != d.Weekday() {
			t.Fatalf("%q: arithmetic", s)
		}
	})
}
