package inspect

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
)

// looksLikeMail says whether a text begins with the fields of a message.
func looksLikeMail(text []byte) bool {
	head, _, _ := bytes.Cut(text[:min(len(text), 16<<10)], []byte("\n\n"))
	head, _, _ = bytes.Cut(head, []byte("\r\n\r\n"))
	m, err := mail.ReadMessage(bytes.NewReader(append(bytes.Clone(head), "\r\n\r\n"...)))
	if err != nil {
		return false
	}
	return m.Header.Get("Mime-Version") != "" || m.Header.Get("From") != "" && (m.Header.Get("Date") != "" || m.Header.Get("Message-Id") != "")
}

// maxParts is how many parts one message may have.
const maxParts = 200

// mail looks into a message's parts: each document in it must be one that could have been sent
// by itself. Its own text may be a page, as the text of mail is.
func (l *look) mail(raw []byte, depth int) error {
	if depth > maxDepth {
		return errHolds
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return errDamaged
	}
	parts := 0
	return l.mailPart(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Header.Get("Content-Disposition"), m.Body, depth, &parts)
}

func (l *look) mailPart(kind, coding, disposition string, body io.Reader, depth int, parts *int) error {
	if *parts++; *parts > maxParts || depth > 2*maxDepth+4 {
		return errHolds
	}
	media, params, err := mime.ParseMediaType(kind)
	if err != nil {
		media, params = "text/plain", nil
	}
	if strings.HasPrefix(media, "multipart/") && params["boundary"] != "" {
		r := multipart.NewReader(body, params["boundary"])
		for {
			p, err := r.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return errDamaged
			}
			if err := l.mailPart(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p.Header.Get("Content-Disposition"), p, depth+1, parts); err != nil {
				return err
			}
		}
	}
	switch strings.ToLower(strings.TrimSpace(coding)) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, &base64Only{r: body})
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "", "7bit", "8bit", "binary":
	default:
		return errDamaged
	}
	b, err := io.ReadAll(io.LimitReader(&meter{l: l, r: body, packed: l.size}, maxPart+1))
	var no *Refusal
	if errors.As(err, &no) {
		return err
	}
	if int64(len(b)) > maxPart {
		return errUnpacks
	}
	if err != nil && len(b) == 0 {
		return errDamaged
	}
	attached := strings.HasPrefix(strings.ToLower(strings.TrimSpace(disposition)), "attachment")
	switch {
	case len(b) == 0:
		return nil
	case media == "message/rfc822":
		return l.mail(b, depth+1)
	case strings.HasPrefix(media, "text/") && !attached, media == "message/delivery-status", strings.HasSuffix(media, "pgp-signature"), strings.HasSuffix(media, "pkcs7-signature"):
		return nil
	}
	return l.inside(b)
}

// base64Only leaves out what some mailers put between the letters.
type base64Only struct{ r io.Reader }

func (f *base64Only) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	out := p[:0]
	for _, c := range p[:n] {
		if c > ' ' {
			out = append(out, c)
		}
	}
	return len(out), err
}

// inside looks at a document within another. It cannot be cleaned there: what it says of a
// place is told instead.
func (l *look) inside(b []byte) error {
	if l.depth >= maxDepth {
		return errHolds
	}
	f, err := l.spool()
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(b); err != nil {
		return err
	}
	in := &look{ctx: l.ctx, spool: l.spool, r: io.NewSectionReader(f, 0, int64(len(b))), size: int64(len(b)), depth: l.depth + 1, budget: l.budget, pdfinfo: l.pdfinfo}
	_, err = in.inspect()
	if in.out != nil {
		in.out.Close()
	}
	for _, n := range in.notes {
		if n == NoteLocation || n == NoteMayLocate {
			l.note(NoteMayLocate)
		}
		if n == NoteLinks && err == nil {
			return errOutside
		}
	}
	var no *Refusal
	if errors.As(err, &no) && no.Code == "file_type_refused" {
		return errHolds
	}
	return err
}
