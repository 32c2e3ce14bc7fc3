package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"terang/policies"
)

// maxClassified bounds what pack classify reads, in bytes.
const maxClassified = 8 << 20

func packDueCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "due --pack ID --clock NAME --received DATE[Ttime]",
		Short: "Compute when a clock runs out, and explain it day by day",
		Long: "Compute when a clock runs out, and explain it day by day. Times are in the zone of the law. --holidays takes\n" +
			"iCalendar or one date a line in place of the pack's own list; --events a file of clock events, one JSON object a\n" +
			`line: {"at":"2026-01-05","event":"paused|resumed|restarted|extended","why":"..."}.`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := askDue(cmd)
			if err != nil {
				return err
			}
			if wantsJSON(cmd) {
				return printJSON(cmd.OutOrStdout(), d)
			}
			return printDue(cmd.OutOrStdout(), d)
		},
	}
	f := cmd.Flags()
	f.String("pack", "id", "`ID` of the law")
	f.String("pack-version", "", "`VERSION` of the pack; without it the one in force on --received")
	f.String("clock", "", "`NAME` of the clock, as `terang pack show ID` lists it")
	f.String("received", "", "`DATE` or DATETtime of the start, for example 2026-01-05 or 2026-01-05T19:30")
	f.Bool("extended", false, "the extension of the law was used")
	f.String("holidays", "", "`FILE` with a holiday list in place of the pack's own")
	f.String("events", "", "`FILE` with the clock's events, one JSON object a line")
	f.String("zone", "", "`ZONE` of the body, for example Asia/Jayapura; without it that of the law")
	f.String("known-on", "", "`DATE`: use only holiday decrees issued by then")
	f.Bool("collective-leave-works", false, "the body works on collective leave (cuti bersama)")
	return cmd
}

func askDue(cmd *cobra.Command) (policies.Deadline, error) {
	var none policies.Deadline
	texts := map[string]string{}
	for _, name := range []string{"pack", "pack-version", "clock", "received", "holidays", "events", "zone", "known-on"} {
		v, err := cmd.Flags().GetString(name)
		if err != nil {
			return none, err
		}
		texts[name] = v
	}
	for name, what := range map[string]string{"clock": "the name of a clock, as `terang pack show ID` lists it", "received": "a date such as 2026-01-05"} {
		if _, err := need(cmd, name, what); err != nil {
			return none, err
		}
	}
	p, received, err := packOn(cmd, texts["pack"], texts["pack-version"], texts["received"], texts["zone"])
	if err != nil {
		return none, err
	}
	o := policies.DueOptions{Zone: texts["zone"]}
	if o.Extended, err = cmd.Flags().GetBool("extended"); err != nil {
		return none, err
	}
	if o.CutiBersamaWorking, err = cmd.Flags().GetBool("collective-leave-works"); err != nil {
		return none, err
	}
	if texts["known-on"] != "" {
		if o.HolidaysKnownOn, err = policies.ParseDate(texts["known-on"]); err != nil {
			return none, usageErrorf("--known-on: %w", err)
		}
	}
	if name := texts["holidays"]; name != "" {
		err := withFile("holidays", name, func(r io.Reader) (err error) {
			o.Holidays, err = policies.ParseHolidays(filepath.Base(name), r)
			return err
		})
		if err != nil {
			return none, err
		}
	}
	if name := texts["events"]; name != "" {
		err := withFile("events", name, func(r io.Reader) (err error) {
			o.Events, err = policies.ParseClockEvents(filepath.Base(name), r, received.Location())
			return err
		})
		if err != nil {
			return none, err
		}
	}
	d, err := p.Due(texts["clock"], received, o)
	for _, wrong := range []error{policies.ErrUnknownClock, policies.ErrNoExtension, policies.ErrOutOfRange, policies.ErrUnknownZone} {
		if errors.Is(err, wrong) {
			return none, usageErrorf("pack due: %w", err)
		}
	}
	return d, err
}

// packOn finds the version of a pack that governed an instant, and reads the instant
// in its zone.
func packOn(cmd *cobra.Command, id, version, received, zone string) (*policies.Pack, time.Time, error) {
	var none time.Time
	packs, err := lawPacks(cmd)
	if err != nil {
		return nil, none, err
	}
	p, err := packs.Latest(id)
	if err != nil {
		return nil, none, usageErrorf("--pack: %w", err)
	}
	loc := p.Location()
	if zone != "" {
		if loc, err = time.LoadLocation(zone); err != nil {
			return nil, none, usageErrorf("--zone %q: expected a zone such as Asia/Jayapura", zone)
		}
	}
	at, err := policies.ParseMoment(received, loc)
	if err != nil {
		return nil, none, usageErrorf("--received: %w", err)
	}
	if version != "" {
		p, err = packs.Version(id, version)
	} else {
		p, err = packs.Governing(id, policies.DateOf(at, loc))
	}
	if err != nil {
		return nil, none, usageErrorf("--pack: %w", err)
	}
	return p, at.In(loc), nil
}

// withFile reads an option's file; whatever is wrong with it is wrong use.
func withFile(option, name string, read func(io.Reader) error) error {
	f, err := os.Open(name)
	if err != nil {
		return usageErrorf("--%s: %w", option, err)
	}
	defer f.Close()
	if err := read(f); err != nil {
		return usageErrorf("--%s: %w", option, err)
	}
	return nil
}

func printDue(out io.Writer, d policies.Deadline) error {
	fmt.Fprintf(out, "due %s (%s, pack %s %s)\nreceived %s, day one %s\n\n", d.Due, d.Clock, d.Pack, d.Version, d.Received, d.DayOne)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, day := range d.Days {
		n := ""
		if day.Counted {
			n = fmt.Sprint(day.N)
		}
		fmt.Fprintf(w, "%s\t%.3s\t%s\t%s\t%s\n", day.Date, day.Date.Weekday(), n, day.Why, day.Detail)
	}
	fmt.Fprintln(w, "\nresting on")
	for _, b := range d.Basis {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", b.Rule, b.Article, mark(b.Verified), b.Text.EN)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, warning := range d.Warnings {
		fmt.Fprintln(out, "warning:", warning)
	}
	return nil
}

func packClassifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "classify --pack ID [--kind K] < TEXT",
		Short: "Propose a class for a text, with the rules that spoke and the personal data found",
		Long:  "Propose a class for the text on standard input, with the rules that spoke, the personal data found and the unit it\nbelongs to. Offsets are Unicode code points.",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var f policies.Facts
			id := ""
			for name, into := range map[string]*string{
				"pack": &id, "kind": &f.Kind, "subject": &f.Subject, "topic": &f.Topic, "body": &f.Body,
				"requester-kind": &f.RequesterKind, "anonymity": &f.Anonymity,
			} {
				v, err := cmd.Flags().GetString(name)
				if err != nil {
					return err
				}
				*into = v
			}
			if f.Kind != "" {
				if _, err := oneOf("kind", f.Kind, []string{"request", "complaint", "question", "objection"}); err != nil {
					return err
				}
			}
			p, err := findPack(cmd, id)
			if err != nil {
				return err
			}
			raw, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), maxClassified+1))
			switch {
			case err != nil:
				return fmt.Errorf("reading standard input: %w", err)
			case len(raw) > maxClassified:
				return usageErrorf("pack classify: the text is longer than %d bytes", maxClassified)
			case !utf8.Valid(raw):
				return usageErrorf("pack classify: the text is not valid UTF-8")
			}
			f.Text = string(raw)
			c := p.Classify(f)
			if wantsJSON(cmd) {
				return printJSON(cmd.OutOrStdout(), c)
			}
			return printClassification(cmd.OutOrStdout(), c)
		},
	}
	f := cmd.Flags()
	f.String("pack", "id", "`ID` of the law")
	f.String("pack-version", "", "`VERSION` of the pack; without it the newest")
	f.String("kind", "", "`KIND` of case: request, complaint, question, objection")
	f.String("subject", "", "subject `LINE`; offsets then count from its beginning, with one line break after it")
	f.String("topic", "", "`TOPIC` the requester chose")
	f.String("body", "", "`SLUG` of the public body")
	f.String("requester-kind", "", "`KIND` of requester: individual, legal_entity, group")
	f.String("anonymity", "", "open, hidden or anonymous")
	return cmd
}

func printClassification(out io.Writer, c policies.Classification) error {
	fmt.Fprintf(out, "%s\n%s\n", c.Class, c.Why.EN)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, g := range c.Grounds {
		fmt.Fprintf(w, "ground\t%s\t%s\t%s\t%d-%d\t%q\n", g.Exemption, g.Rule, g.Article, g.Start, g.End, g.Evidence)
	}
	for _, p := range c.Personal {
		fmt.Fprintf(w, "personal data\t%s\t%d-%d\n", p.Type, p.Start, p.End)
	}
	fmt.Fprintf(w, "route\t%s\t%s\n", c.Route.Unit, c.Route.Why)
	return w.Flush()
}

func packChainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "chain --pack ID --classification C",
		Short: "Show the rungs that a classified case climbs: role, clock, what a lapse does",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			id, err := need(cmd, "pack", "the id of a law, for example id")
			if err != nil {
				return err
			}
			class, err := need(cmd, "classification", "public, restricted or confidential")
			if err != nil {
				return err
			}
			if _, err := oneOf("classification", class, []string{policies.ClassPublic, policies.ClassRestricted, policies.ClassConfidential}); err != nil {
				return err
			}
			p, err := findPack(cmd, id)
			if err != nil {
				return err
			}
			return printChain(cmd, p, class)
		},
	}
	cmd.Flags().String("pack", "id", "`ID` of the law")
	cmd.Flags().String("pack-version", "", "`VERSION` of the pack; without it the newest")
	cmd.Flags().String("classification", "", "public, restricted or confidential")
	return cmd
}

// rungRow is a rung as the outside sees it; its clock counts working hours.
type rungRow struct {
	Level   int           `json:"level"`
	Role    string        `json:"role"`
	Title   policies.Text `json:"title"`
	Clock   rungClock     `json:"clock"`
	OnLapse string        `json:"on_lapse"`
	Opens   string        `json:"opens,omitempty"`
	policies.Legal
}

type rungClock struct {
	Unit             string `json:"unit"`
	AcknowledgeHours int    `json:"acknowledge_hours"`
	DecideHours      int    `json:"decide_hours"`
}

func printChain(cmd *cobra.Command, p *policies.Pack, class string) error {
	rows := []rungRow{}
	chain, ok := p.Chain(class)
	if ok {
		for _, r := range chain.Rungs {
			rows = append(rows, rungRow{
				Level: r.Level, Role: r.Role, Title: r.Title, OnLapse: r.OnLapse, Opens: r.Opens, Legal: r.Legal,
				Clock: rungClock{"working_hours", r.AcknowledgeHours, r.DecideHours},
			})
		}
	}
	out := cmd.OutOrStdout()
	if wantsJSON(cmd) {
		return printJSON(out, map[string]any{
			"pack": p.ID, "version": p.Version, "hash": p.Hash, "classification": class, "rungs": rows,
			"two_persons": ok && chain.TwoPersons, "independent": ok && chain.Independent != nil, "office_hours": p.Office,
		})
	}
	if len(rows) == 0 {
		_, err := fmt.Fprintf(out, "%s cases climb no chain\n", class)
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintf(w, "%d\t%s\t%s\tacknowledge in %d h, decide in %d h\tlapse: %s\t%s\n", r.Level, r.Role, r.Title.EN,
			r.Clock.AcknowledgeHours, r.Clock.DecideHours, r.OnLapse, r.Article)
	}
	return w.Flush()
}
