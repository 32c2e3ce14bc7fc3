package public_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"terang/models"
	"terang/models/casework"
	"terang/models/casework/caseworktest"
)

// at takes a fresh draft to a step: what the steps before it ask is filled in.
func (s *site) at(step string) *browser {
	s.t.Helper()
	b := s.browser()
	b.get("/file/kind?lang=en")
	b.post("/file/kind", "kind", "request")
	b.post("/file/body", "body", "dinas")
	for _, q := range []struct{ step, field, value string }{
		{"subject", "subject", "Anggaran jalan"}, {"text", "text", "Salinan anggaran"}, {"purpose", "purpose", "Penelitian"},
		{"anonymity", "anonymity", "open"}, {"requester", "requester_kind", "individual"},
		{"identity", "name", "Siti"}, {"contact", "email", "siti@contoh.id"}, {"delivery", "delivery", "electronic"},
	} {
		if q.step == step {
			break
		}
		b.get("/file/"+q.step).want(s.t, 200)
		b.post("/file/"+q.step, q.field, q.value).want(s.t, 200)
	}
	b.get("/file/"+step).want(s.t, 200)
	return b
}

// Every row: what is typed at a step, and the words at its field. The page comes back
// with 422, what was typed is kept, and the draft is as it was.
func TestStepsRefuse(t *testing.T) {
	s := serve(t)
	long := strings.Repeat("é", models.MaxText+1)
	for _, row := range []struct{ name, step, field, value, id string }{
		{"no kind", "kind", "kind", "", "kind"},
		{"a kind nobody files", "kind", "kind", "objection", "kind"},
		{"no body", "body", "body", "", "body"},
		{"unknown body", "body", "body", "nirgends", "body"},
		{"no subject", "subject", "subject", "  ", "subject"},
		{"subject too long", "subject", "subject", strings.Repeat("a", models.MaxSubject+1), "subject"},
		{"text of 100,001 characters", "text", "text", long, "text"},
		{"NUL", "text", "text", "a\x00b", "text"},
		{"invalid UTF-8", "text", "text", "a\xff\xfeb", "text"},
		{"invalid UTF-8 in a name", "identity", "name", "Siti\xc3\x28", "name"},
		{"no purpose of a request", "purpose", "purpose", "", "purpose"},
		{"anonymous request", "anonymity", "anonymity", "anonymous", "anonymity"},
		{"no choice made", "anonymity", "anonymity", "", "anonymity"},
		{"unknown requester kind", "requester", "requester_kind", "robot", "requester_kind"},
		{"no name on an information request", "identity", "name", "", "name"},
		{"not an address", "contact", "email", "siti at contoh", "email"},
		{"no contact", "contact", "email", "", "email"},
		{"unknown delivery", "delivery", "delivery", "pigeon", "delivery"},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := s.at(row.step)
			a := b.post("/file/"+row.step, row.field, row.value).want(t, 422, "Error:", `href="#`+row.id+`"`, `id="`+row.id+`-error"`)
			if len(row.value) > 3 && len(row.value) < 100 && utf8.ValidString(row.value) && !strings.Contains(row.value, "\x00") && strings.Contains(a.body, `type="text"`) && !strings.Contains(a.body, row.value) {
				t.Errorf("what was typed is gone: %s", summary(a.body))
			}
			// What was refused was not kept.
			if row.value != "" && row.step != "kind" && row.step != "body" {
				if again := b.get("/file/" + row.step); strings.Contains(again.body, `value="`+row.value+`"`) && strings.Contains(again.body, `type="text"`) {
					t.Error("it was saved")
				}
			}
		})
	}
	if n := s.cases(); n != 0 {
		t.Errorf("%d cases stored", n)
	}
}

func TestFilesRefused(t *testing.T) {
	s := serve(t)
	b := s.at("attachments")
	for _, row := range []struct {
		name, file string
		content    []byte
		status     int
	}{
		{"a page with a script", "surat.pdf", []byte("<!DOCTYPE html><html><script>alert(1)</script></html>"), 422},
		{"a drawing with a script", "peta.png", []byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), 422},
		{"a program", "foto.jpg", append([]byte("MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff"), make([]byte, 200)...), 422},
		{"an empty file", "kosong.pdf", nil, 422},
		{"25 MB and one byte", "besar.pdf", append(append([]byte{}, pdf...), make([]byte, models.MaxFileSize+1-len(pdf))...), 413},
	} {
		t.Run(row.name, func(t *testing.T) {
			b.upload("/file/attachments", row.file, row.content).want(t, row.status, `id="file-error"`).lacks(t, row.file+"</dt>")
		})
	}
	t.Run("no file", func(t *testing.T) { b.post("/file/attachments").want(t, 422, `id="file-error"`) })
	t.Run("eleven", func(t *testing.T) {
		for range models.MaxAttachments {
			b.upload("/file/attachments", "a.pdf", pdf).want(t, 200)
		}
		b.upload("/file/attachments", "a.pdf", pdf).want(t, 422)
	})
	t.Run("another draft's", func(t *testing.T) {
		other := s.at("attachments")
		other.post("/file/attachments/1/remove").want(t, 200)
		if a := b.get("/file/attachments"); strings.Count(a.body, "a.pdf</dt>") != models.MaxAttachments {
			t.Error("one draft removed another's file")
		}
	})
}

// A body larger than its route takes is refused before it is read.
func TestBodyLimits(t *testing.T) {
	s := serve(t)
	b := s.at("text")
	b.c.Timeout = 0
	req, _ := http.NewRequest("POST", s.base+"/file/text", strings.NewReader("text="+strings.Repeat("a", 3<<20)))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := b.c.Do(req)
	if err != nil {
		return // cut off while sending: refused as well
	}
	defer res.Body.Close()
	if res.StatusCode != 413 {
		t.Errorf("status %d", res.StatusCode)
	}
	if res.Header.Get("Content-Security-Policy") == "" {
		t.Error("an early answer has no security headers")
	}
}

func TestWhoIsRefused(t *testing.T) {
	s := serve(t)
	mine, _, myKey := s.Given(caseworktest.Request())
	theirs, _, theirKey := s.Given(caseworktest.Complaint())
	b := s.browser()
	b.get("/track?lang=en")
	b.post("/track", "reference", mine.Reference, "key", myKey).want(t, 200)
	good := b.csrf

	for _, path := range []string{"", "/reply", "/message", "/withdraw", "/object", "/receipt", "/documents/1"} {
		t.Run("another's case "+path, func(t *testing.T) { b.get("/cases/"+theirs.Reference+path).want(t, 404) })
	}
	t.Run("a forged reference", func(t *testing.T) { b.get("/cases/22-2222-2222").want(t, 404) })
	t.Run("no reference at all", func(t *testing.T) { b.get("/cases/..%2f..%2fetc").want(t, 404) })
	t.Run("my reference with their key", func(t *testing.T) {
		b.post("/track", "reference", mine.Reference, "key", theirKey).want(t, 404, "do not match")
	})
	t.Run("reference that cannot be one", func(t *testing.T) {
		b.post("/track", "reference", "abc", "key", theirKey).want(t, 422, "reference-error")
	})
	t.Run("nothing typed", func(t *testing.T) {
		b.post("/track", "reference", "", "key", "").want(t, 422, "reference-error", "key-error")
	})
	t.Run("my cookie under their case", func(t *testing.T) {
		u, _ := url.Parse(s.base + "/cases/" + mine.Reference)
		for _, k := range b.c.Jar.Cookies(u) {
			if k.Name == "terang_case" {
				thief := s.browser()
				cu, _ := url.Parse(s.base + "/cases/" + theirs.Reference)
				thief.c.Jar.SetCookies(cu, []*http.Cookie{{Name: k.Name, Value: k.Value, Path: "/cases/" + theirs.Reference}})
				thief.get("/cases/"+theirs.Reference).want(t, 404)
			}
		}
	})
	t.Run("a form without its token", func(t *testing.T) {
		b.csrf = ""
		b.post("/cases/"+mine.Reference+"/message", "text", "halo").want(t, 403)
	})
	t.Run("a form with another's token", func(t *testing.T) {
		other := s.at("text")
		b.csrf = other.csrf
		b.post("/cases/"+mine.Reference+"/message", "text", "halo").want(t, 403)
	})
	t.Run("a form from another site", func(t *testing.T) {
		for _, h := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}} {
			req, _ := http.NewRequest("POST", s.base+"/cases/"+mine.Reference+"/message", strings.NewReader(url.Values{"_csrf": {good}, "text": {"halo"}}.Encode()))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set(h[0], h[1])
			b.do(req).want(t, 403)
		}
	})
	t.Run("a packed body", func(t *testing.T) {
		req, _ := http.NewRequest("POST", s.base+"/track", strings.NewReader("x"))
		req.Header.Set("Content-Encoding", "gzip")
		b.do(req).want(t, 415)
	})
	t.Run("message of 100,001 characters", func(t *testing.T) {
		b.csrf = good
		b.post("/cases/"+mine.Reference+"/message", "text", strings.Repeat("a", models.MaxText+1)).want(t, 422, "text-error")
	})
	t.Run("guessing is slowed", func(t *testing.T) {
		status := 0
		for range 12 {
			a := b.post("/track", "reference", theirs.Reference, "key", "22222-22222-22222-22222")
			if status = a.status; status == 429 {
				break
			}
		}
		if status != 429 {
			t.Errorf("status %d after 12 guesses", status)
		}
	})
	if v, err := s.Case(s.Ctx, casework.RequesterOf(mine), mine.Reference); err != nil || len(v.Messages) > 0 {
		t.Errorf("a refused message was kept: %v %v", v.Messages, err)
	}
}

func TestOfficersSignIn(t *testing.T) {
	s := serve(t)
	b := s.browser()
	b.get("/sign-in?lang=en&next=//evil.example/").want(t, 200).lacks(t, "evil.example/\"")
	b.post("/sign-in", "email", "agent@dinas.test", "password", "salah salah salah").want(t, 422, "is wrong").lacks(t, "salah salah")
	b.post("/sign-in", "email", "nobody@dinas.test", "password", "salah salah salah").want(t, 422, "is wrong")
	b.post("/sign-in", "email", "", "password", "").want(t, 422, "email-error", "password-error")
	b.c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, row := range []struct{ email, next, to string }{
		{"agent@dinas.test", "", "/desk"},
		{"auditor@dinas.test", "", "/audit"},
		{"admin@terang.test", "", "/desk/admin"},
		{"agent@dinas.test", "/desk/cases/T7-K4M9-XQ2R", "/desk/cases/T7-K4M9-XQ2R"},
		{"agent@dinas.test", "https://evil.example/", "/desk"},
		{"agent@dinas.test", `/\evil.example`, "/desk"},
	} {
		a := b.post("/sign-in", "email", row.email, "password", caseworktest.Password, "next", row.next).want(t, 303)
		if to := a.header.Get("Location"); to != row.to {
			t.Errorf("%s with next %q goes to %s, want %s", row.email, row.next, to, row.to)
		}
		if k := a.header.Get("Set-Cookie"); !strings.Contains(k, "HttpOnly") || !strings.Contains(k, "SameSite=Lax") {
			t.Errorf("cookie %s", k)
		}
	}
	b.get("/").want(t, 200, "/sign-out")
	held := b.csrf
	b.csrf = ""
	b.post("/sign-out").want(t, 403)
	b.csrf = held
	b.post("/sign-out").want(t, 303)
	b.get("/").want(t, 200).lacks(t, "/sign-out")
}

func TestPasswordLink(t *testing.T) {
	s := serve(t)
	_, link, err := s.AddOfficer(s.Ctx, models.System, casework.OfficerInput{Email: "baru@dinas.test", Name: "Baru", Role: models.Agent, Body: "dinas", Clearance: models.Public})
	if err != nil {
		t.Fatal(err)
	}
	b := s.browser()
	b.get("/welcome/nonsense?lang=en").want(t, 404)
	b.get("/welcome/"+link).want(t, 200, "baru@dinas.test")
	b.post("/welcome/"+link, "password", "pendek", "repeat", "pendek").want(t, 422, "password-error")
	b.post("/welcome/"+link, "password", "kuda sumbing makan pagi", "repeat", "lain sama sekali").want(t, 422, "repeat-error")
	b.c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	b.post("/welcome/"+link, "password", "kuda sumbing makan pagi", "repeat", "kuda sumbing makan pagi").want(t, 303)
	b.get("/welcome/"+link).want(t, 404)
}

// Who may not go through a door is led to sign in, or told no.
func TestDoors(t *testing.T) {
	s := serve(t)
	for _, row := range []struct {
		who, path string
		status    int
		at        string
	}{
		{"", "/desk", 200, "/sign-in?next=%2Fdesk"},
		{"", "/audit", 200, "/sign-in?next=%2Faudit"},
		{"", "/desk/admin", 200, "/sign-in?next=%2Fdesk%2Fadmin"},
		{"agent@dinas.test", "/desk", 200, "/desk"},
		{"agent@dinas.test", "/audit", 403, "/audit"},
		{"agent@dinas.test", "/desk/admin", 403, "/desk/admin"},
		{"auditor@dinas.test", "/desk", 403, "/desk"},
		{"auditor@dinas.test", "/audit", 200, "/audit"},
		{"admin@terang.test", "/desk", 403, "/desk"},
		{"admin@terang.test", "/desk/admin", 200, "/desk/admin"},
		{"agent@dinas.test", "/desk/cases/23-4567-89BC", 404, "/desk/cases/23-4567-89BC"},
		{"agent@dinas.test", "/nowhere", 404, "/nowhere"},
	} {
		t.Run(row.who+row.path, func(t *testing.T) {
			b := s.browser()
			if row.who != "" {
				b.get("/sign-in")
				b.post("/sign-in", "email", row.who, "password", caseworktest.Password)
			}
			if a := b.get(row.path); a.status != row.status || !strings.HasPrefix(a.url, row.at) {
				t.Errorf("status %d at %s, want %d at %s", a.status, a.url, row.status, row.at)
			}
		})
	}
}

// Addresses are typed and tampered with as well as forms.
func TestOddAddresses(t *testing.T) {
	s := serve(t)
	b := s.browser()
	for path, status := range map[string]int{
		"/disclosures?q=%ff": 422, "/disclosures?q=a%00b": 422, "/disclosures?q=" + strings.Repeat("a", 501): 422, "/disclosures?body=nirgends": 404,
		"/suggest?q=%ff": 200, "/suggest?q=%00": 200, "/disclosures/x": 404, "/disclosures/23-4567-89BC/documents/x": 404, "/bodies/nirgends": 404,
		"/file/nothing": 200, "/file/check": 200, "/file/text": 200, "/file/done": 200, "/file/kind?kind=x&body=%ff": 200,
		"/welcome/%00": 404, "/healthz": 200, "/readyz": 200, "/robots.txt": 200, "/favicon.ico": 200, "/static/../go.mod": 404, "/?lang=xx": 200,
	} {
		if a := b.get(path); a.status != status {
			t.Errorf("%s: status %d, want %d", path, a.status, status)
		}
	}
	if a := b.get("/disclosures?cursor=garbage"); a.status >= 500 {
		t.Errorf("a forged cursor: status %d", a.status)
	}
}
