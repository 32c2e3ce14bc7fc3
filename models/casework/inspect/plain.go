package inspect

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/gabriel-vasile/mimetype"
	"golang.org/x/text/encoding/charmap"
)

// plain looks at text: valid, of characters that are written, and not a page.
func (l *look) plain(kind string) (string, error) {
	b := make([]byte, l.size)
	if _, err := io.ReadFull(io.NewSectionReader(l.r, 0, l.size), b); err != nil {
		return kind, err
	}
	text := b
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xfe")), bytes.HasPrefix(b, []byte("\xfe\xff")):
		var ok bool
		if text, ok = fromUTF16(b); !ok {
			return kind, errEncoding
		}
	case !utf8.Valid(b):
		// What office programs of our region write when they do not write UTF-8.
		var err error
		if text, err = charmap.Windows1252.NewDecoder().Bytes(b); err != nil || bytes.ContainsRune(text, utf8.RuneError) {
			return kind, errEncoding
		}
	}
	if bytes.ContainsFunc(text, func(r rune) bool {
		return r < 0x20 && r != '\t' && r != '\n' && r != '\r' && r != '\f' || r >= 0x7f && r < 0xa0
	}) {
		return "application/octet-stream", refuse("file_type_refused", "application/octet-stream")
	}
	if markup(text) {
		if strings.HasPrefix(kind, "text/plain") {
			kind = "text/html"
		}
		return kind, refuse("file_type_refused", kind)
	}
	if !bytes.Equal(text, b) {
		kind, _, _ = strings.Cut(mimetype.Detect(text).String(), ";")
	}
	switch {
	case kind == "message/rfc822" || looksLikeMail(text):
		kind = "message/rfc822"
		return kind, l.mail(b, 0)
	case kind == "text/csv", kind == "text/tab-separated-values":
		kind = "text/csv"
	default:
		// Programs in a scripting language are text; they are kept and served as nothing more.
		kind = "text/plain"
	}
	if !bytes.Equal(text, b) {
		out, err := l.copied()
		if err != nil {
			return kind, err
		}
		if _, err := out.Write(text); err != nil {
			return kind, err
		}
		l.note(NoteEncoding)
	}
	return kind, nil
}

// markup says whether a text begins as a page, a picture in words, or another document in
// angle brackets. Spaces, marks of order and comments may stand before it.
func markup(text []byte) bool {
	b := bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	for {
		b = bytes.TrimLeft(b, " \t\r\n\f\u00a0\ufeff")
		if !bytes.HasPrefix(b, []byte("<!--")) {
			break
		}
		end := bytes.Index(b, []byte("-->"))
		if end < 0 {
			return true
		}
		b = b[end+3:]
	}
	start := strings.ToLower(string(b[:min(len(b), 64)]))
	for _, mark := range []string{"<!doctype", "<?xml", "<?php", "<html", "<head", "<body", "<svg", "<script", "<iframe", "<object", "<embed", "<meta", "<link", "<style",
		"<math", "<img", "<a ", "<div", "<p>", "<table", "<form", "<title", "<br", "<b>", "<h1", "<font", "#!", "<%", "<job", "<package", "<hta:"} {
		if strings.HasPrefix(start, mark) {
			return true
		}
	}
	return false
}

func fromUTF16(b []byte) ([]byte, bool) {
	var order binary.ByteOrder = binary.LittleEndian
	if b[0] == 0xfe {
		order = binary.BigEndian
	}
	b = b[2:]
	if len(b)%2 != 0 {
		return nil, false
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	text := string(utf16.Decode(units))
	return []byte(text), !strings.ContainsRune(text, utf8.RuneError)
}

// rtf refuses what a rich text would run, hold or fetch.
func (l *look) rtf() (string, error) {
	const kind = "application/rtf"
	in := bufio.NewReaderSize(io.NewSectionReader(l.r, 0, l.size), 64<<10)
	depth := 0
	var said strings.Builder // text since the last brace: a field's words
	template, ended := false, false
	check := func() error {
		text := strings.ToUpper(strings.TrimSpace(said.String()))
		said.Reset()
		if template && (strings.Contains(text, "://") || strings.HasPrefix(text, `\\`)) {
			return errOutside
		}
		for _, f := range []string{"DDE ", "DDEAUTO"} {
			if strings.HasPrefix(text, f) {
				return errMacro
			}
		}
		for _, f := range []string{"INCLUDEPICTURE", "INCLUDETEXT", "LINK "} {
			if strings.HasPrefix(text, f) && (strings.Contains(text, "://") || strings.Contains(text, `\\`)) {
				return errOutside
			}
		}
		return nil
	}
	for {
		c, err := in.ReadByte()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return kind, err
		}
		if ended && c > ' ' {
			return kind, errTwo
		}
		switch c {
		case '{', '}':
			if err := check(); err != nil {
				return kind, err
			}
			template = false
			if c == '{' {
				depth++
			} else if depth--; depth == 0 {
				ended = true
			} else if depth < 0 {
				return kind, errDamaged
			}
		case '\\':
			word, num, err := rtfWord(in)
			if err != nil {
				return kind, err
			}
			switch word {
			case "object", "objdata", "objocx", "objemb", "objlink", "objautlink", "objupdate", "objhtml":
				return kind, errHolds
			case "template":
				template = true
			case "bin":
				if _, err := in.Discard(num); err != nil {
					return kind, err
				}
			case "\\":
				said.WriteByte('\\')
			}
		default:
			if said.Len() < 4096 && c >= ' ' {
				said.WriteByte(c)
			}
		}
	}
	if !ended {
		return kind, errDamaged
	}
	return kind, nil
}

// rtfWord reads a control word and its number.
func rtfWord(in *bufio.Reader) (word string, num int, err error) {
	c, err := in.ReadByte()
	if err != nil {
		return "", 0, err
	}
	if c|0x20 < 'a' || c|0x20 > 'z' {
		if c == '\'' {
			_, err = in.Discard(2)
		}
		return string(c), 0, err
	}
	b := []byte{c}
	for {
		if c, err = in.ReadByte(); err != nil {
			return string(b), num, err
		}
		switch {
		case num == 0 && (c|0x20 >= 'a' && c|0x20 <= 'z') && len(b) < 64:
			b = append(b, c)
			continue
		case c == '-':
			continue
		case c >= '0' && c <= '9' && num < 1<<27:
			num = num*10 + int(c-'0')
			continue
		case c != ' ':
			err = in.UnreadByte()
		}
		return string(b), num, err
	}
}

// ogg walks the pages, which must fill the file.
func (l *look) ogg() (string, error) {
	const kind = "audio/ogg"
	for at, pages := int64(0), 0; at < l.size; pages++ {
		var h [27]byte
		if _, err := l.r.ReadAt(h[:], at); err != nil {
			return kind, err
		}
		if string(h[:4]) != "OggS" || h[4] != 0 {
			return kind, errDamaged
		}
		segs := make([]byte, h[26])
		if _, err := l.r.ReadAt(segs, at+27); err != nil {
			return kind, err
		}
		at += 27 + int64(len(segs))
		for _, s := range segs {
			at += int64(s)
		}
		if at > l.size {
			return kind, errDamaged
		}
	}
	return kind, nil
}

// mp3 keeps the sound and leaves out the tags at both ends.
func (l *look) mp3() (string, error) {
	const kind = "audio/mpeg"
	from, to := int64(0), l.size
	var h [10]byte
	if _, err := l.r.ReadAt(h[:], 0); err != nil {
		return kind, err
	}
	if string(h[:3]) == "ID3" {
		from = 10 + (int64(h[6]&0x7f)<<21 | int64(h[7]&0x7f)<<14 | int64(h[8]&0x7f)<<7 | int64(h[9]&0x7f))
		if h[5]&0x10 != 0 {
			from += 10
		}
	}
	var tag [3]byte
	if to-from >= 128 {
		if _, err := l.r.ReadAt(tag[:], to-128); err != nil {
			return kind, err
		}
		if string(tag[:]) == "TAG" {
			to -= 128
		}
	}
	if to-from < 4 {
		return kind, errDamaged
	}
	// Encoders leave some room behind their tag.
	room := make([]byte, min(to-from, 64<<10))
	if _, err := l.r.ReadAt(room, from); err != nil && !errors.Is(err, io.EOF) {
		return kind, err
	}
	sound := bytes.TrimLeft(room, "\x00")
	if len(sound) < 4 || sound[0] != 0xff || sound[1]&0xe0 != 0xe0 || sound[1]&0x06 == 0 || sound[2]>>4 == 15 {
		return kind, errDamaged
	}
	if from == 0 && to == l.size {
		return kind, nil
	}
	l.note(NoteDetails)
	out, err := l.copied()
	if err != nil {
		return kind, err
	}
	_, err = io.Copy(out, io.NewSectionReader(l.r, from, to-from))
	return kind, err
}
