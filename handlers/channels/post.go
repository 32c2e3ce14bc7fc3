package channels

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/mail"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"terang/models"
	"terang/models/casework"
	"terang/views/emails"
)

// Verbs lists what the post may do.
type Verbs interface {
	TakeLetters(ctx context.Context) ([]casework.Letter, error)
	LetterSent(ctx context.Context, id int64) error
	LetterPutBack(ctx context.Context, id int64, wait time.Duration) error
	LetterRefused(ctx context.Context, id int64, code string, forGood bool) error
}

// Server is where messages are handed in.
type Server struct {
	Host     string
	Port     int
	User     string
	Password string
	Implicit bool // TLS from the first byte (smtps)
	Plain    bool // no TLS at all: only for a relay on the same machine
	// TLS overrides how the server's certificate is checked; nil for the usual way.
	TLS *tls.Config
}

// ParseServer reads smtp://user@host:587 (STARTTLS, demanded), smtps://user@host:465 (TLS from
// the first byte), or smtp://localhost:25?tls=none. What is wrong is said without repeating
// the address, which may hold a password.
func ParseServer(s string) (Server, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" {
		return Server{}, errors.New("expected smtp://USER@HOST:587 or smtps://USER@HOST:465")
	}
	out := Server{Host: u.Hostname(), Port: 587, Implicit: u.Scheme == "smtps", User: u.User.Username()}
	out.Password, _ = u.User.Password()
	if out.Implicit {
		out.Port = 465
	}
	if p := u.Port(); p != "" {
		if out.Port, err = strconv.Atoi(p); err != nil || out.Port < 1 || out.Port > 65535 {
			return Server{}, fmt.Errorf("port %s: expected a number from 1 to 65535", p)
		}
	}
	for k, v := range u.Query() {
		if k != "tls" || len(v) != 1 || v[0] != "none" || out.Implicit {
			return Server{}, fmt.Errorf("%q is not known here: expected at most ?tls=none after smtp://", k)
		}
		out.Plain = true
	}
	if out.Plain && !local(out.Host) {
		return Server{}, errors.New("?tls=none: expected a server on this machine; elsewhere messages and the password would travel open")
	}
	return out, nil
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Post takes messages out of the outbox and hands them to a server.
type Post struct {
	Cases   Verbs
	Server  Server
	From    mail.Address
	BaseURL string
	Logger  *slog.Logger
	// Patience bounds the whole of one message; 0 means 45 seconds, which times
	// casework.LettersAtOnce stays within the lease.
	Patience time.Duration
	Now      func() time.Time

	passed atomic.Int64 // unix seconds of the last pass that met no closed door
}

// Check says what is missing.
func (p *Post) Check() error {
	if p.From.Address == "" || p.Server.Host == "" || p.BaseURL == "" {
		return errors.New("post: server, sender and address of the site are needed")
	}
	return nil
}

// LastPass is when the post last found the server open, or nothing to send; zero before.
func (p *Post) LastPass() time.Time {
	if n := p.passed.Load(); n > 0 {
		return time.Unix(n, 0).UTC()
	}
	return time.Time{}
}

func (p *Post) now() time.Time {
	if p.Now != nil {
		return p.Now()
	}
	return time.Now()
}

func (p *Post) patience() time.Duration {
	if p.Patience > 0 {
		return p.Patience
	}
	return 45 * time.Second
}

// Run delivers until ctx ends. A server that is away is asked again after longer and
// longer pauses; the messages wait and none of them is blamed.
func (p *Post) Run(ctx context.Context) {
	shut := 0
	for {
		n, err := p.Pass(ctx)
		wait := lookEvery
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			shut++
			wait = min(lookEvery<<min(shut, 10), longestWait)
			p.Logger.Error("mail is not going out", "error", wordless(err), "again_in", wait)
		default:
			shut = 0
			if n >= casework.LettersAtOnce {
				wait = 0
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// Pass delivers what is due now, at most casework.LettersAtOnce, and says how many it
// took up. An error is the way to the server, or the database: not one message's.
func (p *Post) Pass(ctx context.Context) (int, error) {
	letters, err := p.Cases.TakeLetters(ctx)
	if err != nil {
		return 0, err
	}
	if len(letters) == 0 {
		p.passed.Store(p.now().Unix())
		return 0, nil
	}
	var conn *smtp.Client
	client, err := p.client()
	if err != nil {
		return 0, err
	}
	defer func() {
		if conn != nil {
			_ = client.CloseWithSMTPClient(conn)
		}
	}()
	for i, l := range letters {
		if !l.Judged && p.now().Sub(l.Written) > tooOld {
			if err := p.Cases.LetterRefused(ctx, l.ID, "too old", true); err != nil {
				return i, err
			}
			continue
		}
		m, ok := compose(p.BaseURL, l)
		if !ok {
			if err := p.Cases.LetterRefused(ctx, l.ID, "no template", true); err != nil {
				return i, err
			}
			continue
		}
		msg, err := p.message(l, m)
		if err != nil { // an address no mail can go to
			if err := p.Cases.LetterRefused(ctx, l.ID, "address", true); err != nil {
				return i, err
			}
			continue
		}
		if conn == nil {
			if conn, err = p.dial(ctx, client); err != nil {
				return i, p.putBack(ctx, letters[i:], err)
			}
		}
		err = client.SendWithSMTPClient(conn, msg)
		// A server may take a message and then fail at RSET: it has been sent.
		if msg.IsDelivered() {
			if err := p.Cases.LetterSent(ctx, l.ID); err != nil {
				return i, err
			}
			if err == nil {
				continue
			}
			_ = client.CloseWithSMTPClient(conn)
			conn = nil
			continue
		}
		code, mine, forGood := verdict(err)
		if !mine {
			return i, p.putBack(ctx, letters[i:], err)
		}
		p.Logger.Info("a message was not taken", "message", l.ID, "kind", l.Kind, "code", code, "for_good", forGood)
		if err := p.Cases.LetterRefused(ctx, l.ID, code, forGood); err != nil {
			return i, err
		}
		if code == noAnswer { // the connection is of no more use
			_ = client.CloseWithSMTPClient(conn)
			conn = nil
		}
	}
	p.passed.Store(p.now().Unix())
	return len(letters), nil
}

// putBack gives claimed messages back when the way is shut: nobody waits for the lease.
func (p *Post) putBack(ctx context.Context, letters []casework.Letter, why error) error {
	ctx = context.WithoutCancel(ctx)
	for _, l := range letters {
		if err := p.Cases.LetterPutBack(ctx, l.ID, lookEvery); err != nil {
			return errors.Join(why, err)
		}
	}
	return why
}

func (p *Post) client() (*gomail.Client, error) {
	o := []gomail.Option{
		gomail.WithPort(p.Server.Port), gomail.WithTimeout(p.patience()), gomail.WithHELO(p.heloName()), gomail.WithoutNoop(),
		gomail.WithTLSPolicy(gomail.TLSMandatory),
	}
	switch {
	case p.Server.Implicit:
		o = append(o, gomail.WithSSL())
	case p.Server.Plain:
		o = append(o, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if p.Server.TLS != nil {
		o = append(o, gomail.WithTLSConfig(p.Server.TLS))
	}
	if p.Server.User != "" {
		auth := gomail.SMTPAuthAutoDiscover
		if p.Server.Plain {
			auth = gomail.SMTPAuthPlainNoEnc
		}
		o = append(o, gomail.WithSMTPAuth(auth), gomail.WithUsername(p.Server.User), gomail.WithPassword(p.Server.Password))
	}
	return gomail.NewClient(p.Server.Host, o...)
}

func (p *Post) dial(ctx context.Context, c *gomail.Client) (*smtp.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, p.patience())
	defer cancel()
	return c.DialToSMTPClientWithContext(ctx)
}

// heloName is the sender's domain: the machine's own name is nobody's business.
func (p *Post) heloName() string {
	return p.From.Address[strings.LastIndexByte(p.From.Address, '@')+1:]
}

func (p *Post) message(l casework.Letter, m emails.Message) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(&p.From)
	if err := msg.To(l.To); err != nil {
		return nil, err
	}
	msg.Subject(m.Subject)
	// The time it was written, on each try: a repeated message is the same message.
	msg.SetDateWithValue(l.Written)
	domain := p.heloName()
	msg.SetMessageIDWithValue(l.MessageID + "@" + domain)
	if l.Thread != "" {
		thread := "<" + l.Thread + "@" + domain + ">"
		msg.SetGenHeader(gomail.HeaderInReplyTo, thread)
		msg.SetGenHeader(gomail.HeaderReferences, thread)
	}
	// RFC 3834: no machine answers a machine.
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetGenHeader("Content-Language", string(m.Lang))
	msg.SetBodyString(gomail.TypeTextPlain, m.Text())
	var html bytes.Buffer
	if err := emails.Letter(m).Render(context.Background(), &html); err != nil {
		return nil, err
	}
	msg.AddAlternativeString(gomail.TypeTextHTML, html.String())
	return msg, nil
}

const noAnswer = "no answer"

// verdict reads a failure: its code without the server's words, whether it is this
// message's own (else the way is shut for all), and whether trying again is pointless.
func verdict(err error) (code string, mine, forGood bool) {
	var se *gomail.SendError
	if !errors.As(err, &se) {
		return "", false, false
	}
	code = strings.TrimSpace(strconv.Itoa(se.ErrorCode()) + " " + se.EnhancedStatusCode())
	switch se.Reason {
	case gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose, gomail.ErrWriteContent:
		if se.ErrorCode() == 0 { // cut off, or silent until our patience ended, over this message
			return noAnswer, true, false
		}
		// 421 is the server saying goodbye to everybody.
		return code, se.ErrorCode() != 421, !se.IsTemp()
	case gomail.ErrGetRcpts:
		return "address", true, true
	}
	return "", false, false // our sender is refused, or the connection is gone
}

// wordless keeps a server's words out of the log: they repeat addresses.
func wordless(err error) string {
	var se *gomail.SendError
	var op *net.OpError
	var tp *textproto.Error
	switch {
	case errors.As(err, &se):
		return strings.TrimSpace(fmt.Sprintf("%s %d %s", se.Reason, se.ErrorCode(), se.EnhancedStatusCode()))
	case errors.As(err, &op):
		return op.Err.Error()
	case errors.As(err, &tp):
		return "the server said " + strconv.Itoa(tp.Code)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, io.EOF):
		return err.Error()
	case models.CodeOf(err) != "":
		return models.CodeOf(err)
	}
	return fmt.Sprintf("%T", err)
}
