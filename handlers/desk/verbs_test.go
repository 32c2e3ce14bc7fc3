package desk_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"terang/handlers/desk"
	"terang/models"
	"terang/models/casework"
	"terang/models/casework/caseworktest"
)

var _ desk.Verbs = (*casework.Service)(nil)

func TestQueue(t *testing.T) {
	s := serve(t)
	c, _ := s.given(caseworktest.Request())
	agent := s.as("agent")
	agent.get("/desk?queue=mine").want(t, 200, "You hold no cases")
	agent.get("/desk").want(t, 200, c.Reference) // opens on what has something in it
	agent.get("/desk?queue=unassigned").want(t, 200, c.Reference, "Anggaran jalan 2025", "Information request")
	agent.get("/desk?queue=all&q=anggaran").want(t, 200, c.Reference, "Clear filters")
	agent.get("/desk?queue=all&q="+c.Reference).want(t, 200, c.Reference)
	agent.get("/desk?queue=all&q=pelabuhan").want(t, 200, "Nothing matches").lacks(t, c.Reference)
	agent.get("/desk?queue=all&kind=complaint").want(t, 200).lacks(t, c.Reference)
	for _, q := range casework.Queues {
		for _, lang := range []string{"id", "en"} {
			agent.get("/desk?queue="+q+"&lang="+lang).want(t, 200)
		}
	}
	for range 51 {
		s.given(caseworktest.Request())
	}
	first := agent.get("/desk?queue=unassigned&sort=newest").want(t, 200)
	if n := strings.Count(first.body, `<th scope="row" class="ref">`); n != 50 {
		t.Errorf("%d rows on the first page", n)
	}
	if len(first.body) > 30_000 {
		t.Errorf("the queue page has %d bytes", len(first.body))
	}
	next := strings.Split(strings.Split(first.body, `rel="next"`)[0], `href="`)
	second := agent.get(strings.ReplaceAll(strings.Split(next[len(next)-1], `"`)[0], "&amp;", "&")).want(t, 200)
	if n := strings.Count(second.body, `<th scope="row" class="ref">`); n != 2 {
		t.Errorf("%d rows on the second page", n)
	}
}

// The whole way of a request over the desk, by its forms.
func TestRequestOverTheDesk(t *testing.T) {
	s := serve(t)
	c, at := s.given(caseworktest.Request())
	ppid := s.as("officer")
	ppid.get(at).want(t, 200, "Take or assign", "Siti Rahmawati", "How this date was worked out", "working day 10")

	ppid.send(at+"/assign", "take", "officer@dinas.test").done(t)
	ppid.get(at).want(t, 200, "The case is assigned", "officer dinas")
	ppid.get(at).want(t, 200).lacks(t, "The case is assigned")

	ppid.send(at+"/note", "text", "Periksa arsip lantai dua.").done(t)
	ppid.send(at+"/message", "text", "Permintaan Anda sedang kami proses.").done(t)
	ppid.send(at+"/clarification", "text", "Tahun anggaran yang mana?").done(t)
	if got := s.now(c.Reference).State; got != models.StateAwaitingClarification {
		t.Fatalf("state %s", got)
	}
	ppid.get(at+"/clarification").want(t, 200, "The law does not stop it")

	old := s.now(c.Reference).DueOn
	form := ppid.get(at+"/extend").want(t, 200, "UU 14/2008 art. 22(8)")
	ppid.send(at+"/extend", "reason", "Dokumen ada di arsip lain.").done(t)
	extended := s.now(c.Reference)
	if extended.DueOn == old {
		t.Fatal("not extended")
	}
	if !strings.Contains(form.body, "Extend to "+longDay(extended.DueOn)) {
		t.Errorf("the date shown before is not the date it became (%s)", extended.DueOn)
	}
	ppid.get(at+"/extend").want(t, 200, "extended before")

	ppid.get(at+"/attachments").want(t, 200)
	ppid.upload(at+"/attachments", "anggaran.txt", []byte("Rincian anggaran jalan tahun 2025.\n")).done(t)
	docs, err := s.Store.Read(s.Ctx).Attachments(c.ID)
	if err != nil || len(docs) != 1 {
		t.Fatalf("attachments %v %v", docs, err)
	}
	if a := ppid.get(at+"/attachments/"+number(docs[0].ID)).want(t, 200, "Rincian anggaran"); !strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("disposition %q", a.header.Get("Content-Disposition"))
	}

	ppid.get(at+"/decision").want(t, 200, "Granted in full", "Refused")
	ppid.send(at+"/decision?outcome=granted", "outcome", "granted", "text", "Terlampir rincian anggaran. Hubungi Bapak Budi Santoso, 0812 3456 7890.", "release", number(docs[0].ID)).done(t)
	if got := s.now(c.Reference); got.State != models.StateDecided || got.Outcome != models.Granted {
		t.Fatalf("%s %s", got.State, got.Outcome)
	}
	ppid.get(at).want(t, 200, "Given to the requester", "Granted in full", "The requester can object until")

	ppid.get(at+"/publication").want(t, 200, "2 finds to decide on", "0812 3456 7890", "[nama – pasal 17 huruf h]", "anggaran.txt", "Nothing found")
	// A find without a decision, and one that is kept without a reason, go no further.
	typed := []string{"title", "Anggaran jalan 2025", "summary", "Diminta rincian anggaran; diberikan."}
	ppid.send(at+"/publication", append(typed, "step", "publish")...).want(t, 422, "Error:", "Decide on", "Diminta rincian anggaran; diberikan.")
	finds := append(typed, "find_text.0", "Budi Santoso", "find_do.0", "keep", "find_text.1", "0812 3456 7890", "find_do.1", "mask")
	ppid.send(at+"/publication", append(finds, "step", "preview")...).want(t, 422, "Error:", "Write why this may be published")
	finds = append(finds, "find_why.0", "Pejabat yang menandatangani", "own", "rincian anggaran", "own_exemption", "i")
	look := ppid.send(at+"/publication", append(finds, "step", "preview")...).want(t, 200, "This is what the public reads", "Hubungi Bapak Budi Santoso", "[identitas pemohon – pasal 17 huruf h]", "[disamarkan – pasal 17 huruf i]", "Masked: 3. Kept with a reason: 1.")
	if s.now(c.Reference).PublishedAt != nil {
		t.Fatal("looking at it published it")
	}
	article := look.body[strings.Index(look.body, "<article"):]
	if strings.Contains(article, "0812 3456 7890") || strings.Contains(article, "rincian anggaran") {
		t.Error("the preview shows what is masked")
	}
	ppid.send(at+"/publication", append(finds, "step", "edit")...).want(t, 200, "Pejabat yang menandatangani", "finds to decide on")
	ppid.send(at+"/publication", append(finds, "step", "publish")...).done(t)
	public := s.nobody().get("/disclosures/"+c.Reference).want(t, 200, "Hubungi Bapak Budi Santoso", "[identitas pemohon – pasal 17 huruf h]", "anggaran.txt")
	public.lacks(t, "0812 3456 7890", "rincian anggaran", "Siti Rahmawati")
	if tidied(article) != tidied(public.body[strings.Index(public.body, "<p class=\"tags\">"):]) {
		t.Errorf("the public reads something else than was shown before:\n%s\n%s", tidied(article), tidied(public.body))
	}
	ppid.get(at).want(t, 200, "The requester is not shown")
	ppid.send(at+"/unpublish", "reason", "Ada nomor telepon.").done(t)
	ppid.send(at+"/close", "reason", "Selesai.").done(t)
	if got := s.now(c.Reference); got.State != models.StateClosed || got.PublishedAt != nil {
		t.Fatalf("%s %v", got.State, got.PublishedAt)
	}
	s.Check()
}

// A refusal needs a ground and the consequence test, and says what the requester can do
// against it.
func TestRefusal(t *testing.T) {
	s := serve(t)
	c, at := s.given(caseworktest.Request())
	ppid := s.as("officer")
	ppid.get(at+"/decision?outcome=refused").want(t, 200, "UU 14/2008 art. 17 h", "Uji konsekuensi"[:0]+"Consequence", "You have the right to object", "30 working days")
	short := ppid.send(at+"/decision?outcome=refused", "outcome", "refused", "text", "Tidak dapat diberikan.").want(t, 422, "Error:", `href="#exemptions"`, "#consequence_test.consequence_open", "Tidak dapat diberikan.")
	if strings.Count(short.body, "Tidak dapat diberikan.") == 0 {
		t.Error("what was typed is lost")
	}
	// The summary leads down the page, and says which of the law's fields it means.
	empty := ppid.send(at+"/decision?outcome=refused", "outcome", "refused", "text", "").want(t, 422, "Write the answer to the requester")
	wrong := mistakes(empty)
	if len(wrong) < 4 || wrong[0] != "#exemptions" || wrong[len(wrong)-1] != "#text" {
		t.Errorf("the summary leads to %q", wrong)
	}
	empty.lacks(t, `">This must be filled in</a>`)
	ppid.send(at+"/decision?outcome=refused", "outcome", "refused", "text", "Tidak dapat diberikan.", "exemptions", "h", "exemptions", "i",
		"consequence_test.information", "Data pegawai", "consequence_test.consequence_open", "Rahasia pribadi terungkap", "consequence_test.consequence_closed", "Tidak ada yang dirugikan",
		"consequence_test.duration", "Selama hidup", "consequence_test.approver", "Kepala Dinas").done(t)
	d, err := s.Store.Read(s.Ctx).Decisions(c.ID)
	if err != nil || len(d) != 1 {
		t.Fatal(d, err)
	}
	if !strings.Contains(d[0].Text, "berhak mengajukan keberatan") || d[0].Exemptions != `["h","i"]` || !strings.Contains(d[0].Tests, "Kepala Dinas") {
		t.Errorf("%+v", d[0])
	}
	ppid.get(at).want(t, 200, "Rahasia pribadi terungkap", "Can be objected to until")
	s.Check()
}

// mistakes are where the lines of a page's error summary lead, in their order.
func mistakes(a answer) []string {
	_, rest, _ := strings.Cut(a.body, `class="error-summary"`)
	list, _, _ := strings.Cut(rest, "</ul>")
	var out []string
	for _, m := range regexp.MustCompile(`href="(#[^"]*)"`).FindAllStringSubmatch(list, -1) {
		out = append(out, m[1])
	}
	return out
}

// Granting in part names what is withheld; not held and referred ask for less.
func TestOtherOutcomes(t *testing.T) {
	s := serve(t)
	ppid := s.as("officer")
	_, at := s.given(caseworktest.Request())
	ppid.send(at+"/decision?outcome=granted_in_part", "outcome", "granted_in_part", "text", "Sebagian diberikan.", "exemptions", "h",
		"consequence_test.consequence_open", "x", "consequence_test.consequence_closed", "y").want(t, 422, `href="#withheld"`)
	ppid.send(at+"/decision?outcome=granted_in_part", "outcome", "granted_in_part", "text", "Sebagian diberikan.", "exemptions", "h", "withheld", "Kolom nama",
		"consequence_test.consequence_open", "x", "consequence_test.consequence_closed", "y").done(t)
	c, at := s.given(caseworktest.Request())
	ppid.get(at+"/decision?outcome=not_held").want(t, 200).lacks(t, "consequence_test")
	ppid.send(at+"/decision?outcome=not_held", "outcome", "not_held", "text", "Tidak kami kuasai.").done(t)
	if s.now(c.Reference).Outcome != models.NotHeld {
		t.Error("not held")
	}
	_, at = s.given(caseworktest.Request())
	ppid.send(at+"/decision?outcome=referred", "outcome", "referred", "text", "Ada di dinas lain.", "referred_to", "Dinas Kesehatan").done(t)
}

// Confirming what the rules propose, raising, documents, and the chain that follows.
func TestClassifyAndEscalate(t *testing.T) {
	s := serve(t)
	c, at := s.given(caseworktest.Request())
	agent, head, ppid := s.as("agent"), s.as("unit_head"), s.as("officer")
	agent.send(at+"/classify", "classification", "restricted").want(t, 422, `href="#exemption"`, `href="#reason"`)
	agent.send(at+"/classify", "classification", "restricted", "exemption", "h", "reason", "Memuat data pribadi warga.").done(t)
	got := s.now(c.Reference)
	if got.Classification != models.Restricted || got.RungLevel == 0 {
		t.Fatalf("%s rung %d", got.Classification, got.RungLevel)
	}
	agent.get(at+"/classify").want(t, 200, "Only the information officer and the superior can lower")
	agent.get(at).want(t, 200, "Acknowledge this rung", "Waiting to be acknowledged", "it moves up to the next rung by itself", "decided by agent dinas")

	press := agent.get(at).want(t, 200)
	agent.post(at+"/escalation", "action", "acknowledge", "version", versions.FindStringSubmatch(press.body)[1]).done(t)
	agent.get(at).want(t, 200, "You have acknowledged", "Acknowledged")
	agent.send(at+"/escalation?action=raise", "action", "raise").want(t, 422, `href="#reason"`)
	agent.send(at+"/escalation?action=raise", "action", "raise", "reason", "Perlu putusan pimpinan unit.").done(t)
	agent.get(at+"/escalation?action=decide").want(t, 403)
	head.get("/desk?queue=escalated").want(t, 200, c.Reference)
	head.send(at+"/escalation?action=return", "action", "return", "reason", "Lengkapi dulu datanya.").done(t)
	agent.get(at).want(t, 200, "Lengkapi dulu datanya.")
	agent.send(at+"/escalation?action=raise", "action", "raise", "reason", "Sudah lengkap.").done(t)
	head.send(at+"/escalation?action=decide", "action", "decide", "reason", "Boleh dijawab.").done(t)
	if got := s.now(c.Reference); got.RungLevel != 0 || got.State != models.StateInReview {
		t.Fatalf("%s rung %d", got.State, got.RungLevel)
	}
	head.get(at).want(t, 200, "The escalation has ended", "Boleh dijawab.")

	ppid.get(at+"/attachments").want(t, 200)
	ppid.upload(at+"/attachments", "daftar.txt", []byte("Daftar nama.\n")).done(t)
	docs, _ := s.Store.Read(s.Ctx).Attachments(c.ID)
	id := number(docs[0].ID)
	ppid.send(at+"/classify?document="+id, "document", id, "classification", "public", "reason", "Tidak memuat data pribadi.").done(t)
	if docs, _ = s.Store.Read(s.Ctx).Attachments(c.ID); docs[0].Classification != models.Public {
		t.Error("the document kept its class")
	}
	ppid.send(at+"/classify", "classification", "public", "reason", "Sudah dihitamkan.").done(t)
	s.Check()
}

// What a lapse does is told on the case's page to those who let it lapse.
func TestLapsedRungIsTold(t *testing.T) {
	s := serve(t)
	c, at := s.given(caseworktest.Request())
	agent := s.as("agent")
	agent.send(at+"/classify", "classification", "restricted", "exemption", "h", "reason", "Data pribadi.").done(t)
	s.Pass(48 * time.Hour)
	if _, err := s.Sweep(s.Ctx, s.Now()); err != nil {
		t.Fatal(err)
	}
	agent = s.as("agent")
	agent.get(at).want(t, 200, "Ran out of time", "the rung below ran out of time")
	s.as("unit_head").get("/desk?queue=escalated").want(t, 200, c.Reference)
	s.Set(s.Now().AddDate(0, 1, 0))
	s.as("officer").get(at).want(t, 200, "This case is")
	s.as("officer").get("/desk?queue=overdue").want(t, 200, c.Reference, "late")
}

func TestObjectionIsTheSuperiors(t *testing.T) {
	s := serve(t)
	c, at := s.given(caseworktest.Request())
	s.as("officer").send(at+"/decision?outcome=not_held", "outcome", "not_held", "text", "Tidak kami kuasai.").done(t)
	f, err := s.Object(s.Ctx, casework.RequesterOf(c), c.Reference, casework.ObjectInput{Ground: "e", Text: "Dokumen itu ada pada dinas."})
	if err != nil {
		t.Fatal(err)
	}
	objection := "/desk/cases/" + f.Case.Reference
	s.as("officer").get(at).want(t, 200, f.Case.Reference, "<p>UU 14/2008 art. 35(1)e</p>").lacks(t, "<p>e</p>")
	s.as("officer").get(objection+"/decision").want(t, 403)
	boss := s.as("superior")
	boss.get(objection).want(t, 200, "This objection is to case", c.Reference, "Ground of objection")
	boss.get(objection+"/decision").want(t, 200, "Objection upheld").lacks(t, "Not held")
	boss.send(objection+"/decision?outcome=granted", "outcome", "granted", "text", "Keberatan diterima.").done(t)
	if got := s.now(c.Reference).State; got != models.StateInReview {
		t.Errorf("the case it challenges is %s", got)
	}
	s.Check()
}

// longDay is a day as the English pages write it.
func longDay(iso string) string {
	d, err := time.Parse(time.DateOnly, iso)
	if err != nil {
		return iso
	}
	return d.Format("Monday 2 January 2006")
}

// tidied is the words of what is published, without what is around them.
func tidied(page string) string {
	page = page[strings.Index(page, "<p class=\"tags\">"):]
	if i := strings.Index(page, "</article>"); i >= 0 {
		page = page[:i]
	}
	if i := strings.Index(page, "</main>"); i >= 0 {
		page = page[:i]
	}
	return strings.Join(strings.Fields(tags.ReplaceAllString(page, " ")), " ")
}
