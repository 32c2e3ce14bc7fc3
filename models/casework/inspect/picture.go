package inspect

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// details notes what a block of EXIF or XMP held.
func (l *look) details(location bool) {
	if location {
		l.note(NoteLocation)
	}
	l.note(NoteDetails)
}

// jpeg copies a picture without what is not needed to draw it: of the metadata, only the
// colour profile and the way up remain.
func (l *look) jpeg() (string, error) {
	const kind = "image/jpeg"
	out, err := l.copied()
	if err != nil {
		return kind, err
	}
	w := bufio.NewWriterSize(out, 64<<10)
	in := bufio.NewReaderSize(io.NewSectionReader(l.r, 0, l.size), 64<<10)
	dropped, sized, scanned := false, false, false
	var at int64
	read := func(b []byte) error {
		n, err := io.ReadFull(in, b)
		at += int64(n)
		return err
	}
	var two [2]byte
	if err := read(two[:]); err != nil {
		return kind, err
	}
	w.Write(two[:])
	for marked := false; ; {
		// The data before a mark is read up to its first byte.
		if marked {
			two[0] = 0xff
			if err := read(two[1:]); err != nil {
				return kind, err
			}
		} else if err := read(two[:]); err != nil {
			return kind, err
		}
		marked = false
		if two[0] != 0xff {
			return kind, errDamaged
		}
		for two[1] == 0xff {
			if err := read(two[1:]); err != nil {
				return kind, err
			}
		}
		m := two[1]
		if m == 0xd9 {
			w.Write(two[:])
			break
		}
		if m == 0x01 || m >= 0xd0 && m <= 0xd7 { // marks without a body
			w.Write(two[:])
			continue
		}
		if m < 0xc0 || m == 0xd8 {
			return kind, errDamaged
		}
		var n [2]byte
		if err := read(n[:]); err != nil {
			return kind, err
		}
		size := int(binary.BigEndian.Uint16(n[:]))
		if size < 2 {
			return kind, errDamaged
		}
		body := make([]byte, size-2)
		if err := read(body); err != nil {
			return kind, err
		}
		keep := true
		switch {
		case m == 0xe0:
			if bytes.HasPrefix(body, []byte("JFIF\x00")) && len(body) >= 14 {
				if len(body) > 14 { // a small copy of the picture, perhaps of another one
					body, dropped = append(body[:12:12], 0, 0), true
				}
			} else {
				keep = false
			}
		case m == 0xe1 && bytes.HasPrefix(body, []byte("Exif\x00")):
			x := readExif(body[min(6, len(body)):])
			bare := append([]byte("Exif\x00\x00"), turnOnly(x.turn)...)
			if keep = bytes.Equal(bare, body); keep {
				break
			}
			l.details(x.location)
			if x.turn > 1 && x.turn <= 8 {
				dropped, keep, body = true, true, bare
			}
		case m == 0xe1:
			l.details(tellsPlace(body))
			keep = false
		case m == 0xe2:
			keep = bytes.HasPrefix(body, []byte("ICC_PROFILE\x00"))
		case m == 0xee:
			keep = bytes.HasPrefix(body, []byte("Adobe")) && len(body) <= 12
		case m == 0xed || m == 0xfe:
			l.details(tellsPlace(body))
			keep = false
		case m >= 0xe3 && m <= 0xef:
			keep = false
		case m >= 0xc0 && m <= 0xcf && m != 0xc4 && m != 0xc8 && m != 0xcc:
			if len(body) < 6 {
				return kind, errDamaged
			}
			if err := tooLarge(int64(binary.BigEndian.Uint16(body[3:])), int64(binary.BigEndian.Uint16(body[1:]))); err != nil {
				return kind, err
			}
			sized = true
		case m == 0xc4 || m == 0xcc || m >= 0xda && m <= 0xdf:
		default:
			return kind, errDamaged
		}
		if !keep {
			dropped = true
			continue
		}
		w.Write(two[:])
		w.Write(binary.BigEndian.AppendUint16(nil, uint16(len(body)+2)))
		w.Write(body)
		if m != 0xda {
			continue
		}
		if !sized {
			return kind, errDamaged
		}
		scanned, marked = true, true
		n2, err := copyScan(w, in)
		at += n2
		if err != nil {
			return kind, err
		}
	}
	if !scanned {
		return kind, errDamaged
	}
	if at < l.size {
		if err := l.behind(at); err != nil {
			return kind, err
		}
		dropped = true
	}
	if err := w.Flush(); err != nil {
		return kind, err
	}
	if !dropped {
		l.unchanged()
	}
	return kind, nil
}

// copyScan copies the picture's data up to the next mark, whose first byte it takes but does
// not copy.
func copyScan(w *bufio.Writer, in *bufio.Reader) (int64, error) {
	var n int64
	for {
		b, err := in.ReadSlice(0xff)
		if len(b) > 0 && b[len(b)-1] == 0xff && err == nil {
			next, perr := in.Peek(1)
			if perr != nil {
				return n, perr
			}
			if next[0] != 0 && (next[0] < 0xd0 || next[0] > 0xd7) && next[0] != 0xff {
				w.Write(b[:len(b)-1])
				return n + int64(len(b)), nil
			}
		}
		w.Write(b)
		n += int64(len(b))
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return n, err
		}
	}
}

// behind judges what stands behind the end of a picture. Cameras put previews and short films
// there, which the copy leaves out; what another program would open is refused.
func (l *look) behind(at int64) error {
	rest := make([]byte, min(l.size-at, 4096))
	if _, err := l.r.ReadAt(rest, at); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	for _, magic := range []string{"PK", "%PDF", "<", "#!", "MZ", "\x7fELF", "Rar!", "7z\xbc\xaf", "GIF8", "\x1f\x8b", "{\\rtf", cfbMagic} {
		if bytes.HasPrefix(bytes.TrimLeft(rest, "\x00\r\n\t "), []byte(magic)) {
			return errTwo
		}
	}
	lower := bytes.ToLower(rest)
	for _, mark := range []string{"%pdf-", "<script", "<html", "<svg", "<?php", "<!doctype"} {
		if bytes.Contains(lower, []byte(mark)) {
			return errTwo
		}
	}
	if len(bytes.Trim(rest, "\x00\r\n\t ")) > 0 {
		l.note(NoteTrailing)
	}
	return nil
}

// pngKept are the chunks that a picture is drawn from.
var pngKept = map[string]bool{
	"IHDR": true, "PLTE": true, "IDAT": true, "IEND": true, "tRNS": true, "gAMA": true, "cHRM": true, "sRGB": true, "iCCP": true,
	"cICP": true, "mDCV": true, "cLLI": true, "sBIT": true, "bKGD": true, "pHYs": true, "hIST": true, "sPLT": true, "acTL": true, "fcTL": true, "fdAT": true,
}

func (l *look) png() (string, error) {
	const kind = "image/png"
	out, err := l.copied()
	if err != nil {
		return kind, err
	}
	w := bufio.NewWriterSize(out, 64<<10)
	w.WriteString("\x89PNG\r\n\x1a\n")
	at, dropped, data := int64(8), false, false
	for first := true; ; first = false {
		var h [8]byte
		if _, err := l.r.ReadAt(h[:], at); err != nil {
			return kind, err
		}
		n, name := int64(binary.BigEndian.Uint32(h[:])), string(h[4:])
		if n > l.size-at-12 || first && (name != "IHDR" || n != 13) {
			return kind, errDamaged
		}
		whole := io.NewSectionReader(l.r, at, n+12)
		sum := crc32.NewIEEE()
		if _, err := io.Copy(sum, io.NewSectionReader(whole, 4, n+4)); err != nil {
			return kind, err
		}
		var crc [4]byte
		if _, err := whole.ReadAt(crc[:], n+8); err != nil && !errors.Is(err, io.EOF) {
			return kind, err
		}
		if binary.BigEndian.Uint32(crc[:]) != sum.Sum32() {
			return kind, errDamaged
		}
		keep := pngKept[name]
		switch {
		case name == "IHDR" && first:
			b := make([]byte, 8)
			if _, err := l.r.ReadAt(b, at+8); err != nil {
				return kind, err
			}
			if err := tooLarge(int64(binary.BigEndian.Uint32(b)), int64(binary.BigEndian.Uint32(b[4:]))); err != nil {
				return kind, err
			}
		case name == "IHDR":
			return kind, errDamaged
		case name == "IDAT":
			data = true
		case name == "iCCP" && n > 4<<20 || name == "sPLT" && n > 64<<10:
			keep = false
		case !keep && name[0]&0x20 == 0: // a critical chunk that no decoder knows
			return kind, errDamaged
		case name == "eXIf" || name == "iTXt" || name == "tEXt" || name == "zTXt" || name == "tIME":
			b := make([]byte, min(n, 1<<20))
			if _, err := l.r.ReadAt(b, at+8); err != nil {
				return kind, err
			}
			x := exif{location: tellsPlace(b)}
			if name == "eXIf" {
				x = readExif(b)
				if keep = bytes.Equal(b, turnOnly(x.turn)); keep {
					break
				}
			}
			l.details(x.location)
			if x.turn > 1 && x.turn <= 8 {
				writeChunk(w, "eXIf", turnOnly(x.turn))
			}
		}
		if keep {
			if _, err := io.Copy(w, io.NewSectionReader(whole, 0, n+12)); err != nil {
				return kind, err
			}
		} else {
			dropped = true
		}
		at += n + 12
		if name == "IEND" {
			break
		}
	}
	if !data {
		return kind, errDamaged
	}
	if at < l.size {
		if err := l.behind(at); err != nil {
			return kind, err
		}
		dropped = true
	}
	if err := w.Flush(); err != nil {
		return kind, err
	}
	if !dropped {
		l.unchanged()
	}
	return kind, nil
}

func writeChunk(w io.Writer, name string, body []byte) {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, name...), body...)
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
	w.Write(b) // to a buffer: its Flush tells
}

func (l *look) webp() (string, error) {
	const kind = "image/webp"
	var h [12]byte
	if _, err := l.r.ReadAt(h[:], 0); err != nil {
		return kind, err
	}
	end := int64(le32(h[4:])) + 8
	if end > l.size {
		return kind, errDamaged
	}
	if l.size > end+1 {
		if err := l.behind(end); err != nil {
			return kind, err
		}
	}
	out, err := l.copied()
	if err != nil {
		return kind, err
	}
	w := bufio.NewWriterSize(out, 64<<10)
	w.Write(h[:])
	dropped, drawn := l.size > end+1, false
	size, turn := int64(4), uint16(0)
	extended := int64(-1) // where the flags stand in the copy
	for at := int64(12); at < end; {
		var c [8]byte
		if _, err := l.r.ReadAt(c[:], at); err != nil {
			return kind, err
		}
		n, name := int64(le32(c[4:])), string(c[:4])
		padded := n + n&1
		if n > end-at-8 {
			return kind, errDamaged
		}
		b := make([]byte, min(n, 64<<10))
		if _, err := l.r.ReadAt(b, at+8); err != nil && !errors.Is(err, io.EOF) {
			return kind, err
		}
		keep := true
		switch name {
		case "VP8X":
			if len(b) < 10 {
				return kind, errDamaged
			}
			if err := tooLarge(int64(le32(b[4:])&0xffffff)+1, int64(le32(b[6:])>>8)+1); err != nil {
				return kind, err
			}
			extended = size + 8 + 8
		case "VP8 ":
			if len(b) < 10 {
				return kind, errDamaged
			}
			drawn = true
			if err := tooLarge(int64(le16(b[6:])&0x3fff), int64(le16(b[8:])&0x3fff)); err != nil {
				return kind, err
			}
		case "VP8L":
			if len(b) < 5 {
				return kind, errDamaged
			}
			drawn = true
			v := le32(b[1:])
			if err := tooLarge(int64(v&0x3fff)+1, int64(v>>14&0x3fff)+1); err != nil {
				return kind, err
			}
		case "ANMF":
			drawn = true
		case "ANIM", "ALPH":
		case "ICCP":
			keep = n <= 4<<20
		case "EXIF":
			x := readExif(bytes.TrimPrefix(b, []byte("Exif\x00\x00")))
			if keep = bytes.Equal(b, turnOnly(x.turn)); !keep {
				l.details(x.location)
				turn = x.turn
			}
		case "XMP ":
			l.details(tellsPlace(b))
			keep = false
		default:
			keep = false
		}
		if keep {
			n, err := io.Copy(w, io.NewSectionReader(l.r, at, min(padded+8, l.size-at)))
			if err != nil {
				return kind, err
			}
			size += n
			if n&1 == 1 { // the last byte of padding was left out at the end
				w.WriteByte(0)
				size++
			}
		} else {
			dropped = true
		}
		at += padded + 8
	}
	if !drawn {
		return kind, errDamaged
	}
	if turn > 1 && turn <= 8 && extended > 0 {
		b := turnOnly(turn)
		w.WriteString("EXIF")
		w.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(b))))
		w.Write(b)
		size += int64(len(b)) + 8
	} else {
		turn = 0
	}
	if err := w.Flush(); err != nil {
		return kind, err
	}
	if !dropped {
		l.unchanged()
		return kind, nil
	}
	if _, err := out.WriteAt(binary.LittleEndian.AppendUint32(nil, uint32(size)), 4); err != nil {
		return kind, err
	}
	if extended > 0 {
		var flags [1]byte
		if _, err := out.ReadAt(flags[:], extended); err != nil {
			return kind, err
		}
		flags[0] &^= 0x0c
		if turn > 0 {
			flags[0] |= 0x08
		}
		if _, err := out.WriteAt(flags[:], extended); err != nil {
			return kind, err
		}
	}
	return kind, nil
}

// exif is what matters of a block of EXIF.
type exif struct {
	turn     uint16 // the way up, 1 to 8; 0 where it does not say
	location bool
}

// readExif reads the first directory of a TIFF structure.
func readExif(b []byte) (x exif) {
	order, ok := byteOrder(b)
	if !ok {
		return x
	}
	at := int(order.Uint32(b[4:]))
	if at < 8 || at+2 > len(b) {
		return x
	}
	for i := range int(order.Uint16(b[at:])) {
		e := at + 2 + 12*i
		if e+12 > len(b) {
			return x
		}
		switch order.Uint16(b[e:]) {
		case 0x0112:
			x.turn = order.Uint16(b[e+8:])
		case 0x8825:
			x.location = true
		}
	}
	return x
}

func byteOrder(b []byte) (binary.ByteOrder, bool) {
	if len(b) < 8 {
		return nil, false
	}
	switch string(b[:4]) {
	case "II*\x00":
		return binary.LittleEndian, true
	case "MM\x00*":
		return binary.BigEndian, true
	}
	return nil, false
}

// turnOnly is the EXIF of a picture that says which way up it is and nothing else.
func turnOnly(turn uint16) []byte {
	return []byte{'M', 'M', 0, '*', 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, byte(turn >> 8), byte(turn), 0, 0, 0, 0, 0, 0}
}

// tellsPlace says whether XMP, or a text beside a picture, names a place.
func tellsPlace(b []byte) bool {
	for _, mark := range []string{"GPSL", "gpsl", "Iptc4xmpCore:Location", "photoshop:City", "LocationCreated", "LocationShown", "geo:lat", "Raw profile type exif"} {
		if bytes.Contains(b, []byte(mark)) {
			return true
		}
	}
	return false
}
