package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/mail"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"terang/handlers/channels"
	"terang/models/casework"
)

func addPostFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.String("smtp", "", "`URL` of the server that takes e-mail: smtp://USER@HOST:587 (STARTTLS, demanded) or smtps://USER@HOST:465; none is sent without it")
	f.String("smtp-password-file", "", "`FILE` with the password for --smtp")
	f.String("mail-from", "", "who e-mail comes from: `ADDRESS`, or \"Name <address>\"")
}

// readPost gives what mail needs; nil when none is to be sent.
func readPost(cmd *cobra.Command) (*channels.Post, error) {
	f := cmd.Flags()
	server, _ := f.GetString("smtp")
	file, _ := f.GetString("smtp-password-file")
	from, _ := f.GetString("mail-from")
	if server == "" {
		if file != "" || from != "" {
			return nil, usageErrorf("--smtp is missing: --mail-from and --smtp-password-file do nothing without it")
		}
		return nil, nil
	}
	p := &channels.Post{}
	var err error
	if p.Server, err = channels.ParseServer(server); err != nil {
		return nil, usageErrorf("--smtp: %w", err)
	}
	if file != "" {
		if p.Server.Password != "" {
			return nil, usageErrorf("--smtp, --smtp-password-file: give the password in one of them")
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, usageErrorf("--smtp-password-file %s: %w", file, err)
		}
		p.Server.Password = strings.TrimRight(string(raw), "\r\n")
	}
	if p.Server.User != "" && p.Server.Password == "" {
		return nil, usageErrorf("--smtp names a user: --smtp-password-file is missing")
	}
	a, err := mail.ParseAddress(from)
	if err != nil {
		return nil, usageErrorf("--mail-from %q: expected an address such as ppid@example.go.id", from)
	}
	p.From = *a
	return p, nil
}

// posting delivers the outbox until ctx ends.
func (a *app) posting(ctx context.Context, p *channels.Post, log *slog.Logger) {
	if p == nil {
		return
	}
	p.Cases, p.BaseURL, p.Logger = a.cases, a.BaseURL, log
	p.Run(ctx)
}

func outboxCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "outbox", Short: "E-mail that no server took"}
	cmd.AddCommand(&cobra.Command{
		Use: "list", Short: "List it, the oldest first", Args: exactly(),
		Long: "List the messages that were given up: refused for good, or put off too often. To whom and of which case is not said;\n" +
			"the case's own page tells its officers that its requester was not reached.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withApp(cmd, existing, func(ctx context.Context, a *app) error {
				return a.eachDead(ctx, func(d casework.DeadLetter) error {
					if wantsJSON(cmd) {
						return printJSON(cmd.OutOrStdout(), d)
					}
					fmt.Fprintln(cmd.OutOrStdout(), d.ID, d.Written.Format("2006-01-02T15:04:05Z"), d.Kind, dash(d.Body), d.Domain, d.Attempts, dash(d.Code))
					return nil
				})
			})
		},
	}, &cobra.Command{
		Use: "retry ID… | all", Short: "Try it again at once", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var ids []int64
			for _, arg := range args {
				if arg == "all" && len(args) == 1 {
					break
				}
				id, err := strconv.ParseInt(arg, 10, 64)
				if err != nil || id < 1 {
					return usageErrorf("outbox retry %s: expected the number that `terang outbox list` prints first, or all", arg)
				}
				ids = append(ids, id)
			}
			return withApp(cmd, existing, func(ctx context.Context, a *app) error {
				if ids == nil {
					if err := a.eachDead(ctx, func(d casework.DeadLetter) error { ids = append(ids, d.ID); return nil }); err != nil {
						return err
					}
				}
				for _, id := range ids {
					if err := a.cases.RetryLetter(ctx, a.actor(), id); err != nil {
						return fmt.Errorf("message %d: %w", id, err)
					}
				}
				fmt.Fprintf(cmd.OutOrStdout(), "tried again: %d\n", len(ids))
				return nil
			})
		},
	})
	return cmd
}

// eachDead goes through all of them, a page at a time.
func (a *app) eachDead(ctx context.Context, do func(casework.DeadLetter) error) error {
	for after := int64(0); ; {
		page, err := a.cases.DeadLetters(ctx, a.actor(), after, 100)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, d := range page {
			if err := do(d); err != nil {
				return err
			}
			after = d.ID
		}
	}
}
