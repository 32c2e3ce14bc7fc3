package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"terang/models/casework"
)

func officerHandover() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "handover --from E --to E --reason R [--disable]",
		Short: "Move an officer's open cases, rungs, access and delegations to another",
		Long: "Move what an officer holds to another officer of the same public body: open cases, rungs they took on, access to\n" +
			"confidential cases and delegations that name them. Each move is on record. Whoever takes over must be cleared at\n" +
			"least as high. Broken off half way, the same command goes on where it stopped.",
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var in casework.HandoverInput
			var err error
			if in.From, err = need(cmd, "from", "the e-mail address of who hands over"); err != nil {
				return err
			}
			if in.To, err = need(cmd, "to", "the e-mail address of who takes over"); err != nil {
				return err
			}
			if in.Reason, err = need(cmd, "reason", "why the work moves"); err != nil {
				return err
			}
			in.Disable, _ = cmd.Flags().GetBool("disable")
			return withApp(cmd, existing, func(ctx context.Context, a *app) error {
				r, err := a.cases.Handover(ctx, a.actor(), in)
				if err != nil {
					return err
				}
				if wantsJSON(cmd) {
					return printJSON(cmd.OutOrStdout(), r)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s hands over to %s: %d cases, %d rungs, %d grants, %d delegations\n", in.From, in.To, r.Cases, r.Rungs, r.Grants, r.Delegations)
				if r.Unassigned > 0 {
					fmt.Fprintf(cmd.OutOrStdout(), "%d cases are above both clearances and wait for an officer\n", r.Unassigned)
				}
				if r.Disabled {
					fmt.Fprintf(cmd.OutOrStdout(), "officer %s disabled\n", in.From)
				}
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.String("from", "", "address of who hands over")
	f.String("to", "", "address of who takes over")
	f.String("reason", "", "why, for the record")
	f.Bool("disable", false, "shut the first account afterwards, for an officer who leaves")
	return cmd
}
