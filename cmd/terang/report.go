package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"terang/models/casework"
	"terang/views/text"
)

func reportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "report --body B --year Y [--lang id|en]",
		Short: "Print the annual report's headings with the figures that are kept here",
		Long: "Print the headings of the annual report that a body's law asks for, with the figures that are kept here, and\n" +
			"what is not. The year is a calendar year in the body's zone.",
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			body, err := need(cmd, "body", "the slug of a public body")
			if err != nil {
				return err
			}
			said, err := need(cmd, "year", "a year such as 2026")
			if err != nil {
				return err
			}
			year, err := strconv.Atoi(said)
			if err != nil || year < 1900 || year > 9999 {
				return usageErrorf("--year %q: expected a year such as 2026", said)
			}
			name, _ := cmd.Flags().GetString("lang")
			lang := text.Lang(name)
			if lang != text.Indonesian && lang != text.English {
				return usageErrorf("--lang %q: expected id or en", name)
			}
			return withApp(cmd, existing, func(ctx context.Context, a *app) error {
				r, err := a.cases.Report(ctx, a.actor(), body, year)
				if err != nil {
					return err
				}
				if wantsJSON(cmd) {
					return printJSON(cmd.OutOrStdout(), r)
				}
				return printReport(cmd.OutOrStdout(), lang, r)
			})
		},
	}
	f := cmd.Flags()
	f.String("body", "", "`SLUG` of a public body")
	f.String("year", "", "calendar `YEAR`")
	f.String("lang", string(text.Indonesian), "`LANG` of the headings: id or en")
	return cmd
}

func printReport(w io.Writer, l text.Lang, r *casework.Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s (%s %s)\n", l.T("report.title", r.Name, r.Year), r.Body, r.Pack, r.Version)
	for _, h := range r.Headings {
		indent := strings.Repeat("  ", h.Level-1)
		fmt.Fprintf(&b, "\n%s%s %s\n", indent, h.ID, h.Title.In(string(l)))
		if !h.Kept && !h.Parts {
			fmt.Fprintf(&b, "%s  %s\n", indent, l.T("report.not_kept"))
		}
		if h.Kept && len(h.Figures) == 0 {
			fmt.Fprintf(&b, "%s  %s\n", indent, l.T("stat.none"))
		}
		for _, f := range h.Figures {
			of := f.Of.In(string(l))
			if text.Has("classification." + of) {
				of = l.T("classification." + of)
			}
			label := l.T("report." + f.Key)
			if of != "" {
				label += ", " + of
			}
			fmt.Fprintf(&b, "%s  %s: %s\n", indent, label, strconv.FormatFloat(f.N, 'f', -1, 64))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
