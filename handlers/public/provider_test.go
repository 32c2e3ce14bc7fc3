package public_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"terang/handlers"
	"terang/models"
	"terang/models/casework/caseworktest"
	"terang/models/store"
)

// body is a body's own sign-in service: who signs in there is set beforehand. It asks for
// PKCE and gives each code once.
type body struct {
	t      *testing.T
	server *httptest.Server
	key    *rsa.PrivateKey
	now    func() time.Time

	mu     sync.Mutex
	claims map[string]any // of the next identity token, over the proper ones
	codes  map[string]url.Values
	signer *rsa.PrivateKey
	down   bool
	moved  string // where tokens are said to be given
}

func newBody(t *testing.T, now func() time.Time) *body {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	b := &body{t: t, key: key, signer: key, now: now, codes: map[string]url.Values{}}
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		if err := json.NewEncoder(w).Encode(v); err != nil {
			t.Error(err)
		}
	}
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		answer(w, 200, map[string]any{
			"issuer": b.server.URL, "authorization_endpoint": b.server.URL + "/authorize", "token_endpoint": b.server.URL + "/token", "jwks_uri": b.server.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, r *http.Request) {
		answer(w, 200, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &b.key.PublicKey, KeyID: "k", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("/authorize", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("client_id") != "terang" || !strings.Contains(q.Get("scope"), "openid") || q.Get("nonce") == "" {
			t.Errorf("asked with %v", q)
		}
		code := rand.Text()
		b.mu.Lock()
		b.codes[code] = q
		b.mu.Unlock()
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.moved != "" {
			http.Redirect(w, r, b.moved+"/token", http.StatusTemporaryRedirect)
			return
		}
		id, secret, _ := r.BasicAuth()
		asked, ok := b.codes[r.FormValue("code")]
		delete(b.codes, r.FormValue("code"))
		sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
		if !ok || id != "terang" || secret != "s3cret" || base64.RawURLEncoding.EncodeToString(sum[:]) != asked.Get("code_challenge") || r.FormValue("redirect_uri") != asked.Get("redirect_uri") {
			answer(w, 400, map[string]string{"error": "invalid_grant"})
			return
		}
		claims := map[string]any{
			"iss": b.server.URL, "sub": "s-1", "aud": "terang", "iat": b.now().Unix(), "exp": b.now().Add(time.Minute).Unix(), "nonce": asked.Get("nonce"),
			"email": "officer@dinas.test", "email_verified": true,
		}
		for k, v := range b.claims {
			claims[k] = v
		}
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: b.signer}, (&jose.SignerOptions{}).WithHeader("kid", "k"))
		if err != nil {
			t.Error(err)
		}
		raw, err := json.Marshal(claims)
		if err != nil {
			t.Error(err)
		}
		signed, err := signer.Sign(raw)
		if err != nil {
			t.Error(err)
		}
		token, err := signed.CompactSerialize()
		if err != nil {
			t.Error(err)
		}
		answer(w, 200, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": token})
	})
	b.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		down := b.down
		b.mu.Unlock()
		if down {
			http.Error(w, "away", http.StatusBadGateway)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(b.server.Close)
	return b
}

func (b *body) says(claims map[string]any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.claims = claims
}

// withProvider is the site of a body that has a sign-in service of its own.
func withProvider(t *testing.T) (*site, *body) {
	t.Helper()
	s := &site{Scene: caseworktest.New(t), t: t}
	b := newBody(t, s.Now)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.base = "http://" + ln.Addr().String()
	app, err := handlers.New(handlers.Options{
		Cases: s.Service, Ready: func(context.Context) error { return nil }, BaseURL: s.base,
		Secret: []byte("0123456789abcdef0123456789abcdef"), Log: slog.New(slog.NewTextHandler(testLog{t}, nil)), Now: s.Now,
		Provider: &handlers.Provider{Issuer: b.server.URL, ClientID: "terang", Secret: "s3cret", Name: "Akun Dinas", Body: "dinas", SecondFactor: []string{"otp", "gold"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	go app.Listener(ln)
	t.Cleanup(func() { app.ShutdownWithTimeout(5 * time.Second) })
	return s, b
}

func (s *site) recorded(kind string) int {
	s.t.Helper()
	n := 0
	if err := s.Store.Read(s.Ctx).EachEvent(store.EventFilter{}, func(e *models.Event) error {
		if e.Kind == kind {
			n++
		}
		return nil
	}); err != nil {
		s.t.Fatal(err)
	}
	return n
}

func TestSignInWithTheBodysOwnAccount(t *testing.T) {
	s, b := withProvider(t)
	v := s.browser()
	v.get("/sign-in?next=%2Fdesk%3Fqueue%3Dall").want(t, 200, "Akun Dinas", `/sign-in/provider?next=%2Fdesk%3Fqueue%3Dall`)
	if a := v.get("/sign-in/provider?next=%2Fdesk%3Fqueue%3Dall").want(t, 200); a.url != "/desk?queue=all" {
		t.Fatalf("at %s\n%s", a.url, summary(a.body))
	}
	if s.recorded("officer.provider_pinned") != 1 || s.recorded("officer.signed_in") != 1 {
		t.Error("not recorded")
	}
	// Nobody else comes in that way, and the page says nothing of why.
	for what, claims := range map[string]map[string]any{
		"unknown": {"sub": "s-9", "email": "siapa@dinas.test"}, "unverified": {"email_verified": false}, "another account there": {"sub": "s-2"},
		"not said to be verified": {"email_verified": nil}, "of another body": {"sub": "s-3", "email": "admin@terang.test"},
		"for another client": {"aud": "other"}, "stale": {"exp": s.Now().Add(-time.Hour).Unix()}, "another nonce": {"nonce": "x"}, "another issuer": {"iss": "https://evil.example"},
		"two audiences": {"aud": []string{"terang", "other"}},
	} {
		b.says(claims)
		c := s.browser()
		if a := c.get("/sign-in/provider"); a.status != 422 || !strings.Contains(a.body, "Layanan masuk instansi Anda tidak membuka akun di sini") {
			t.Errorf("%s: status %d at %s", what, a.status, a.url)
		}
		if a := c.get("/desk"); !strings.HasPrefix(a.url, "/sign-in") {
			t.Errorf("%s: at %s", what, a.url)
		}
	}
	b.says(nil)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	b.signer = other
	s.browser().get("/sign-in/provider").want(t, 422)
	if n := s.recorded("officer.sign_in_failed"); n != 11 { // whoever refused it, they or we
		t.Errorf("%d of 11 failures recorded", n)
	}
	b.signer = b.key
	s.browser().get("/sign-in/provider").want(t, 200)
	if s.recorded("officer.provider_refused") != 1 {
		t.Errorf("%d other accounts recorded", s.recorded("officer.provider_refused"))
	}
}

// The answer must come to the browser that asked, once, with its own state.
func TestProvidersAnswerIsBoundToTheBrowser(t *testing.T) {
	s, b := withProvider(t)
	v := s.browser()
	stop := func(req *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(req.URL.Path, "/sign-in/provider/back") {
			return http.ErrUseLastResponse
		}
		return nil
	}
	v.c.CheckRedirect = stop
	a := v.get("/sign-in/provider")
	back, err := url.Parse(a.header.Get("Location"))
	if err != nil || back.Path != "/sign-in/provider/back" {
		t.Fatal(a.header.Get("Location"), err)
	}
	path := back.Path + "?" + back.RawQuery
	s.browser().get(path).want(t, 422) // somebody else's browser
	forged := s.browser()
	forged.c.CheckRedirect = stop
	forged.get("/sign-in/provider")
	forged.c.CheckRedirect = nil
	forged.get(path).want(t, 422) // a state that is not its own: sign-in forced on somebody
	v.c.CheckRedirect = nil
	if a := v.get(path).want(t, 200); a.url != "/desk" {
		t.Errorf("at %s", a.url)
	}
	again := s.browser()
	again.get(path).want(t, 422)
	w := s.browser()
	w.get("/sign-in/provider/back?error=access_denied&state=x").want(t, 422)
	// The service's own no, on an answer that is ours, is a failure on record.
	before := s.recorded("officer.sign_in_failed")
	w.c.CheckRedirect = stop
	asked, err := url.Parse(w.get("/sign-in/provider").header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	w.get("/sign-in/provider/back?error=access_denied&state="+asked.Query().Get("state")).want(t, 422)
	if n := s.recorded("officer.sign_in_failed"); n != before+1 {
		t.Errorf("%d failures recorded, want %d", n, before+1)
	}
	// Where the service sends our question on to another place, the secret does not go there.
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { t.Errorf("%s was asked elsewhere", r.URL.Path) }))
	t.Cleanup(elsewhere.Close)
	b.mu.Lock()
	b.moved = elsewhere.URL
	b.mu.Unlock()
	if a := s.browser().get("/sign-in/provider"); a.status != 422 && a.status != 503 {
		t.Errorf("status %d at %s", a.status, a.url)
	}
}

func TestProviderAway(t *testing.T) {
	s, b := withProvider(t)
	b.down = true
	v := s.browser()
	v.get("/sign-in/provider").want(t, 503, "Masuklah dengan surel dan kata sandi", `name="password"`)
	v.post("/sign-in", "email", "officer@dinas.test", "password", caseworktest.Password).want(t, 200)
	b.mu.Lock()
	b.down = false
	b.mu.Unlock()
	s.browser().get("/sign-in/provider").want(t, 200)
	// Where there is no such service there is no such page.
	plain := serve(t)
	plain.browser().get("/sign-in/provider").want(t, 404)
	plain.browser().get("/sign-in/provider/back?code=x&state=y").want(t, 404)
	plain.browser().get("/sign-in").want(t, 200).lacks(t, "/sign-in/provider")
}
