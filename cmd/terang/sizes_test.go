package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"terang/models"
	"terang/models/casework"
)

var (
	stylesheet = regexp.MustCompile(`<link[^>]+rel="stylesheet"[^>]*>`)
	picture    = regexp.MustCompile(`<img\b[^>]*>`)
)

// Pages stay small, before they are packed: a queue of fifty under 30 KB, what anybody reads
// under 15. One stylesheet, no font that comes late, and every picture has its size, so that
// nothing moves when it arrives.
func TestSizesOfPages(t *testing.T) {
	k := openKept(t, settings{Data: t.TempDir()})
	found(t, k)
	ctx := t.Context()
	ppid := k.session("ppid@dinas.example")
	actor, err := k.a.cases.ActorFor(ctx, "ppid@dinas.example")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 55 {
		c := k.file(fmt.Sprintf("Rencana anggaran biaya perbaikan jalan di kelurahan nomor %d tahun ini", i), strings.Repeat("Mohon salinan dokumen rencana anggaran biaya. ", 10))
		if i >= 25 {
			continue
		}
		decided, err := k.a.cases.Decide(ctx, actor, c.Reference, casework.DecideInput{Version: c.Version, Outcome: models.Granted, Text: "Salinan disampaikan secara elektronik tanpa biaya."})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.a.cases.Publish(ctx, actor, c.Reference, casework.PublishInput{Version: decided.Version, Summary: "Rencana anggaran biaya perbaikan jalan beserta gambar kerja dan berita acara."}); err != nil {
			t.Fatalf("publication: %v", err)
		}
	}
	rows := strings.Count(k.page("/desk?queue=all", ppid), `href="/desk/cases/`)
	if rows < 50 {
		t.Errorf("the queue shows %d rows, expected fifty", rows)
	}
	for _, page := range []struct {
		path, cookie string
		most         int
	}{
		{"/desk?queue=all", ppid, 30 << 10}, {"/desk?queue=all&lang=en", ppid, 30 << 10},
		{"/", "", 15 << 10}, {"/disclosures", "", 15 << 10}, {"/disclosures?q=anggaran", "", 15 << 10}, {"/bodies", "", 15 << 10}, {"/bodies/dinas", "", 15 << 10},
		{"/how", "", 15 << 10}, {"/track", "", 15 << 10}, {"/file", "", 15 << 10}, {"/accessibility", "", 15 << 10}, {"/log", "", 15 << 10}, {"/sign-in", "", 15 << 10},
	} {
		body := k.page(page.path, page.cookie)
		if len(body) > page.most {
			t.Errorf("%s: %d bytes, expected %d at most", page.path, len(body), page.most)
		}
		if n := len(stylesheet.FindAllString(body, -1)); n != 1 {
			t.Errorf("%s: %d stylesheets", page.path, n)
		}
		for _, img := range picture.FindAllString(body, -1) {
			if !strings.Contains(img, "width=") || !strings.Contains(img, "height=") {
				t.Errorf("%s: a picture without its size: %s", page.path, img)
			}
		}
		if strings.Contains(body, "<style") || strings.Contains(body, "@font-face") {
			t.Errorf("%s: a style or font of its own", page.path)
		}
	}
}
