package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"terang/models"
)

// orphanAge is how old a file that nothing refers to must be before it is dropped: a filing
// stores its files before it records them.
const orphanAge = 24 * time.Hour

func filesCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "files", Short: "Attachments: what scanning made of them, scanning again, leftovers"}
	group(cmd)
	cmd.AddCommand(filesStatusCommand(), filesRescanCommand(), filesOrphansCommand())
	return cmd
}

type filesStatus struct {
	Where   string           `json:"where"`
	Scanner string           `json:"scanner,omitempty"` // as it names itself
	Away    string           `json:"away,omitempty"`    // why it does not answer
	Scan    map[string]int64 `json:"scan"`
	Due     int64            `json:"due"`
	Oldest  *time.Time       `json:"oldest,omitempty"`
}

func filesStatusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Where attachments are kept, and how many were scanned",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withApp(cmd, existing, func(ctx context.Context, a *app) error {
				st, err := a.cases.ScanStanding(ctx)
				if err != nil {
					return err
				}
				out := filesStatus{Where: a.files.String(), Scan: map[string]int64{}, Due: st.Due, Oldest: st.Oldest}
				for k, n := range st.Counts {
					out.Scan[string(k)] = n
				}
				if a.virus != nil {
					ask, cancel := context.WithTimeout(ctx, 5*time.Second)
					defer cancel()
					if out.Scanner, err = a.virus.Version(ask); err != nil {
						out.Away = err.Error()
					}
				}
				if wantsJSON(cmd) {
					return printJSON(cmd.OutOrStdout(), out)
				}
				w := cmd.OutOrStdout()
				fmt.Fprintf(w, "kept in  %s\n", out.Where)
				switch {
				case out.Away != "":
					fmt.Fprintf(w, "scanner  away: %s\n", out.Away)
				case out.Scanner != "":
					fmt.Fprintf(w, "scanner  %s\n", out.Scanner)
				default:
					fmt.Fprintln(w, "scanner  none; give --clamd to have files scanned")
				}
				for _, k := range []models.ScanState{models.ScanClean, models.Unscanned, models.ScanWaiting, models.ScanInfected} {
					fmt.Fprintf(w, "%-9s %d\n", k, out.Scan[string(k)])
				}
				if out.Due > 0 {
					fmt.Fprintf(w, "to be scanned %d\n", out.Due)
				}
				return nil
			})
		},
	}
}

func filesRescanCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rescan [--before TIME]",
		Short: "Scan the attachments again, with the signatures the scanner has now",
		Long: "Scan the attachments again, with the signatures the scanner has now. Each is served as before until its scan has an\n" +
			"answer; one in which something is found is given to nobody from then on, and one that was held and proves clean is\n" +
			"given again. Instances that serve help. A second run goes on where the first one ended.",
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			before := time.Now()
			if raw, _ := cmd.Flags().GetString("before"); raw != "" {
				t, err := dayOrTime("before", raw, false)
				if err != nil {
					return err
				}
				before = *t
			}
			set, err := readSettings(cmd)
			if err != nil {
				return err
			}
			if set.Clamd == "" {
				return usageErrorf("files rescan: --clamd is missing: expected unix:/run/clamav/clamd.ctl or HOST:PORT")
			}
			return withApp(cmd, existing, func(ctx context.Context, a *app) error {
				if _, err := a.virus.Version(ctx); err != nil {
					return fmt.Errorf("the scanner does not answer: %w", err)
				}
				if _, err := a.cases.Rescan(ctx, a.actor(), before); err != nil {
					return err
				}
				r, err := a.cases.ScanDue(ctx)
				if err != nil {
					return err
				}
				if wantsJSON(cmd) {
					err = printJSON(cmd.OutOrStdout(), r)
				} else {
					fmt.Fprintf(cmd.OutOrStdout(), "scanned %d: clean %d, infected %d\n", r.Scanned, r.Clean, r.Infected)
				}
				if err == nil && r.PutOff > 0 {
					return fmt.Errorf("%d files got no verdict and wait: %s", r.PutOff, r.Why)
				}
				return err
			})
		},
	}
	cmd.Flags().String("before", "", "only those not scanned since this `TIME` (RFC 3339, or a day)")
	return cmd
}

type orphanReport struct {
	Seen    int      `json:"seen"`
	Orphans []string `json:"orphans"`
	Deleted int      `json:"deleted"`
}

func filesOrphansCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "orphans [--delete]",
		Short: "Name the kept files that no case refers to; --delete drops them",
		Long: "Name the kept files that no case refers to: what a crash left between keeping a file and recording it. Files of the\n" +
			"last day are passed over, because their filing may still be under way.",
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			drop, _ := cmd.Flags().GetBool("delete")
			return withApp(cmd, existing, func(ctx context.Context, a *app) error {
				r, err := a.orphans(ctx, time.Now().Add(-orphanAge), drop)
				if err != nil {
					return err
				}
				if wantsJSON(cmd) {
					return printJSON(cmd.OutOrStdout(), r)
				}
				for _, name := range r.Orphans {
					fmt.Fprintln(cmd.OutOrStdout(), name)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%d files, %d orphans, %d deleted\n", r.Seen, len(r.Orphans), r.Deleted)
				return nil
			})
		},
	}
	cmd.Flags().Bool("delete", false, "delete them")
	return cmd
}

// orphans looks for files older than before that no row names. The row is written after its
// file: a file that is old and named by none never will be.
func (a *app) orphans(ctx context.Context, before time.Time, drop bool) (orphanReport, error) {
	r := orphanReport{Orphans: []string{}}
	var some []string
	look := func() error {
		kept, err := a.store.Read(ctx).StoredNames(some)
		if err != nil {
			return err
		}
		for _, name := range some {
			if !kept[name] {
				r.Orphans = append(r.Orphans, name)
			}
		}
		some = some[:0]
		return nil
	}
	err := a.files.Each(ctx, func(name string, at time.Time) error {
		r.Seen++
		if !at.Before(before) {
			return nil
		}
		if some = append(some, name); len(some) < 500 {
			return nil
		}
		return look()
	})
	if err == nil && len(some) > 0 {
		err = look()
	}
	if err != nil {
		return r, err
	}
	slices.Sort(r.Orphans)
	if !drop {
		return r, nil
	}
	for _, name := range r.Orphans {
		if err := a.files.Delete(ctx, name); err != nil {
			return r, err
		}
		r.Deleted++
	}
	return r, nil
}
