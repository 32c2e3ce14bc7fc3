package casework

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"terang/models"
	"terang/models/store"
	"terang/policies"
)

// EventView is one row of the trail. Where the case is above the actor's
// clearance the row still counts, so that nothing can be dropped unseen, and says
// no more than where it stands in the log.
type EventView struct {
	models.Event
	Withheld bool
}

// Events is a page of the trail. Auditors read all of their body; administrators the
// administration's events only.
func (s *Service) Events(ctx context.Context, a models.Actor, in EventInput) ([]EventView, string, error) {
	f, err := s.eventFilter(ctx, a, in)
	if err != nil {
		return nil, "", err
	}
	var c models.Check
	limit := pageSize(&c, in.Limit)
	if err := c.Err(); err != nil {
		return nil, "", err
	}
	rows, next, err := s.store.Read(ctx).Events(f, in.Cursor, limit)
	if err != nil {
		return nil, "", err
	}
	out := make([]EventView, 0, len(rows))
	for i := range rows {
		// Asked for by what a withheld row does not show, the row would show it.
		if v := seen(a, rows[i]); !v.Withheld || !byContent(in) {
			out = append(out, v)
		}
	}
	return out, next, nil
}

// byContent says whether a filter asks for something that a withheld row hides. Only
// the unfiltered trail is whole; times and bodies do not tell one case from another.
func byContent(in EventInput) bool { return in.Reference != "" || in.Kind != "" || in.Role != "" }

func (s *Service) eventFilter(ctx context.Context, a models.Actor, in EventInput) (store.EventFilter, error) {
	f := store.EventFilter{From: in.From, To: in.To, Kind: in.Kind, ActorRole: in.Role, Desc: in.Desc}
	if in.Reference != "" {
		ref, ok := models.NormalReference(in.Reference)
		var c models.Check
		c.Field(ok, "reference", "not_a_reference")
		if err := c.Err(); err != nil {
			return f, err
		}
		f.Reference = ref
	}
	switch {
	case a.Kind == models.BySystem:
	case a.Kind == models.ByOfficer && policies.May(string(a.Role), policies.ActTrailView, policies.AccessFacts{SameBody: true}).Allowed:
		f.Body = a.BodyID
	case a.Kind == models.ByOfficer && policies.May(string(a.Role), policies.ActAdministrationView, policies.AccessFacts{SameBody: true}).Allowed:
		f.Body, f.OnlyAdmin = a.BodyID, true
	default:
		return f, models.Refuse(models.Forbidden, "not_allowed", policies.ActTrailView)
	}
	if in.Body != "" {
		b, err := s.store.Read(ctx).BodyBySlug(in.Body)
		if err != nil {
			return f, err
		}
		if !a.InBody(b.ID) {
			return f, models.Refuse(models.NotFound, "body_not_found")
		}
		f.Body = &b.ID
	}
	return f, nil
}

// seen blanks what an actor may not know of an event.
func seen(a models.Actor, e models.Event) EventView {
	e.Salt, e.Canonical = "", ""
	if a.Kind == models.BySystem || e.CaseID == nil {
		return EventView{Event: e}
	}
	class := e.Classification // and today's, where that is higher
	if e.CaseClass != "" && e.CaseClass.Level() > class.Level() {
		class = e.CaseClass
	}
	if class.Level() <= a.Clearance.Level() {
		return EventView{Event: e}
	}
	return EventView{Withheld: true, Event: models.Event{ID: e.ID, Leaf: e.Leaf, Time: e.Time, LeafHash: e.LeafHash, Kind: "withheld"}}
}

func (in ExportInput) byContent() bool { return in.Kind != "" || in.CaseKind != "" }

// exportColumns are the compliance log's, in the order of the contract.
var exportColumns = []string{
	"index", "time", "event", "reference", "kind", "body", "unit", "actor_role", "actor", "classification", "state", "outcome",
	"clock", "due_on", "standing", "pack", "version", "article", "reason", "leaf_hash",
}

func exportRow(v EventView) []string {
	e := v.Event
	index := ""
	if e.Leaf != nil {
		index = strconv.FormatInt(*e.Leaf, 10)
	}
	return []string{
		index, e.Time.UTC().Format(time.RFC3339), e.Kind, e.Reference, string(e.CaseKind), e.Body, e.Unit, e.ActorRole, e.Actor,
		string(e.Classification), string(e.State), string(e.Outcome), e.Clock, e.DueOn, string(e.Standing), e.Pack, e.PackVersion,
		e.Article, e.Reason, e.LeafHash,
	}
}

// ExportFormats are those Export writes.
var ExportFormats = []string{"csv", "jsonl", "xlsx", "bundle"}

// Export writes the compliance log in log order, a row an event, in constant memory. The
// export is itself an event, recorded before the first byte leaves, so that one that
// breaks off is on record too.
func (s *Service) Export(ctx context.Context, a models.Actor, in ExportInput, out io.Writer) (int64, error) {
	var c models.Check
	c.Field(slices.Contains(ExportFormats, in.Format), "format", "not_a_choice", strings.Join(ExportFormats, ", "))
	c.Field(in.CaseKind == "" || in.CaseKind == models.Objection || slices.Contains(models.FileableKinds, in.CaseKind), "kind", "not_a_choice")
	c.Field(in.From == nil || in.To == nil || in.From.Before(*in.To), "to", "not_after_from")
	if err := c.Err(); err != nil {
		return 0, err
	}
	if a.Kind != models.BySystem && !(a.Kind == models.ByOfficer && policies.May(string(a.Role), policies.ActExport, policies.AccessFacts{SameBody: true}).Allowed) {
		return 0, models.Refuse(models.Forbidden, "not_allowed", policies.ActExport)
	}
	f, err := s.eventFilter(ctx, a, EventInput{From: in.From, To: in.To, Body: in.Body, Kind: in.Kind})
	if err != nil {
		return 0, err
	}
	f.CaseKind = in.CaseKind
	filter := fmt.Sprintf("format=%s from=%s to=%s body=%s event=%s kind=%s", in.Format, stamp(in.From), stamp(in.To), in.Body, in.Kind, in.CaseKind)
	if err := s.store.WithTx(ctx, func(tx *store.Tx) error {
		now := s.now()
		w := &work{Tx: tx, s: s, actor: a, now: now, at: now}
		if f.Body != nil {
			b, err := tx.Body(*f.Body)
			if err != nil {
				return err
			}
			w.body = b
		}
		return w.record("export.made", "", "", models.EventData{Filter: filter})
	}); err != nil {
		return 0, err
	}
	if err := s.Sequence(ctx); err != nil {
		return 0, err
	}
	f.Sequenced = true
	if in.Format == "bundle" {
		return s.bundle(ctx, a, in, f, filter, out)
	}
	f.Brief = true
	write, finish, err := rowWriter(in.Format, out)
	if err != nil {
		return 0, internal("export", err)
	}
	var n int64
	err = s.store.Read(ctx).EachEvent(f, func(e *models.Event) error {
		n++
		if in.Progress != nil && n%1000 == 0 {
			in.Progress(n)
		}
		v := seen(a, *e)
		if v.Withheld && in.byContent() {
			return nil
		}
		return write(exportRow(v))
	})
	if err == nil {
		err = finish()
	}
	if in.Progress != nil {
		in.Progress(n)
	}
	return n, err
}

// bundle writes the events with what proves them, and the packs they cite.
func (s *Service) bundle(ctx context.Context, a models.Actor, in ExportInput, f store.EventFilter, filter string, out io.Writer) (int64, error) {
	if s.signer == nil {
		return 0, models.Refuse(models.Conflict, "no_log_key")
	}
	files := map[string][]byte{}
	for _, p := range s.packs.All() {
		for name, data := range p.Files() {
			files["packs/"+p.ID+"/"+p.Version+"/"+name] = data
		}
	}
	return s.store.WriteBundle(ctx, store.BundleInput{
		Filter: f, Describe: filter, Made: s.now(), Signer: s.signer, Quorum: s.quorum, Files: files, Columns: exportColumns, Progress: in.Progress,
		Leave:     func(e *models.Event) bool { return in.byContent() && seen(a, *e).Withheld },
		MaySee:    func(e *models.Event) bool { return !seen(a, *e).Withheld },
		ColumnsOf: func(e *models.Event) []string { return exportRow(EventView{Event: *e}) },
	}, out)
}

// rowWriter gives what writes a row and what ends the file.
func rowWriter(format string, out io.Writer) (func([]string) error, func() error, error) {
	switch format {
	case "jsonl":
		write, finish := jsonlWriter(out)
		return write, finish, nil
	case "xlsx":
		return xlsxWriter(out)
	}
	write, finish := csvWriter(out)
	return write, finish, nil
}

// xlsxRows is the most rows a sheet holds; the log goes on in the next one.
const xlsxRows = 1_000_000

// xlsxWriter streams sheets through temporary files. Cells are text by type, so
// that none can be run as a formula.
func xlsxWriter(out io.Writer) (func([]string) error, func() error, error) {
	book := excelize.NewFile()
	var sheet *excelize.StreamWriter
	row, sheets := 0, 0
	next := func() error {
		if sheet != nil {
			if err := sheet.Flush(); err != nil {
				return err
			}
		}
		sheets++
		name := fmt.Sprintf("events %d", sheets)
		if sheets == 1 {
			if err := book.SetSheetName(book.GetSheetName(0), name); err != nil {
				return err
			}
		} else if _, err := book.NewSheet(name); err != nil {
			return err
		}
		var err error
		if sheet, err = book.NewStreamWriter(name); err != nil {
			return err
		}
		row = 1
		return sheet.SetRow("A1", cells(exportColumns), excelize.RowOpts{})
	}
	if err := next(); err != nil {
		return nil, nil, err
	}
	return func(values []string) error {
			if row >= xlsxRows {
				if err := next(); err != nil {
					return err
				}
			}
			row++
			return sheet.SetRow(fmt.Sprintf("A%d", row), cells(values))
		}, func() error {
			if err := sheet.Flush(); err != nil {
				return err
			}
			_, err := book.WriteTo(out)
			return errors.Join(err, book.Close())
		}, nil
}

func cells(values []string) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = v
		if i == 0 { // the index is a number
			if n, err := strconv.ParseInt(v, 10, 64); err == nil {
				out[i] = n
			}
		}
		if r := []rune(v); len(r) > excelize.TotalCellChars {
			out[i] = string(r[:excelize.TotalCellChars])
		}
	}
	return out
}

func stamp(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func csvWriter(out io.Writer) (func([]string) error, func() error) {
	big := bufio.NewWriterSize(out, 1<<16)
	w := csv.NewWriter(big) // a buffer as big is taken as it is
	w.UseCRLF = true        // RFC 4180
	header := false
	start := func() error {
		if header {
			return nil
		}
		header = true
		return w.Write(exportColumns)
	}
	return func(row []string) error {
			if err := start(); err != nil {
				return err
			}
			for i := range row {
				row[i] = safeCell(row[i])
			}
			return w.Write(row)
		}, func() error {
			if err := start(); err != nil {
				return err
			}
			w.Flush()
			return w.Error()
		}
}

// safeCell keeps a spreadsheet from running a cell as a formula, by the quote that
// spreadsheets read as "text follows".
func safeCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}

func jsonlWriter(out io.Writer) (func([]string) error, func() error) {
	names := make([][]byte, len(exportColumns))
	for i, c := range exportColumns {
		names[i], _ = json.Marshal(c) // a column name always marshals
	}
	var buf []byte
	w := bufio.NewWriterSize(out, 1<<16)
	return func(row []string) error {
		buf = append(buf[:0], '{')
		for i, v := range row {
			if i > 0 {
				buf = append(buf, ',')
			}
			buf = append(append(buf, names[i]...), ':')
			if i == 0 && v != "" {
				buf = append(buf, v...)
				continue
			}
			if i == 0 {
				buf = append(buf, "null"...)
				continue
			}
			b, err := json.Marshal(v)
			if err != nil {
				return err
			}
			buf = append(buf, b...)
		}
		_, err := w.Write(append(buf, '}', '\n'))
		return err
	}, w.Flush
}
