package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"terang/models"
	"terang/models/casework"
)

// webScene is a small installation that serves: one body, an officer of each role, and a
// case in each state, filed through the verbs under a clock that was moved.
type webScene struct {
	t    *testing.T
	app  *app
	base string
	svc  *casework.Service
	now  time.Time
	// by what became of them
	cases map[string]casework.Filed
}

const webBody = "dinas-pu"

// serveScene sets the scene and serves it as `terang serve --demo` would.
func serveScene(t *testing.T) *webScene {
	t.Helper()
	ctx := context.Background()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := serveOptions{settings: settings{Data: t.TempDir(), BaseURL: "http://" + ln.Addr().String()}, demo: true}
	a, err := openServed(ctx, o, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s := &webScene{t: t, app: a, base: o.BaseURL, cases: map[string]casework.Filed{}, now: time.Now().Add(-100 * 24 * time.Hour)}
	s.svc = casework.New(casework.Options{Store: a.store, Packs: a.packs, Files: a.files, Secret: a.secret, Now: func() time.Time { return s.now }})
	s.people()
	s.matters()
	if err := a.sequence(ctx); err != nil {
		t.Fatal(err)
	}

	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	site, err := a.site(o, quiet, webLogins)
	if err != nil {
		t.Fatal(err)
	}
	work, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.background(work, quiet)
	}()
	served := make(chan error, 1)
	go func() { served <- site.Listener(ln) }()
	t.Cleanup(func() {
		if err := site.ShutdownWithTimeout(5 * time.Second); err != nil {
			t.Logf("shutting down: %v", err)
		}
		stop()
		<-ended
		<-served
		if err := a.close(ctx); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return s
}

var webLogins = []demoLogin{
	{Email: "administrator@terang.example", Password: demoPassword, Role: models.Administrator, name: "Administrator Terang"},
	{Email: "auditor@terang.example", Password: demoPassword, Role: models.Auditor, name: "Auditor Keterbukaan", clearance: models.Confidential},
	{Email: "petugas@pu.example", Password: demoPassword, Role: models.Agent, Body: webBody, name: "Rini Astuti", clearance: models.Restricted},
	{Email: "pelaksana@pu.example", Password: demoPassword, Role: models.UnitHead, Body: webBody, unit: "umum", name: "Ir. Bonar Simatupang", clearance: models.Confidential},
	{Email: "ppid@pu.example", Password: demoPassword, Role: models.InfoOfficer, Body: webBody, name: "Dra. Hesti Purwaningrum", clearance: models.Confidential},
	{Email: "atasan@pu.example", Password: demoPassword, Role: models.Superior, Body: webBody, name: "Dr. Ahmad Fauzan", clearance: models.Confidential},
}

func (s *webScene) people() {
	s.t.Helper()
	ctx := context.Background()
	_, err := s.svc.AddBody(ctx, models.System, casework.BodyInput{
		Slug: webBody, Name: "Dinas Pekerjaan Umum Kota Tirtamaya", About: "Jalan, jembatan, drainase, dan air bersih.", Pack: "id",
		Units: []casework.UnitInput{{Slug: "umum", Name: "Subbagian Umum"}, {Slug: "keuangan", Name: "Subbagian Keuangan"}},
	})
	s.must("body", err)
	errs := make(chan error, len(webLogins))
	for _, l := range webLogins {
		go func() {
			_, _, err := s.svc.AddOfficer(ctx, models.System, casework.OfficerInput{
				Email: l.Email, Name: l.name, Role: l.Role, Body: l.Body, Unit: l.unit, Clearance: l.clearance, Password: l.Password,
			})
			errs <- err
		}()
	}
	for range webLogins {
		s.must("officer", <-errs)
	}
}

func (s *webScene) must(what string, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("scene: %s: %v", what, err)
	}
}

func (s *webScene) as(email string) models.Actor {
	s.t.Helper()
	a, err := s.svc.ActorFor(context.Background(), email)
	s.must(email, err)
	return a
}

// file puts in a case under a name by which the tests find it again.
func (s *webScene) file(name string, in casework.FileInput) casework.Filed {
	s.t.Helper()
	actor := models.Actor{Kind: models.Anyone, Via: "web"}
	if in.Channel != "" {
		actor = s.as("petugas@pu.example")
	}
	in.Body = webBody
	f, err := s.svc.File(context.Background(), actor, in)
	s.must(name, err)
	s.cases[name] = f
	return f
}

// act does something to a case at the version it has.
func (s *webScene) act(name, email string, do func(a models.Actor, ref string, version int64) error) {
	s.t.Helper()
	ref := s.cases[name].Case.Reference
	c, err := s.app.store.Read(context.Background()).CaseByReference(ref)
	s.must(name, err)
	a := casework.RequesterOf(c)
	if email != "" {
		a = s.as(email)
	}
	s.must(name, do(a, ref, c.Version))
}

func (s *webScene) take(name, email string) {
	s.t.Helper()
	s.act(name, email, func(a models.Actor, ref string, v int64) error {
		_, err := s.svc.Assign(context.Background(), a, ref, casework.AssignInput{Version: v, Officer: email})
		return err
	})
}

func (s *webScene) decide(name, email string, in casework.DecideInput) {
	s.t.Helper()
	s.act(name, email, func(a models.Actor, ref string, v int64) error {
		in.Version = v
		_, err := s.svc.Decide(context.Background(), a, ref, in)
		return err
	})
}

func (s *webScene) pass(days int) { s.now = s.now.Add(time.Duration(days) * 24 * time.Hour) }

func webRequest(subject, text string) casework.FileInput {
	return casework.FileInput{
		Kind: models.Request, Subject: subject, Text: text, Purpose: "Penelitian skripsi",
		Requester: casework.RequesterInput{Kind: models.Individual, Name: "Siti Rahmawati", Email: "siti@contoh.example", Phone: "0812 3456 7890",
			IdentityNumber: "3171234567890123", Address: "Jl. Melati 5, Tirtamaya"},
	}
}

const ppid = "ppid@pu.example"

// matters plays what happened before the tests begin.
func (s *webScene) matters() {
	ctx := context.Background()
	t := s.t
	t.Helper()

	s.file("overdue", casework.FileInput{Kind: models.Complaint, Anonymity: models.Anonymous, Subject: "Loket tutup lebih awal", Text: "Loket pelayanan tutup pukul sebelas padahal jadwalnya sampai pukul tiga sore."})
	s.file("refused", webRequest("Data pegawai yang dimutasi", "Saya meminta daftar mutasi pegawai tahun 2025 beserta alasannya."))
	s.take("refused", ppid)
	s.pass(2)
	refusal := casework.DecideInput{Outcome: models.Refused, Text: "Alasan mutasi memuat penilaian pribadi pegawai dan karena itu dikecualikan.", Exemptions: []string{"h"},
		Test: map[string]string{"information": "Alasan mutasi tiap pegawai", "consequence_open": "Penilaian pribadi pegawai terungkap", "consequence_closed": "Hak pribadi pegawai terlindungi", "duration": "Selama diperlukan"}}
	s.decide("refused", ppid, refusal)
	s.act("refused", "", func(a models.Actor, ref string, _ int64) error {
		f, err := s.svc.Object(ctx, a, ref, casework.ObjectInput{Ground: "a", Text: "Yang saya minta hanya daftarnya."})
		s.cases["objection"] = f
		return err
	})
	s.file("published", webRequest("Anggaran perbaikan jembatan", "Saya meminta rencana anggaran perbaikan jembatan tahun 2026."))
	s.take("published", ppid)
	s.decide("published", ppid, casework.DecideInput{Outcome: models.Granted, Text: "Rencana anggaran perbaikan jembatan tahun 2026 berjumlah Rp4,2 miliar untuk tiga jembatan."})
	s.act("published", ppid, func(a models.Actor, ref string, v int64) error {
		_, err := s.svc.Publish(ctx, a, ref, casework.PublishInput{Version: v, Title: "Anggaran perbaikan jembatan 2026", Summary: "Diminta rencana anggaran perbaikan jembatan; seluruhnya diberikan."})
		return err
	})

	s.pass(88)
	s.file("climbing", webRequest("Salinan rekam medis pasien", "Saya meminta salinan rekam medis pasien bernama Budi Santoso, NIK 3171234567890123."))
	s.file("asked", webRequest("Rencana pelebaran jalan", "Saya meminta gambar rencana pelebaran jalan di kecamatan kami."))
	s.take("asked", ppid)
	s.act("asked", ppid, func(a models.Actor, ref string, v int64) error {
		_, err := s.svc.AskClarification(ctx, a, ref, casework.TextInput{Version: v, Text: "Ruas jalan yang mana yang Anda maksud?"})
		return err
	})
	s.pass(9)
	_, err := s.svc.Sweep(ctx, s.now)
	s.must("sweep", err)

	letter := webRequest("Izin mendirikan bangunan", "Mohon salinan izin bangunan di Jalan Kenanga 4.")
	letter.Channel, letter.AllowIncomplete, letter.Purpose, letter.Requester.Email = models.ChannelLetter, true, "", ""
	s.file("incomplete", letter)
	s.file("withdrawn", webRequest("Jadwal pemeliharaan drainase", "Kapan drainase di Jalan Mawar dipelihara?"))
	s.act("withdrawn", "", func(a models.Actor, ref string, v int64) error {
		_, err := s.svc.Withdraw(ctx, a, ref, casework.TextInput{Version: v, Text: "Sudah saya peroleh."})
		return err
	})
	s.file("question", casework.FileInput{Kind: models.Question, Subject: "Jam layanan", Text: "Pukul berapa loket informasi dibuka pada hari Jumat?", Requester: webRequest("", "").Requester})
	s.file("held", webRequest("Panjang jalan rusak 2025", "Saya meminta data panjang jalan rusak per kecamatan tahun 2025."))
	s.take("held", ppid)
	s.file("granted", webRequest("Daftar proyek drainase 2026", "Saya meminta daftar proyek drainase tahun 2026 beserta nilainya."))
	s.now = time.Now()
}
