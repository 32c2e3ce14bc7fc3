package casework

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"encoding/xml"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"terang/models"
	"terang/models/raster"
	"terang/policies"
)

// DocumentReport is what a document that may be published says, as far as a program can read
// it.
type DocumentReport struct {
	models.Attachment
	Redacted bool              // a copy of ours: pixels only
	Findings []DocumentFinding // in order of place
	Pages    int               // 0 where the format has none
	// Unread says why not everything of it was read: format no_text pages pictures broken locked
	// program too_long; "" when everything was.
	Unread   string
	NotRead  []int          // pages without text that can be read
	Metadata []raster.Entry // what the file says of its author; removed by a redacted copy
}

// DocumentFinding is one thing found in a document, with the pages it stands on.
type DocumentFinding struct {
	Type  string
	Text  string
	Count int
	Pages []int // empty where the format has no pages
}

// Found counts what an officer must answer for: places of finds, and metadata.
func (r *DocumentReport) Found() int {
	n := len(r.Metadata)
	for _, f := range r.Findings {
		n += f.Count
	}
	return n
}

// reports reads every document that could go out with the entry: what was given to the
// requester, and the newest redacted copy in place of what it was made of.
func (s *Service) reports(ctx context.Context, w *work) ([]DocumentReport, error) {
	docs, err := w.Attachments(w.c.ID)
	if err != nil {
		return nil, err
	}
	known, err := w.known()
	if err != nil {
		return nil, err
	}
	var out []DocumentReport
	for _, d := range candidates(docs) {
		r := DocumentReport{Attachment: d, Redacted: d.Covered != ""}
		if !r.Redacted {
			if err := s.look(ctx, &r, known); err != nil {
				return nil, err
			}
		}
		out = append(out, r)
	}
	return out, nil
}

func candidates(docs []models.Attachment) []models.Attachment {
	newest := map[int64]int64{}
	for _, d := range docs {
		if d.Redacts != nil && d.SHA256 != "" && d.Classification == models.Public {
			newest[*d.Redacts] = d.ID
		}
	}
	var out []models.Attachment
	for _, d := range docs {
		copied := d.Redacts != nil
		switch {
		case d.SHA256 == "" || d.Held() || !d.FromBody || d.Classification != models.Public || !d.Released && !copied:
		case newest[d.ID] != 0, copied && newest[*d.Redacts] != d.ID:
		default:
			out = append(out, d)
		}
	}
	return out
}

// look reads a document and has the finder look through it.
func (s *Service) look(ctx context.Context, r *DocumentReport, known []policies.Known) error {
	_, f, err := s.openFile(ctx, &r.Attachment)
	if err != nil {
		return err
	}
	defer f.Close()
	t, err := readText(ctx, r.Type, f)
	if err != nil {
		return err
	}
	r.Unread, r.Metadata, r.Pages = t.unread, t.meta, t.pages
	at := map[string]int{}
	for i, text := range t.texts {
		if strings.TrimSpace(text) == "" {
			if t.pages > 0 {
				r.NotRead = append(r.NotRead, i+1)
			}
			continue
		}
		found := policies.Clear([]policies.Part{{Name: "page", Text: text, Wrapped: true}}, known, nil, func(string, string) string { return "" })
		for _, p := range found.Passages {
			key := strings.ToLower(p.Text)
			j, ok := at[key]
			if !ok {
				j = len(r.Findings)
				at[key] = j
				r.Findings = append(r.Findings, DocumentFinding{Type: p.Type, Text: p.Text})
			}
			r.Findings[j].Count += p.Count
			if t.pages > 0 {
				r.Findings[j].Pages = append(r.Findings[j].Pages, i+1)
			}
		}
	}
	if r.Unread == "" && len(r.NotRead) > 0 {
		r.Unread = "pages"
		if len(r.NotRead) == t.pages {
			r.Unread = "no_text"
		}
	}
	return nil
}

// readable is the text of a document.
type readable struct {
	texts  []string // a page each where there are pages
	pages  int
	unread string
	meta   []raster.Entry
}

// maxRead bounds what one document may unpack to.
const maxRead = 64 << 20

// readText reads what a document says. What it cannot read, it says; its error is the
// machine's.
func readText(ctx context.Context, kind string, f io.ReadSeeker) (readable, error) {
	switch {
	case kind == "application/pdf":
		return readPDF(ctx, f)
	case strings.HasPrefix(kind, "application/vnd.openxmlformats") || strings.HasPrefix(kind, "application/vnd.oasis"):
		b, err := io.ReadAll(f)
		if err != nil {
			return readable{}, internal("file_unreadable", err)
		}
		return readOffice(b), nil
	case strings.HasPrefix(kind, "text/") && kind != "text/rtf":
		b, err := io.ReadAll(f)
		if err != nil {
			return readable{}, internal("file_unreadable", err)
		}
		return readable{texts: []string{plainText(b)}}, nil
	}
	return readable{unread: "format"}, nil
}

// plainText reads UTF-8, UTF-16 with its mark, or else Latin-1, in which no byte is wrong.
func plainText(b []byte) string {
	if len(b) >= 2 && (b[0] == 0xff && b[1] == 0xfe || b[0] == 0xfe && b[1] == 0xff) {
		big := b[0] == 0xfe
		var u []uint16
		for i := 2; i+1 < len(b); i += 2 {
			if big {
				u = append(u, uint16(b[i])<<8|uint16(b[i+1]))
			} else {
				u = append(u, uint16(b[i+1])<<8|uint16(b[i]))
			}
		}
		return string(utf16.Decode(u))
	}
	if utf8.Valid(b) {
		return string(b)
	}
	r := make([]rune, len(b))
	for i, c := range b {
		r[i] = rune(c)
	}
	return string(r)
}

func readPDF(ctx context.Context, f io.ReadSeeker) (readable, error) {
	tools := raster.Find()
	if tools == nil {
		return readable{unread: "program"}, nil
	}
	doc, err := tools.Open(ctx, f, 2_000)
	var texts []raster.Text
	if err == nil {
		texts, err = doc.Words(ctx)
	}
	switch code, _ := raster.Code(err); code {
	case "":
		if err != nil {
			return readable{}, internal("read_document", err)
		}
	case raster.Encrypted:
		return readable{unread: "locked"}, nil
	case raster.TooLong, raster.TooManyPages:
		return readable{unread: "too_long"}, nil
	default:
		return readable{unread: "broken"}, nil
	}
	out := readable{pages: len(texts), meta: doc.Meta}
	for i := range texts {
		out.texts = append(out.texts, texts[i].String())
	}
	return out, nil
}

// readOffice reads the words of an office document: of every part that holds words, comments
// and headers too, in the order of their names.
func readOffice(b []byte) readable {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return readable{unread: "broken"}
	}
	var out readable
	files := slices.Clone(z.File)
	slices.SortFunc(files, func(a, b *zip.File) int { return cmp.Compare(a.Name, b.Name) })
	left := int64(maxRead)
	read := func(f *zip.File) []byte {
		r, err := f.Open()
		if err != nil {
			out.unread = "broken"
			return nil
		}
		defer r.Close()
		data, err := io.ReadAll(io.LimitReader(r, left+1))
		if left -= int64(len(data)); err != nil || left < 0 {
			out.unread = "broken"
			return nil
		}
		return data
	}
	var shared []string
	for _, f := range files {
		if f.Name == "xl/sharedStrings.xml" {
			shared, _ = words(read(f), nil, "si")
		}
	}
	var text strings.Builder
	for _, f := range files {
		dir, name := path.Split(f.Name)
		switch {
		case strings.HasSuffix(dir, "/media/") || strings.HasPrefix(dir, "Pictures/"):
			if out.unread == "" {
				out.unread = "pictures"
			}
		case f.Name == "docProps/core.xml" || f.Name == "docProps/app.xml" || f.Name == "docProps/custom.xml" || f.Name == "meta.xml":
			out.meta = append(out.meta, metadata(read(f))...)
		case path.Ext(name) != ".xml" || name == "styles.xml" && dir != "" || name == "settings.xml" || strings.Contains(dir, "theme"):
		case dir == "" && (name == "content.xml" || name == "styles.xml") || strings.HasPrefix(dir, "word/") || strings.HasPrefix(dir, "ppt/") || strings.HasPrefix(dir, "xl/"):
			lines, err := words(read(f), shared, "")
			if err != nil && out.unread != "broken" {
				out.unread = "broken"
			}
			for _, l := range lines {
				text.WriteString(l)
				text.WriteByte('\n')
			}
		}
	}
	out.texts = []string{text.String()}
	return out
}

// words reads the lines of a part: a paragraph, a row or an entry each. shared are the strings
// that cells of a sheet refer to by number. only names the one element that makes a line.
func words(part []byte, shared []string, only string) ([]string, error) {
	d := xml.NewDecoder(bytes.NewReader(part))
	d.Strict = false
	var lines []string
	var line strings.Builder
	byNumber, inValue := false, false
	end := func() {
		lines = append(lines, strings.TrimSpace(line.String()))
		line.Reset()
	}
	for {
		tok, err := d.Token()
		if err == io.EOF {
			if line.Len() > 0 {
				end()
			}
			return lines, nil
		}
		if err != nil {
			return lines, err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "c":
				byNumber = false
				for _, a := range t.Attr {
					byNumber = byNumber || a.Name.Local == "t" && a.Value == "s"
				}
			case "v":
				inValue = true
			case "tab", "table-cell", "tc", "s", "line-break", "br":
				line.WriteByte(' ')
			}
			for _, a := range t.Attr {
				// A link's target, a comment's author, a number as OpenDocument keeps it.
				switch a.Name.Local {
				case "author", "href", "descr", "string-value", "Target":
					line.WriteString(" " + a.Value + " ")
				}
			}
		case xml.EndElement:
			switch t.Name.Local {
			case "v":
				inValue = false
			case "c":
				line.WriteByte(' ')
			}
			if only == "" && slices.Contains([]string{"p", "row", "h", "si", "table-row", "comment"}, t.Name.Local) || only != "" && t.Name.Local == only {
				end()
			}
		case xml.CharData:
			if inValue && byNumber {
				if i, err := strconv.Atoi(string(t)); err == nil && i >= 0 && i < len(shared) {
					line.WriteString(shared[i])
				}
				continue
			}
			line.Write(t)
		}
	}
}

// personalMeta are the elements of a document's properties that may name somebody.
var personalMeta = []string{
	"creator", "lastModifiedBy", "initial-creator", "printed-by", "Manager", "Company", "title", "subject", "keywords", "keyword", "description", "lpwstr", "user-defined",
}

func metadata(part []byte) []raster.Entry {
	d := xml.NewDecoder(bytes.NewReader(part))
	d.Strict = false
	var out []raster.Entry
	name := ""
	for {
		tok, err := d.Token()
		if err != nil {
			return out
		}
		switch t := tok.(type) {
		case xml.StartElement:
			name = t.Name.Local
		case xml.EndElement:
			name = ""
		case xml.CharData:
			if s := strings.TrimSpace(string(t)); s != "" && slices.Contains(personalMeta, name) {
				out = append(out, raster.Entry{Name: name, Value: s})
			}
		}
	}
}
