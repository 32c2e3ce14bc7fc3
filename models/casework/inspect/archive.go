package inspect

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// archive looks at office documents that are archives: OOXML and OpenDocument. No other archive
// is taken.
func (l *look) archive() (string, error) {
	const zipped = "application/zip"
	tail := make([]byte, min(l.size, tailSize))
	if _, err := l.r.ReadAt(tail, l.size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return zipped, err
	}
	end := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if end < 0 || len(tail)-end < 22 {
		return zipped, errDamaged
	}
	if comment := int(le16(tail[end+20:])); comment != len(tail)-end-22 || comment > 256 {
		return zipped, errTwo
	}
	directory := int64(le32(tail[end+16:]))
	z, err := zip.NewReader(l.r, l.size)
	if err != nil {
		return zipped, errDamaged
	}
	if len(z.File) > maxEntries {
		return zipped, errUnpacks
	}
	kind, err := l.documentKind(z)
	if err != nil {
		return kind, err
	}
	if err := layout(z, directory); err != nil {
		return kind, err
	}
	changed := map[string][]byte{}
	for _, f := range z.File {
		if f.FileInfo().IsDir() {
			continue
		}
		b, err := l.entry(f, kind)
		if err != nil {
			return kind, err
		}
		if b != nil {
			changed[f.Name] = b
		}
	}
	if len(changed) == 0 {
		return kind, nil
	}
	return kind, l.rewrite(z, changed)
}

var mainTypes = []struct{ part, kind string }{
	{"wordprocessingml.document.main+xml", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
	{"spreadsheetml.sheet.main+xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
	{"presentationml.presentation.main+xml", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
	{"presentationml.slideshow.main+xml", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
}

// documentKind says which office document an archive is, by what the programs go by.
func (l *look) documentKind(z *zip.Reader) (string, error) {
	read := func(name string) ([]byte, error) {
		f, err := z.Open(name)
		if err != nil {
			return nil, nil
		}
		defer f.Close()
		b, err := io.ReadAll(io.LimitReader(&meter{l: l, r: f, packed: l.size}, 1<<20))
		if len(b) == 1<<20 {
			err = errUnpacks
		}
		return b, err
	}
	for _, f := range z.File {
		if f.Flags&1 != 0 {
			return "application/zip", errLocked
		}
	}
	types, err := read("[Content_Types].xml")
	if err != nil {
		return "application/zip", orDamaged(err)
	}
	if types != nil {
		if bytes.Contains(bytes.ToLower(types), []byte("macroenabled")) {
			return "application/vnd.openxmlformats-officedocument", errMacro
		}
		for _, t := range mainTypes {
			if bytes.Contains(types, []byte(t.part)) {
				return t.kind, nil
			}
		}
		return "application/zip", refuse("file_type_refused", "application/zip")
	}
	of, err := read("mimetype")
	if err != nil {
		return "application/zip", orDamaged(err)
	}
	switch kind := strings.TrimSpace(string(of)); kind {
	case "application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.spreadsheet", "application/vnd.oasis.opendocument.presentation":
		return kind, nil
	}
	return "application/zip", refuse("file_type_refused", "application/zip")
}

func orDamaged(err error) error {
	var no *Refusal
	if errors.As(err, &no) {
		return err
	}
	return errDamaged
}

// layout refuses archives that different programs would read differently: entries that
// overlap or hide something between them, or names that lead out, or come twice.
func layout(z *zip.Reader, directory int64) error {
	var spans []span
	names := map[string]bool{}
	for _, f := range z.File {
		name := strings.ToLower(f.Name)
		if names[name] || !f.FileInfo().IsDir() && path.Clean("/"+name) != "/"+strings.TrimPrefix(name, "/") || strings.ContainsAny(name, "\\\x00:") {
			return errDamaged
		}
		names[name] = true
		if f.Method != zip.Store && f.Method != zip.Deflate {
			return errDamaged
		}
		at, err := f.DataOffset()
		if err != nil {
			return errDamaged
		}
		// Up to a short head before it and a short description behind it.
		spans = append(spans, span{at, at + int64(f.CompressedSize64)})
	}
	slices.SortFunc(spans, func(a, b span) int {
		if a.from != b.from {
			return int(a.from - b.from)
		}
		return int(a.to - b.to)
	})
	at := int64(0)
	for _, s := range spans {
		if s.from < at+30 || s.from-at > 4096 || s.to < s.from {
			return errTwo
		}
		at = s.to
	}
	if directory < at || directory-at > 64 {
		return errTwo
	}
	return nil
}

// entry looks at one entry, and gives what to put in its place, if anything.
func (l *look) entry(f *zip.File, kind string) ([]byte, error) {
	odf := strings.HasPrefix(kind, "application/vnd.oasis")
	name := strings.ToLower(f.Name)
	base := path.Base(name)
	switch {
	case base == "vbaproject.bin", base == "vbadata.xml", strings.Contains(name, "/macrosheets/"), strings.Contains(name, "/dialogsheets/"), strings.HasPrefix(base, "activex"), strings.Contains(name, "/activex/"):
		return nil, errMacro
	case odf && (strings.HasPrefix(name, "basic/") || strings.HasPrefix(name, "scripts/") || strings.HasPrefix(name, "dialogs/")) &&
		!slices.Contains([]string{"script-lc.xml", "script-lb.xml", "dialog-lc.xml", "dialog-lb.xml"}, base):
		return nil, errMacro
	}
	in, err := f.Open()
	if err != nil {
		return nil, errDamaged
	}
	defer in.Close()
	m := &meter{l: l, r: in, packed: int64(f.CompressedSize64)}
	r := bufio.NewReaderSize(m, 64<<10)
	head, err := r.Peek(64)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, orDamaged(err)
	}
	whole := func() ([]byte, error) {
		b, err := io.ReadAll(io.LimitReader(r, maxPart+1))
		if err != nil {
			return nil, orDamaged(err)
		}
		if int64(len(b)) > maxPart {
			return nil, errUnpacks
		}
		return b, nil
	}
	// What a part is, the programs read from its content type and not from its name.
	inUTF8 := utf8XML(r, head)
	text := inUTF8 != nil || strings.HasSuffix(name, ".xml") || strings.HasSuffix(name, ".rels") || strings.HasSuffix(name, ".rdf")
	if inUTF8 == nil {
		inUTF8 = r
	}
	switch {
	case strings.HasSuffix(name, ".rels") && !odf:
		b, err := whole()
		if err != nil {
			return nil, err
		}
		return l.relations(b)
	case strings.HasSuffix(base, ".svg"), strings.HasSuffix(base, ".html"), strings.HasSuffix(base, ".htm"):
		b, err := io.ReadAll(io.LimitReader(inUTF8, maxPart+1))
		switch {
		case err != nil:
			return nil, orDamaged(err)
		case int64(len(b)) > maxPart:
			return nil, errUnpacks
		case runnable.Match(b):
			return nil, errRuns
		}
		return nil, nil
	case text:
		return nil, l.markupPart(inUTF8, name, odf, strings.Contains(kind, "wordprocessingml"))
	case bytes.HasPrefix(head, []byte("\xff\xd8\xff")), bytes.HasPrefix(head, []byte("\x89PNG")), bytes.HasPrefix(head, []byte("II*\x00")), bytes.HasPrefix(head, []byte("MM\x00*")):
		b, err := whole()
		if err != nil {
			return nil, err
		}
		return l.picture(b)
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("%PDF")), bytes.HasPrefix(head, []byte(`{\rtf`)):
		b, err := whole()
		if err != nil {
			return nil, err
		}
		return nil, l.inside(b)
	case bytes.HasPrefix(head, []byte(cfbMagic)):
		b, err := whole()
		if err != nil {
			return nil, err
		}
		c, err := openCompound(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return nil, orDamaged(err)
		}
		return nil, c.judge()
	}
	for _, magic := range []string{"MZ", "\x7fELF", "Rar!", "7z\xbc\xaf", "\x1f\x8b", "BZh", "\xfd7zXZ", "FWS", "CWS", "ZWS", "#!", "\xca\xfe\xba\xbe", "\xcf\xfa\xed\xfe", "ITSF", "L\x00\x00\x00\x01\x14\x02"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return nil, errHolds
		}
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		return nil, orDamaged(err)
	}
	return nil, nil
}

// utf8XML gives the text of a part that begins as markup does, in UTF-8: a program reads one in
// UTF-16 as well, and would find there what we had not. It is nil for what is no markup.
func utf8XML(r io.Reader, head []byte) io.Reader {
	end := unicode.LittleEndian
	switch {
	case bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n"), []byte("<")):
		if len(head) < 2 || head[1] != 0 {
			return r
		}
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
	case bytes.HasPrefix(head, []byte("\xfe\xff")), bytes.HasPrefix(head, []byte("\x00<")):
		end = unicode.BigEndian
	default:
		return nil
	}
	return transform.NewReader(r, unicode.UTF16(end, unicode.UseBOM).NewDecoder())
}

// runnable is what makes a drawing in words act.
var runnable = regexp.MustCompile(`(?i)<script|\son[a-z]+\s*=|javascript:|<foreignobject|<iframe|<!entity`)

// picture takes a place out of a photograph within a document.
func (l *look) picture(b []byte) ([]byte, error) {
	f, err := l.spool()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := f.Write(b); err != nil {
		return nil, err
	}
	in := &look{ctx: l.ctx, spool: l.spool, r: io.NewSectionReader(f, 0, int64(len(b))), size: int64(len(b)), depth: l.depth + 1, budget: l.budget}
	_, err = in.inspect()
	if in.out != nil {
		defer in.out.Close()
	}
	if err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errDamaged
		}
		var no *Refusal
		if errors.As(err, &no) && no.Code == "file_damaged" {
			return nil, nil // office programs keep broken pictures too, and show a cross
		}
		return nil, err
	}
	if in.out == nil || !slices.Contains(in.notes, NoteLocation) {
		return nil, nil
	}
	l.note(NoteLocation)
	if _, err := in.out.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return io.ReadAll(in.out)
}

// relationship is a line of an OOXML part's list of what it refers to.
type relationship struct {
	ID     string `xml:"Id,attr"`
	Type   string `xml:"Type,attr"`
	Target string `xml:"Target,attr"`
	Mode   string `xml:"TargetMode,attr,omitempty"`
}

type relationships struct {
	XMLName xml.Name       `xml:"http://schemas.openxmlformats.org/package/2006/relationships Relationships"`
	Items   []relationship `xml:"Relationship"`
}

// relations cuts what would be fetched from elsewhere: templates, objects and pictures that
// are not in the document. Links that a reader must click stay, where they lead to the web or
// to an address.
func (l *look) relations(b []byte) ([]byte, error) {
	if entities.Match(b) {
		return nil, errDamaged
	}
	var rels relationships
	if err := xml.Unmarshal(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), &rels); err != nil {
		return nil, errDamaged
	}
	cut := false
	for i := range rels.Items {
		r := &rels.Items[i]
		kind := strings.ToLower(path.Base(r.Type))
		if kind == "vbaproject" || kind == "activexcontrol" || kind == "xlmacrosheet" {
			return nil, errMacro
		}
		if !strings.EqualFold(r.Mode, "External") {
			if strings.Contains(r.Target, "://") || strings.HasPrefix(r.Target, `\\`) || strings.HasPrefix(r.Target, "//") {
				r.Target, cut = "#", true
			}
			continue
		}
		target := strings.ToLower(strings.TrimSpace(r.Target))
		switch {
		case kind == "hyperlink" && safeLink.MatchString(target):
		case kind == "attachedtemplate":
			if target != "normal.dotm" {
				r.Target, cut = "Normal.dotm", true
			}
		case target != "about:blank":
			r.Target, cut = "about:blank", true
		}
	}
	if !cut {
		return nil, nil
	}
	l.note(NoteLinks)
	out, err := xml.Marshal(rels)
	return append([]byte(xml.Header), out...), err
}

var (
	safeLink = regexp.MustCompile(`^(https?://|mailto:|tel:|#|about:blank$|[a-z0-9_%-]+\.(html?|pdf|docx?|xlsx?|pptx?|odt|ods|jpe?g|png)$)`)
	entities = regexp.MustCompile(`(?i)<!(entity|doctype)`)
	// odfFetched are OpenDocument's elements that load what they name; text:a, a link to click,
	// is not among them.
	odfFetched = regexp.MustCompile(`<(draw:(image|object|object-ole|plugin|applet|floating-frame)|text:section-source|table:cell-range-source|table:table-source|style:background-image|presentation:sound)\b[^>]*xlink:href\s*=\s*["']\s*([a-zA-Z][a-zA-Z0-9+.-]*:|//|\\\\)`)
	odfRuns    = regexp.MustCompile(`(?i)vnd\.sun\.star\.script:|<office:dde-source|xlink:href\s*=\s*["']\s*(macro|script|javascript|vnd\.sun\.star\.[a-z]+):`)
)

// markupPart looks at a part in XML, a window at a time: no entity of its own, no field that
// asks another program for data, nothing fetched.
func (l *look) markupPart(r io.Reader, name string, odf, fields bool) error {
	var instr fieldReader
	const window, overlap = 256 << 10, 8 << 10
	buf := make([]byte, 0, window+overlap)
	for {
		n, err := io.ReadFull(r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		lower := bytes.ToLower(buf)
		switch {
		case bytes.Contains(lower, []byte("<!entity")):
			return errDamaged
		case !odf && bytes.Contains(lower, []byte("<!doctype")):
			return errDamaged
		case bytes.Contains(buf, []byte("<ddeLink")), bytes.Contains(buf, []byte(":ddeLink")):
			return errMacro
		case odf && name == "meta-inf/manifest.xml" && bytes.Contains(buf, []byte("encryption-data")):
			return errLocked
		case odf && odfRuns.Match(buf):
			return errMacro
		case odf && odfFetched.Match(buf):
			return errOutside
		}
		if fields && n > 0 {
			if instr.write(buf[len(buf)-n:]) {
				return errMacro
			}
		}
		if err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return nil
			}
			return orDamaged(err)
		}
		keep := copy(buf[:overlap], buf[len(buf)-overlap:])
		buf = buf[:keep]
	}
}

// fieldReader puts together the words of Word's fields, which may be spread over many runs,
// and looks for those that start another program.
type fieldReader struct {
	tag   []byte
	inTag bool
	instr bool
	words []byte
}

func (f *fieldReader) write(b []byte) (runs bool) {
	for _, c := range b {
		switch {
		case c == '<':
			f.inTag, f.tag = true, f.tag[:0]
		case c == '>' && f.inTag:
			f.inTag = false
			tag := string(f.tag)
			name, _, _ := strings.Cut(strings.TrimPrefix(tag, "/"), " ")
			if i := strings.IndexByte(name, ':'); i >= 0 {
				name = name[i+1:]
			}
			switch {
			case name == "instrText":
				f.instr = tag[0] != '/' && tag[len(tag)-1] != '/'
			case name == "fldChar":
				if f.starts() {
					return true
				}
				f.words = f.words[:0]
			case name == "fldSimple":
				if i := strings.Index(tag, "instr="); i >= 0 && i+7 < len(tag) && dde.MatchString(tag[i+7:]) {
					return true
				}
			}
		case f.inTag:
			if len(f.tag) < 1024 {
				f.tag = append(f.tag, c)
			}
		case f.instr && len(f.words) < 1024:
			f.words = append(f.words, c)
		}
	}
	return f.starts()
}

var dde = regexp.MustCompile(`(?i)^[\s"]*dde(auto)?\b`)

func (f *fieldReader) starts() bool { return dde.Match(f.words) }

// rewrite copies an archive with some entries replaced; the others are not even unpacked.
func (l *look) rewrite(z *zip.Reader, changed map[string][]byte) error {
	out, err := l.copied()
	if err != nil {
		return err
	}
	w := zip.NewWriter(out)
	for _, f := range z.File {
		b, ok := changed[f.Name]
		if !ok {
			if err := w.Copy(f); err != nil {
				return err
			}
			continue
		}
		e, err := w.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: f.Modified})
		if err != nil {
			return err
		}
		if _, err := e.Write(b); err != nil {
			return err
		}
	}
	return w.Close()
}
