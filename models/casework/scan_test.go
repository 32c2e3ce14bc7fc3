package casework_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"terang/models"
	"terang/models/casework"
	"terang/models/casework/caseworktest"
	"terang/models/casework/inspect/inspecttest"
	"terang/models/store"
)

func textFile(name, words string) casework.Upload {
	return casework.Upload{Name: name, Data: strings.NewReader(words)}
}

// kinds are the kinds of the events of a case, in order.
func kindsOf(t *testing.T, s *caseworktest.Scene, c *models.Case) []string {
	t.Helper()
	events, _, err := s.Store.Read(s.Ctx).Events(store.EventFilter{CaseID: &c.ID}, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range events {
		if strings.HasPrefix(e.Kind, "attachment.") {
			out = append(out, e.Kind)
		}
	}
	return out
}

// The scanner is shown what is kept: the cleaned bytes, before they are sealed.
func TestScannerSeesWhatIsKept(t *testing.T) {
	s := caseworktest.New(t)
	virus := s.Scan()
	c, requester, _ := s.Given(caseworktest.Request())
	d, err := s.Attach(s.Ctx, requester, c.Reference, casework.Upload{Name: "foto.jpg", Data: bytes.NewReader(inspecttest.JPEG(6, true))})
	if err != nil {
		t.Fatal(err)
	}
	seen := virus.Seen()
	if len(seen) != 1 || bytes.Contains(seen[0], []byte("GPSMARK")) || int64(len(seen[0])) != d.Size || d.Scan != models.ScanClean || d.ScannedAt == nil {
		t.Errorf("%d files seen, %+v", len(seen), d)
	}
	s.Check()
}

// A scanner that hangs holds an upload up for a few seconds, and a filing not at all beyond them.
func TestScannerHangs(t *testing.T) {
	s := caseworktest.New(t)
	virus := s.Scan()
	virus.Hang()
	in := caseworktest.Request()
	in.Uploads = []casework.Upload{textFile("a.txt", "isi\n")}
	start := time.Now()
	c, requester, _ := s.Given(in)
	if took := time.Since(start); took < models.ScanPatience/2 || took > 3*models.ScanPatience {
		t.Errorf("took %s", took)
	}
	v, err := s.Case(s.Ctx, requester, c.Reference)
	if err != nil || v.Attachments[0].Scan != models.ScanWaiting || v.Attachments[0].ScanNext == nil {
		t.Fatalf("%+v %v", v.Attachments, err)
	}
	id := v.Attachments[0].ID
	for _, a := range []models.Actor{requester, s.As("officer"), s.As("superior"), models.System} {
		if _, _, err := s.Document(s.Ctx, a, c.Reference, id); models.CodeOf(err) != "file_being_checked" {
			t.Errorf("%s: %v", a.Role, err)
		}
	}
	virus.Away()
	if r, err := s.ScanDue(s.Ctx); err != nil || r.PutOff != 1 || r.Scanned != 0 || r.Why == "" {
		t.Fatalf("%+v %v", r, err)
	}
	// Put off: not asked again at once, and asked again later.
	virus.Clean()
	if r, err := s.ScanDue(s.Ctx); err != nil || r.Scanned+r.PutOff != 0 {
		t.Fatalf("%+v %v", r, err)
	}
	s.Pass(time.Minute)
	if r, err := s.ScanDue(s.Ctx); err != nil || r.Clean != 1 {
		t.Fatalf("%+v %v", r, err)
	}
	if _, f, err := s.Document(s.Ctx, requester, c.Reference, id); err != nil {
		t.Error(err)
	} else {
		f.Close()
	}
	if got := kindsOf(t, s, c); !slices.Equal(got, []string{"attachment.scanned"}) {
		t.Errorf("%v", got)
	}
	s.Check()
}

// What new signatures find in an old file is held from then on, by nobody's leave, told to its
// requester, and given again when a later scan clears it.
func TestRescanHoldsAndClears(t *testing.T) {
	s := caseworktest.New(t)
	c, requester, _ := s.Given(caseworktest.Request())
	d, err := s.Attach(s.Ctx, requester, c.Reference, textFile("lama.txt", "isi lama\n"))
	if err != nil || d.Scan != models.Unscanned {
		t.Fatalf("%+v %v", d, err)
	}
	if _, err := s.Rescan(s.Ctx, models.System, s.Now()); models.CodeOf(err) != "no_scanner" {
		t.Errorf("%v", err)
	}
	virus := s.Scan()
	virus.Found("Doc.Test")
	if n, err := s.Rescan(s.Ctx, models.System, s.Now().Add(time.Second)); err != nil || n != 1 {
		t.Fatalf("%d %v", n, err)
	}
	// Until its scan has an answer it is served as before.
	if _, f, err := s.Document(s.Ctx, requester, c.Reference, d.ID); err != nil {
		t.Error(err)
	} else {
		f.Close()
	}
	if r, err := s.ScanDue(s.Ctx); err != nil || r.Infected != 1 {
		t.Fatalf("%+v %v", r, err)
	}
	if _, _, err := s.Document(s.Ctx, s.As("officer"), c.Reference, d.ID); models.CodeOf(err) != "file_infected" {
		t.Errorf("%v", err)
	}
	if s.Files.Count() != 1 {
		t.Error("the evidence is gone")
	}
	letters, err := s.TakeLetters(s.Ctx)
	if err != nil || !slices.ContainsFunc(letters, func(l casework.Letter) bool { return l.Kind == "infected" }) {
		t.Errorf("the requester is not told: %+v %v", letters, err)
	}
	v, err := s.Case(s.Ctx, requester, c.Reference)
	if err != nil || !slices.ContainsFunc(v.Timeline, func(e models.Event) bool { return e.Kind == "attachment.infected" && e.Reason == "" }) {
		t.Errorf("nor on the page: %v", err)
	}
	// A verb that read the document before the verdict does not take it back.
	docs, err := s.Store.Read(s.Ctx).Attachments(c.ID)
	if err != nil {
		t.Fatal(err)
	}
	stale := docs[0]
	stale.Scan, stale.ScanFound = models.ScanClean, ""
	if err := s.Store.WithTx(s.Ctx, func(tx *store.Tx) error { return tx.UpdateAttachment(&stale) }); err != nil {
		t.Fatal(err)
	}
	if docs, err = s.Store.Read(s.Ctx).Attachments(c.ID); err != nil || docs[0].Scan != models.ScanInfected {
		t.Errorf("%s %v", docs[0].Scan, err)
	}
	// The same verdict again changes nothing and tells nobody.
	s.Pass(time.Hour)
	rescan := func(want string) {
		t.Helper()
		if n, err := s.Rescan(s.Ctx, models.System, s.Now()); err != nil || n != 1 {
			t.Fatalf("%d %v", n, err)
		}
		if r, err := s.ScanDue(s.Ctx); err != nil || r.Scanned != 1 {
			t.Fatalf("%+v %v", r, err)
		}
		if got := strings.Join(kindsOf(t, s, c), " "); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	rescan("attachment.added attachment.infected")
	virus.Clean()
	s.Pass(time.Hour)
	rescan("attachment.added attachment.infected attachment.cleared")
	s.Pass(time.Hour)
	rescan("attachment.added attachment.infected attachment.cleared")
	if _, f, err := s.Document(s.Ctx, requester, c.Reference, d.ID); err != nil {
		t.Error(err)
	} else {
		f.Close()
	}
	s.Check()
}

// Several instances share the work and do none of it twice.
func TestScansAreShared(t *testing.T) {
	s := caseworktest.New(t)
	virus := s.Scan()
	virus.Away()
	c, requester, _ := s.Given(caseworktest.Request())
	for range 9 {
		if _, err := s.Attach(s.Ctx, requester, c.Reference, textFile("a.txt", "isi\n")); err != nil {
			t.Fatal(err)
		}
	}
	virus.Clean()
	shown := len(virus.Seen())
	type done struct {
		r   casework.ScanReport
		err error
	}
	ch := make(chan done)
	for range 4 {
		go func() {
			r, err := s.ScanDue(s.Ctx)
			ch <- done{r, err}
		}()
	}
	total := 0
	for range 4 {
		d := <-ch
		if d.err != nil {
			t.Error(d.err)
		}
		total += d.r.Clean
	}
	if total != 9 || len(virus.Seen())-shown != 9 {
		t.Errorf("%d found clean, %d shown", total, len(virus.Seen())-shown)
	}
	if st, err := s.ScanStanding(s.Ctx); err != nil || st.Due != 0 || st.Counts[models.ScanClean] != 9 {
		t.Errorf("%+v %v", st, err)
	}
	s.Check()
}

// What one requester may send is bounded in number and in size, case and intake alike.
func TestRoomForUploads(t *testing.T) {
	s := caseworktest.New(t)
	token, _, err := s.NewDraft(s.Ctx, "id")
	if err != nil {
		t.Fatal(err)
	}
	whole := bytes.Repeat([]byte("terang\n"), models.MaxFileSize/7)
	n := 0
	for ; n < 20; n++ {
		_, err = s.DraftAttach(s.Ctx, token, casework.Upload{Name: "a.txt", Data: bytes.NewReader(whole)})
		if err != nil {
			break
		}
	}
	if n != models.MaxDraftBytes/models.MaxFileSize || models.KindOf(err) != models.Invalid || !strings.Contains(err.Error(), "files_too_large") {
		t.Errorf("%d taken, then %v", n, err)
	}
	if s.Files.Count() != n {
		t.Errorf("%d files kept", s.Files.Count())
	}
	if _, _, docs, err := s.Draft(s.Ctx, token); err != nil || len(docs) != n {
		t.Errorf("%d %v", len(docs), err)
	}
}

// The event of a filing holds the hash of what was stored, not of what was sent.
func TestFilingCommitsToWhatIsKept(t *testing.T) {
	s := caseworktest.New(t)
	in := caseworktest.Request()
	in.Uploads = []casework.Upload{{Name: "foto.jpg", Data: bytes.NewReader(inspecttest.JPEG(6, true))}}
	c, requester, _ := s.Given(in)
	v, err := s.Case(s.Ctx, requester, c.Reference)
	if err != nil {
		t.Fatal(err)
	}
	events, _, err := s.Store.Read(s.Ctx).Events(store.EventFilter{CaseID: &c.ID, Kind: "case.filed"}, "", 1)
	if err != nil || len(events) != 1 || !strings.Contains(events[0].Data, v.Attachments[0].SHA256) {
		t.Errorf("%v %v", events, err)
	}
}
