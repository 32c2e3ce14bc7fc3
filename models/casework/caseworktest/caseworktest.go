// Package caseworktest sets a scene for tests: a real database, a body with its
// officers, cases in a given state, and the invariants that must hold after every
// verb.
package caseworktest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"terang/models"
	"terang/models/casework"
	"terang/models/store"
	"terang/models/trail"
	"terang/policies"
)

// Scene is a running installation with a clock that tests move.
type Scene struct {
	*casework.Service
	T     testing.TB
	Ctx   context.Context
	Store *store.Store
	Packs *policies.Registry
	Files *Folder
	// Signer is the log's key.
	Signer *trail.Signer
	now    time.Time
}

// Wednesday is where every scene's clock starts: 7 January 2026, 10:00 in Jakarta, a
// week without holidays.
var Wednesday = time.Date(2026, 1, 7, 3, 0, 0, 0, time.UTC)

// New opens a scene on a temporary SQLite file, with body "dinas", its units, and
// an officer of each role: agent@, unit_head@, officer@, superior@ and auditor@dinas.test, all
// cleared for everything, and admin@terang.test.
func New(t testing.TB) *Scene {
	t.Helper()
	ctx := context.Background()
	dir := t.TempDir()
	keys, err := store.OpenMasterKey(filepath.Join(dir, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(ctx, store.Config{Path: filepath.Join(dir, "terang.db"), Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return On(t, st)
}

// On opens a scene on an empty database.
func On(t testing.TB, st *store.Store) *Scene {
	t.Helper()
	ctx := context.Background()
	if _, err := st.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	packs, err := policies.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	s := &Scene{T: t, Ctx: ctx, Store: st, Packs: packs, Files: &Folder{Dir: t.TempDir()}, now: Wednesday}
	if s.Signer, err = trail.NewKey("terang.test/log"); err != nil {
		t.Fatal(err)
	}
	s.Service = Another(s, st)
	s.AddDinas("dinas")
	s.officer(casework.OfficerInput{Email: "admin@terang.test", Name: "Admin", Role: models.Administrator})
	return s
}

// Another is one more instance of the same installation, on a store of its own.
func Another(s *Scene, st *store.Store) *casework.Service {
	return casework.New(casework.Options{
		Store: st, Packs: s.Packs, Files: s.Files, Signer: s.Signer, HashMemory: 64, Secret: []byte("0123456789abcdef0123456789abcdef"), Now: func() time.Time { return s.now },
		SecondFactor: models.SecondFactorOffered,
	})
}

// AddDinas adds a body with three units and an officer of each role at
// <role>@<slug>.test, password Password.
func (s *Scene) AddDinas(slug string) {
	s.T.Helper()
	if _, err := s.AddBody(s.Ctx, models.System, casework.BodyInput{
		Slug: slug, Name: "Dinas " + slug, Pack: "id",
		Units: []casework.UnitInput{{Slug: "umum", Name: "Bagian Umum"}, {Slug: "keuangan", Name: "Bagian Keuangan"}, {Slug: "anggaran", Name: "Seksi Anggaran", Parent: "keuangan"}},
	}); err != nil {
		s.T.Fatal(err)
	}
	for _, role := range []models.Role{models.Agent, models.UnitHead, models.InfoOfficer, models.Superior, models.Auditor} {
		unit := ""
		if role == models.Agent || role == models.UnitHead {
			unit = "umum"
		}
		s.officer(casework.OfficerInput{Email: string(role) + "@" + slug + ".test", Name: string(role) + " " + slug, Role: role, Body: slug, Unit: unit, Clearance: models.Confidential})
	}
}

// Password is every test account's.
const Password = "kata-sandi-uji-coba"

func (s *Scene) officer(in casework.OfficerInput) {
	s.T.Helper()
	in.Password = Password
	if _, _, err := s.AddOfficer(s.Ctx, models.System, in); err != nil {
		s.T.Fatal(err)
	}
}

// AddPlain adds an officer of body with a clearance, and gives the actor.
func (s *Scene) AddPlain(email string, role models.Role, body string, clearance models.Class) models.Actor {
	s.T.Helper()
	s.officer(casework.OfficerInput{Email: email, Name: email, Role: role, Body: body, Clearance: clearance})
	return s.As(email)
}

// As is the actor of an account; "officer" alone means officer@dinas.test.
func (s *Scene) As(email string) models.Actor {
	s.T.Helper()
	if !strings.Contains(email, "@") {
		email += "@dinas.test"
	}
	a, err := s.ActorFor(s.Ctx, email)
	if err != nil {
		s.T.Fatal(err)
	}
	return a
}

// Now is the scene's clock.
func (s *Scene) Now() time.Time { return s.now }

// Set moves the clock to an instant.
func (s *Scene) Set(t time.Time) { s.now = t.UTC() }

// Pass moves the clock on.
func (s *Scene) Pass(d time.Duration) { s.now = s.now.Add(d) }

// Anyone is somebody who has proved nothing.
var Anyone = models.Actor{Kind: models.Anyone, Via: "web"}

// Request is a filing that is whole and public.
func Request() casework.FileInput {
	return casework.FileInput{
		Kind: models.Request, Body: "dinas", Subject: "Anggaran jalan 2025",
		Text: "Saya meminta salinan rencana anggaran perbaikan jalan tahun 2025.", Purpose: "Penelitian",
		Requester: casework.RequesterInput{Kind: models.Individual, Name: "Siti Rahmawati", Email: "siti@contoh.id", Phone: "0812 3456 7890",
			IdentityNumber: "3171234567890123", Address: "Jl. Melati 5, Jakarta"},
	}
}

// Complaint is a complaint that is whole and public.
func Complaint() casework.FileInput {
	in := Request()
	in.Kind, in.Subject, in.Text, in.Purpose = models.Complaint, "Loket tutup lebih awal", "Loket pelayanan tutup pukul sebelas padahal jadwalnya sampai pukul tiga.", ""
	return in
}

// Given files a case and gives it with its requester and key.
func (s *Scene) Given(in casework.FileInput) (*models.Case, models.Actor, string) {
	s.T.Helper()
	f, err := s.File(s.Ctx, Anyone, in)
	if err != nil {
		s.T.Fatalf("file: %v", err)
	}
	return f.Case, casework.RequesterOf(f.Case), f.Key
}

// Refusal is a decision that withholds and may stand.
func Refusal(version int64) casework.DecideInput {
	return casework.DecideInput{
		Version: version, Outcome: models.Refused, Text: "Permintaan ditolak.", Exemptions: []string{"h"},
		Test: map[string]string{
			"information": "Data pribadi", "consequence_open": "Rahasia pribadi terungkap", "consequence_closed": "Hak pribadi terlindungi", "duration": "Selama diperlukan",
		},
	}
}

// Check holds the invariants: every change of a case has an event after it that
// says the same, the log verifies, every due date re-derives, and the chain and
// the state agree.
func (s *Scene) Check() {
	s.T.Helper()
	if err := s.Sequence(s.Ctx); err != nil {
		s.T.Fatal(err)
	}
	if err := s.Store.VerifyLog(s.Ctx, s.Signer.Verifiers(), nil); err != nil {
		s.T.Errorf("the log does not verify: %v", err)
	}
	if dates, err := s.Rederive(s.Ctx); err != nil || len(dates.Mismatched) > 0 {
		s.T.Errorf("due dates that do not re-derive: %v (%v)", dates.Mismatched, err)
	}
	r := s.Store.Read(s.Ctx)
	last := map[int64]models.Event{}
	if err := r.EachEvent(store.EventFilter{}, func(e *models.Event) error {
		if e.CaseID != nil && e.Kind != "deadline.set" && e.Kind != "deadline.met" && e.Kind != "deadline.lapsed" && e.Kind != "deadline.extended" {
			last[*e.CaseID] = *e
		}
		return nil
	}); err != nil {
		s.T.Fatal(err)
	}
	for id, e := range last {
		c, err := r.CaseByID(id)
		if err != nil {
			s.T.Fatal(err)
		}
		if c.State != e.State || c.Outcome != e.Outcome || c.Classification != e.Classification {
			s.T.Errorf("case %s is %s/%s/%s, its last event (%s) says %s/%s/%s", c.Reference, c.State, c.Outcome, c.Classification, e.Kind, e.State, e.Outcome, e.Classification)
		}
		rungs, err := r.Rungs(id)
		if err != nil {
			s.T.Fatal(err)
		}
		live := 0
		for _, rung := range rungs {
			if rung.Live() {
				live++
				if rung.Level != c.RungLevel || rung.Role != c.RungRole || c.RungDueAt == nil || !rung.DueAt.Equal(*c.RungDueAt) {
					s.T.Errorf("case %s says rung %d %s, the open rung is %d %s", c.Reference, c.RungLevel, c.RungRole, rung.Level, rung.Role)
				}
			}
		}
		if want := map[bool]int{true: 1, false: 0}[c.RungLevel > 0]; live != want {
			s.T.Errorf("case %s has %d open rungs and rung level %d", c.Reference, live, c.RungLevel)
		}
		if c.State == models.StateEscalated && live != 1 {
			s.T.Errorf("case %s is escalated with %d open rungs", c.Reference, live)
		}
	}
}

// Folder is casework.Files on a folder, for tests.
type Folder struct{ Dir string }

// Put stores a file.
func (f *Folder) Put(_ context.Context, r io.Reader, limit int64) (casework.Stored, error) {
	name := rand.Text()
	file, err := os.Create(filepath.Join(f.Dir, name))
	if err != nil {
		return casework.Stored{}, err
	}
	defer file.Close()
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(file, h), io.LimitReader(r, limit+1))
	if err != nil {
		return casework.Stored{}, err
	}
	if n > limit {
		os.Remove(file.Name())
		return casework.Stored{}, models.Refuse(models.TooLarge, "file_too_large")
	}
	head := make([]byte, 3072)
	m, err := file.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return casework.Stored{}, err
	}
	return casework.Stored{Name: name, Size: n, SHA256: hex.EncodeToString(h.Sum(nil)), Head: head[:m]}, nil
}

// Get opens a file.
func (f *Folder) Get(_ context.Context, name string) (io.ReadSeekCloser, error) {
	return os.Open(filepath.Join(f.Dir, name))
}

// Delete removes a file; one that is gone is gone.
func (f *Folder) Delete(_ context.Context, name string) error {
	if err := os.Remove(filepath.Join(f.Dir, name)); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}

// Count is how many files are kept.
func (f *Folder) Count() int {
	entries, err := os.ReadDir(f.Dir)
	if err != nil {
		return -1
	}
	return len(entries)
}
