package casework

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

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
	out := make([]EventView, len(rows))
	for i := range rows {
		out[i] = seen(a, rows[i])
	}
	return out, next, nil
}

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
	if a.Kind == models.BySystem || e.CaseID == nil || e.Classification.Level() <= a.Clearance.Level() {
		return EventView{Event: e}
	}
	return EventView{Withheld: true, Event: models.Event{ID: e.ID, Leaf: e.Leaf, Time: e.Time, LeafHash: e.LeafHash, Kind: "withheld"}}
}

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
var ExportFormats = []string{"csv", "jsonl"}

// Export writes the compliance log in log order, a row an event, in constant memory. The
// export is itself an event, recorded before the first byte leaves, so that one that
// breaks off is on record too.
func (s *Service) Export(ctx context.Context, a models.Actor, in ExportInput, out io.Writer) (int64, error) {
	var c models.Check
	c.Field(slices.Contains(ExportFormats, in.Format), "format", "not_a_choice", strings.Join(ExportFormats, ", "))
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
	filter := fmt.Sprintf("format=%s from=%s to=%s body=%s kind=%s", in.Format, stamp(in.From), stamp(in.To), in.Body, in.Kind)
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
	if s.sequence != nil {
		if err := s.sequence(ctx); err != nil {
			return 0, internal("sequence", err)
		}
	}
	f.Sequenced = true
	write, flush := csvWriter(out)
	if in.Format == "jsonl" {
		write, flush = jsonlWriter(out)
	}
	var n int64
	err = s.store.Read(ctx).EachEvent(f, func(e *models.Event) error {
		n++
		if in.Progress != nil && n%1000 == 0 {
			in.Progress(n)
		}
		return write(exportRow(seen(a, *e)))
	})
	if err == nil {
		err = flush()
	}
	if in.Progress != nil {
		in.Progress(n)
	}
	return n, err
}

func stamp(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func csvWriter(out io.Writer) (func([]string) error, func() error) {
	w := csv.NewWriter(out)
	w.UseCRLF = true // RFC 4180
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
		_, err := out.Write(append(buf, '}', '\n'))
		return err
	}, func() error { return nil }
}
