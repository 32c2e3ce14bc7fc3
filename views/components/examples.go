package components

import (
	"github.com/a-h/templ"

	"terang/views/text"
)

// Example is one component with the struct it was given: for the gallery page and for the golden tests.
type Example struct {
	Name string
	Show templ.Component
}

// Examples shows each component once or more, in the given language.
func Examples(l text.Lang) []Example {
	due := Due{
		Lang:  l,
		Intro: "Diterima Senin, 9 Februari 2026. Hari pertama Selasa, 10 Februari 2026. 10 hari kerja.",
		Days: []Day{
			{Date: "Senin, 9 Februari 2026", Why: l.T("day.before_start")},
			{Date: "Selasa, 10 Februari 2026", Why: l.T("day.counted", 1), Counted: true},
			{Date: "Sabtu, 14 Februari 2026", Why: l.T("day.weekend")},
			{Date: "Senin, 16 Februari 2026", Why: l.T("day.cuti_bersama") + " (Tahun Baru Imlek)"},
			{Date: "Rabu, 25 Februari 2026", Why: l.T("day.counted", 10), Counted: true, Last: true},
		},
		Basis: []Basis{
			{Text: "Jawaban paling lambat 10 hari kerja", Article: "Pasal 22 ayat (7)", Source: "UU 14/2008", Verified: true},
			{Text: "Cuti bersama bukan hari kerja", Article: "Pasal 6", Source: "Perpres 21/2023"},
		},
	}
	errs := []FieldError{{"name", l.Error("name_required")}, {"kind", l.Error("kind_required")}, {"", l.Error("stale")}}
	kinds := []Option{
		{Value: "request", Label: l.T("kind.request"), Hint: l.T("kind.request.what"), Checked: true},
		{Value: "complaint", Label: l.T("kind.complaint"), Hint: l.T("kind.complaint.what")},
		{Value: "anonymous", Label: l.T("anonymity.anonymous"), Hint: l.Error("anonymity_not_allowed"), Disabled: true},
	}
	return []Example{
		{"ErrorSummary", ShowErrorSummary(l, errs)},
		{"Input", ShowInput(Input{Lang: l, Name: "name", Label: "Nama lengkap", Hint: "Seperti pada KTP.", Value: `Siti "Ani" <Rahma>`, Autocomplete: "name"})},
		{"Input with an error", ShowInput(Input{Lang: l, Name: "email", Label: "Surel", Value: "siti@", Error: l.Error("email"), Type: "email", Optional: true, Width: "20"})},
		{"Input of a reference, as the page's heading", ShowInput(Input{Lang: l, Name: "reference", Label: "Nomor perkara", LabelHeading: true, Value: "T7-K4M9-XQ2R", Mono: true, Width: "20", MaxLength: 20})},
		{"Date", ShowInput(Input{Lang: l, Name: "from", Label: "Dari tanggal", Type: "date", Value: "2026-02-09", Width: "20"})},
		{"TextArea", ShowTextArea(TextArea{Lang: l, Name: "text", Label: "Apa yang Anda minta?", Hint: "Sebut tahun dan tempat bila tahu.", Value: "Baris satu\nBaris dua", Max: 100000})},
		{"TextArea with an error", ShowTextArea(TextArea{Lang: l, Name: "reason", Label: "Alasan", Error: l.Error("reason_required"), Rows: 4})},
		{"Radios", ShowRadios(Choices{Lang: l, Name: "kind", Legend: "Apa yang ingin Anda ajukan?", LegendHeading: true, Options: kinds})},
		{"Radios with an error", ShowRadios(Choices{Lang: l, Name: "delivery", Legend: "Cara menerima", Error: l.Error("choice"), Options: kinds[:2], Inline: true})},
		{"Checkboxes", ShowCheckboxes(Choices{Lang: l, Name: "exemptions", Legend: "Dasar pengecualian", Hint: "Pilih semua yang dipakai.", Options: kinds})},
		{"Select", ShowSelect(Select{Lang: l, Name: "body", Label: "Badan publik", Empty: l.T("field.choose"), Options: []Option{{Value: "a", Label: "Dinas Pendidikan"}, {Value: "b", Label: "Dinas Kesehatan", Checked: true}}})},
		{"File", ShowFile(File{Lang: l, Name: "file", Label: "Berkas", Hint: "Paling besar 25 MB.", Accept: ".pdf,.jpg"})},
		{"Button", ShowButton(Button{Label: l.T("action.continue")})},
		{"Button, secondary", ShowButton(Button{Label: l.T("action.search"), Kind: "secondary"})},
		{"Button, warning", ShowButton(Button{Label: l.T("action.remove"), Kind: "warning", Name: "do", Value: "remove"})},
		{"LinkButton", ShowLinkButton(Link{Label: l.T("layout.nav.file"), URL: "/file"}, "")},
		{"Tags", ShowTags([]Tag{StateTag(l, "in_review"), StandingTag(l, "overdue"), StandingTag(l, "due_soon"), ClassTag(l, "public"), StateTag(l, "escalated"), OutcomeTag(l, "objection", "refused")})},
		{"Back", ShowBack(l, "/file/kind")},
		{"Crumbs", ShowCrumbs(l, []Link{{Label: l.T("layout.desk"), URL: "/desk"}, {Label: "T7-K4M9-XQ2R", URL: "/desk/cases/T7-K4M9-XQ2R"}})},
		{"Banner", ShowBanner(Banner{Title: "Kantor sedang tutup", Text: "Permintaan Anda tetap diterima sekarang."})},
		{"Banner, success", ShowBanner(Banner{Tone: "success", Text: "Tersimpan.", Live: true})},
		{"Banner, warning with a link", ShowBanner(Banner{Tone: "warning", Title: "Menunggu penjelasan Anda", Text: "Petugas bertanya.", Links: []Link{{Label: "Balas", URL: "/cases/T7-K4M9-XQ2R/reply"}}})},
		{"Banner, error", ShowBanner(Banner{Tone: "error", Text: l.Error("stale"), Live: true})},
		{"Details", ShowDetails(Details{Summary: "Mengapa ditanya?", Text: "Undang-undang memintanya.\nNama Anda tidak diumumkan."})},
		{"SummaryList", ShowSummaryList(SummaryList{Lang: l, Rows: []SummaryRow{
			{Key: "Jenis", Values: []string{l.T("kind.request")}, ChangeURL: "/file/kind"},
			{Key: "Alamat", Values: []string{"Jl. Melati 3\nBandung"}, ChangeURL: "/file/identity"},
			{Key: "Tujuan", Missing: l.Error("purpose_required"), ChangeURL: "/file/purpose"},
			{Key: "Keadaan", Tag: StateTag(l, "registered")},
			{Key: "Berkas", Values: []string{"daftar.pdf"}, Link: "/cases/x/documents/1"},
		}})},
		{"Timeline", ShowTimeline(l, []TimelineItem{
			{Title: l.T("event.case.filed"), When: "Senin, 9 Februari 2026 pukul 14.05 WIB", Stamp: "2026-02-09T14:05:00+07:00", By: l.T("role.requester")},
			{Title: l.T("event.deadline.extended"), When: "Rabu, 25 Februari 2026", Stamp: "2026-02-25T09:00:00+07:00", By: "PPID", Lines: []string{"Berkas tersebar di tiga unit."}, Link: "#clocks", Label: "Lihat batas waktu"},
			{Title: l.T("clock.due"), When: "Jumat, 6 Maret 2026", Coming: true},
		})},
		{"Table", ShowTable(Table{Lang: l, Caption: "Perkara", Columns: []Column{{Label: "Nomor", SortURL: "?sort=reference"}, {Label: "Pokok"}, {Label: "Hari", Numeric: true, SortURL: "?sort=due", Sorted: "ascending"}}, Rows: []Row{
			{Cells: []Cell{{Text: "T7-K4M9-XQ2R", URL: "/desk/cases/T7-K4M9-XQ2R", Mono: true}, {Text: "Anggaran sekolah 2025", Sub: "Dinas Pendidikan", Tags: []Tag{StandingTag(l, "on_time")}}, {Text: "4"}}},
			{Cells: []Cell{{Text: "B2-99QX-7HJK", Mono: true}, {Text: "Jalan rusak"}, {}}},
		}, Pager: Pager{Lang: l, Next: "?cursor=abc", First: "?", Shown: "51–100"}})},
		{"Table, empty", ShowTable(Table{Lang: l, Caption: "Perkara"})},
		{"Due", ShowDue(due)},
		{"Clocks", ShowClocks(l, []Clock{{Title: "Jawaban", DueOn: "Jatuh tempo Rabu, 25 Februari 2026", Status: "4 hari kerja lagi", Tag: StandingTag(l, "on_time"), Note: "Jika lewat, Anda dapat mengajukan keberatan.", Explains: due}, {Title: "Keberatan", Tag: StandingTag(l, "none")}})},
		{"Rungs", ShowRungs(l, []Rung{
			{Title: l.T("role.unit_head"), Tag: Tag{Label: l.T("event.rung.lapsed"), Tone: "red"}, Since: "Senin, 9 Februari 2026", Lines: []string{"Tidak ada tindakan."}},
			{Title: l.T("role.officer"), Current: true, Since: "Rabu, 11 Februari 2026", ActBy: "Kamis, 12 Februari 2026 pukul 16.00 WIB", OnLapse: "Naik ke Atasan PPID"},
		})},
		{"Messages", ShowMessages(l, []Message{
			{From: "Dinas Pendidikan", When: "10 Feb 2026, 09.00 WIB", Stamp: "2026-02-10T09:00:00+07:00", Text: "Tahun berapa yang Anda maksud?"},
			{From: l.T("role.requester"), When: "10 Feb 2026, 10.00 WIB", Stamp: "2026-02-10T10:00:00+07:00", Text: "Tahun 2025.\n\nTerima kasih.", Mine: true, Files: []Link{{Label: "surat.pdf", URL: "/cases/x/documents/2", Note: "1,2 MB"}}},
		})},
		{"Code", ShowCode(Code{Lang: l, ID: "key", Label: "Kunci", Value: "7KQ4-MX2R-9TBW-HJ3N-ZC6P"})},
		{"Print", ShowPrint(l)},
		{"Panel", ShowPanel("Permintaan Anda sudah terkirim")},
		{"Paragraphs", ShowParagraphs("Satu.\r\n\r\nDua <b>.")},
	}
}
