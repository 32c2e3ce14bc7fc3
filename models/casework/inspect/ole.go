package inspect

import (
	"errors"
	"io"
	"strings"
	"unicode/utf16"
)

// The compound file of office programs before 2007: a small file system.
const cfbMagic = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

type compound struct {
	r      io.ReaderAt
	size   int64
	sector int64
	fat    []uint32
	names  map[string]cfbEntry
}

type cfbEntry struct {
	start uint32
	size  int64
}

const endOfChain = 0xfffffffe

// openCompound reads its table of sectors and its names, within the file's own size.
func openCompound(r io.ReaderAt, size int64) (*compound, error) {
	h := make([]byte, 512)
	if _, err := r.ReadAt(h, 0); err != nil {
		return nil, err
	}
	c := &compound{r: r, size: size, names: map[string]cfbEntry{}}
	switch le16(h[30:]) {
	case 9:
		c.sector = 512
	case 12:
		c.sector = 4096
	default:
		return nil, errDamaged
	}
	most := size/c.sector + 1
	var tables []uint32
	for i := 76; i < 512; i += 4 {
		tables = append(tables, le32(h[i:]))
	}
	next := le32(h[68:])
	for n := int64(0); next < 0xfffffffa; n++ {
		if n > most {
			return nil, errDamaged
		}
		b, err := c.at(next)
		if err != nil {
			return nil, err
		}
		for i := 0; i < len(b)-4; i += 4 {
			tables = append(tables, le32(b[i:]))
		}
		next = le32(b[len(b)-4:])
	}
	for _, t := range tables {
		if t >= 0xfffffffa {
			continue
		}
		b, err := c.at(t)
		if err != nil {
			return nil, err
		}
		if int64(len(c.fat)) > most {
			break
		}
		for i := 0; i < len(b); i += 4 {
			c.fat = append(c.fat, le32(b[i:]))
		}
	}
	dir, err := c.read(le32(h[48:]), 4<<20)
	if err != nil {
		return nil, err
	}
	for ; len(dir) >= 128; dir = dir[128:] {
		n := int(le16(dir[64:]))
		if dir[66] == 0 || n < 2 || n > 64 {
			continue
		}
		units := make([]uint16, n/2-1)
		for i := range units {
			units[i] = le16(dir[2*i:])
		}
		c.names[strings.ToLower(string(utf16.Decode(units)))] = cfbEntry{le32(dir[116:]), int64(le32(dir[120:]))}
	}
	return c, nil
}

func (c *compound) at(sector uint32) ([]byte, error) {
	off := (int64(sector) + 1) * c.sector
	if off >= c.size {
		return nil, errDamaged
	}
	b := make([]byte, c.sector)
	_, err := c.r.ReadAt(b, off)
	if errors.Is(err, io.EOF) {
		err = nil // the last sector may be short
	}
	return b, err
}

// read follows a chain of sectors for at most limit bytes.
func (c *compound) read(start uint32, limit int64) ([]byte, error) {
	var out []byte
	for s := start; s != endOfChain && int64(len(out)) < limit; {
		b, err := c.at(s)
		if err != nil {
			return nil, err
		}
		out = append(out, b...)
		if int(s) >= len(c.fat) || int64(len(out)) > c.size+c.sector {
			return nil, errDamaged
		}
		s = c.fat[s]
	}
	return out, nil
}

// judge refuses what runs, is locked, or holds a file.
func (c *compound) judge() error {
	has := func(names ...string) bool {
		for _, n := range names {
			if _, ok := c.names[n]; ok {
				return true
			}
		}
		return false
	}
	switch {
	case has("encryptedpackage", "encryptioninfo", "encryptedsummary"):
		return errLocked
	case has("vba", "_vba_project", "_vba_project_cur", "macros", "projectwm"):
		return errMacro
	case has("\x01ole10native", "package"):
		return errHolds
	}
	return nil
}

func (l *look) ole() (string, error) {
	c, err := openCompound(l.r, l.size)
	if err != nil {
		return "application/x-ole-storage", err
	}
	kind := "application/x-ole-storage"
	doc, isDoc := c.names["worddocument"]
	book, isBook := c.names["workbook"]
	if !isBook {
		book, isBook = c.names["book"]
	}
	switch {
	case isDoc:
		kind = "application/msword"
	case isBook:
		kind = "application/vnd.ms-excel"
	}
	if err := c.judge(); err != nil {
		return kind, err
	}
	switch {
	case isDoc:
		head, err := c.read(doc.start, 512)
		if err != nil {
			return kind, err
		}
		if len(head) < 12 || le16(head) != 0xa5ec && le16(head) != 0xa5dc {
			return kind, errDamaged
		}
		if le16(head[10:])&0x0100 != 0 {
			return kind, errLocked
		}
	case isBook:
		b, err := c.read(book.start, min(book.size, 1<<20))
		if err != nil {
			return kind, err
		}
		return kind, workbook(b)
	default:
		return kind, refuse("file_type_refused", kind)
	}
	return kind, nil
}

// workbook reads the records at the head of a workbook: whether it is locked, and whether a
// sheet of it is one of macros.
func workbook(b []byte) error {
	for len(b) >= 4 {
		id, n := le16(b), int(le16(b[2:]))
		if n > len(b)-4 {
			return nil // beyond what is read
		}
		body := b[4 : 4+n]
		switch {
		case id == 0x002f:
			return errLocked
		case id == 0x0085 && n >= 6 && body[5] == 1, id == 0x0085 && n >= 6 && body[5] == 6:
			return errMacro
		case id == 0x00d3: // a project of macros
			return errMacro
		case id == 0x000a:
			return nil
		}
		b = b[4+n:]
	}
	return nil
}
