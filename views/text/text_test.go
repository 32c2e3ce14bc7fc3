package text

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestCatalogueIsWhole(t *testing.T) {
	if err := Check(); err != nil {
		t.Fatal(err)
	}
}

// Every literal key in the source must have words. Keys put together at run time are for the pages' own tests.
func TestEveryKeyInTheSourceHasWords(t *testing.T) {
	call := regexp.MustCompile(`\.T\(\s*"([^"]+)"\s*[,)]`)
	for _, root := range []string{"..", "../../handlers"} {
		filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_templ.go") {
				return nil
			}
			if ext := filepath.Ext(path); ext != ".go" && ext != ".templ" {
				return nil
			}
			src, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range call.FindAllStringSubmatch(string(src), -1) {
				if !Has(m[1]) {
					t.Errorf("%s: no words for %q", path, m[1])
				}
			}
			return nil
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		files map[string]string
		want  string
	}{
		"a language is missing":      {map[string]string{"a.yaml": `k: {id: "x"}`}, "needs both"},
		"unknown language":           {map[string]string{"a.yaml": `k: {id: "x", en: "y", fr: "z"}`}, "unknown field"},
		"twice in one file":          {map[string]string{"a.yaml": "k: {id: x, en: y}\nk: {id: x, en: y}"}, "already"},
		"in two files":               {map[string]string{"a.yaml": `k: {id: x, en: y}`, "b.yaml": `k: {id: x, en: y}`}, "another file"},
		"verbs differ":               {map[string]string{"a.yaml": `k: {id: "%d x", en: "y"}`}, "takes"},
		"verbs differ in their kind": {map[string]string{"a.yaml": `k: {id: "%d x", en: "%s x"}`}, "takes"},
	} {
		t.Run(name, func(t *testing.T) {
			from := fstest.MapFS{}
			for n, body := range tc.files {
				from[n] = &fstest.MapFile{Data: []byte(body)}
			}
			if _, err := load(from); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got %v, want an error with %q", err, tc.want)
			}
		})
	}
	from := fstest.MapFS{"a.yaml": {Data: []byte(`k: {id: "%[2]s dari %[1]d", en: "%d of %s"}`)}}
	if _, err := load(from); err != nil {
		t.Fatalf("a language may change the order: %v", err)
	}
}

func TestT(t *testing.T) {
	if got := Indonesian.T("day.counted", 3); got != "hari kerja ke-3" {
		t.Error(got)
	}
	if got := English.T("day.counted", 3); got != "working day 3" {
		t.Error(got)
	}
	if got := English.T("no.such.key"); got != "[no.such.key]" {
		t.Error(got)
	}
	if got := English.Error("no_such_code"); got != English.T("error.unknown") {
		t.Error(got)
	}
}

// The rules give what they know; the words take what they have room for.
func TestErrorTakesAnyNumberOfArgs(t *testing.T) {
	for _, args := range [][]any{nil, {"10"}, {"10", "x", "y"}} {
		for _, key := range Keys() {
			if code, ok := strings.CutPrefix(key, "error."); ok {
				for _, l := range Langs {
					if got := l.Error(code, args...); strings.Contains(got, "%!") {
						t.Errorf("%s with %v: %s", code, args, got)
					}
				}
			}
		}
	}
}

func TestDates(t *testing.T) {
	at := time.Date(2026, 1, 5, 7, 5, 0, 0, time.UTC)
	for _, tc := range []struct{ got, want string }{
		{Indonesian.Date(at, nil), "Senin, 5 Januari 2026"},
		{English.Date(at, nil), "Monday 5 January 2026"},
		{Indonesian.DateTime(at, nil), "Senin, 5 Januari 2026 pukul 14.05 WIB"},
		{English.DateTime(at, Zone("Asia/Makassar")), "Monday 5 January 2026 at 15:05 WITA"},
		{Indonesian.Time(at, Zone("Asia/Jayapura")), "16.05 WIT"},
		{English.Time(at, Zone("Asia/Dubai")), "11:05 UTC+4"},
		{Indonesian.Date(at.Add(10*time.Hour), nil), "Selasa, 6 Januari 2026"}, // already the next day in Jakarta
		{English.ShortCivil(2026, 8, 17), "17 Aug 2026"},
		{Indonesian.ShortCivil(2026, 8, 17), "17 Agu 2026"},
		{Indonesian.Number(1234567), "1.234.567"},
		{English.Number(-1234), "-1,234"},
		{English.Number(999), "999"},
		{Indonesian.Bytes(1_234_567), "1,2 MB"},
		{English.Bytes(999), "999 B"},
	} {
		if tc.got != tc.want {
			t.Errorf("got %q, want %q", tc.got, tc.want)
		}
	}
	if l, ok := Parse("en-GB"); l != English || !ok {
		t.Error("en-GB is English")
	}
	if l, ok := Parse("fr"); l != Indonesian || ok {
		t.Error("French falls back")
	}
}
