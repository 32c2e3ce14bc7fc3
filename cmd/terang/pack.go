package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"terang/policies"
)

func packCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pack",
		Short: "The law packs: list, check, show, and ask them",
	}
	cmd.AddCommand(
		packListCommand(), packLintCommand(), packShowCommand(), packDueCommand(), packClassifyCommand(), packChainCommand(),
		packNewCommand(),
	)
	return group(cmd)
}

type packRow struct {
	ID        string        `json:"id"`
	Version   string        `json:"version"`
	Hash      string        `json:"hash"`
	Effective policies.Date `json:"effective"`
	Name      policies.Text `json:"name"`
	Figures   int           `json:"figures"`
	Verified  int           `json:"verified"`
}

func packListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the packs with version, first day in force and hash",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			packs, err := lawPacks(cmd)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
			for _, p := range packs.All() {
				all, verified := p.Figures()
				if wantsJSON(cmd) {
					if err := printJSON(out, packRow{p.ID, p.Version, p.Hash, p.Effective, p.Name, all, verified}); err != nil {
						return err
					}
					continue
				}
				fmt.Fprintf(w, "%s\t%s\tfrom %s\t%d of %d figures verified\t%s\t%s\n", p.ID, p.Version, p.Effective, verified, all, p.Hash[:16], p.Name.EN)
			}
			return w.Flush()
		},
	}
}

func packLintCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "lint [DIR]",
		Short: "Check packs and their examples, and count what nobody has verified",
		Long: "Check packs and their examples, and count the figures that nobody has read in the statute. DIR is a pack, or a\n" +
			"folder of packs; without it the packs built into this program. Exit 1 where a pack is unsound.",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageErrorf("pack lint: %q was not expected; one folder at a time", args[1])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			fsys, err := policies.EmbeddedFS()
			if len(args) == 1 {
				fsys, err = folder(args[0])
			}
			if err != nil {
				return err
			}
			problems, unverified, err := policies.Lint(fsys)
			if err != nil {
				return err
			}
			if err := printLint(cmd, problems, unverified); err != nil {
				return err
			}
			if len(problems) > 0 {
				return errReported
			}
			return nil
		},
	}
}

// folder opens a folder that must be there.
func folder(dir string) (fs.FS, error) {
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return nil, usageErrorf("pack lint: %s: %w; expected a folder with a pack.yaml in it or below", dir, errors.Unwrap(err))
	case !info.IsDir():
		return nil, usageErrorf("pack lint: %s is a file; expected the folder of a pack, or a folder of packs", dir)
	}
	return os.DirFS(dir), nil
}

func printLint(cmd *cobra.Command, problems []policies.Problem, unverified []policies.Unverified) error {
	out := cmd.OutOrStdout()
	if wantsJSON(cmd) {
		if problems == nil {
			problems = []policies.Problem{}
		}
		if unverified == nil {
			unverified = []policies.Unverified{}
		}
		return printJSON(out, map[string]any{"problems": problems, "unverified": unverified})
	}
	for _, p := range problems {
		fmt.Fprintln(out, p.Error())
	}
	perPack := map[string]int{}
	for _, u := range unverified {
		perPack[u.Pack+" "+u.Version]++
		fmt.Fprintf(out, "%s:%d: not verified: %s, %s (%s)\n", u.File, u.Line, u.What, u.Article, u.Source)
	}
	names := make([]string, 0, len(perPack))
	for name := range perPack {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(out, "%s: %d figures not verified\n", name, perPack[name])
	}
	_, err := fmt.Fprintf(out, "%d problems, %d figures not verified\n", len(problems), len(unverified))
	return err
}

// findPack reads --pack and --at-version: the newest version unless one is named.
func findPack(cmd *cobra.Command, id string) (*policies.Pack, error) {
	packs, err := lawPacks(cmd)
	if err != nil {
		return nil, err
	}
	version, err := cmd.Flags().GetString("pack-version")
	if err != nil {
		return nil, err
	}
	var p *policies.Pack
	if version != "" {
		p, err = packs.Version(id, version)
	} else {
		p, err = packs.Latest(id)
	}
	if err != nil {
		return nil, usageErrorf("--pack: %w", err)
	}
	return p, nil
}

func packShowCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show a pack: its clocks, exemptions, objections, chains and holidays, each with its article",
		Args:  exactly("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := findPack(cmd, args[0])
			if err != nil {
				return err
			}
			if wantsJSON(cmd) {
				return printJSON(cmd.OutOrStdout(), showJSON(p))
			}
			return show(cmd.OutOrStdout(), p)
		},
	}
	cmd.Flags().String("pack-version", "", "`VERSION` of the pack; without it the newest")
	return cmd
}

func showJSON(p *policies.Pack) map[string]any {
	all, verified := p.Figures()
	return map[string]any{
		"id": p.ID, "version": p.Version, "hash": p.Hash, "name": p.Name, "law": p.Law, "zone": p.Zone, "effective": p.Effective,
		"verified_on": p.VerifiedOn, "verified_by": p.VerifiedBy, "figures": all, "verified": verified,
		"office_hours": p.Office, "roles": p.Roles, "levels": p.Levels, "kinds": p.Kinds, "clocks": p.Clocks,
		"exemptions": p.Exemptions, "never_exempt": p.NeverExempt, "duties": p.Duties, "objection_grounds": p.ObjectionGrounds,
		"stages": p.Stages, "chains": p.Chains, "forms": p.Forms, "notices": p.Notices, "fees": p.Fees,
		"annual_report": p.Report, "sanctions": p.Sanctions, "holidays": p.Holidays, "known_years": p.KnownYears(),
		"rules": p.Rules, "routes": p.Routes, "unverified": p.Unverified(),
	}
}

func show(out io.Writer, p *policies.Pack) error {
	all, verified := p.Figures()
	fmt.Fprintf(out, "%s %s: %s\n%s\nin force from %s, days in %s\nhash %s\n%d of %d figures verified\n",
		p.ID, p.Version, p.Name.EN, p.Law.EN, p.Effective, p.Zone, p.Hash, verified, all)
	if p.VerifiedBy == "" {
		fmt.Fprintln(out, "nobody has signed for this pack (verified_by is empty)")
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nclocks")
	for i := range p.Clocks {
		c := &p.Clocks[i]
		length := fmt.Sprintf("%d %s", c.Length, c.Unit)
		if c.Extension != nil {
			length += fmt.Sprintf(" + %d", c.Extension.Length)
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\tfrom %s\t%s\t%s\n", c.Name, length, c.Title.EN, strings.Join(c.Starts, ", "), c.Article, mark(c.Verified))
	}
	fmt.Fprintln(w, "\nexemptions")
	for _, e := range p.Exemptions {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", e.ID, e.Title.EN, e.Article, mark(e.Verified))
	}
	fmt.Fprintln(w, "\nobjection grounds")
	for _, g := range p.ObjectionGrounds {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", g.ID, g.Title.EN, g.Article, mark(g.Verified))
	}
	for _, c := range p.Chains {
		fmt.Fprintf(w, "\nchain for %s cases\n", c.Classification)
		for _, r := range c.Rungs {
			fmt.Fprintf(w, "  %d\t%s\t%s\tacknowledge in %d h, decide in %d h\tlapse: %s\n", r.Level, r.Role, r.Title.EN, r.AcknowledgeHours, r.DecideHours, r.OnLapse)
		}
	}
	fmt.Fprintf(w, "\nholiday years known: %s\n", yearSpans(p.KnownYears()))
	return w.Flush()
}

func mark(verified bool) string {
	if verified {
		return "verified"
	}
	return "not verified"
}

// yearSpans writes 2005, 2006, 2007, 2010 as 2005-2007, 2010.
func yearSpans(years []int) string {
	var spans []string
	for i := 0; i < len(years); {
		j := i
		for j+1 < len(years) && years[j+1] == years[j]+1 {
			j++
		}
		if i == j {
			spans = append(spans, fmt.Sprint(years[i]))
		} else {
			spans = append(spans, fmt.Sprintf("%d-%d", years[i], years[j]))
		}
		i = j + 1
	}
	return strings.Join(spans, ", ")
}

func packNewCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "new ID [--dir DIR]",
		Short: "Write the commented skeleton of a law",
		Long:  "Write the commented skeleton of a law into DIR/ID. It lints as it is; every figure in it is an example.",
		Args:  exactly("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			files, err := policies.Skeleton(args[0])
			if err != nil {
				return usageErrorf("pack new: %w", err)
			}
			parent, err := cmd.Flags().GetString("dir")
			if err != nil {
				return err
			}
			dir := filepath.Join(parent, args[0])
			if err := os.MkdirAll(parent, 0o755); err != nil {
				return fmt.Errorf("pack new: %w", err)
			}
			if err := os.Mkdir(dir, 0o755); errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("pack new: %s is already there; nothing was written", dir)
			} else if err != nil {
				return fmt.Errorf("pack new: %w", err)
			}
			names := make([]string, 0, len(files))
			for name := range files {
				names = append(names, name)
			}
			slices.Sort(names)
			for _, name := range names {
				file := filepath.Join(dir, name)
				if err := os.WriteFile(file, []byte(files[name]), 0o644); err != nil {
					return fmt.Errorf("pack new: %w", err)
				}
				fmt.Fprintln(cmd.OutOrStdout(), file)
			}
			return nil
		},
	}
	cmd.Flags().String("dir", ".", "`DIR` to make the folder in")
	return cmd
}
