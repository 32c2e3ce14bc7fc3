package inspect

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
)

// span is a range of bytes.
type span struct{ from, to int64 }

// tiffDropped are the tags that say who, where, with what and when: the rest draws the picture.
var tiffDropped = map[uint16]bool{
	0x010d: true, 0x010e: true, 0x010f: true, 0x0110: true, 0x0131: true, 0x0132: true, 0x013b: true, 0x013c: true, 0x02bc: true, 0x83bb: true,
	0x8649: true, 0x8769: true, 0x8825: true, 0xa005: true, 0x927c: true, 0x935c: true, 0x9c9b: true, 0x9c9c: true, 0x9c9d: true, 0x9c9e: true, 0x9c9f: true,
	// a map's place on earth
	0x830e: true, 0x8480: true, 0x8482: true, 0x85d8: true, 0x87af: true, 0x87b0: true, 0x87b1: true,
}

var tiffSizes = []int64{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4}

// tiff keeps of a picture only what its directories point to and the drawing needs: offsets are
// absolute, so what goes is overwritten where it stands.
func (l *look) tiff() (string, error) {
	const kind = "image/tiff"
	var h [8]byte
	if _, err := l.r.ReadAt(h[:], 0); err != nil {
		return kind, err
	}
	order, _ := byteOrder(h[:])
	out, err := l.patched()
	if err != nil {
		return kind, err
	}
	kept := []span{{0, 8}}
	todo, seen := []int64{int64(order.Uint32(h[4:]))}, map[int64]bool{}
	changed := false
	for len(todo) > 0 {
		at := todo[0]
		todo = todo[1:]
		if at == 0 {
			continue
		}
		if seen[at] || len(seen) >= MaxPages {
			return kind, errDamaged
		}
		seen[at] = true
		var n2 [2]byte
		if _, err := l.r.ReadAt(n2[:], at); err != nil {
			return kind, err
		}
		n := int64(order.Uint16(n2[:]))
		raw := make([]byte, 12*n+4)
		if _, err := l.r.ReadAt(raw, at+2); err != nil && !(errors.Is(err, io.EOF) && n > 0) {
			return kind, err
		}
		dir := make([]byte, 0, len(raw)+2)
		var width, height int64
		var starts, counts []int64
		for e := raw[:12*n]; len(e) > 0; e = e[12:] {
			tag, typ, count := order.Uint16(e), order.Uint16(e[2:]), int64(order.Uint32(e[4:]))
			if tiffDropped[tag] {
				l.details(tag == 0x8825 || tag == 0x8482 || tag == 0x830e || tag == 0x85d8 || tag == 0x87af)
				changed = true
				continue
			}
			if int(typ) >= len(tiffSizes) || typ == 0 || count > l.size {
				return kind, errDamaged
			}
			dir = append(dir, e[:12]...)
			bytes := tiffSizes[typ] * count
			value := e[8:12]
			if bytes > 4 {
				off := int64(order.Uint32(value))
				if off+bytes > l.size {
					return kind, errDamaged
				}
				kept = append(kept, span{off, off + bytes})
			}
			switch tag {
			case 0x0100, 0x0101, 0x0111, 0x0117, 0x0144, 0x0145, 0x014a, 0x0201, 0x0202:
				v, err := l.tiffInts(order, typ, count, value)
				if err != nil {
					return kind, err
				}
				switch tag {
				case 0x0100:
					width = first(v)
				case 0x0101:
					height = first(v)
				case 0x0111, 0x0144, 0x0201:
					starts = append(starts, v...)
				case 0x014a:
					todo = append(todo, v...)
				default:
					counts = append(counts, v...)
				}
			}
		}
		if err := tooLarge(width, height); err != nil {
			return kind, err
		}
		if len(starts) != len(counts) || len(starts) == 0 {
			return kind, errDamaged
		}
		for i := range starts {
			if starts[i]+counts[i] > l.size {
				return kind, errDamaged
			}
			kept = append(kept, span{starts[i], starts[i] + counts[i]})
		}
		todo = append(todo, int64(order.Uint32(raw[12*n:])))
		// The directory closes up over what was dropped.
		size := int64(len(dir)) + 6
		entries := make([]byte, 2)
		order.PutUint16(entries, uint16(len(dir)/12))
		dir = append(entries, dir...)
		dir = append(dir, raw[12*n:]...)
		if _, err := out.WriteAt(dir, at); err != nil {
			return kind, err
		}
		kept = append(kept, span{at, at + size})
	}
	blank, err := l.blankOutside(out.WriteAt, kept)
	if err != nil {
		return kind, err
	}
	if !changed && !blank {
		l.unchanged()
	}
	return kind, nil
}

func first(v []int64) int64 {
	if len(v) == 0 {
		return 0
	}
	return v[0]
}

func (l *look) tiffInts(order binary.ByteOrder, typ uint16, count int64, value []byte) ([]int64, error) {
	size := tiffSizes[typ]
	if size != 2 && size != 4 || count > 1<<20 {
		return nil, errDamaged
	}
	b := value
	if size*count > 4 {
		b = make([]byte, size*count)
		if _, err := l.r.ReadAt(b, int64(order.Uint32(value))); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
	}
	out := make([]int64, count)
	for i := range out {
		if size == 2 {
			out[i] = int64(order.Uint16(b[2*i:]))
		} else {
			out[i] = int64(order.Uint32(b[4*i:]))
		}
	}
	return out, nil
}

// blankOutside overwrites whatever no span covers, and says whether anything was there.
func (l *look) blankOutside(write func([]byte, int64) (int, error), kept []span) (bool, error) {
	slices.SortFunc(kept, func(a, b span) int { return int(a.from - b.from) })
	found, at := false, int64(0)
	kept = append(kept, span{l.size, l.size})
	for _, k := range kept {
		for at < k.from {
			b := make([]byte, min(k.from-at, 64<<10))
			if _, err := l.r.ReadAt(b, at); err != nil && !errors.Is(err, io.EOF) {
				return found, err
			}
			if slices.ContainsFunc(b, func(c byte) bool { return c != 0 }) {
				found = true
				clear(b)
				if _, err := write(b, at); err != nil {
					return found, err
				}
			}
			at += int64(len(b))
		}
		at = max(at, k.to)
	}
	return found, nil
}

// bmff looks at the family of HEIC, MP4 and 3GP: boxes of boxes. Offsets into the data are
// absolute, so what goes keeps its length.
func (l *look) bmff() (string, error) {
	brand := make([]byte, 64)
	n, err := l.r.ReadAt(brand, 8)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	kind := bmffKind(string(brand[:n]))
	if kind == "" {
		return "video/quicktime", refuse("file_type_refused", "video/quicktime")
	}
	m := &movie{look: l, picture: strings.HasPrefix(kind, "image/")}
	if err := m.boxes(0, l.size, 0); err != nil {
		return kind, err
	}
	if !m.whole {
		return kind, errDamaged
	}
	if m.timed {
		l.note(NoteMayLocate)
	}
	return kind, nil
}

func bmffKind(brands string) string {
	switch major := brands[:min(4, len(brands))]; {
	case strings.HasPrefix(major, "hei"), strings.HasPrefix(major, "hev"), major == "mif1" && strings.Contains(brands, "hei"):
		return "image/heic"
	case strings.HasPrefix(major, "3gp"), strings.HasPrefix(major, "3g2"):
		return "video/3gpp"
	case major == "M4A ", major == "M4B ", major == "mp4a":
		return "audio/mp4"
	case major == "isom", major == "iso2", major == "iso4", major == "iso5", major == "iso6", major == "mp41", major == "mp42", major == "avc1", major == "M4V ", major == "dash", major == "MSNV":
		return "video/mp4"
	}
	return ""
}

type movie struct {
	*look
	picture bool
	whole   bool // holds what a picture or a film is drawn from
	timed   bool // has a track of measurements beside it
	count   int
	items   map[uint32]string // of a HEIC: its pieces by what they are
	where   map[uint32][]span
}

// boxes walks the boxes of a range; they must fill it.
func (m *movie) boxes(at, end int64, depth int) error {
	for at < end {
		if m.count++; m.count > 20_000 || depth > 8 {
			return errDamaged
		}
		var h [16]byte
		if _, err := m.r.ReadAt(h[:8], at); err != nil {
			return err
		}
		size, head, name := int64(binary.BigEndian.Uint32(h[:])), int64(8), string(h[4:8])
		switch size {
		case 0: // to the end of the file
			if depth > 0 {
				return errDamaged
			}
			size = end - at
		case 1:
			if _, err := m.r.ReadAt(h[8:], at+8); err != nil {
				return err
			}
			size, head = int64(binary.BigEndian.Uint64(h[8:])), 16
		}
		if size < head || size > end-at {
			return errDamaged
		}
		if err := m.box(name, at, at+head, at+size, depth); err != nil {
			return err
		}
		at += size
	}
	return nil
}

func (m *movie) box(name string, at, body, end int64, depth int) error {
	switch name {
	case "ftyp", "styp", "free", "skip", "wide", "mdat", "pnot", "pdin", "sidx":
		if name == "free" || name == "skip" {
			return m.blank(at, body, end, false)
		}
		if depth > 0 {
			return errDamaged
		}
		return nil
	case "moov", "trak", "mdia", "minf", "stbl", "edts", "dinf", "moof", "traf", "mvex", "mfra":
		if name == "moov" {
			m.whole = true
		}
		return m.boxes(body, end, depth+1)
	case "hdlr":
		b := make([]byte, 12)
		if _, err := m.r.ReadAt(b, body); err != nil {
			return err
		}
		if string(b[8:]) == "meta" && depth > 1 {
			m.timed = true
		}
		return nil
	case "tkhd":
		return m.trackSize(body, end)
	case "udta", "uuid":
		return m.blank(at, body, end, true)
	case "meta":
		if m.picture && depth == 0 {
			m.whole = true
			return m.heic(body+4, end)
		}
		return m.blank(at, body, end, true)
	}
	if depth == 0 && name != "mvhd" && name != "iods" && name != "prft" && name != "emsg" && name != "ssix" {
		return errDamaged // nothing that a player of these knows
	}
	return nil
}

// blank makes a box one of padding.
func (m *movie) blank(at, body, end int64, said bool) error {
	b := make([]byte, min(end-body, maxPart))
	if _, err := m.r.ReadAt(b, body); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !slices.ContainsFunc(b, func(c byte) bool { return c != 0 }) {
		return nil
	}
	if said {
		text := string(b)
		m.details(tellsPlace(b) || strings.Contains(text, "\xa9xyz") || strings.Contains(text, "loci") || strings.Contains(text, "location.ISO6709"))
	}
	out, err := m.patched()
	if err != nil {
		return err
	}
	if _, err := out.WriteAt([]byte("free"), at+4); err != nil {
		return err
	}
	return zero(out, body, end-body)
}

func (m *movie) trackSize(body, end int64) error {
	var b [8]byte
	if end-body < 8 {
		return errDamaged
	}
	if _, err := m.r.ReadAt(b[:], end-8); err != nil {
		return err
	}
	if w, h := int64(binary.BigEndian.Uint16(b[:])), int64(binary.BigEndian.Uint16(b[4:])); w > MaxSide || h > MaxSide {
		return tooLarge(w, h)
	}
	return nil
}

// heic finds the pieces of a picture that are not drawn: EXIF and XMP.
func (m *movie) heic(at, end int64) error {
	m.items, m.where = map[uint32]string{}, map[uint32][]span{}
	var data int64
	if err := m.each(at, end, func(name string, body, end int64) error {
		switch name {
		case "iinf":
			return m.iinf(body, end)
		case "iloc":
			return m.iloc(body, end)
		case "idat":
			data = body
		case "iprp":
			return m.each(body, end, func(name string, body, end int64) error {
				if name != "ipco" {
					return nil
				}
				return m.each(body, end, func(name string, body, end int64) error {
					var b [12]byte
					if name != "ispe" {
						return nil
					}
					if _, err := m.r.ReadAt(b[:], body); err != nil {
						return err
					}
					return tooLarge(int64(binary.BigEndian.Uint32(b[4:])), int64(binary.BigEndian.Uint32(b[8:])))
				})
			})
		}
		return nil
	}); err != nil {
		return err
	}
	for id, what := range m.items {
		if what != "Exif" && what != "mime" {
			continue
		}
		for i, s := range m.where[id] {
			if s.from < 0 { // inside the box of small pieces
				s = span{-s.from - 1 + data, -s.from - 1 + data + s.to}
			}
			if s.to > m.size || s.from >= s.to {
				return errDamaged
			}
			b := make([]byte, min(s.to-s.from, 1<<20))
			if _, err := m.r.ReadAt(b, s.from); err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			if !slices.ContainsFunc(b, func(c byte) bool { return c != 0 }) {
				continue
			}
			place := tellsPlace(b)
			if what == "Exif" && len(b) > 4 {
				if skip := int64(binary.BigEndian.Uint32(b)) + 4; skip < int64(len(b)) {
					place = readExif(b[skip:]).location
				}
			}
			bare := append(make([]byte, 4), turnOnly(1)...)
			if what == "Exif" && len(b) >= len(bare) && string(b[:len(bare)]) == string(bare) {
				continue // ours
			}
			m.details(place)
			out, err := m.patched()
			if err != nil {
				return err
			}
			if err := zero(out, s.from, s.to-s.from); err != nil {
				return err
			}
			if what == "Exif" && i == 0 && s.to-s.from >= int64(len(bare)) {
				if _, err := out.WriteAt(bare, s.from); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (m *movie) each(at, end int64, do func(name string, body, end int64) error) error {
	for at < end {
		if m.count++; m.count > 20_000 {
			return errDamaged
		}
		var h [8]byte
		if _, err := m.r.ReadAt(h[:], at); err != nil {
			return err
		}
		size := int64(binary.BigEndian.Uint32(h[:]))
		if size < 8 || size > end-at {
			return errDamaged
		}
		if err := do(string(h[4:]), at+8, at+size); err != nil {
			return err
		}
		at += size
	}
	return nil
}

func (m *movie) iinf(body, end int64) error {
	var v [1]byte
	if _, err := m.r.ReadAt(v[:], body); err != nil {
		return err
	}
	skip := int64(6)
	if v[0] > 0 {
		skip = 8
	}
	return m.each(body+skip, end, func(name string, body, end int64) error {
		b := make([]byte, 14)
		if name != "infe" {
			return nil
		}
		if n, err := m.r.ReadAt(b, body); n < 12 {
			return err
		}
		switch b[0] {
		case 2:
			m.items[uint32(binary.BigEndian.Uint16(b[4:]))] = string(b[8:12])
		case 3:
			m.items[binary.BigEndian.Uint32(b[4:])] = string(b[10:14])
		}
		return nil
	})
}

// iloc reads where each piece stands. Pieces inside the box of small ones are kept as negative
// starts, counted from its beginning, with their length.
func (m *movie) iloc(body, end int64) error {
	in := bufio.NewReader(io.NewSectionReader(m.r, body, end-body))
	number := func(n int) (int64, error) {
		var v int64
		for range n {
			b, err := in.ReadByte()
			if err != nil {
				return 0, err
			}
			v = v<<8 | int64(b)
		}
		if v < 0 || v > 1<<40 {
			return 0, errDamaged
		}
		return v, nil
	}
	var fault error
	must := func(n int) int64 {
		v, err := number(n)
		if fault == nil {
			fault = err
		}
		return v
	}
	version := must(1)
	must(3)
	sizes := must(2)
	offSize, lenSize, baseSize, indexSize := int(sizes>>12&15), int(sizes>>8&15), int(sizes>>4&15), int(sizes&15)
	idSize := 2
	if version == 2 {
		idSize = 4
	}
	count := must(idSize)
	for range min(count, 10_000) {
		id := uint32(must(idSize))
		method := int64(0)
		if version > 0 {
			method = must(2) & 15
		}
		must(2)
		base := must(baseSize)
		for range must(2) {
			if version > 0 {
				must(indexSize)
			}
			off, n := must(offSize)+base, must(lenSize)
			if fault != nil {
				return fault
			}
			switch method {
			case 0:
				m.where[id] = append(m.where[id], span{off, off + n})
			case 1:
				m.where[id] = append(m.where[id], span{-off - 1, n})
			}
		}
	}
	return fault
}
