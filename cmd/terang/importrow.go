package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"terang/models"
	"terang/models/casework"
)

// importRow is one row of a register, read.
type importRow struct {
	casework.FileInput
	received time.Time
	fallback string // the column that stood in for the day of receipt
	note     string // what the register leaves open about the row
	closed   time.Time
	outcome  string
	decision string // in the register's words
	answer   string
	unit     string
}

// A register gives days. What came in counts as received at noon and what was answered as
// answered at the end of office hours, both in the body's zone, so that one day can hold both.
const (
	receivedHour = 12
	closedHour   = 16
)

// read turns a record into a row; its error is for the list of skipped lines.
func (im *importer) read(record []string) (importRow, error) {
	m, c := &im.m, &im.m.Columns
	row := importRow{unit: im.cell(record, c.Unit), decision: im.cell(record, c.Decision), answer: im.cell(record, c.Answer)}
	row.SourceID = im.cell(record, c.ID)
	for i, cell := range record {
		if !utf8.ValidString(cell) {
			return row, fmt.Errorf("column %d is not valid UTF-8: save the file as UTF-8", i+1)
		}
	}
	if err := im.readDates(record, &row); err != nil {
		return row, err
	}
	kind := m.Kind
	if word := im.cell(record, c.Kind); word != "" {
		kind = word
		if ours, ok := m.Kinds[word]; ok {
			kind = ours
		}
	}
	var known bool
	if row.outcome, known = m.Outcomes[strings.ToLower(row.decision)]; !known {
		if row.outcome, known = m.Outcomes[row.decision]; !known {
			if row.decision != "" {
				return row, fmt.Errorf("%s %q is not among the map's outcomes", c.Decision, row.decision)
			}
			row.outcome = rowOpen
		}
	}
	if row.closed.IsZero() {
		if row.outcome != rowOpen && row.decision != "" {
			return row, fmt.Errorf("%s says %q and %s gives no day", c.Decision, row.decision, c.Closed)
		}
		row.outcome = rowOpen
	}
	text := im.cell(record, c.Text)
	subject := im.cell(record, c.Subject)
	if subject == "" {
		subject = beginning(text, 120)
	}
	requester := models.Individual
	if word := im.cell(record, c.Requester); word != "" {
		if ours, ok := m.Requesters[word]; ok {
			requester = models.RequesterKind(ours)
		} else if len(m.Requesters) == 0 {
			requester = models.RequesterKind(word)
		}
	}
	row.Kind, row.Body, row.Subject, row.Text, row.Purpose = models.Kind(kind), im.body.Slug, subject, text, im.cell(record, c.Purpose)
	row.Requester = casework.RequesterInput{Kind: requester, Name: im.cell(record, c.Name), Email: im.cell(record, c.Email)}
	if m.Unstated != "" {
		// The register has left these out, often on purpose. The gap is said, not filled.
		for _, field := range []*string{&row.Purpose, &row.Requester.Name, &row.Requester.Address} {
			if *field == "" {
				*field = m.Unstated
			}
		}
	}
	row.Channel, row.Lang, row.Source = models.ChannelImport, m.Lang, m.Source
	if row.fallback != "" {
		row.note = "Tanggal penerimaan tidak ada dalam register; dipakai " + row.fallback + "."
		if m.Lang == "en" {
			row.note = "The day of receipt is not in the register; " + row.fallback + " is taken for it."
		}
	}
	return row, nil
}

func (im *importer) readDates(record []string, row *importRow) error {
	c := &im.m.Columns
	for i, column := range c.Received {
		s := im.cell(record, column)
		if s == "" {
			continue
		}
		day, err := im.day(column, s)
		if err != nil {
			return err
		}
		row.received = day.Add(receivedHour * time.Hour)
		if i > 0 {
			row.fallback = column
		}
		break
	}
	if row.received.IsZero() {
		return fmt.Errorf("no day of receipt in %s", strings.Join(c.Received, ", "))
	}
	if s := im.cell(record, c.Closed); s != "" {
		day, err := im.day(c.Closed, s)
		if err != nil {
			return err
		}
		row.closed = day.Add(closedHour * time.Hour)
	}
	switch now := time.Now(); {
	case row.received.After(now):
		return fmt.Errorf("received on %s, which is still to come", row.received.Format(time.DateOnly))
	case row.closed.After(now):
		return fmt.Errorf("closed on %s, which is still to come", row.closed.Format(time.DateOnly))
	case !row.closed.IsZero() && row.closed.Before(row.received):
		return fmt.Errorf("closed on %s, before it was received on %s", row.closed.Format(time.DateOnly), row.received.Format(time.DateOnly))
	}
	return nil
}

func (im *importer) day(column, s string) (time.Time, error) {
	t, err := time.ParseInLocation(dateLayouts[im.m.Dates], s, im.zone)
	if err != nil {
		return t, fmt.Errorf("%s %q: expected a day as %s", column, s, im.m.Dates)
	}
	return t, nil
}

// file does a row's verbs. A run that broke off between filing and deciding is finished
// by the next one.
func (im *importer) file(ctx context.Context, line int, row importRow) error {
	if im.dry {
		return im.try(ctx, line, row)
	}
	f, err := im.a.cases.At(row.received).File(ctx, im.a.actor(), row.FileInput)
	switch {
	case models.CodeOf(err) == "already_imported":
		c, err := im.a.store.Read(ctx).CaseBySource(im.body.ID, row.Source, row.SourceID)
		if err != nil {
			return err
		}
		im.report.Known++
		if c.State.Ended() || row.outcome == rowOpen {
			return nil
		}
		im.report.Finished++
		return im.finish(ctx, line, c.Reference, row)
	case rowsFault(err):
		im.skip(line, row.SourceID, explain(err))
		return nil
	case err != nil:
		return err
	}
	im.report.Filed++
	switch row.outcome {
	case rowOpen:
		im.report.Open++
	case rowWithdrawn:
		im.report.Withdrawn++
	default:
		im.report.Decided++
	}
	return im.finish(ctx, line, f.Case.Reference, row)
}

// rowsFault says whether an error is the row's, which is passed over, or stops the import.
func rowsFault(err error) bool {
	var e *models.Error
	return errors.As(err, &e) && !models.Failed(err)
}

// finish does what follows the filing: the unit, and how the case ended.
func (im *importer) finish(ctx context.Context, line int, ref string, row importRow) error {
	passed := func(what string, err error) error {
		if rowsFault(err) {
			im.skip(line, row.SourceID, "filed as "+ref+", but "+what+": "+explain(err))
			return nil
		}
		return err
	}
	if row.unit != "" {
		slug, err := im.unit(ctx, row.unit)
		if err != nil {
			return err
		}
		if slug != "" {
			if _, err := im.a.cases.At(row.received).Assign(ctx, im.a.actor(), ref, casework.AssignInput{Unit: slug}); err != nil {
				return passed("not given to its unit", err)
			}
		}
	}
	switch row.outcome {
	case rowOpen:
		if row.note == "" {
			return nil
		}
		_, err := im.a.cases.At(row.received).Note(ctx, im.a.actor(), ref, casework.TextInput{Text: row.note})
		return passed("without its note", err)
	case rowWithdrawn:
		_, err := im.a.cases.At(row.closed).Withdraw(ctx, im.a.actor(), ref, casework.TextInput{Text: im.history(row)})
		return passed("not withdrawn", err)
	}
	answer := row.answer
	if answer == "" {
		answer = im.history(row)
	}
	in := casework.DecideInput{Outcome: models.Outcome(row.outcome), Text: answer}
	_, err := im.a.cases.At(row.closed).Decide(ctx, im.a.actor(), ref, in)
	return passed("not decided", err)
}

// history is what stands in place of an answer that the register does not hold.
func (im *importer) history(row importRow) string {
	said, silent := "Hasil historis dari register %s: %q. Isi dan alasannya tidak ada dalam register.", "Hasil historis dari register %s, yang tidak menyebut keputusan. Isi dan alasannya tidak ada dalam register."
	if im.m.Lang == "en" {
		said, silent = "Historical outcome, from the register %s: %q. Its text and reasons are not in the register.", "Historical outcome, from the register %s, which states no decision. Its text and reasons are not in the register."
	}
	text := fmt.Sprintf(silent, row.Source)
	if row.decision != "" {
		text = fmt.Sprintf(said, row.Source, row.decision)
	}
	return strings.TrimSpace(text + " " + row.note)
}

// unit finds a row's unit among the body's, or makes it where the map lets it.
func (im *importer) unit(ctx context.Context, name string) (string, error) {
	key := strings.ToLower(name)
	if slug, ok := im.units[key]; ok {
		return slug, nil
	}
	if slug, ok := im.units[casework.Slug(name)]; ok || im.m.Units != "create" {
		return slug, nil
	}
	u, err := im.a.cases.AddUnit(ctx, im.a.actor(), im.body.Slug, casework.UnitInput{Name: name})
	if models.CodeOf(err) == "unit_taken" {
		im.units[key] = casework.Slug(name)
		return im.units[key], nil
	}
	if err != nil {
		return "", err
	}
	im.units[key] = u.Slug
	return u.Slug, nil
}

// try is a dry run of one row.
func (im *importer) try(ctx context.Context, line int, row importRow) error {
	done, err := im.a.store.Read(ctx).Imported(im.body.ID, row.Source, row.SourceID)
	if err != nil {
		return err
	}
	if done {
		im.report.Known++
		return nil
	}
	if err := im.a.cases.At(row.received).CheckFile(ctx, row.FileInput); err != nil {
		if !rowsFault(err) {
			return err
		}
		im.skip(line, row.SourceID, explain(err))
		return nil
	}
	im.report.Filed++
	switch row.outcome {
	case rowOpen:
		im.report.Open++
	case rowWithdrawn:
		im.report.Withdrawn++
	default:
		im.report.Decided++
	}
	return nil
}
