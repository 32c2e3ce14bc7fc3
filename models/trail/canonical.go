// Package trail is the tamper-evident log: what an audit event commits to, the
// tree over the commitments, signed checkpoints, receipts, and their
// verification. It knows no database and no HTTP.
//
// # Canonical text, byte for byte
//
// The canonical text of an event is UTF-8. Its first line is
//
//	terang-event-v1
//
// Each further line is a field: its name, one space, its value. Every line ends with
// one line feed (0x0A), the last one too. A field whose value is empty (or
// whose number is absent) has no line. Fields come in this order and under these
// names:
//
//	time            RFC 3339 in UTC with the letter Z; a fraction of at most six
//	                digits, without trailing zeroes, and only where it is not zero
//	event           the event's kind, such as case.filed
//	case_id         decimal
//	reference
//	kind            of the case
//	body_id         decimal
//	body            slug
//	unit            slug
//	actor_role
//	actor
//	actor_id        decimal
//	classification
//	state
//	outcome
//	clock
//	due_on          YYYY-MM-DD
//	standing
//	pack
//	pack_version
//	article
//	reason
//	data            JSON, the very bytes the event's row holds
//
// In a value, backslash (0x5C) is written as two backslashes, line feed as
// backslash and n, carriage return as backslash and r; every other byte stands
// for itself. The event's number, its index in the log, its salt and its
// hashes are not part of it.
//
// # Commitment, entry, leaf
//
// The commitment is HMAC-SHA-256 with the event's salt (32 random bytes) as
// the key and the canonical text as the message. The entry in the log is the text
//
//	terang-event-v1 <commitment in standard base64>\n
//
// and holds nothing else, so that it may be public for ever: without the salt the
// commitment tells nothing, and with the salt and the text destroyed it never will.
// The leaf hash is SHA-256(0x00 || entry), as RFC 6962 section 2.1 has it. With the
// canonical text in a file, openssl makes the commitment again:
//
//	openssl dgst -sha256 -mac HMAC -macopt hexkey:SALT canonical.txt
package trail

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/tlog"

	"terang/models"
)

const eventHeader = "terang-event-v1"

// SaltSize is the length of a salt in bytes.
const SaltSize = 32

var escapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`)

// Canonical is the text an event commits to; see the package comment.
func Canonical(e *models.Event) string {
	var b strings.Builder
	b.Grow(512)
	b.WriteString(eventHeader)
	b.WriteByte('\n')
	put := func(name, value string) {
		if value == "" {
			return
		}
		b.WriteString(name)
		b.WriteByte(' ')
		_, _ = escapes.WriteString(&b, value)
		b.WriteByte('\n')
	}
	num := func(name string, v *int64) {
		if v != nil {
			put(name, strconv.FormatInt(*v, 10))
		}
	}
	put("time", e.Time.UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano))
	put("event", e.Kind)
	num("case_id", e.CaseID)
	put("reference", e.Reference)
	put("kind", string(e.CaseKind))
	num("body_id", e.BodyID)
	put("body", e.Body)
	put("unit", e.Unit)
	put("actor_role", e.ActorRole)
	put("actor", e.Actor)
	num("actor_id", e.ActorID)
	put("classification", string(e.Classification))
	put("state", string(e.State))
	put("outcome", string(e.Outcome))
	put("clock", e.Clock)
	put("due_on", e.DueOn)
	put("standing", string(e.Standing))
	put("pack", e.Pack)
	put("pack_version", e.PackVersion)
	put("article", e.Article)
	put("reason", e.Reason)
	put("data", e.Data)
	return b.String()
}

// Commit makes the log's entry for a canonical text under a salt.
func Commit(canonical string, salt []byte) []byte {
	m := hmac.New(sha256.New, salt)
	m.Write([]byte(canonical))
	out := make([]byte, 0, len(eventHeader)+46)
	out = append(out, eventHeader...)
	out = append(out, ' ')
	out = base64.StdEncoding.AppendEncode(out, m.Sum(nil))
	return append(out, '\n')
}

// LeafHash is the RFC 6962 hash of an entry.
func LeafHash(entry []byte) tlog.Hash { return tlog.RecordHash(entry) }

// Seal gives an event its salt, its canonical text and its leaf hash. What no
// database could give back unchanged is refused here.
func Seal(e *models.Event) error {
	e.Time = e.Time.UTC().Truncate(time.Microsecond)
	text := Canonical(e)
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return errors.New("trail: an event's fields must be UTF-8 without NUL")
	}
	salt := make([]byte, SaltSize)
	rand.Read(salt) // never fails since Go 1.24
	e.Canonical = text
	e.Salt = hex.EncodeToString(salt)
	h := LeafHash(Commit(text, salt))
	e.LeafHash = hex.EncodeToString(h[:])
	return nil
}

// EntryOf makes an event's entry again from what its row holds.
func EntryOf(e *models.Event) ([]byte, error) {
	salt, err := hex.DecodeString(e.Salt)
	if err != nil || len(salt) != SaltSize {
		return nil, errors.New("its salt is not 32 bytes in hex")
	}
	return Commit(e.Canonical, salt), nil
}

// ReadCanonical gives the fields of a canonical text, as a receipt's reader needs
// them. It refuses what Canonical cannot have written.
func ReadCanonical(text string) (map[string]string, error) {
	rest, ok := strings.CutPrefix(text, eventHeader+"\n")
	if !ok {
		return nil, errors.New("trail: not a " + eventHeader + " text")
	}
	fields := map[string]string{}
	for rest != "" {
		line, more, ok := strings.Cut(rest, "\n")
		name, value, ok2 := strings.Cut(line, " ")
		if !ok || !ok2 || name == "" || value == "" || fields[name] != "" {
			return nil, errors.New("trail: malformed line in canonical text")
		}
		v, err := unescape(value)
		if err != nil {
			return nil, err
		}
		fields[name] = v
		rest = more
	}
	return fields, nil
}

func unescape(s string) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		i++
		if i == len(s) {
			return "", errors.New("trail: lone backslash in canonical text")
		}
		switch s[i] {
		case '\\':
			b.WriteByte('\\')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		default:
			return "", errors.New("trail: unknown escape in canonical text")
		}
	}
	return b.String(), nil
}
