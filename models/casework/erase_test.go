package casework_test

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"terang/models"
	"terang/models/casework"
	"terang/models/casework/caseworktest"
	"terang/models/store"
	"terang/models/store/storetest"
	"terang/models/trail"
)

const marker = "Zulfikarnaen"

// marked is a request that names its requester in every place it can.
func marked() casework.FileInput {
	in := caseworktest.Request()
	in.Subject = "Anggaran jalan bagi " + marker
	in.Text = "Saya " + marker + " meminta salinan rencana anggaran. NIK saya 3171234567890123."
	in.Purpose = "Penelitian " + marker
	in.Requester.Name, in.Requester.Email, in.Requester.Address = marker, marker+"@contoh.id", "Jl. "+marker+" 5, Jakarta"
	in.Uploads = []casework.Upload{{Name: marker + ".txt", Data: strings.NewReader("Surat dari " + marker + "\n")}}
	return in
}

// fileScene is a scene whose database file can be read beside the store.
func fileScene(t *testing.T) (*caseworktest.Scene, store.Config) {
	t.Helper()
	cfg := store.Config{Path: filepath.Join(t.TempDir(), "terang.db"), Keys: storetest.Keys(t, t.TempDir())}
	st, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return caseworktest.On(t, st), cfg
}

func closed(t *testing.T, s *caseworktest.Scene, in casework.FileInput) (*models.Case, models.Actor) {
	t.Helper()
	name := in.Requester.Name
	c, who, _ := s.Given(in)
	ppid := s.As("officer")
	must := func(got *models.Case, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		c = got
	}
	must(s.Say(s.Ctx, who, c.Reference, casework.TextInput{Text: "Salam, " + name}))
	must(s.Note(s.Ctx, ppid, c.Reference, casework.TextInput{Version: c.Version, Text: "Telepon " + name}))
	must(s.Decide(s.Ctx, ppid, c.Reference, casework.DecideInput{Version: c.Version, Outcome: models.Granted, Text: "Kepada Saudara " + name + ": terlampir."}))
	must(s.Publish(s.Ctx, ppid, c.Reference, casework.PublishInput{Version: c.Version, Title: "Anggaran untuk " + name, Summary: "Diminta " + name,
		Keep: []casework.KeepInput{{Text: name, Reason: "Setuju disebut"}}}))
	must(s.Close(s.Ctx, ppid, c.Reference, casework.TextInput{Version: c.Version, Text: "Selesai, " + name + " puas."}))
	return c, who
}

func TestEraseWhole(t *testing.T) { storetest.EachConfig(t, testEraseWhole) }

func testEraseWhole(t *testing.T, cfg store.Config) {
	st, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	s := caseworktest.On(t, st)
	c, who := closed(t, s, marked())
	closed(t, s, caseworktest.Request())
	receipt, err := s.Receipt(s.Ctx, who, c.Reference, 0)
	if err != nil || len(receipt) == 0 {
		t.Fatalf("receipt: %v", err)
	}
	s.Check()
	ppid, boss := s.As("officer"), s.As("superior")
	propose := func(rule string) (*models.Case, error) {
		return s.Erase(s.Ctx, ppid, c.Reference, casework.EraseInput{Version: c.Version, Action: "propose", Rule: rule, Reason: "Masa retensi berakhir."})
	}
	if _, err := propose("schedule"); models.CodeOf(err) != "invalid" {
		t.Fatalf("within its term: %v", err)
	}
	if _, err := propose("nonsense"); models.CodeOf(err) != "invalid" {
		t.Fatalf("unknown rule: %v", err)
	}
	s.Set(s.Now().AddDate(5, 0, 2))
	rep, err := s.Sweep(s.Ctx, s.Now())
	if err != nil || rep.ErasureDue != 2 {
		t.Fatalf("sweep: %+v %v", rep, err)
	}
	if rep, err = s.Sweep(s.Ctx, s.Now()); err != nil || rep.ErasureDue != 0 {
		t.Fatalf("second sweep: %+v %v", rep, err)
	}
	if c, err = s.Store.Read(s.Ctx).CaseByReference(c.Reference); err != nil || c.Erasure != models.ErasureDue {
		t.Fatalf("%v %v", c.Erasure, err)
	}
	list, err := s.ErasureList(s.Ctx, boss, 0)
	if err != nil || len(list) != 2 {
		t.Fatalf("list: %d %v", len(list), err)
	}
	if _, err := s.ErasureList(s.Ctx, s.As("agent"), 0); models.KindOf(err) != models.Forbidden {
		t.Fatalf("agent: %v", err)
	}
	if _, err := s.Erase(s.Ctx, s.As("agent"), c.Reference, casework.EraseInput{Version: c.Version, Action: "propose", Rule: "schedule", Reason: "x"}); models.KindOf(err) != models.Forbidden {
		t.Fatalf("agent: %v", err)
	}
	if c, err = propose("schedule"); err != nil {
		t.Fatal(err)
	}
	confirm := casework.EraseInput{Version: c.Version, Action: "confirm"}
	if _, err := s.Erase(s.Ctx, ppid, c.Reference, confirm); models.KindOf(err) != models.Forbidden {
		t.Fatalf("the officer confirmed: %v", err)
	}
	if !strings.Contains(string(fileBytes(t, cfg)), marker) {
		t.Fatal("the marker is not in the database before: the test proves nothing")
	}
	if c, err = s.Erase(s.Ctx, boss, c.Reference, confirm); err != nil {
		t.Fatal(err)
	}
	if c.Erasure != models.WholeErased || c.Text != models.ErasedText {
		t.Fatalf("%+v", c)
	}
	data := fileBytes(t, cfg)
	for _, secret := range []string{marker, strings.ToLower(marker)} {
		if i := bytes.Index(data, []byte(secret)); i >= 0 {
			t.Errorf("%q is still in the file: …%q…", secret, data[max(0, i-60):min(len(data), i+60)])
		}
	}
	if err := filepath.WalkDir(s.Files.Dir, func(p string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			b, _ := os.ReadFile(p)
			if bytes.Contains(b, []byte(marker)) {
				t.Errorf("document %s is still there", p)
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	stone, err := s.Tombstone(s.Ctx, c.Reference)
	if err != nil || len(stone.Stones) != 1 {
		t.Fatalf("tombstone: %+v %v", stone, err)
	}
	if st := stone.Stones[0]; st.Article != "UU 27/2022 art. 44" || st.Proposed != models.InfoOfficer || st.Confirmed != models.Superior || st.Events == 0 {
		t.Errorf("%+v", st)
	}
	if _, err := s.Disclosure(s.Ctx, c.Reference); models.KindOf(err) != models.NotFound {
		t.Errorf("still published: %v", err)
	}
	if _, err := s.Receipt(s.Ctx, boss, c.Reference, 0); models.KindOf(err) != models.NotFound {
		t.Errorf("a receipt of what was erased: %v", err)
	}
	if v, err := s.Case(s.Ctx, ppid, c.Reference); err != nil || len(v.Stones) != 1 || len(v.Attachments) != 1 {
		t.Errorf("desk: %v", err)
	} else if _, _, err := s.Document(s.Ctx, ppid, c.Reference, v.Attachments[0].ID); models.CodeOf(err) != "attachment_erased" {
		t.Errorf("document: %v", err)
	}
	s.Check()
	var bundle bytes.Buffer
	if _, err := s.Export(s.Ctx, s.As("auditor"), casework.ExportInput{Format: "bundle"}, &bundle); err != nil {
		t.Errorf("bundle: %v", err)
	}
	z, err := zip.NewReader(bytes.NewReader(bundle.Bytes()), int64(bundle.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trail.VerifyBundle(z, s.Signer.Verifiers()); err != nil {
		t.Errorf("bundle: %v", err)
	}
	if s.Store.Owes() {
		t.Error("the database has not let go of all of it")
	}
	if _, err := s.Erase(s.Ctx, boss, c.Reference, casework.EraseInput{Version: c.Version, Action: "propose", Rule: "requested", Reason: "lagi"}); models.CodeOf(err) != "erased_already" {
		t.Errorf("twice: %v", err)
	}
}

// fileBytes is everything a database holds: SQLite's file and journal as they are on the
// disk, every row of PostgreSQL's tables.
func fileBytes(t *testing.T, cfg store.Config) []byte {
	t.Helper()
	var out []byte
	if cfg.URL != "" {
		db := storetest.Raw(t, cfg)
		for _, table := range []string{"requesters", "cases", "messages", "attachments", "decisions", "classifieds", "rungs", "clock_entries", "disclosures", "outgoings", "events", "erasures", "drafts", "case_fts", "disclosure_fts"} {
			rows, err := db.Query("SELECT CAST(t AS text) FROM " + table + " t")
			if err != nil {
				t.Fatal(err)
			}
			for rows.Next() {
				var row string
				if err := rows.Scan(&row); err != nil {
					t.Fatal(err)
				}
				out = append(out, row...)
			}
			rows.Close()
		}
		return out
	}
	for _, ext := range []string{"", "-wal"} {
		b, err := os.ReadFile(cfg.Path + ext)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		out = append(out, b...)
	}
	return out
}

// Somebody who reads for long keeps the journal's older pages; the next sweep empties it.
func TestWhatIsOwedIsForgottenLater(t *testing.T) {
	s, cfg := fileScene(t)
	s.Given(marked())
	db := storetest.Raw(t, cfg)
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := tx.QueryRow("SELECT count(*) FROM cases").Scan(&n); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	s.Given(caseworktest.Request())
	if err := s.Store.Forget(s.Ctx, 300*time.Millisecond); err != nil || !s.Store.Owes() {
		t.Fatalf("with a reader: %v, owes %v", err, s.Store.Owes())
	}
	s.Given(caseworktest.Request()) // nobody waits meanwhile
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sweep(s.Ctx, s.Now()); err != nil || s.Store.Owes() {
		t.Fatalf("after: %v, owes %v", err, s.Store.Owes())
	}
	s.Check()
}

// The person goes and the matter stays: what was asked and answered can still be read.
func TestErasePerson(t *testing.T) {
	s, cfg := fileScene(t)
	c, _ := closed(t, s, marked())
	two := s.AddPlain("kedua@dinas.test", models.Superior, "dinas", models.Confidential)
	boss := s.As("superior")
	c, err := s.Erase(s.Ctx, boss, c.Reference, casework.EraseInput{Version: c.Version, Action: "propose", Rule: "requested", Reason: "Diminta pemohon."})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Erase(s.Ctx, boss, c.Reference, casework.EraseInput{Version: c.Version, Action: "confirm"}); models.CodeOf(err) != "second_person_needed" {
		t.Fatalf("alone: %v", err)
	}
	if c, err = s.Erase(s.Ctx, two, c.Reference, casework.EraseInput{Version: c.Version, Action: "refuse", Reason: "Belum jelas."}); err != nil || c.Erasure != models.Kept {
		t.Fatalf("refuse: %v", err)
	}
	if c, err = s.Erase(s.Ctx, boss, c.Reference, casework.EraseInput{Version: c.Version, Action: "propose", Rule: "requested", Reason: "Diminta pemohon."}); err != nil {
		t.Fatal(err)
	}
	if c, err = s.Erase(s.Ctx, two, c.Reference, casework.EraseInput{Version: c.Version, Action: "confirm"}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(c.Text, marker) || strings.Contains(c.Text, "3171234567890123") || !strings.Contains(c.Text, "rencana anggaran") {
		t.Errorf("text: %s", c.Text)
	}
	if i := bytes.Index(fileBytes(t, cfg), []byte(marker)); i >= 0 {
		t.Error("the name is still in the file")
	}
	d, err := s.Disclosure(s.Ctx, c.Reference)
	if err != nil || strings.Contains(d.Title+d.Summary+d.Answer, marker) || len(d.Stones) != 1 {
		t.Errorf("%+v %v", d, err)
	}
	s.Check()
	// Later the rest goes under the archive schedule.
	s.Set(s.Now().AddDate(5, 0, 2))
	if rep, err := s.Sweep(s.Ctx, s.Now()); err != nil || rep.ErasureDue != 1 {
		t.Fatalf("%+v %v", rep, err)
	}
	c, _ = s.Store.Read(s.Ctx).CaseByReference(c.Reference)
	if c, err = s.Erase(s.Ctx, boss, c.Reference, casework.EraseInput{Version: c.Version, Action: "propose", Rule: "schedule", Reason: "Retensi."}); err != nil {
		t.Fatal(err)
	}
	if c, err = s.Erase(s.Ctx, two, c.Reference, casework.EraseInput{Version: c.Version, Action: "confirm"}); err != nil || c.Erasure != models.WholeErased {
		t.Fatal(err)
	}
	s.Check()
}

// An event emptied without a tombstone, or beyond what its tombstone says, is found.
func TestErasureIsNoCover(t *testing.T) {
	for name, sql := range map[string]string{
		"no tombstone names it":   "UPDATE events SET salt = '', canonical = '', reason = '' WHERE kind = 'case.closed' AND leaf IS NOT NULL AND salt <> ''",
		"what its row still says": "UPDATE events SET actor = 'orang lain' WHERE kind = 'case.filed' AND salt = ''",
		"its text is not":         "UPDATE events SET salt = '' WHERE kind = 'case.assigned' OR id = (SELECT max(id) FROM events WHERE leaf IS NOT NULL AND kind = 'deadline.set')",
		"which no erasure does":   "UPDATE events SET salt = '', canonical = '', leaf_hash = leaf_hash WHERE kind = 'case.erased'",
		"not that of the entry":   "UPDATE events SET leaf_hash = (SELECT leaf_hash FROM events WHERE id = 1) WHERE kind = 'case.filed' AND salt = ''",
	} {
		t.Run(name, func(t *testing.T) {
			s, cfg := fileScene(t)
			c, _ := closed(t, s, marked())
			closed(t, s, caseworktest.Request())
			c, err := s.Erase(s.Ctx, s.As("officer"), c.Reference, casework.EraseInput{Version: c.Version, Action: "propose", Rule: "requested", Reason: "Diminta."})
			if err != nil {
				t.Fatal(err)
			}
			if _, err = s.Erase(s.Ctx, s.As("superior"), c.Reference, casework.EraseInput{Version: c.Version, Action: "confirm"}); err != nil {
				t.Fatal(err)
			}
			s.Check()
			unseal(t, s, cfg)
			if err := s.Store.VerifyLog(s.Ctx, s.Signer.Verifiers(), nil); err != nil {
				t.Fatal(err)
			}
			res, err := storetest.Raw(t, cfg).Exec(sql)
			if err != nil {
				t.Fatal(err)
			}
			if n, _ := res.RowsAffected(); n == 0 {
				t.Fatal("nothing was tampered with")
			}
			err = s.Store.VerifyLog(s.Ctx, s.Signer.Verifiers(), nil)
			if err == nil || !strings.Contains(err.Error(), name) && name != "not that of the entry" {
				t.Errorf("found: %v", err)
			}
		})
	}
}

// unseal writes every event as plain as it was before anything was sealed: what is done to it
// then, only who has the keys could do to a sealed one.
func unseal(t *testing.T, s *caseworktest.Scene, cfg store.Config) {
	t.Helper()
	db := storetest.Raw(t, cfg)
	if err := s.Store.Read(s.Ctx).EachEvent(store.EventFilter{}, func(e *models.Event) error {
		_, err := db.Exec("UPDATE events SET reason = ?, data = ?, canonical = ?, salt = ?, sealed = NULL WHERE id = ?", e.Reason, e.Data, e.Canonical, e.Salt, e.ID)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// An objection goes with the case it challenges, not alone and not before it is over.
func TestEraseWithObjection(t *testing.T) {
	s := caseworktest.New(t)
	c, who, _ := s.Given(marked())
	ppid, boss := s.As("officer"), s.As("superior")
	c, err := s.Decide(s.Ctx, ppid, c.Reference, caseworktest.Refusal(c.Version))
	if err != nil {
		t.Fatal(err)
	}
	o, err := s.Object(s.Ctx, who, c.Reference, casework.ObjectInput{Ground: "a", Text: "Saya " + marker + " keberatan."})
	if err != nil {
		t.Fatal(err)
	}
	c, _ = s.Store.Read(s.Ctx).CaseByReference(c.Reference)
	if c, err = s.Close(s.Ctx, ppid, c.Reference, casework.TextInput{Version: c.Version, Text: "Selesai."}); err != nil {
		t.Fatal(err)
	}
	propose := casework.EraseInput{Version: c.Version, Action: "propose", Rule: "requested", Reason: "Diminta."}
	if _, err := s.Erase(s.Ctx, ppid, c.Reference, propose); models.CodeOf(err) != "objection_not_over" {
		t.Fatalf("objection open: %v", err)
	}
	oc, err := s.Decide(s.Ctx, boss, o.Case.Reference, casework.DecideInput{Version: o.Case.Version, Outcome: models.Refused, Text: "Putusan tetap, " + marker + "."})
	if err != nil {
		t.Fatal(err)
	}
	if oc, err = s.Close(s.Ctx, boss, oc.Reference, casework.TextInput{Version: oc.Version, Text: "Selesai."}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Erase(s.Ctx, ppid, oc.Reference, casework.EraseInput{Version: oc.Version, Action: "propose", Rule: "requested", Reason: "x"}); models.CodeOf(err) != "erase_the_case" {
		t.Fatalf("alone: %v", err)
	}
	if c, err = s.Erase(s.Ctx, ppid, c.Reference, propose); err != nil {
		t.Fatal(err)
	}
	if _, err = s.Erase(s.Ctx, boss, c.Reference, casework.EraseInput{Version: c.Version, Action: "confirm"}); err != nil {
		t.Fatal(err)
	}
	oc, _ = s.Store.Read(s.Ctx).CaseByReference(oc.Reference)
	if strings.Contains(oc.Text+oc.Subject, marker) || oc.Erasure != models.PersonErased {
		t.Errorf("the objection still says %q", oc.Text)
	}
	if _, err := s.Tombstone(s.Ctx, oc.Reference); err != nil {
		t.Error(err)
	}
	s.Check()
}
