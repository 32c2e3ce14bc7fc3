package channels

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"log/slog"
	"math/big"
	"mime"
	"net"
	"net/mail"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"terang/models"
	"terang/models/casework"
	"terang/models/casework/caseworktest"
	"terang/views/text"
)

// mailServer is a server that does as it is told.
type mailServer struct {
	mu     sync.Mutex
	got    [][]byte
	rcpt   error
	data   error
	hang   chan struct{} // DATA waits for it
	auth   bool
	signed int
	server *smtp.Server
	addr   *net.TCPAddr
}

func startServer(t *testing.T, change func(*mailServer, *smtp.Server)) *mailServer {
	t.Helper()
	m := &mailServer{}
	m.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{m}, nil }))
	m.server.Domain = "mail.test"
	m.server.ErrorLog = quiet{}
	if change != nil {
		change(m, m.server)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m.addr = ln.Addr().(*net.TCPAddr)
	go m.server.Serve(ln)
	t.Cleanup(func() { m.server.Close() })
	return m
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

func (m *mailServer) set(f func(*mailServer)) { m.mu.Lock(); defer m.mu.Unlock(); f(m) }

func (m *mailServer) mails(t *testing.T) []*mail.Message {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []*mail.Message
	for _, raw := range m.got {
		msg, err := mail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, msg)
	}
	return out
}

type session struct{ m *mailServer }

func (s *session) Reset()                               {}
func (s *session) Logout() error                        { return nil }
func (s *session) Mail(string, *smtp.MailOptions) error { return nil }
func (s *session) Rcpt(_ string, _ *smtp.RcptOptions) error {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	return s.m.rcpt
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.m.mu.Lock()
	hang, fail := s.m.hang, s.m.data
	s.m.mu.Unlock()
	if hang != nil {
		<-hang
		return errors.New("too late")
	}
	if fail != nil {
		return fail
	}
	s.m.set(func(m *mailServer) { m.got = append(m.got, raw) })
	return nil
}

func (s *session) AuthMechanisms() []string {
	if s.m.auth {
		return []string{sasl.Plain}
	}
	return nil
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "terang" || password != "rahasia" {
			return smtp.ErrAuthFailed
		}
		s.m.set(func(m *mailServer) { m.signed++ })
		return nil
	}), nil
}

type office struct {
	*caseworktest.Scene
	post *Post
	log  *bytes.Buffer
}

func open(t *testing.T, m *mailServer) *office {
	t.Helper()
	o := &office{Scene: caseworktest.New(t), log: &bytes.Buffer{}}
	o.post = &Post{Cases: o.Service, From: mail.Address{Name: "Terang", Address: "ppid@dinas.test"}, BaseURL: "https://terang.test",
		Logger: slog.New(slog.NewJSONHandler(o.log, nil)), Patience: 5 * time.Second, Now: func() time.Time { return o.Now() }}
	if m != nil {
		o.post.Server = Server{Host: "127.0.0.1", Port: m.addr.Port, Plain: true}
	}
	return o
}

const citizen = "siti.rahmawati@warga.test"

func (o *office) filed(t *testing.T) *models.Case {
	t.Helper()
	in := caseworktest.Request()
	in.Requester.Email, in.Requester.Name = citizen, "Siti Rahmawati"
	c, _, _ := o.Given(in)
	return c
}

func (o *office) pass(t *testing.T, want int) {
	t.Helper()
	if n, err := o.post.Pass(o.Ctx); err != nil || n != want {
		t.Fatalf("%d messages taken up, want %d: %v", n, want, err)
	}
}

func (o *office) waiting(t *testing.T) (waiting, dead int64) {
	t.Helper()
	s, err := o.Store.Read(o.Ctx).Outbox()
	if err != nil {
		t.Fatal(err)
	}
	return s.Waiting, s.Dead
}

func (o *office) quiet(t *testing.T) {
	t.Helper()
	for _, marker := range []string{citizen, "Siti", "warga.test"} {
		if strings.Contains(o.log.String(), marker) {
			t.Errorf("the log tells %q: %s", marker, o.log)
		}
	}
}

func TestAMessageGoesOut(t *testing.T) {
	m := startServer(t, nil)
	o := open(t, m)
	c := o.filed(t)
	o.pass(t, 1)
	o.pass(t, 0)
	mails := m.mails(t)
	if len(mails) != 1 {
		t.Fatalf("%d messages", len(mails))
	}
	h := mails[0].Header
	subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
	if err != nil || !strings.Contains(subject, c.Reference) {
		t.Errorf("subject %q", subject)
	}
	body, err := io.ReadAll(mails[0].Body)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(h.Get("To"), citizen) || h.Get("Auto-Submitted") != "auto-generated" || !strings.HasSuffix(h.Get("Message-Id"), "@dinas.test>") ||
		h.Get("In-Reply-To") == "" || h.Get("References") != h.Get("In-Reply-To") || !strings.HasPrefix(h.Get("Content-Type"), "multipart/alternative") {
		t.Errorf("%v", h)
	}
	if date, err := h.Date(); err != nil || !date.Equal(o.Now()) {
		t.Errorf("dated %v, %v", date, err)
	}
	for _, marker := range []string{c.Subject, c.Text} {
		if strings.Contains(string(body)+subject, marker) {
			t.Errorf("the message says what the case is about")
		}
	}
	if w, d := o.waiting(t); w != 0 || d != 0 {
		t.Errorf("%d waiting, %d dead", w, d)
	}
	o.quiet(t)
}

// A server that is away, or silent from the start, is nobody's fault: the messages wait and
// keep all their tries.
func TestServerAway(t *testing.T) {
	m := startServer(t, nil)
	o := open(t, m)
	o.filed(t)
	m.server.Close()
	for range 30 {
		if _, err := o.post.Pass(o.Ctx); err == nil {
			t.Fatal("a shut door is no error")
		}
		o.Pass(time.Hour)
	}
	if w, d := o.waiting(t); w != 1 || d != 0 {
		t.Fatalf("%d waiting, %d dead", w, d)
	}
	rows, err := o.Store.Read(o.Ctx).WaitingOutgoing(0, 9)
	if err != nil || rows[0].Attempts != 0 {
		t.Errorf("%d tries are counted: %v", rows[0].Attempts, err)
	}
	back := startServer(t, nil)
	o.post.Server.Port = back.addr.Port
	o.pass(t, 1)
	if len(back.mails(t)) != 1 {
		t.Error("not sent once the server was back")
	}
	o.quiet(t)
}

func TestPutOff(t *testing.T) {
	busy := &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted " + citizen}
	m := startServer(t, nil)
	o := open(t, m)
	o.filed(t)
	m.set(func(m *mailServer) { m.rcpt = busy })
	o.pass(t, 1)
	o.pass(t, 0) // not at once again
	o.Pass(61 * time.Second)
	m.set(func(m *mailServer) { m.rcpt, m.data = nil, busy })
	o.pass(t, 1)
	o.Pass(time.Hour)
	m.set(func(m *mailServer) { m.data = nil })
	o.pass(t, 1)
	if len(m.mails(t)) != 1 {
		t.Error("not sent after two refusals for now")
	}
	o.quiet(t)
}

// One that is put off for days is given up, and its case says so.
func TestPutOffTooOften(t *testing.T) {
	m := startServer(t, func(m *mailServer, _ *smtp.Server) {
		m.rcpt = &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "mailbox of " + citizen + " is full"}
	})
	o := open(t, m)
	c := o.filed(t)
	for tries := 0; ; tries++ {
		if w, d := o.waiting(t); d == 1 && w == 0 {
			if tries != 10 {
				t.Errorf("given up after %d tries", tries)
			}
			break
		}
		o.pass(t, 1)
		o.Pass(25 * time.Hour)
	}
	o.gaveUp(t, c, "452 4.2.2")
}

func TestRefusedForGood(t *testing.T) {
	m := startServer(t, func(m *mailServer, _ *smtp.Server) {
		m.rcpt = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user " + citizen}
	})
	o := open(t, m)
	c := o.filed(t)
	o.pass(t, 1)
	o.gaveUp(t, c, "550 5.1.1")

	// Those behind it go out.
	m.set(func(m *mailServer) { m.rcpt = nil })
	o.filed(t)
	o.pass(t, 1)

	admin := o.As("admin@terang.test")
	dead, err := o.DeadLetters(o.Ctx, admin, 0, 10)
	if err != nil || len(dead) != 1 || dead[0].Domain != "warga.test" || dead[0].Code != "550 5.1.1" || dead[0].Body != "dinas" {
		t.Fatalf("%+v, %v", dead, err)
	}
	for _, email := range []string{"agent", "unit_head", "officer", "superior", "auditor"} {
		if _, err := o.DeadLetters(o.Ctx, o.As(email), 0, 10); models.KindOf(err) != models.Forbidden {
			t.Errorf("%s lists them: %v", email, err)
		}
		if err := o.RetryLetter(o.Ctx, o.As(email), dead[0].ID); models.KindOf(err) != models.Forbidden {
			t.Errorf("%s retries: %v", email, err)
		}
	}
	if err := o.RetryLetter(o.Ctx, admin, dead[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := o.RetryLetter(o.Ctx, admin, dead[0].ID); models.CodeOf(err) != "message_not_dead" {
		t.Errorf("retried twice: %v", err)
	}
	o.pass(t, 1)
	if len(m.mails(t)) != 2 {
		t.Error("not sent after the retry")
	}
	o.Scene.Check()
}

func (o *office) gaveUp(t *testing.T, c *models.Case, code string) {
	t.Helper()
	v, err := o.Case(o.Ctx, o.As("officer"), c.Reference)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range v.Timeline {
		if e.Kind == "message.undelivered" {
			n++
			if !strings.Contains(e.Data, code) || strings.Contains(e.Data+e.Reason, "warga") {
				t.Errorf("%s", e.Data)
			}
		}
	}
	if n != 1 {
		t.Errorf("%d events say that the message did not arrive", n)
	}
	if !text.Has("event.message.undelivered") {
		t.Error("the event has no words")
	}
	o.Check()
	o.quiet(t)
}

// Where mail is switched on late, old news is given up, and an administrator may send it yet.
func TestOldNews(t *testing.T) {
	m := startServer(t, nil)
	o := open(t, m)
	c := o.filed(t)
	o.Pass(15 * 24 * time.Hour)
	o.pass(t, 1)
	o.gaveUp(t, c, "too old")
	dead, err := o.DeadLetters(o.Ctx, o.As("admin@terang.test"), 0, 10)
	if err != nil || len(dead) != 1 || len(m.mails(t)) != 0 {
		t.Fatalf("%+v, %v", dead, err)
	}
	if err := o.RetryLetter(o.Ctx, o.As("admin@terang.test"), dead[0].ID); err != nil {
		t.Fatal(err)
	}
	o.pass(t, 1)
	if len(m.mails(t)) != 1 {
		t.Error("not sent on")
	}
}

// A server that takes the words and never answers holds nobody up for longer than our
// patience, and the message is tried again.
func TestServerHangs(t *testing.T) {
	let := make(chan struct{})
	m := startServer(t, func(m *mailServer, _ *smtp.Server) { m.hang = let })
	t.Cleanup(func() { close(let) })
	o := open(t, m)
	o.post.Patience = 300 * time.Millisecond
	o.filed(t)
	o.pass(t, 1)
	if w, d := o.waiting(t); w != 1 || d != 0 {
		t.Fatalf("%d waiting, %d dead", w, d)
	}
	well := startServer(t, nil)
	o.post.Server.Port = well.addr.Port
	o.Pass(2 * time.Minute)
	o.pass(t, 1)
	if len(well.mails(t)) != 1 {
		t.Error("not sent after the silence")
	}
	o.quiet(t)
}

// mortal loses the note that a message was sent, as a process killed just then does.
type mortal struct {
	*casework.Service
	dead bool
}

func (s *mortal) LetterSent(ctx context.Context, id int64) error {
	if s.dead {
		return errors.New("killed")
	}
	return s.Service.LetterSent(ctx, id)
}

func TestKilledBetweenSendAndMark(t *testing.T) {
	m := startServer(t, nil)
	o := open(t, m)
	o.filed(t)
	s := &mortal{Service: o.Service, dead: true}
	o.post.Cases = s
	if _, err := o.post.Pass(o.Ctx); err == nil {
		t.Fatal("the loss is no error")
	}
	s.dead = false
	o.pass(t, 0) // another instance leaves it alone until the lease ends
	o.Pass(casework.LetterLease + time.Second)
	o.pass(t, 1)
	o.pass(t, 0)
	mails := m.mails(t)
	if len(mails) != 2 {
		t.Fatalf("%d messages", len(mails))
	}
	for _, name := range []string{"Message-Id", "Date", "In-Reply-To", "Subject"} {
		if a, b := mails[0].Header.Get(name), mails[1].Header.Get(name); a != b || a == "" {
			t.Errorf("%s: %q, then %q", name, a, b)
		}
	}
}

// Two instances share the outbox: nothing goes out twice.
func TestTwoInstances(t *testing.T) {
	m := startServer(t, nil)
	o := open(t, m)
	for range 12 {
		o.filed(t)
	}
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			p := &Post{Cases: o.Service, Server: o.post.Server, From: o.post.From, BaseURL: o.post.BaseURL, Logger: o.post.Logger, Now: o.post.Now}
			for range 3 {
				if _, err := p.Pass(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, msg := range m.mails(t) {
		seen[msg.Header.Get("Message-Id")] = true
	}
	if len(m.mails(t)) != 12 || len(seen) != 12 {
		t.Errorf("%d messages, %d ids", len(m.mails(t)), len(seen))
	}
}

func TestEncryptedAndSignedIn(t *testing.T) {
	cert, pool := selfSigned(t)
	m := startServer(t, func(m *mailServer, s *smtp.Server) {
		m.auth = true
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
	})
	o := open(t, m)
	o.filed(t)
	o.post.Server = Server{Host: "127.0.0.1", Port: m.addr.Port, User: "terang", Password: "salah", TLS: &tls.Config{RootCAs: pool, ServerName: "mail.test"}}
	if _, err := o.post.Pass(o.Ctx); err == nil {
		t.Error("signs in with a wrong password")
	}
	o.Pass(time.Minute)
	o.post.Server.Password = "rahasia"
	o.pass(t, 1)
	if m.signed != 1 || len(m.mails(t)) != 1 {
		t.Errorf("signed in %d times, %d messages", m.signed, len(m.mails(t)))
	}

	// A server without STARTTLS, or with somebody else's certificate, gets nothing.
	plain := startServer(t, nil)
	o.filed(t)
	o.post.Server = Server{Host: "127.0.0.1", Port: plain.addr.Port}
	if _, err := o.post.Pass(o.Ctx); err == nil {
		t.Error("speaks in the open")
	}
	o.Pass(time.Minute)
	o.post.Server = Server{Host: "127.0.0.1", Port: m.addr.Port, User: "terang", Password: "rahasia"}
	if _, err := o.post.Pass(o.Ctx); err == nil {
		t.Error("trusts any certificate")
	}
	if len(plain.mails(t)) != 0 || len(m.mails(t)) != 1 {
		t.Error("sent all the same")
	}
	o.quiet(t)
	if strings.Contains(o.log.String(), "rahasia") {
		t.Error("the password is in the log")
	}
}

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.test"}, DNSNames: []string{"mail.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// One message that cannot be read must not hold up those behind it.
func TestBrokenRow(t *testing.T) {
	m := startServer(t, nil)
	o := open(t, m)
	c := o.filed(t)
	o.breakRow(t, c)
	o.filed(t)
	o.pass(t, 1)
	if len(m.mails(t)) != 1 {
		t.Error("held up")
	}
}

func TestParseServer(t *testing.T) {
	for in, want := range map[string]string{
		"smtp://ppid@mail.go.id:587": "mail.go.id:587 ppid", "smtp://mail.go.id": "mail.go.id:587 ", "smtps://a%40b:pw@mail.go.id": "mail.go.id:465 a@b",
		"smtp://localhost:25?tls=none": "localhost:25 ", "smtp://mail.go.id?tls=none": "", "smtp://mail.go.id?tls=off": "", "http://mail": "", "smtp://": "", "smtp://h:0": "", "smtps://h?tls=none": "",
	} {
		s, err := ParseServer(in)
		got := ""
		if err == nil {
			got = s.Host + ":" + strconv.Itoa(s.Port) + " " + s.User
		}
		if got != want {
			t.Errorf("%s gives %q (%v), want %q", in, got, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "pw") {
			t.Errorf("%s: the error tells the password", in)
		}
	}
}

// Every kind of message that a verb writes has words, in both languages.
func TestEveryKindHasATemplate(t *testing.T) {
	files, err := filepath.Glob("../../models/casework/*.go")
	if err != nil {
		t.Fatal(err)
	}
	found, consts := 0, map[string]ast.Expr{}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok {
				for i, id := range v.Names {
					if i < len(v.Values) {
						consts[id.Name] = v.Values[i]
					}
				}
			}
			return true
		})
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		kind := func(e ast.Expr, where string) {
			if id, ok := e.(*ast.Ident); ok {
				if id.Name == "kind" && consts[id.Name] == nil {
					return // tell's own parameter
				}
				e = consts[id.Name]
			}
			lit, ok := e.(*ast.BasicLit)
			if !ok {
				t.Errorf("%s: the kind of a message is not written out in %s", name, where)
				return
			}
			k, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			found++
			if templates[k] == nil {
				t.Errorf("%s: messages of kind %q have no template", name, k)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if s, ok := n.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "tell" && len(n.Args) > 0 {
					kind(n.Args[0], "tell")
				}
			case *ast.CompositeLit:
				s, ok := n.Type.(*ast.SelectorExpr)
				if !ok || s.Sel.Name != "Outgoing" {
					return true
				}
				for _, e := range n.Elts {
					if kv, ok := e.(*ast.KeyValueExpr); ok && kv.Key.(*ast.Ident).Name == "Kind" {
						kind(kv.Value, "Outgoing")
					}
				}
			}
			return true
		})
	}
	if found < 8 {
		t.Errorf("only %d kinds found", found)
	}
	o := open(t, nil)
	o.filed(t)
	letters, err := o.TakeLetters(o.Ctx)
	if err != nil || len(letters) != 1 {
		t.Fatal(err)
	}
	for k := range templates {
		for _, lang := range text.Langs {
			l := letters[0]
			l.Kind, l.Lang, l.ObjectUntil = k, string(lang), "2026-03-09"
			m, ok := compose("https://terang.test", l)
			whole := m.Subject + m.Text()
			if !ok || strings.Contains(whole, "%!") || strings.Contains(whole, "[") || k != casework.EmergencyLetter && (!strings.Contains(whole, l.Reference) || !strings.Contains(whole, "https://terang.test/cases/"+l.Reference)) {
				t.Errorf("%s (%s): %s", k, lang, whole)
			}
		}
	}
}
