package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// askPack runs a command as main does.
func askPack(t *testing.T, in string, args ...string) (out, errOut string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(args, strings.NewReader(in), &o, &e)
	return o.String(), e.String(), code
}

func TestPackCommands(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	holidays := write("libur.txt", "2026-01-07 Libur daerah\n2026-01-16 Isra Mikraj\n")
	events := write("events.jsonl", `{"at":"2026-02-09","event":"paused","why":"fee"}`+"\n"+`{"at":"2026-02-20","event":"resumed","why":"paid"}`+"\n")
	badEvents := write("bad.jsonl", `{"at":"soon","event":"paused"}`)
	tests := []struct {
		name, args, in string
		code           int
		out, err       string // what must be part of it
	}{
		{"list", "pack list", "", 0, "id  ", ""},
		{"list as JSON, one a line", "pack list --json", "", 0, `{"id":"id","version":"`, ""},
		{"lint of what is built in", "pack lint", "", 0, "0 problems, ", ""},
		{"lint of nothing", "pack lint " + filepath.Join(dir, "none"), "", 2, "", "expected a folder"},
		{"lint of a file", "pack lint " + holidays, "", 2, "", "is a file"},
		{"lint of two", "pack lint a b", "", 2, "", "one folder at a time"},
		{"show", "pack show id", "", 0, "UU 14/2008 art. 22(7)", ""},
		{"show of an unknown law", "pack show fr", "", 2, "", "there are id"},
		{"due", "pack due --pack id --clock answer --received 2026-01-05 --json", "", 0, `"due":"2026-01-20"`, ""},
		{"due, extended", "pack due --pack id --clock answer --received 2026-01-05 --extended --json", "", 0, `"due":"2026-01-29"`, ""},
		{"due with another list", "pack due --pack id --clock answer --received 2026-01-05 --holidays " + holidays + " --json", "", 0, `"due":"2026-01-21"`, ""},
		{"due with events", "pack due --pack gb --clock answer --received 2026-02-02 --events " + events + " --json", "", 0, `"due":"2026-03-16"`, ""},
		{"due in words", "pack due --pack id --clock answer --received 2026-03-09", "", 0, "Hari Suci Nyepi", ""},
		{"due with a time", "pack due --pack br --clock answer --received 2026-03-10T19:00 --json", "", 0, `"day_one":"2026-03-12"`, ""},
		{"due, under the version in force then", "pack due --pack in --clock answer --received 2025-01-01 --json", "", 0, `"version":"2005.1"`, ""},
		{"due without a clock", "pack due --received 2026-01-05", "", 2, "", "--clock is missing"},
		{"due without a date", "pack due --clock answer", "", 2, "", "--received is missing"},
		{"due on no date", "pack due --clock answer --received 2026-02-30", "", 2, "", "--received"},
		{"due of an unknown clock", "pack due --clock answr --received 2026-01-05", "", 2, "", "it has registration, answer"},
		{"due with no extension in law", "pack due --clock review --received 2026-01-05 --extended", "", 2, "", "no extension"},
		{"due with a file that is not there", "pack due --clock answer --received 2026-01-05 --holidays /nonexistent", "", 2, "", "--holidays"},
		{"due with a bad ledger", "pack due --clock answer --received 2026-01-05 --events " + badEvents, "", 2, "", "bad.jsonl:1"},
		{"chain", "pack chain --pack id --classification restricted --json", "", 0, `"role":"unit_head"`, ""},
		{"chain of public cases", "pack chain --pack id --classification public --json", "", 0, `"rungs":[]`, ""},
		{"chain of an unknown class", "pack chain --pack id --classification secret", "", 2, "", "expected one of public"},
		{"classify", "pack classify --pack id --json", "Berapa anggaran perbaikan jalan tahun 2025?", 0, `"classification":"public"`, ""},
		{"classify of no text", "pack classify --pack id --json", "", 0, `"grounds":[]`, ""},
		{"classify of bytes", "pack classify --pack id", "\xff\xfe", 2, "", "UTF-8"},
		{"classify of an unknown kind", "pack classify --kind ticket", "x", 2, "", "--kind"},
		{"new", "pack new xx --dir " + dir, "", 0, "clocks.yaml", ""},
		{"new over what is there", "pack new xx --dir " + dir, "", 1, "", "already there"},
		{"lint of the new", "pack lint " + filepath.Join(dir, "xx"), "", 0, "0 problems", ""},
		{"new with a path for a name", "pack new ../xx", "", 2, "", "pack id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, errOut, code := askPack(t, tt.in, strings.Fields(tt.args)...)
			if code != tt.code || !strings.Contains(out, tt.out) || !strings.Contains(errOut, tt.err) {
				t.Errorf("code %d (want %d)\nout %.300s (want %q)\nerr %s (want %q)", code, tt.code, out, tt.out, errOut, tt.err)
			}
			if code != 0 && strings.Count(errOut, "\n") > 1 {
				t.Errorf("more than one line: %s", errOut)
			}
		})
	}
	// A broken pack is reported with its place, and fails.
	broken := filepath.Join(dir, "xx", "clocks.yaml")
	data, err := os.ReadFile(broken)
	if err != nil {
		t.Fatal(err)
	}
	write("xx/clocks.yaml", strings.Replace(string(data), "holder: body", "holdr: body", 1))
	out, _, code := askPack(t, "", "pack", "lint", filepath.Join(dir, "xx"), "--json")
	var got struct {
		Problems []struct {
			File, Message, Instead string
			Line                   int
		}
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 1 || len(got.Problems) != 1 {
		t.Fatalf("code %d, %v, %s", code, err, out)
	}
	if p := got.Problems[0]; p.File != "clocks.yaml" || p.Line != 12 || p.Instead != "holder:" {
		t.Errorf("%+v", p)
	}
}
