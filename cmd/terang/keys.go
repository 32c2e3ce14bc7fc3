package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"terang/models"
)

func keysCommand() *cobra.Command {
	cmd := group(&cobra.Command{
		Use:   "keys",
		Short: "The master key that what is said in cases is sealed under",
		Long: "The master key that what is said in cases is sealed under. It is in the file master.key of the keys folder, and in no\n" +
			"backup. Who has the database and the attachments without it can read none of their texts, names and files; who loses\n" +
			"it cannot either, and nobody can help them: keep a copy apart from the backups.",
	})
	cmd.AddCommand(keysStatusCommand(), keysRotateCommand(), keysDropCommand(), keysSealCommand())
	return cmd
}

type keysStatus struct {
	Primary string           `json:"primary"`
	Masters []string         `json:"masters"`
	Keys    []keysUnder      `json:"keys"`
	Under   map[string]int64 `json:"under"`
	Plain   int64            `json:"plain"`
}

type keysUnder struct {
	Table  string `json:"table"`
	Master string `json:"master"`
	N      int64  `json:"n"`
}

func keysStatusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "How many keys are wrapped by which master key, and what is not sealed yet",
		Long: "How many keys are wrapped by which master key, and how many rows still hold plain text from before anything was\n" +
			"sealed. Exits 1 where there are such rows: `terang keys seal` seals them.",
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withApp(cmd, existing, func(ctx context.Context, a *app) error {
				st, err := a.cases.KeyStatus(ctx)
				if err != nil {
					return err
				}
				out := keysStatus{Primary: st.Primary, Masters: st.Masters, Keys: []keysUnder{}, Under: map[string]int64{}, Plain: st.Plain}
				for _, id := range st.Masters {
					out.Under[id] = 0
				}
				for _, c := range st.Counts {
					if c.Master != "" {
						out.Keys = append(out.Keys, keysUnder{c.Table, c.Master, c.N})
						out.Under[c.Master] += c.N
					}
				}
				w := cmd.OutOrStdout()
				if wantsJSON(cmd) {
					err = printJSON(w, out)
				} else {
					for _, id := range st.Masters {
						which := "old; `terang keys drop-old` removes it once nothing is under it"
						if id == st.Primary {
							which = "in force"
						}
						fmt.Fprintf(w, "master key %s  %9d keys  %s\n", id, out.Under[id], which)
					}
					for _, k := range out.Keys {
						fmt.Fprintf(w, "  %-12s under %s  %9d\n", k.Table, k.Master, k.N)
					}
					fmt.Fprintf(w, "rows in plain text  %d\n", st.Plain)
				}
				if err == nil && st.Plain > 0 {
					err = errReported
				}
				return err
			})
		},
	}
}

func keysRotateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rotate-master [--why TEXT]",
		Short: "Make a new master key and wrap every key under it, while serving",
		Long: "Make a new master key and wrap every key of the database under it, while serving. It may be broken off; run again, it\n" +
			"goes on. A running server takes the new key up by itself; one with a keys folder of its own needs a copy of\n" +
			"master.key first. The old key stays in the file until `terang keys drop-old`.",
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			why, _ := cmd.Flags().GetString("why")
			return withApp(cmd, existing, func(ctx context.Context, a *app) error {
				bar := progress(cmd.ErrOrStderr(), "wrapping keys")
				r, err := a.cases.RotateMasterKey(ctx, a.actor(), why, func(done int64) { bar(done, 0) })
				if err != nil {
					return err
				}
				if wantsJSON(cmd) {
					return printJSON(cmd.OutOrStdout(), map[string]any{"old": r.Was, "new": r.Is, "resumed": r.Resumed, "wrapped": r.Wrapped})
				}
				said := "rotated"
				if r.Resumed {
					said = "went on with the rotation"
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s from master key %s to %s: %d keys wrapped\n", said, r.Was, r.Is, r.Wrapped)
				fmt.Fprintf(cmd.ErrOrStderr(), "make a copy of %s now; the old key stays in it until `terang keys drop-old`\n", a.keyFile(masterKeyName))
				return nil
			})
		},
	}
	cmd.Flags().String("why", "", "`TEXT` of why, for the log")
	return cmd
}

func keysDropCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "drop-old [--why TEXT]",
		Short: "Remove old master keys that nothing is under any more, for good",
		Long: "Remove old master keys that nothing is under any more, for good. Backups from before the rotation can then be opened\n" +
			"only with a copy of master.key from that time, so that what was erased since is out of reach in them too once no\n" +
			"such copy is left. It refuses while a key is still under an old one.",
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			why, _ := cmd.Flags().GetString("why")
			return withApp(cmd, existing, func(ctx context.Context, a *app) error {
				gone, err := a.cases.DropMasterKeys(ctx, a.actor(), why)
				if models.CodeOf(err) == "master_key_in_use" {
					return fmt.Errorf("%s: keys are still wrapped by an old master key; run `terang keys rotate-master` to its end first", a.keyFile(masterKeyName))
				}
				if err != nil {
					return err
				}
				if wantsJSON(cmd) {
					if gone == nil {
						gone = []string{}
					}
					return printJSON(cmd.OutOrStdout(), map[string]any{"dropped": gone})
				}
				for _, id := range gone {
					fmt.Fprintln(cmd.OutOrStdout(), "dropped master key", id)
				}
				if len(gone) == 0 {
					fmt.Fprintln(cmd.OutOrStdout(), "nothing to drop")
				}
				return nil
			})
		},
	}
	cmd.Flags().String("why", "", "`TEXT` of why, for the log")
	return cmd
}

func keysSealCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "seal",
		Short: "Seal what a database from before sealing still holds in plain text",
		Long: "Seal what a database from before sealing still holds in plain text, its attachments too, and make the search index\n" +
			"anew. Run it once after the migration that brought sealing: until then searches find only what was filed since. It\n" +
			"may be broken off and run again. In SQLite what was plain is overwritten. PostgreSQL's tables are rewritten at the\n" +
			"end, each locked meanwhile; segments of its journal, replicas and backups made before keep what they hold.",
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withApp(cmd, existing, func(ctx context.Context, a *app) error {
				bar := progress(cmd.ErrOrStderr(), "sealing")
				rows, files, err := a.cases.SealPlain(ctx, a.actor(), func(done int64) { bar(done, 0) })
				if err != nil {
					return err
				}
				if wantsJSON(cmd) {
					return printJSON(cmd.OutOrStdout(), map[string]int64{"rows": rows, "files": files})
				}
				fmt.Fprintf(cmd.OutOrStdout(), "sealed %d rows and %d attachments\n", rows, files)
				return nil
			})
		},
	}
}
