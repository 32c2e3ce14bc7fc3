package pages

import (
	"github.com/a-h/templ"

	"terang/views/components"
	"terang/views/layout"
	"terang/views/text"
)

type example struct {
	name string
	show templ.Component
}

// publicExamples has each public page at least once, as full as it gets, and each form once with its errors.
func publicExamples(l text.Lang) []example {
	page := func(path string) layout.Page {
		return layout.Page{Lang: l, Path: path, AltURL: templ.URL(path + "?lang=" + string(l.Other())), DemoNotice: true, CSRF: "csrf-token"}
	}
	step := func(path string, n int, errs ...components.FieldError) Step {
		return Step{Page: page(path), BackURL: "/file/kind", Number: n, Of: 11, SaveURL: "/file/resume", Errors: errs}
	}
	act := func(path string, errs ...components.FieldError) Step {
		return Step{Page: page(path), BackURL: "/cases/T7-K4M9-XQ2R", Version: "4", Errors: errs}
	}
	e := func(field, code string) components.FieldError {
		return components.FieldError{Field: field, Text: l.Error(code)}
	}
	bodies := []components.Option{
		{Value: "disdik", Label: "Dinas Pendidikan Kota Melati", Hint: "Sekolah, guru, bantuan siswa."},
		{Value: "dinkes", Label: "Dinas Kesehatan Kota Melati", Hint: "Puskesmas, perizinan, data kesehatan."},
		{Value: "dpu", Label: "Dinas Pekerjaan Umum Kota Melati", Hint: "Jalan, jembatan, drainase."},
	}
	result := []Result{
		{Title: "Rincian anggaran perbaikan atap SD Negeri 2 dan 5, tahun 2025", URL: "/disclosures/B2-99QX-7HJK", Body: "Dinas Pendidikan Kota Melati", Date: "5 Jan 2026", Outcome: components.OutcomeTag(l, "request", "granted_in_part"), Snippet: []Snippet{{Text: "… rencana kerja dan rincian "}, {Text: "anggaran", Match: true}, {Text: " perbaikan atap untuk dua sekolah …"}}},
		{Title: "Jumlah tenaga kesehatan per puskesmas", URL: "/disclosures/C3-44QX-7HJM", Body: "Dinas Kesehatan Kota Melati", Date: "22 Des 2025", Outcome: components.OutcomeTag(l, "request", "granted")},
	}
	due := components.Due{Lang: l, Intro: "Diterima Senin, 9 Februari 2026. Hari pertama adalah hari kerja berikutnya. Batasnya 10 hari kerja.", Days: []components.Day{
		{Date: "Senin, 9 Februari 2026", Why: l.T("day.before_start")},
		{Date: "Selasa, 10 Februari 2026", Why: l.T("day.counted", 1), Counted: true},
		{Date: "Rabu, 11 Februari 2026", Why: l.T("day.counted", 2), Counted: true},
		{Date: "Kamis, 12 Februari 2026", Why: l.T("day.counted", 3), Counted: true},
		{Date: "Jumat, 13 Februari 2026", Why: l.T("day.counted", 4), Counted: true},
		{Date: "Sabtu, 14 Februari 2026", Why: l.T("day.weekend")},
		{Date: "Minggu, 15 Februari 2026", Why: l.T("day.weekend")},
		{Date: "Senin, 16 Februari 2026", Why: l.T("day.cuti_bersama") + ", Tahun Baru Imlek"},
		{Date: "Selasa, 17 Februari 2026", Why: l.T("day.holiday") + ", Tahun Baru Imlek 2577"},
		{Date: "Rabu, 18 Februari 2026", Why: l.T("day.counted", 5), Counted: true},
		{Date: "Rabu, 25 Februari 2026", Why: l.T("day.counted", 10), Counted: true, Last: true},
	}, Basis: []components.Basis{
		{Text: "Pemberitahuan tertulis paling lambat 10 hari kerja sejak permintaan diterima", Article: "Pasal 22 ayat (7)", Source: "UU 14/2008", Verified: true},
		{Text: "Cuti bersama bukan hari kerja bagi kantor pemerintah", Article: "Pasal 6", Source: "Perpres 21/2023"},
	}}
	withheld := []Withheld{{What: "Nomor rekening rekanan, halaman 4", Article: "UU 14/2008 Pasal 17 huruf h angka 3: rahasia pribadi", Reason: "Nomor rekening dapat dipakai untuk penipuan. Kepentingan umum tidak memerlukannya.", Until: "selama diperlukan"}}
	files := []components.Link{{Label: "Rencana kerja atap SD 2025.pdf", URL: "/cases/T7-K4M9-XQ2R/documents/12", Note: "PDF, 1,2 MB"}, {Label: "Rincian biaya.xlsx", URL: "/cases/T7-K4M9-XQ2R/documents/13", Note: "XLSX, 48 kB"}}
	facts := []components.SummaryRow{
		{Key: l.T("fact.kind"), Values: []string{l.T("kind.request")}, ChangeURL: "/file/kind"},
		{Key: l.T("fact.body"), Values: []string{"Dinas Pendidikan Kota Melati"}, ChangeURL: "/file/body"},
		{Key: l.T("fact.subject"), Values: []string{"Rincian anggaran perbaikan sekolah dasar 2025"}, ChangeURL: "/file/subject"},
		{Key: l.T("fact.text"), Values: []string{"Saya meminta salinan rencana kerja dan rincian biaya perbaikan atap SD di Kecamatan Melati.\n\nMohon disertai nama rekanan."}, ChangeURL: "/file/text"},
		{Key: l.T("fact.purpose"), Missing: l.Error("purpose_required"), ChangeURL: "/file/purpose"},
	}
	who := []components.SummaryRow{
		{Key: l.T("fact.name"), Values: []string{"Siti Rahmawati"}, ChangeURL: "/file/identity"},
		{Key: l.T("fact.address"), Values: []string{"Jl. Kenanga 12, Melati Timur\nKota Melati"}, ChangeURL: "/file/identity"},
		{Key: l.T("fact.email"), Values: []string{"siti@contoh.id"}, ChangeURL: "/file/contact"},
	}
	open := Case{
		Page: page("/cases/T7-K4M9-XQ2R"), Reference: "T7-K4M9-XQ2R", Kind: l.T("kind.request"), Subject: "Rincian anggaran perbaikan sekolah dasar 2025", Body: "Dinas Pendidikan Kota Melati",
		Tags:      []components.Tag{components.StateTag(l, "awaiting_clarification"), components.StandingTag(l, "due_soon")},
		StateText: l.T("state.awaiting_clarification.explain"), NextText: l.T("state.awaiting_clarification.next"),
		Question: "Tahun anggaran mana yang Anda maksud: 2024, 2025, atau keduanya?", ReplyURL: "/cases/T7-K4M9-XQ2R/reply",
		Clocks: []components.Clock{{Title: "Jawaban", DueOn: "Rabu, 25 Februari 2026", Status: "2 hari kerja lagi", Tag: components.StandingTag(l, "due_soon"), Note: "Jika lewat, Anda dapat mengajukan keberatan sejak hari berikutnya.", Explains: due}},
		Rungs: []components.Rung{
			{Title: l.T("role.unit_head"), Tag: components.Tag{Label: l.T("event.rung.lapsed"), Tone: "red"}, Since: "9 Feb 2026, 10.00 WIB", Lines: []string{"Tidak ada tindakan dalam 8 jam kerja. Naik dengan sendirinya."}},
			{Title: l.T("role.officer"), Tag: components.Tag{Label: l.T("event.rung.acknowledged"), Tone: "blue"}, Current: true, Since: "10 Feb 2026, 10.00 WIB", ActBy: "Kamis, 12 Februari 2026 pukul 16.00 WIB", OnLapse: "naik ke Atasan PPID"},
			{Title: l.T("role.superior"), Tag: components.Tag{Label: l.T("rungs.later")}},
		},
		RungsText: "Perkara ini diusulkan bersifat terbatas (UU 14/2008 Pasal 17 huruf h), sehingga pejabat yang lebih tinggi memeriksanya.",
		Timeline: []components.TimelineItem{
			{Title: l.T("event.case.filed"), When: "Senin, 9 Februari 2026 pukul 09.12 WIB", Stamp: "2026-02-09T09:12:00+07:00", By: l.T("role.requester")},
			{Title: l.T("event.case.assigned"), When: "Selasa, 10 Februari 2026 pukul 08.01 WIB", Stamp: "2026-02-10T08:01:00+07:00", By: l.T("role.officer")},
			{Title: l.T("event.case.clarification_asked"), When: "Selasa, 10 Februari 2026 pukul 09.30 WIB", Stamp: "2026-02-10T09:30:00+07:00", By: l.T("role.agent"), Link: "/cases/T7-K4M9-XQ2R/reply", Label: l.T("case.clarify.go")},
			{Title: l.T("file.done.due"), When: "Rabu, 25 Februari 2026", Coming: true},
		},
		Messages: []components.Message{{From: "Dinas Pendidikan Kota Melati", When: "10 Feb 2026, 09.30 WIB", Stamp: "2026-02-10T09:30:00+07:00", Text: "Tahun anggaran mana yang Anda maksud: 2024, 2025, atau keduanya?"}},
		Facts:    append(append([]components.SummaryRow{}, facts[:4]...), who...), MessageURL: "/cases/T7-K4M9-XQ2R/message", WithdrawURL: "/cases/T7-K4M9-XQ2R/withdraw", ReceiptURL: "/cases/T7-K4M9-XQ2R/receipt", Proofs: []components.Link{{Label: "Perkara diajukan", Note: "9 Februari 2026", URL: "/cases/T7-K4M9-XQ2R/receipt?event=17"}}, LeaveURL: "/cases/T7-K4M9-XQ2R/leave",
	}
	for i := range open.Facts {
		open.Facts[i].ChangeURL = ""
	}
	decided := open
	decided.Question, decided.Rungs = "", nil
	decided.Tags = []components.Tag{components.StateTag(l, "decided"), components.StandingTag(l, "answered")}
	decided.StateText, decided.NextText = l.T("state.decided.explain"), l.T("state.decided.next")
	decided.Decision = CaseDecision{Outcome: components.OutcomeTag(l, "request", "granted_in_part"), Explain: l.T("outcome.granted_in_part.explain"), Text: "Kami memberikan rencana kerja dan rincian biaya.\n\nNomor rekening rekanan dihitamkan.", DecidedOn: "Jumat, 20 Februari 2026", Documents: files, Withheld: withheld, ObjectUntil: "Selasa, 7 April 2026"}
	decided.ObjectURL = "/cases/T7-K4M9-XQ2R/object"
	decided.PublishedURL = "/disclosures/T7-K4M9-XQ2R"
	incomplete := open
	incomplete.Question, incomplete.Rungs, incomplete.Clocks, incomplete.Messages = "", nil, nil, nil
	incomplete.Tags = []components.Tag{components.StateTag(l, "incomplete")}
	incomplete.StateText, incomplete.NextText = l.T("state.incomplete.explain"), l.T("state.incomplete.next")
	incomplete.Missing = []components.Link{{Label: l.Error("purpose_required")}, {Label: l.Error("address_required")}}
	incomplete.ReplyURL = "/cases/T7-K4M9-XQ2R/complete"
	many := []components.Option{}
	for _, n := range []string{"Disdik", "Dinkes", "DPU", "Dishub", "Disdukcapil", "DLH", "Satpol PP", "Sekretariat Daerah"} {
		many = append(many, components.Option{Value: n, Label: n + " Kota Melati"})
	}
	grounds := []components.Option{
		{Value: "a", Label: "Permintaan ditolak dengan alasan pengecualian", Hint: "Pasal 35 ayat (1) huruf a"},
		{Value: "c", Label: "Permintaan tidak ditanggapi", Hint: "Pasal 35 ayat (1) huruf c"},
		{Value: "d", Label: "Ditanggapi tidak sebagaimana yang diminta", Hint: "Pasal 35 ayat (1) huruf d"},
	}
	signedIn := page("/desk/cases/T7-K4M9-XQ2R")
	signedIn.SignedInName, signedIn.SignedInRole = "Budi Santoso", l.T("role.agent")
	signedIn.Nav = []layout.NavLink{{Label: l.T("layout.desk"), URL: "/desk", Count: "12", Current: true}}
	flash := page("/cases/T7-K4M9-XQ2R")
	flash.Flash = "Balasan terkirim."
	decided.Page = flash

	return []example{
		{"home", HomePage(Home{Page: page("/"), Recent: result, Bodies: []components.Link{{Label: "Dinas Pendidikan Kota Melati", URL: "/bodies/disdik"}, {Label: "Dinas Kesehatan Kota Melati", URL: "/bodies/dinkes"}}})},
		{"suggest", SuggestPart(Suggest{Lang: l, Items: []components.Link{{Label: result[0].Title, URL: result[0].URL}}})},
		{"disclosures", DisclosuresPage(Disclosures{Page: page("/disclosures"), Query: "anggaran", Body: "disdik", Bodies: bodies, Results: result, Count: l.T("disclosures.count", "2"), Pager: components.Pager{Lang: l, Next: "/disclosures?cursor=x"}})},
		{"disclosures-none", DisclosuresPage(Disclosures{Page: page("/disclosures"), Query: "jembatan gantung", Bodies: bodies})},
		{"disclosure", DisclosurePage(Disclosure{Page: page("/disclosures/B2-99QX-7HJK"), Reference: "B2-99QX-7HJK", Subject: result[0].Title, Body: result[0].Body, BodyURL: "/bodies/disdik", Summary: "Rencana kerja dan rincian biaya perbaikan atap dua sekolah dasar.", Asked: "Salinan rencana kerja dan rincian biaya.", Outcome: result[0].Outcome, Decision: "Diberikan kecuali nomor rekening.", Documents: files, Withheld: withheld, FiledOn: "Senin, 15 Desember 2025", DecidedOn: "Selasa, 23 Desember 2025", PublishedOn: "Senin, 5 Januari 2026", Took: "6 hari kerja", Law: "UU 14/2008"})},
		{"file-start", FileStartPage(FileStart{Page: page("/file"), Kind: "request", StartURL: "/file/body?kind=request", DraftURL: "/file/text", DraftText: "Pengaduan tentang antrean loket, disimpan kemarin.", OfficeHours: "Anda mengajukan pada hari Sabtu. Permintaan diterima sekarang; penghitungan hari mulai Selasa, 10 Februari 2026."})},
		{"file-kind", FileKindPage(FileKind{Step: step("/file/kind", 1)})},
		{"file-kind-error", FileKindPage(FileKind{Step: step("/file/kind", 1, e("kind", "kind_required"))})},
		{"file-body", FileBodyPage(FileBody{Step: step("/file/body", 2), Bodies: bodies, Body: "disdik"})},
		{"file-body-many", FileBodyPage(FileBody{Step: step("/file/body", 2, e("body", "body_required")), Bodies: many})},
		{"file-subject", FileSubjectPage(FileSubject{Step: step("/file/subject", 3), Kind: "request", Subject: "Rincian anggaran"})},
		{"file-similar", FileSimilarPage(FileSimilar{Step: step("/file/similar", 0), Results: result})},
		{"file-text", FileTextPage(FileText{Step: step("/file/text", 4), Kind: "complaint"})},
		{"file-text-error", FileTextPage(FileText{Step: step("/file/text", 4, e("text", "too_long")), Kind: "request", Text: "Saya meminta …"})},
		{"file-purpose", FilePurposePage(FilePurpose{Step: step("/file/purpose", 5), Article: "UU 14/2008 Pasal 4 ayat (3)"})},
		{"file-requester", FileRequesterPage(FileRequester{Step: step("/file/requester", 6), RequesterKind: "individual"})},
		{"file-anonymity", FileAnonymityPage(FileAnonymity{Step: step("/file/anonymity", 7), Kind: "request", Hidden: LawAnswer{Allowed: true}, Anonymous: LawAnswer{Article: "UU 14/2008 Pasal 22 ayat (2)"}})},
		{"file-identity", FileIdentityPage(FileIdentity{Step: step("/file/identity", 8, e("name", "name_required"), e("identity_number", "identity_number")), RequesterKind: "individual", IdentityNumber: "3273", Address: "Jl. Kenanga 12", Article: "UU 14/2008 Pasal 22 ayat (2)"})},
		{"file-identity-entity", FileIdentityPage(FileIdentity{Step: step("/file/identity", 8), RequesterKind: "legal_entity"})},
		{"file-identity-group", FileIdentityPage(FileIdentity{Step: step("/file/identity", 8), RequesterKind: "group", IdentityOptional: true})},
		{"file-contact", FileContactPage(FileContact{Step: step("/file/contact", 9), Email: "siti@contoh.id"})},
		{"file-contact-anonymous", FileContactPage(FileContact{Step: step("/file/contact", 9), Anonymous: true})},
		{"file-delivery", FileDeliveryPage(FileDelivery{Step: step("/file/delivery", 10), Delivery: "electronic"})},
		{"file-attachments", FileAttachmentsPage(FileAttachments{Step: step("/file/attachments", 11), Files: []AttachedFile{{Name: "Foto atap bocor.jpg", Size: "2,4 MB", RemoveURL: "/file/attachments/1/remove"}}, ContinueURL: "/file/check"})},
		{"file-attachments-error", FileAttachmentsPage(FileAttachments{Step: step("/file/attachments", 11, e("file", "file_too_large")), ContinueURL: "/file/check"})},
		{"file-attachments-full", FileAttachmentsPage(FileAttachments{Step: step("/file/attachments", 11), Full: true, Files: []AttachedFile{{Name: "a.pdf", Size: "1 kB", RemoveURL: "/file/attachments/1/remove"}}, ContinueURL: "/file/check"})},
		{"file-check", FileCheckPage(FileCheck{Step: step("/file/check", 0), Kind: "request", Sections: []Answers{{l.T("file.check.section_what"), facts[:4]}, {l.T("file.check.section_who"), who}}, Due: l.T("file.check.due", "Rabu, 25 Februari 2026"), CanSend: true})},
		{"file-check-missing", FileCheckPage(FileCheck{Step: step("/file/check", 0, e("declaration", "declaration")), Kind: "request", Sections: []Answers{{l.T("file.check.section_what"), facts}}, Missing: []components.Link{{Label: l.Error("purpose_required"), URL: "/file/purpose"}, {Label: l.Error("address_required"), URL: "/file/identity"}}, CanSend: true})},
		{"file-resume", FileResumePage(FileResume{Step: step("/file/resume", 0), ResumeCode: "K7MQ-4XR2-9TBW-HJ3N", Until: "Senin, 9 Maret 2026", DraftURL: "/file/text"})},
		{"file-resume-error", FileResumePage(FileResume{Step: step("/file/resume", 0, e("code", "resume_code")), Code: "XXXX"})},
		{"file-done", FileDonePage(FileDone{Page: page("/file/done"), Kind: "request", Reference: "T7-K4M9-XQ2R", Key: "7KQ4-MX2R-9TBW-HJ3N-ZC6P", Body: "Dinas Pendidikan Kota Melati", DueOn: "Rabu, 25 Februari 2026", Due: due, Lapse: "Sejak Kamis, 26 Februari 2026 Anda dapat mengajukan keberatan kepada Atasan PPID. Tombolnya muncul sendiri di halaman perkara Anda.", Next: []string{"Dinas Pendidikan menunjuk petugas.", "Petugas bertanya kepada Anda bila ada yang kurang jelas.", "Anda menerima jawaban tertulis paling lambat Rabu, 25 Februari 2026."}, Email: "si…@contoh.id", ReceiptURL: "/cases/T7-K4M9-XQ2R/receipt", CaseURL: "/cases/T7-K4M9-XQ2R", OfficeHours: "Anda mengajukan di luar jam kerja. Kantor buka lagi Senin pukul 08.00 WIB."})},
		{"file-done-incomplete", FileDonePage(FileDone{Page: page("/file/done"), Kind: "request", Reference: "T7-K4M9-XQ2R", Key: "7KQ4-MX2R-9TBW-HJ3N-ZC6P", Body: "Dinas Pendidikan Kota Melati", Incomplete: true, Missing: []components.Link{{Label: l.Error("purpose_required"), URL: "/cases/T7-K4M9-XQ2R/complete"}}, CaseURL: "/cases/T7-K4M9-XQ2R"})},
		{"track", TrackPage(Track{Step: Step{Page: page("/track")}})},
		{"track-error", TrackPage(Track{Step: Step{Page: page("/track"), Errors: []components.FieldError{e("key", "reference_or_key")}}, Reference: "T7-K4M9-XQ2R", Key: "7KQ4"})},
		{"case-open", CasePage(open)},
		{"case-decided", CasePage(decided)},
		{"case-incomplete", CasePage(incomplete)},
		{"case-reply", CaseReplyPage(CaseReply{Step: act("/cases/T7-K4M9-XQ2R/reply"), Reference: "T7-K4M9-XQ2R", Question: open.Question, AskedOn: "10 Feb 2026"})},
		{"case-complete", CaseCompletePage(CaseComplete{Step: act("/cases/T7-K4M9-XQ2R/complete", e("purpose", "purpose_required")), Reference: "T7-K4M9-XQ2R", RequesterKind: "individual", Needs: []string{"subject", "text", "purpose", "name", "identity_number", "address", "email", "phone", "delivery"}})},
		{"case-message", CaseMessagePage(CaseMessage{Step: act("/cases/T7-K4M9-XQ2R/message", e("", "stale")), Reference: "T7-K4M9-XQ2R", Text: "Apakah sudah ada kabar?"})},
		{"case-withdraw", CaseWithdrawPage(CaseWithdraw{Step: act("/cases/T7-K4M9-XQ2R/withdraw"), Reference: "T7-K4M9-XQ2R", Subject: open.Subject, CaseURL: "/cases/T7-K4M9-XQ2R"})},
		{"case-object", CaseObjectPage(CaseObject{Step: act("/cases/T7-K4M9-XQ2R/object", e("ground", "ground_required")), Reference: "T7-K4M9-XQ2R", Subject: open.Subject, Grounds: grounds, Window: "sampai Selasa, 7 April 2026", WindowDue: due, AnswerText: "Atasan PPID wajib menjawab dalam 30 hari kerja (UU 14/2008 Pasal 36 ayat (2))."})},
		{"log", LogPage(Log{Page: page("/log"), Checkpoint: "terang.example/log\n48213\nqINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=\n\n— terang.example/log 5s8xLk3Bm2Yy0q7v9n1YQh3pJY2a0i7sZ8XmT6w4rUo1dE9b5cKfGzHjLxNvQwSaPtRyUiOpAs==", Origin: "terang.example/log", Size: "48.213", SignedAt: "Senin, 9 Februari 2026 pukul 09.12 WIB", Keys: []string{"terang.example/log+e6cf312e+AZxk0x2v4"}, Witnesses: []string{"saksi.example"}, Command: "terang verify --key terang.example/log+e6cf312e+AZxk0x2v4 tanda-terima.txt", Addresses: []string{"GET /log/checkpoint", "GET /log/tile/<L>/<N>[.p/<W>]", "GET /log/tile/entries/<N>[.p/<W>]"}})},
		{"log-empty", LogPage(Log{Page: page("/log"), Command: "terang verify"})},
		{"how", HowPage(How{Page: page("/how")})},
		{"bodies", BodiesPage(Bodies{Page: page("/bodies"), Bodies: []components.Link{{Label: "Dinas Pendidikan Kota Melati", URL: "/bodies/disdik", Note: "UU 14/2008"}}})},
		{"body", BodyPage(Body{Page: page("/bodies/disdik"), Name: "Dinas Pendidikan Kota Melati", About: "Sekolah, guru, dan bantuan siswa.", Law: "UU 14/2008 tentang Keterbukaan Informasi Publik", Hours: "Senin–Jumat 08.00–16.00 WIB", Clocks: []ClockRow{{"Jawaban atas permintaan", "10 hari kerja, dapat ditambah 7", "Pasal 22 ayat (7), (8)"}, {"Keberatan", "30 hari kerja", "Pasal 36 ayat (1)"}}, Rights: []string{"Meminta tanpa biaya; hanya biaya salinan.", "Mengajukan keberatan kepada Atasan PPID."}, Units: []Unit{{"Sekretariat", 0}, {"Bidang Sarana", 0}, {"Seksi Sekolah Dasar", 1}}, Figures: []FigureRow{{"2025", "1.204", "812", "201", "77", "94%", "6,2"}}, FileURL: "/file?body=disdik", DisclosuresURL: "/disclosures?body=disdik"})},
		{"body-new", BodyPage(Body{Page: page("/bodies/baru"), Name: "Badan Baru", Law: "UU 14/2008", FileURL: "/file?body=baru", DisclosuresURL: "/disclosures?body=baru"})},
		{"accessibility", AccessibilityPage(Accessibility{Page: page("/accessibility")})},
		{"sign-in", SignInPage(SignIn{Step: Step{Page: page("/sign-in")}, Demo: []DemoLogin{{"petugas@disdik.contoh.id", "contoh-petugas-1", l.T("role.agent"), "Dinas Pendidikan Kota Melati"}, {"auditor@contoh.id", "contoh-auditor-1", l.T("role.auditor"), ""}}})},
		{"sign-in-error", SignInPage(SignIn{Step: Step{Page: page("/sign-in"), Errors: []components.FieldError{e("email", "sign_in")}}, Email: "petugas@disdik.contoh.id", Next: "/desk"})},
		{"set-password", SetPasswordPage(SetPassword{Step: Step{Page: page("/welcome/abc"), Errors: []components.FieldError{e("password", "password_short"), e("repeat", "password_match")}}, Account: "Budi Santoso, budi@disdik.contoh.id"})},
		{"problem-400", ProblemPage(Problem{Page: page("/x"), Status: 400})},
		{"problem-401", ProblemPage(Problem{Page: page("/x"), Status: 401})},
		{"problem-403", DeskProblemPage(Problem{Page: signedIn, Status: 403})},
		{"problem-404", ProblemPage(Problem{Page: page("/x"), Status: 404})},
		{"problem-405", ProblemPage(Problem{Page: page("/x"), Status: 405})},
		{"problem-409", ProblemPage(Problem{Page: page("/x"), Status: 409, LatestURL: "/cases/T7-K4M9-XQ2R"})},
		{"problem-413", ProblemPage(Problem{Page: page("/x"), Status: 413, Links: []components.Link{{Label: l.T("file.attachments.title"), URL: "/file/attachments"}}})},
		{"problem-415", ProblemPage(Problem{Page: page("/x"), Status: 415})},
		{"problem-418", ProblemPage(Problem{Page: page("/x"), Status: 418})},
		{"problem-422", ProblemPage(Problem{Page: page("/x"), Status: 422, Text: l.Error("window_closed")})},
		{"problem-429", ProblemPage(Problem{Page: page("/x"), Status: 429, Retry: "14.05 WIB"})},
		{"problem-500", ProblemPage(Problem{Page: page("/x"), Status: 500, Incident: "K4M9-XQ2R"})},
		{"problem-503", ProblemPage(Problem{Page: page("/x"), Status: 503})},
		{"gallery", GalleryPage(Gallery{Page: page("/gallery")})},
	}
}
