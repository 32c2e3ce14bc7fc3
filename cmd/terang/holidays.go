package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"terang/models"
	"terang/models/casework"
	"terang/policies"
)

func holidaysCommand() *cobra.Command {
	cmd := group(&cobra.Command{
		Use:   "holidays",
		Short: "Days off that a decree changed after a pack was written",
		Long: "Days off that a decree changed after a pack was written. Adding one does not move any date by itself: `holidays\n" +
			"recompute` does, in one job that records for every case the old date, the new one and why.",
	})
	cmd.AddCommand(holidaysAdd(), holidaysLeave(), holidaysRecompute())
	return cmd
}

func holidaysAdd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "add FILE --pack ID --decree NUMBER --year Y --issued DAY",
		Short: "Add a decree: FILE is iCalendar, or a date and name a line, and lists every day off of the year",
		Args:  exactly("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			in := casework.DecreeInput{}
			var err error
			if in.Pack, err = need(cmd, "pack", "the id of a law pack"); err != nil {
				return err
			}
			if in.Decree, err = need(cmd, "decree", "the decree's number, as it is cited"); err != nil {
				return err
			}
			if in.Issued, err = need(cmd, "issued", "the day the decree was issued"); err != nil {
				return err
			}
			if _, err := policies.ParseDate(in.Issued); err != nil {
				return usageErrorf("--issued %q: expected a day such as 2026-08-07", in.Issued)
			}
			if in.Year, err = cmd.Flags().GetInt("year"); err != nil || in.Year < 1900 || in.Year > 2999 {
				return usageErrorf("--year %d: expected the year whose days off the decree sets", in.Year)
			}
			f, err := os.Open(args[0])
			if err != nil {
				return usageErrorf("%w", err)
			}
			in.List, err = policies.ParseHolidays(in.Decree, f)
			if err := errors.Join(err, f.Close()); err != nil {
				return usageErrorf("%s: %w", args[0], err)
			}
			return withApp(cmd, existing, func(ctx context.Context, a *app) error {
				if err := a.cases.AddDecree(ctx, models.System, in); err != nil {
					return err
				}
				if wantsJSON(cmd) {
					return printJSON(cmd.OutOrStdout(), map[string]any{"decree": in.Decree, "year": in.Year, "pack": in.Pack})
				}
				fmt.Fprintf(cmd.OutOrStdout(), "decree %s added for %d; running clocks still have their old dates: run `terang holidays recompute`\n", in.Decree, in.Year)
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.String("pack", "", "`ID` of the law whose days off it changes")
	f.String("decree", "", "the decree's `NUMBER`, as it is cited")
	f.Int("year", 0, "the year whose days off it sets")
	f.String("issued", "", "`DAY` it was issued")
	return cmd
}

func holidaysLeave() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "leave --body B --working true|false",
		Short: "Say whether a body works on collective leave days (cuti bersama)",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			body, err := need(cmd, "body", "the slug of a public body")
			if err != nil {
				return err
			}
			value, err := need(cmd, "working", "true or false")
			if err != nil {
				return err
			}
			works, err := strconv.ParseBool(value)
			if err != nil {
				return usageErrorf("--working %q: expected true or false", value)
			}
			return withApp(cmd, existing, func(ctx context.Context, a *app) error {
				if err := a.cases.SetCollectiveLeave(ctx, models.System, body, works); err != nil {
					return err
				}
				if wantsJSON(cmd) {
					return printJSON(cmd.OutOrStdout(), map[string]any{"body": body, "works_on_collective_leave": works})
				}
				fmt.Fprintf(cmd.OutOrStdout(), "body %s: works on collective leave days: %t; run `terang holidays recompute` for clocks already running\n", body, works)
				return nil
			})
		},
	}
	cmd.Flags().String("body", "", "`SLUG` of the public body")
	cmd.Flags().String("working", "", "true or false")
	return cmd
}

func holidaysRecompute() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "recompute --why TEXT",
		Short: "Move the dates of running clocks that a change of days off moves; may be stopped and started again",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			why, err := need(cmd, "why", "what changed, such as the decree's number")
			if err != nil {
				return err
			}
			return withApp(cmd, existing, func(ctx context.Context, a *app) error {
				moved := 0
				var printing error
				checked, err := a.cases.Recompute(ctx, models.System, why, func(r casework.Recomputed) {
					moved++
					if wantsJSON(cmd) {
						printing = errors.Join(printing, printJSON(cmd.OutOrStdout(), r))
					} else {
						fmt.Fprintf(cmd.OutOrStdout(), "%s\t%s\t%s -> %s\n", r.Reference, r.Clock, r.Old, r.New)
					}
				})
				if err := errors.Join(err, printing); err != nil {
					return err
				}
				if !wantsJSON(cmd) {
					fmt.Fprintf(cmd.OutOrStdout(), "%d running clocks looked at, %d moved\n", checked, moved)
				}
				return nil
			})
		},
	}
	cmd.Flags().String("why", "", "what changed, such as the decree's number")
	return cmd
}

func officerAway() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "away --email E [--from DAY] [--until DAY] [--delegate E]",
		Short: "Record an absence and who holds the officer's rungs meanwhile; without --from the officer is present",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var in casework.AwayInput
			var err error
			if in.Email, err = need(cmd, "email", "the account's e-mail address"); err != nil {
				return err
			}
			in.From, _ = cmd.Flags().GetString("from")
			in.Until, _ = cmd.Flags().GetString("until")
			in.Delegate, _ = cmd.Flags().GetString("delegate")
			return withApp(cmd, existing, func(ctx context.Context, a *app) error {
				if err := a.cases.SetAway(ctx, models.System, in); err != nil {
					return err
				}
				if wantsJSON(cmd) {
					return printJSON(cmd.OutOrStdout(), map[string]any{"email": in.Email, "from": in.From, "until": in.Until, "delegate": in.Delegate})
				}
				if in.From == "" {
					fmt.Fprintln(cmd.OutOrStdout(), "officer", in.Email, "is present")
					return nil
				}
				fmt.Fprintf(cmd.OutOrStdout(), "officer %s is away from %s; delegate: %s\n", in.Email, in.From, dash(in.Delegate))
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.String("email", "", "address of the account")
	f.String("from", "", "first `DAY` away")
	f.String("until", "", "last `DAY` away; left out: until further notice")
	f.String("delegate", "", "address of the officer who acts for them")
	return cmd
}
