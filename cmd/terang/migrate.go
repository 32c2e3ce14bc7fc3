package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
)

func migrateCommand() *cobra.Command {
	cmd := group(&cobra.Command{
		Use:   "migrate",
		Short: "Bring the database's schema up to date, or say where it stands",
	})
	cmd.AddCommand(&cobra.Command{
		Use:   "up",
		Short: "Apply every migration the database lacks",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withApp(cmd, anySchema, func(ctx context.Context, a *app) error {
				applied, err := a.store.Migrate(ctx)
				if err != nil {
					return err
				}
				if wantsJSON(cmd) {
					if applied == nil {
						applied = []string{}
					}
					return printJSON(cmd.OutOrStdout(), map[string]any{"applied": applied})
				}
				for _, name := range applied {
					fmt.Fprintln(cmd.OutOrStdout(), "applied", name)
				}
				if len(applied) == 0 {
					fmt.Fprintln(cmd.OutOrStdout(), "nothing to apply")
				}
				if slices.Contains(applied, "0002_seal") && !slices.Contains(applied, "0001_first") {
					fmt.Fprintln(cmd.ErrOrStderr(), "what was said in older cases is still plain, and searches do not find it: run `terang keys seal` next")
				}
				return nil
			})
		},
	}, &cobra.Command{
		Use:   "status",
		Short: "Print the schema of the database and what this binary needs",
		Long:  "Print the schema of the database and what this binary needs. Exits 1 when `migrate up` has something to do.",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withApp(cmd, anySchema, func(ctx context.Context, a *app) error {
				st, err := a.store.Status(ctx)
				if err != nil {
					return err
				}
				if st.Pending == nil {
					st.Pending = []string{}
				}
				out := cmd.OutOrStdout()
				if wantsJSON(cmd) {
					err = printJSON(out, map[string]any{
						"dialect": a.store.Dialect(), "current": st.Current, "latest": st.Latest, "pending": st.Pending, "too_new": st.TooNew,
					})
				} else {
					fmt.Fprintf(out, "%s schema %d, this binary needs %d\n", a.store.Dialect(), st.Current, st.Latest)
					for _, name := range st.Pending {
						fmt.Fprintln(out, "pending", name)
					}
				}
				switch {
				case err != nil:
					return err
				case st.TooNew:
					return errors.New("the database is newer than this binary: use a newer terang")
				case len(st.Pending) > 0:
					return errors.New("the database is behind this binary: run `terang migrate up`")
				}
				return nil
			})
		},
	})
	return cmd
}
