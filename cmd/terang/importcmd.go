package main

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"terang/models"
	"terang/models/casework"
)

func importCommand() *cobra.Command {
	cmd := group(&cobra.Command{Use: "import", Short: "Bring in what was kept elsewhere"})
	cases := &cobra.Command{
		Use:   "cases FILE.csv --body B [--map MAP.yaml] [--dry-run]",
		Short: "File each row of a register as a case, on its own dates",
		Long: "File each row of a register (CSV, UTF-8, with a header) as a case, with its own dates and under the law in force\n" +
			"then, through the same verbs as the web. Rows that cannot be filed are listed with line and reason; a second run of\n" +
			"the same file adds nothing. Without --map the columns are: id, received, closed, subject, text, purpose, kind,\n" +
			"requester_kind, name, email, outcome, answer, unit. Maps for other registers are in policies/maps.",
		Args: exactly("FILE.csv"),
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := need(cmd, "body", "the slug of a public body")
			if err != nil {
				return err
			}
			mapFile, _ := cmd.Flags().GetString("map")
			m, err := readMap(mapFile)
			if err != nil {
				return err
			}
			if m.Source == "" {
				m.Source = strings.TrimSuffix(filepath.Base(args[0]), filepath.Ext(args[0]))
			}
			file, err := os.Open(args[0])
			if err != nil {
				return usageErrorf("%s: %w", args[0], errors.Unwrap(err))
			}
			defer file.Close()
			dry, _ := cmd.Flags().GetBool("dry-run")
			return withApp(cmd, existing, func(ctx context.Context, a *app) error {
				im, err := newImporter(ctx, a, body, m, dry)
				if err != nil {
					return err
				}
				if st, err := file.Stat(); err == nil {
					step := progress(cmd.ErrOrStderr(), "importing")
					im.step = func(done int64) { step(done, st.Size()) }
				}
				report, err := im.run(ctx, file)
				if err != nil {
					return fmt.Errorf("%s: %w", args[0], err)
				}
				return report.print(cmd.OutOrStdout(), wantsJSON(cmd))
			})
		},
	}
	f := cases.Flags()
	f.String("body", "", "`SLUG` of the public body the register belongs to")
	f.String("map", "", "`FILE` that says what the columns mean")
	f.Bool("dry-run", false, "say what would be filed, and file nothing")
	cmd.AddCommand(cases)
	return cmd
}

// importReport is what came of a file.
type importReport struct {
	Rows      int       `json:"rows"`
	Filed     int       `json:"filed"`
	Decided   int       `json:"decided"`
	Withdrawn int       `json:"withdrawn"`
	Open      int       `json:"open"`
	Known     int       `json:"already_imported"`
	Finished  int       `json:"finished"` // filed by an earlier run that broke off, decided by this one
	Skipped   []badLine `json:"skipped"`
	DryRun    bool      `json:"dry_run"`
}

type badLine struct {
	Line   int    `json:"line"`
	ID     string `json:"id,omitempty"`
	Reason string `json:"reason"`
}

func (r *importReport) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return printJSON(w, r)
	}
	for _, s := range r.Skipped {
		fmt.Fprintf(w, "line %d %s: %s\n", s.Line, dash(s.ID), s.Reason)
	}
	verb := "filed"
	if r.DryRun {
		verb = "would be filed"
	}
	_, err := fmt.Fprintf(w, "rows %d: %s %d (decided %d, withdrawn %d, open %d), already imported %d, finished %d, skipped %d\n",
		r.Rows, verb, r.Filed, r.Decided, r.Withdrawn, r.Open, r.Known, r.Finished, len(r.Skipped))
	return err
}

// importer files the rows of one register into one body.
type importer struct {
	a      *app
	m      importMap
	body   *casework.BodyView
	zone   *time.Location
	dry    bool
	step   func(done int64)
	units  map[string]string // name, lower case: slug
	cols   map[string]int
	lines  map[string]int // ids and digests of this run: the line they first stood on
	report importReport
}

func newImporter(ctx context.Context, a *app, body string, m importMap, dry bool) (*importer, error) {
	b, err := a.cases.Body(ctx, body)
	if models.KindOf(err) == models.NotFound && err != nil {
		return nil, usageErrorf("--body %q: there is no such public body; see `terang body list`", body)
	}
	if err != nil {
		return nil, err
	}
	im := &importer{a: a, m: m, body: b, dry: dry, step: func(int64) {}, units: map[string]string{}, lines: map[string]int{}}
	im.report.DryRun, im.report.Skipped = dry, []badLine{}
	if im.zone, err = time.LoadLocation(b.Zone); err != nil {
		return nil, fmt.Errorf("zone of %s: %w", body, err)
	}
	for _, u := range b.Units {
		im.units[strings.ToLower(u.Name)], im.units[u.Slug] = u.Slug, u.Slug
	}
	return im, nil
}

// run reads the file row by row, so that its size does not matter.
func (im *importer) run(ctx context.Context, file io.Reader) (*importReport, error) {
	r := csv.NewReader(skipBOM(file))
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil {
		return nil, usageErrorf("expected a CSV file with a header: %w", err)
	}
	im.cols = map[string]int{}
	for i, name := range header {
		im.cols[strings.TrimSpace(name)] = i
	}
	if err := im.checkHeader(header); err != nil {
		return nil, err
	}
	for {
		record, err := r.Read()
		if err == io.EOF {
			im.step(r.InputOffset())
			return &im.report, nil
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("stopped after %d rows, %d filed; run it again to go on: %w", im.report.Rows, im.report.Filed, ctx.Err())
		}
		im.report.Rows++
		var bad *csv.ParseError
		switch {
		case errors.As(err, &bad):
			im.skip(bad.StartLine, "", "not a row of this CSV file: "+bad.Err.Error())
			continue
		case err != nil:
			return nil, err
		}
		line, _ := r.FieldPos(0)
		if err := im.row(ctx, line, record); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if im.report.Rows%50 == 0 {
			im.step(r.InputOffset())
		}
	}
}

func (im *importer) checkHeader(header []string) error {
	must, may := im.m.columnsUsed()
	for _, name := range must {
		if _, ok := im.cols[name]; !ok {
			return usageErrorf("column %q is missing; the file has %s", name, strings.Join(header, ", "))
		}
	}
	if im.m.ours {
		return nil // our own names: each column but those above may be left out
	}
	for _, name := range may {
		if _, ok := im.cols[name]; !ok {
			return usageErrorf("column %q, which the map names, is missing; the file has %s", name, strings.Join(header, ", "))
		}
	}
	return nil
}

func (im *importer) skip(line int, id, reason string) {
	im.report.Skipped = append(im.report.Skipped, badLine{line, id, reason})
}

func (im *importer) cell(record []string, column string) string {
	if i, ok := im.cols[column]; ok && column != "" && i < len(record) {
		return strings.TrimSpace(record[i])
	}
	return ""
}

// row files one row. Only what stops the whole import is an error; what is wrong with
// the row is reported and passed over.
func (im *importer) row(ctx context.Context, line int, record []string) error {
	in, err := im.read(record)
	if err != nil {
		im.skip(line, in.SourceID, err.Error())
		return nil
	}
	if first, twice := im.lines[digest(record)]; twice {
		im.skip(line, in.SourceID, fmt.Sprintf("the same row as line %d", first))
		return nil
	}
	im.lines[digest(record)] = line
	// Registers use an id for more than one row, and leave it out: what else the row says
	// then tells it from the others, in this run and in the next.
	if _, used := im.lines[in.SourceID]; used || in.SourceID == "" {
		in.SourceID += "#" + digest(record)[:12]
	} else {
		im.lines[in.SourceID] = line
	}
	return im.file(ctx, line, in)
}

// digest tells a row from every other.
func digest(record []string) string {
	sum := sha256.Sum256([]byte(strings.Join(record, "\x00")))
	return hex.EncodeToString(sum[:])
}

// skipBOM drops the mark that spreadsheets put in front of UTF-8.
func skipBOM(r io.Reader) io.Reader {
	head := make([]byte, 3)
	n, err := io.ReadFull(r, head)
	if err == nil && string(head) == "\ufeff" {
		return r
	}
	return io.MultiReader(strings.NewReader(string(head[:n])), r)
}

// beginning cuts a text to a subject, at a word's end.
func beginning(s string, most int) string {
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	r := []rune(s)[:most-1]
	if i := strings.LastIndexByte(string(r), ' '); i > len(string(r))/2 {
		return string(r)[:i] + "…"
	}
	return string(r) + "…"
}
