package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"terang/models"
	"terang/models/casework"
)

func exportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export --format " + strings.Join(casework.ExportFormats, "|") + " --out FILE [--from D] [--to D] [--body B]",
		Short: "Write the compliance log: one row an audit event, in log order",
		Long: "Write the compliance log: one row an audit event, in log order. Days are UTC, as the log's times are; --to is\n" +
			"included. --out - writes to standard output. The export is itself recorded in the log.",
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			in, name, err := exportInput(cmd)
			if err != nil {
				return err
			}
			return withApp(cmd, existing, func(ctx context.Context, a *app) error {
				step := progress(cmd.ErrOrStderr(), "exporting")
				in.Progress = func(done int64) { step(done, 0) }
				var n int64
				write := func(w io.Writer) (err error) {
					n, err = a.cases.Export(ctx, a.actor(), in, w)
					return err
				}
				if name == "-" {
					return write(cmd.OutOrStdout())
				}
				if err := writeFile(name, write); err != nil {
					return err
				}
				if wantsJSON(cmd) {
					return printJSON(cmd.OutOrStdout(), map[string]any{"format": in.Format, "out": name, "events": n})
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%d events written to %s\n", n, name)
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.String("format", "", strings.Join(casework.ExportFormats, ", "))
	f.String("out", "", "`FILE` to write; - for standard output")
	f.String("from", "", "first `DAY` (or RFC 3339 time)")
	f.String("to", "", "last `DAY` (or RFC 3339 time)")
	f.String("body", "", "`SLUG` of one public body")
	f.String("kind", "", "one `KIND` of case: request, complaint, question or objection")
	f.String("event", "", "one `KIND` of event, such as case.filed")
	return cmd
}

func exportInput(cmd *cobra.Command) (in casework.ExportInput, out string, err error) {
	f := cmd.Flags()
	in.Format, _ = f.GetString("format")
	if !slices.Contains(casework.ExportFormats, in.Format) {
		return in, "", usageErrorf("--format %q: expected one of %s", in.Format, strings.Join(casework.ExportFormats, ", "))
	}
	if out, err = need(cmd, "out", "a file to write, or - for standard output"); err != nil {
		return in, "", err
	}
	from, _ := f.GetString("from")
	to, _ := f.GetString("to")
	if in.From, err = dayOrTime("from", from, false); err != nil {
		return in, "", err
	}
	if in.To, err = dayOrTime("to", to, true); err != nil {
		return in, "", err
	}
	if in.From != nil && in.To != nil && in.To.Before(*in.From) {
		return in, "", usageErrorf("--to %s: expected a day that is not before --from %s", to, from)
	}
	in.Body, _ = f.GetString("body")
	in.Kind, _ = f.GetString("event")
	if kind, _ := f.GetString("kind"); kind != "" {
		if in.CaseKind, err = oneOf("kind", kind, append(slices.Clone(models.FileableKinds), models.Objection)); err != nil {
			return in, "", err
		}
	}
	return in, out, nil
}

// writeFile makes a file whole or not at all.
func writeFile(name string, write func(io.Writer) error) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return usageErrorf("--out %s: %w", name, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tmp.Close(), os.Remove(tmp.Name()))
		}
	}()
	buf := bufio.NewWriterSize(tmp, 1<<16)
	if err := write(buf); err != nil {
		return err
	}
	if err := errors.Join(buf.Flush(), tmp.Sync()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), name); err != nil {
		return err
	}
	return tmp.Close()
}
