package casework_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"terang/models"
	"terang/models/casework"
	"terang/models/casework/caseworktest"
	"terang/models/store"
	"terang/models/store/storetest"
)

// planted are words that stand nowhere but where a test put them.
type planted map[string]string

// word makes a word of a place, such as "qkadzsubject": letters only, so that the search index
// would hold it as it is.
func (p planted) word(place string) string {
	if p[place] == "" {
		b := make([]byte, 8)
		rand.Read(b)
		for i := range b {
			b[i] = "bdfghjkqvwxz"[int(b[i])%12]
		}
		p[place] = string(b) + strings.NewReplacer(" ", "", "_", "").Replace(place)
	}
	return p[place]
}

// forms are the byte strings a word may be found under.
func forms(s *store.Store, word string) map[string][]byte {
	out := map[string][]byte{"text": []byte(word), "upper case": []byte(strings.ToUpper(word)), "hex": []byte(hex.EncodeToString([]byte(word)))}
	for i, term := range s.Terms(word) {
		out[fmt.Sprintf("term %d", i)] = []byte(term)
	}
	for shift := range 3 {
		enc := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\x00", shift) + word))
		// What neighbours would change is left off at both ends.
		out[fmt.Sprintf("base64 %d", shift)] = []byte(enc[(8*shift+5)/6 : len(enc)-4])
	}
	var wide []byte
	for _, u := range utf16.Encode([]rune(word)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	out["UTF-16"] = wide
	return out
}

// onDisk is every byte that a thief of the machine's disk would have but the keys: the folder of
// the SQLite file with its journal, or PostgreSQL's whole data folder with its own and its log,
// and what it would give in a dump.
func onDisk(t *testing.T, cfg store.Config) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	dir := filepath.Dir(cfg.Path)
	if cfg.URL != "" {
		db := storetest.Raw(t, cfg)
		if err := db.QueryRow("SHOW data_directory").Scan(&dir); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec("CHECKPOINT"); err != nil {
			t.Fatal(err)
		}
		out["dump"] = fileBytes(t, cfg)
		dir = filepath.Dir(dir) // the server's log is beside
	}
	readAll(t, dir, out)
	if len(out) == 0 {
		t.Fatalf("nothing to look through in %s", dir)
	}
	return out
}

func readAll(t *testing.T, dir string, out map[string][]byte) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			if os.IsNotExist(err) {
				return nil // the server has just removed it
			}
			return err
		}
		b, err := os.ReadFile(p)
		if err != nil && !os.IsNotExist(err) {
			return err
		}
		out[p] = b
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (p planted) mustBeGone(t *testing.T, s *store.Store, where map[string][]byte) {
	t.Helper()
	for place, word := range p {
		for form, needle := range forms(s, word) {
			for file, content := range where {
				if i := bytes.Index(content, needle); i >= 0 {
					t.Errorf("%s (%s) is in %s: …%q…", place, form, file, content[max(0, i-80):min(len(content), i+80)])
				}
			}
		}
	}
}

// everywhere has something written in every place of a case that takes words.
func (p planted) everywhere(t *testing.T, s *caseworktest.Scene) (*models.Case, models.Actor) {
	t.Helper()
	in := caseworktest.Request()
	in.Subject, in.Text, in.Purpose = "Anggaran "+p.word("subject"), "Saya meminta salinan "+p.word("text")+" tahun 2025.", "Penelitian "+p.word("purpose")
	in.Requester = casework.RequesterInput{
		Kind: models.Individual, Name: "Siti " + p.word("name"), Email: p.word("email") + "@contoh.id", Phone: "+62 " + p.digits("phone", 11),
		IdentityNumber: "3171" + p.digits("identity", 12), Address: "Jl. " + p.word("address") + " 5, Jakarta",
	}
	in.Uploads = []casework.Upload{{Name: p.word("file name") + ".txt", Data: strings.NewReader(strings.Repeat("Surat dari "+p.word("file content")+".\n", 9000))}}
	in.IdempotencyKey, in.Scope = "k", "test"
	c, who, _ := s.Given(in)
	agent, ppid, boss := s.As("agent"), s.As("officer"), s.As("superior")
	must := func(got *models.Case, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		c = got
	}
	must(s.Say(s.Ctx, who, c.Reference, casework.TextInput{Text: p.word("message")}))
	must(s.AskClarification(s.Ctx, ppid, c.Reference, casework.TextInput{Version: c.Version, Text: p.word("clarification asked")}))
	must(s.Say(s.Ctx, who, c.Reference, casework.TextInput{Text: p.word("clarification given")}))
	must(s.Note(s.Ctx, agent, c.Reference, casework.TextInput{Version: c.Version, Text: p.word("note")}))
	if _, err := s.Attach(s.Ctx, ppid, c.Reference, casework.Upload{Name: p.word("answer name") + ".txt", Data: strings.NewReader(p.word("answer content"))}); err != nil {
		t.Fatal(err)
	}
	c = read(t, s, c.Reference)
	must(s.Classify(s.Ctx, ppid, c.Reference, casework.ClassifyInput{Version: c.Version, Classification: models.Confidential, Exemption: "h", Reason: p.word("class reason")}))
	must(s.Extend(s.Ctx, ppid, c.Reference, casework.TextInput{Version: c.Version, Text: p.word("extension")}))
	must(s.Escalate(s.Ctx, s.As(string(c.RungRole)), c.Reference, casework.EscalationInput{Version: c.Version, Action: "acknowledge", Reason: p.word("acknowledgement")}))
	d := caseworktest.Refusal(c.Version)
	d.Text, d.Withheld = p.word("decision"), p.word("withheld")
	for field := range d.Test {
		d.Test[field] = p.word("test " + field)
	}
	must(s.Decide(s.Ctx, ppid, c.Reference, d))
	f, err := s.Object(s.Ctx, who, c.Reference, casework.ObjectInput{Ground: "a", Text: p.word("objection")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Decide(s.Ctx, boss, f.Case.Reference, casework.DecideInput{Version: f.Case.Version, Outcome: models.Refused, Text: p.word("objection decision")}); err != nil {
		t.Fatal(err)
	}
	token, _, err := s.NewDraft(s.Ctx, "id")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SaveDraft(s.Ctx, token, models.DraftAnswers{Kind: models.Request, Body: "dinas", Subject: p.word("draft subject"), Text: p.word("draft text"), Name: p.word("draft name")}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DraftAttach(s.Ctx, token, casework.Upload{Name: p.word("draft file") + ".txt", Data: strings.NewReader(p.word("draft content"))}); err != nil {
		t.Fatal(err)
	}
	return read(t, s, c.Reference), who
}

func (p planted) digits(place string, n int) string {
	if p[place] == "" {
		b := make([]byte, n)
		rand.Read(b)
		for i := range b {
			b[i] = '0' + b[i]%10
		}
		b[0] = '9'
		p[place] = string(b)
	}
	return p[place]
}

func read(t *testing.T, s *caseworktest.Scene, ref string) *models.Case {
	t.Helper()
	c, err := s.Store.Read(s.Ctx).CaseByReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A stolen disk shows nothing of what was said in a case, whatever its class was when it was
// said, nor of who said it.
func TestAtRest(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, cfg store.Config) {
		s := caseworktest.On(t, storetest.Open(t, cfg))
		p := planted{}
		c, who := p.everywhere(t, s)
		if len(p) < 30 {
			t.Fatalf("only %d words were planted", len(p))
		}
		files := map[string][]byte{}
		readAll(t, s.Files.Dir, files)
		if len(files) < 3 {
			t.Fatalf("%d files", len(files))
		}
		p.mustBeGone(t, s.Store, files)
		p.mustBeGone(t, s.Store, onDisk(t, cfg))
		// And whoever may read it reads all of it.
		v, err := s.Case(s.Ctx, who, c.Reference)
		if err != nil || !strings.Contains(v.Case.Text, p["text"]) || v.Requester.Email != p["email"]+"@contoh.id" || len(v.Decisions) != 1 || v.Decisions[0].Text != p["decision"] {
			t.Fatalf("%+v %v", v, err)
		}
		i := slices.IndexFunc(v.Attachments, func(a models.Attachment) bool { return a.Name == p["file name"]+".txt" })
		if i < 0 {
			t.Fatalf("%+v", v.Attachments)
		}
		_, f, err := s.Document(s.Ctx, who, c.Reference, v.Attachments[i].ID)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		want := strings.Repeat("Surat dari "+p["file content"]+".\n", 9000)
		if got, err := io.ReadAll(f); err != nil || string(got) != want {
			t.Fatalf("%d bytes of %d: %v", len(got), len(want), err)
		}
		for _, at := range []int64{0, 200_000, 65_000, 3, int64(len(want)) - 5} { // forth and back, within and across pieces
			if _, err := f.Seek(at, io.SeekStart); err != nil {
				t.Fatal(err)
			}
			b := make([]byte, min(1000, len(want)-int(at)))
			if _, err := io.ReadFull(f, b); err != nil || string(b) != want[at:at+int64(len(b))] {
				t.Fatalf("at %d: %q %v", at, b[:10], err)
			}
		}
		if n, err := f.Seek(-4, io.SeekEnd); err != nil || n != int64(len(want)-4) {
			t.Fatal(n, err)
		}
		s.Check()
		s.Pass(models.DraftKeptFor + 48*time.Hour)
		if _, err := s.Sweep(s.Ctx, s.Now()); err != nil {
			t.Fatal(err)
		}
		p.mustBeGone(t, s.Store, onDisk(t, cfg))
	})
}

// The test above could fail: what is written in plain text is found.
func TestAtRestWouldFind(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, cfg store.Config) {
		s := caseworktest.On(t, storetest.Open(t, cfg))
		p := planted{}
		if _, err := storetest.Raw(t, cfg).Exec("UPDATE bodies SET about = '" + p.word("about") + "'"); err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, content := range onDisk(t, cfg) {
			for _, needle := range forms(s.Store, p["about"]) {
				found += bytes.Count(content, needle)
			}
		}
		if found == 0 {
			t.Error("a plain word was not found: the other tests prove nothing")
		}
	})
}
