package desk_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"

	"terang/models"
	"terang/models/casework"
	"terang/models/casework/caseworktest"
)

// Boxes are drawn, looked at and burned in over the pages alone; a picture needs no other
// program. No picture of the original goes to anyone else, and none may be stored.
func TestRedactionOverTheDesk(t *testing.T) {
	s := serve(t)
	c, at := s.given(caseworktest.Request())
	img := image.NewRGBA(image.Rect(0, 0, 200, 100))
	for i := range img.Pix {
		img.Pix[i] = 0xff
	}
	img.SetRGBA(100, 50, color.RGBA{200, 0, 0, 255})
	var photo bytes.Buffer
	if err := png.Encode(&photo, img); err != nil {
		t.Fatal(err)
	}
	doc, err := s.Attach(s.Ctx, s.As("officer"), c.Reference, casework.Upload{Name: "foto.png", Data: &photo})
	if err != nil {
		t.Fatal(err)
	}
	here := at + "/attachments/" + number(doc.ID) + "/redaction"
	ppid := s.as("officer")
	ppid.get(at).want(t, 200, here)
	ppid.get(here).want(t, 200, "Page 1 of 1", `name="boxes" value="0"`).lacks(t, `value="phrase"`)

	for _, row := range []struct {
		fields []string
		says   string
	}{
		{[]string{"do", "add", "x", "10"}, `href="#y"`},
		{[]string{"do", "add", "x", "abc", "y", "1", "w", "1", "h", "1"}, "not a value we know"},
		{[]string{"do", "add", "x", "95", "y", "1", "w", "10", "h", "1"}, "must lie on the page"},
		{[]string{"do", "add", "x", "NaN", "y", "1", "w", "10", "h", "1"}, "not a value we know"},
		{[]string{"do", "page", "exemption", "zz"}, "no exemption zz"},
		{[]string{"do", "page", "page", "7"}, "no page 7"},
		{[]string{"do", "findings"}, "no text that can be searched"},
	} {
		fields := append([]string{"boxes", "0", "page", "1", "exemption", "h"}, row.fields...)
		form := map[string]string{}
		for i := 0; i < len(fields); i += 2 {
			form[fields[i]] = fields[i+1]
		}
		var flat []string
		for k, v := range form {
			flat = append(flat, k, v)
		}
		ppid.post(here, flat...).want(t, 422, "Error:", row.says)
	}
	ppid.post(here, "boxes", "0", "page", "1", "exemption", "h", "do", "add", "x", "40", "y", "40,5", "w", "20", "h", "20").done(t)
	ppid.post(here, "boxes", "0", "page", "1", "exemption", "h", "do", "page").want(t, 409, "Something changed meanwhile")
	ppid.get(here).want(t, 200, "Boxes on page 1: 1", "art. 17 h", `<rect x="4000" y="4050" width="2000" height="2000"`)

	page := ppid.get(here+"/pages/1?burned=1").want(t, 200)
	if got := page.header.Get("Cache-Control"); !strings.Contains(got, "no-store") {
		t.Errorf("a page may be stored: %q", got)
	}
	shown, err := png.Decode(strings.NewReader(page.body))
	if err != nil {
		t.Fatal(err)
	}
	if r, g, b, _ := shown.At(100, 50).RGBA(); r != g || g != b {
		t.Error("what is covered is shown")
	}
	for _, path := range []string{"/pages/0", "/pages/2", "/pages/x"} {
		ppid.get(here+path).want(t, 404)
	}
	look := ppid.get(here+"/look").want(t, 200, "This is what the copy will be", "one passage withheld under UU 14/2008 art. 17 h")
	if m := versions.FindStringSubmatch(look.body); m == nil {
		t.Fatal("no version")
	}
	ppid.send(here+"/look", "boxes", "1").want(t, 422, "looked at every page")
	ppid.send(here+"/look", "boxes", "0", "looked", "yes").want(t, 409)
	ppid.send(here+"/look", "boxes", "1", "looked", "yes").done(t)
	ppid.get(at).want(t, 200, "The copy is made", "Copy of foto.png", "one passage withheld under UU 14/2008 art. 17 h")

	// Nobody else opens a door to the original: not another body, not the public, not below its class.
	if _, err := s.Classify(s.Ctx, s.As("officer"), c.Reference, casework.ClassifyInput{Version: s.now(c.Reference).Version, Attachment: doc.ID, Classification: models.Restricted, Exemption: "h", Reason: "Wajah"}); err != nil {
		t.Fatal(err)
	}
	s.AddDinas("lain")
	s.AddPlain("rendah@dinas.test", models.Agent, "dinas", models.Public)
	for name, v := range map[string]*visitor{"another body": s.as("officer@lain.test"), "not cleared": s.as("rendah@dinas.test"), "nobody": s.nobody()} {
		for _, path := range []string{"", "/look", "/pages/1", "/pages/1?burned=1"} {
			if a := v.get(here + path); a.status != 404 && a.status != 303 || strings.Contains(a.body, "PNG") {
				t.Errorf("%s: %s answers %d", name, path, a.status)
			}
		}
		if a := v.get(at + "/attachments/" + number(doc.ID)); a.status == 200 {
			t.Errorf("%s has the original", name)
		}
	}
	s.Check()
}
