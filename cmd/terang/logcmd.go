package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func logCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "log", Short: "The log's keys"}
	group(cmd)
	rotate := &cobra.Command{
		Use:   "rotate-key [--why TEXT]",
		Short: "Have the log record that another key signs from here on",
		Long: "Have the log record that another key signs from here on. The new key is made beside the old ones in --data (keys/\n" +
			"log.key.2, .3, …) and announced by an event that holds both public keys; the head that ends with it is signed by both.\n" +
			"The old key's file becomes read-only; it signs nothing more. A server that is running takes the new key up by itself;\n" +
			"one with a keys folder of its own needs a copy of the new file, and stops sealing events until it has it.",
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			why, _ := cmd.Flags().GetString("why")
			return withApp(cmd, existing, func(ctx context.Context, a *app) error {
				was, is, err := a.cases.RotateLogKey(ctx, why)
				if err != nil {
					return err
				}
				if wantsJSON(cmd) {
					return printJSON(cmd.OutOrStdout(), map[string]string{"old": was, "new": is})
				}
				fmt.Fprintf(cmd.OutOrStdout(), "old key %s\nnew key %s\n", was, is)
				fmt.Fprintln(cmd.ErrOrStderr(), "make a backup of the new key, and publish it where people find the old one")
				return nil
			})
		},
	}
	rotate.Flags().String("why", "", "`TEXT` of why, for the log")
	key := &cobra.Command{
		Use:   "key",
		Short: "Print the log's public keys, the newest first",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withApp(cmd, existing, func(ctx context.Context, a *app) error {
				keys, err := a.cases.LogKeys(ctx)
				if err != nil {
					return err
				}
				if wantsJSON(cmd) {
					return printJSON(cmd.OutOrStdout(), map[string][]string{"keys": keys})
				}
				for _, k := range keys {
					fmt.Fprintln(cmd.OutOrStdout(), k)
				}
				return nil
			})
		},
	}
	cmd.AddCommand(rotate, key)
	return cmd
}
