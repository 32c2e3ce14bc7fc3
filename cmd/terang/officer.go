package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"terang/models"
	"terang/models/casework"
)

func officerCommand() *cobra.Command {
	cmd := group(&cobra.Command{Use: "officer", Short: "Accounts of those who handle, audit and administer"})
	cmd.AddCommand(officerAdd(), officerList(), officerDisable(), officerLink(), officerReset(), officerToken(), officerAway(), officerHandover())
	return cmd
}

func officerAdd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "add --email E --name N --role R [--body B] [--unit U] [--clearance C]",
		Short: "Create an account and print a one-time link to set its password",
		Long: "Create an account and print a one-time link to set its password. There are no default passwords.\n" +
			"With --password-stdin the password is read from standard input instead, for scripts.",
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			in, err := officerInput(cmd)
			if err != nil {
				return err
			}
			return withApp(cmd, currentSchema, func(ctx context.Context, a *app) error {
				o, token, err := a.cases.AddOfficer(ctx, a.actor(), in)
				if err != nil {
					return err
				}
				out := cmd.OutOrStdout()
				if wantsJSON(cmd) {
					doc := map[string]any{"email": o.Email, "name": o.Name, "role": o.Role, "body": in.Body, "clearance": o.Clearance}
					if token != "" {
						doc["link"] = a.passwordLink(token)
					}
					return printJSON(out, doc)
				}
				if token == "" {
					fmt.Fprintf(out, "officer %s added with the given password\n", o.Email)
					return nil
				}
				fmt.Fprintf(out, "officer %s added; to set a password, once, within %d hours:\n%s\n", o.Email, int(models.LinkValid.Hours()), a.passwordLink(token))
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.String("email", "", "address the officer signs in with")
	f.String("name", "", "name shown in the trail")
	f.String("role", "", "agent, unit_head, officer, superior, auditor or administrator")
	f.String("body", "", "`SLUG` of the public body; may be left out for an auditor or administrator of the whole installation")
	f.String("unit", "", "slug or name of the unit")
	f.String("clearance", string(models.Public), "highest class the officer may know of: public, restricted or confidential")
	f.Bool("password-stdin", false, "read the password from standard input (its first line)")
	return cmd
}

func officerInput(cmd *cobra.Command) (in casework.OfficerInput, err error) {
	if in.Email, err = need(cmd, "email", "an e-mail address"); err != nil {
		return in, err
	}
	if in.Name, err = need(cmd, "name", "the officer's name"); err != nil {
		return in, err
	}
	f := cmd.Flags()
	role, _ := f.GetString("role")
	if in.Role, err = oneOf("role", role, models.Roles); err != nil {
		return in, err
	}
	clearance, _ := f.GetString("clearance")
	if in.Clearance, err = oneOf("clearance", clearance, models.Classes); err != nil {
		return in, err
	}
	in.Body, _ = f.GetString("body")
	in.Unit, _ = f.GetString("unit")
	if in.Body == "" && in.Role.OnChain() {
		return in, usageErrorf("--body is missing: a %s belongs to a public body", in.Role)
	}
	if stdin, _ := f.GetBool("password-stdin"); stdin {
		line, err := bufio.NewReader(io.LimitReader(cmd.InOrStdin(), 4096)).ReadString('\n')
		if err != nil && err != io.EOF {
			return in, err
		}
		if in.Password = strings.TrimRight(line, "\r\n"); in.Password == "" {
			return in, usageErrorf("--password-stdin: expected a password on standard input")
		}
	}
	return in, nil
}

func officerList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the accounts",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withApp(cmd, existing, func(ctx context.Context, a *app) error {
				bodies, err := a.bodySlugs(ctx)
				if err != nil {
					return err
				}
				for after := int64(0); ; {
					list, err := a.cases.Officers(ctx, a.actor(), after, 100)
					if err != nil || len(list) == 0 {
						return err
					}
					for _, o := range list {
						after = o.ID
						body := ""
						if o.BodyID != nil {
							body = bodies[*o.BodyID]
						}
						if wantsJSON(cmd) {
							err = printJSON(cmd.OutOrStdout(), map[string]any{
								"email": o.Email, "name": o.Name, "role": o.Role, "body": body, "clearance": o.Clearance, "disabled": o.Disabled,
								"second_factor": o.SecondFactor, "second_factor_missing": missesFactor(&o),
							})
						} else {
							state := ""
							switch {
							case o.Disabled:
								state = "disabled"
							case missesFactor(&o):
								state = "no second factor yet"
							}
							_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\t%s\t%s\t%s\t%s\t%s\n", o.Email, o.Role, dash(body), o.Clearance, o.Name, state)
						}
						if err != nil {
							return err
						}
					}
				}
			})
		},
	}
}

func officerDisable() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "disable --email E",
		Short: "Shut an account and end its sessions and tokens",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			email, err := need(cmd, "email", "the account's e-mail address")
			if err != nil {
				return err
			}
			return withApp(cmd, existing, func(ctx context.Context, a *app) error {
				if err := a.cases.DisableOfficer(ctx, a.actor(), email); err != nil {
					return err
				}
				if wantsJSON(cmd) {
					return printJSON(cmd.OutOrStdout(), map[string]any{"email": email, "disabled": true})
				}
				fmt.Fprintln(cmd.OutOrStdout(), "officer", email, "disabled")
				return nil
			})
		},
	}
	cmd.Flags().String("email", "", "address of the account")
	return cmd
}

func officerLink() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "link --email E",
		Short: "Print a new one-time link to set a password; older ones end",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			email, err := need(cmd, "email", "the account's e-mail address")
			if err != nil {
				return err
			}
			return withApp(cmd, existing, func(ctx context.Context, a *app) error {
				token, err := a.cases.PasswordLink(ctx, a.actor(), email)
				if err != nil {
					return err
				}
				if wantsJSON(cmd) {
					return printJSON(cmd.OutOrStdout(), map[string]any{"email": email, "link": a.passwordLink(token)})
				}
				fmt.Fprintln(cmd.OutOrStdout(), a.passwordLink(token))
				return nil
			})
		},
	}
	cmd.Flags().String("email", "", "address of the account")
	return cmd
}

// missesFactor says whether an account owes a second factor that it does not have.
func missesFactor(o *models.Officer) bool {
	return !o.Disabled && !o.SecondFactor && o.NeedsSecondFactor()
}

func officerReset() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reset-second-factor --email E",
		Short: "Take away a lost second factor: app, passkeys and recovery codes; a new one is set up at the next sign-in",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			email, err := need(cmd, "email", "the account's e-mail address")
			if err != nil {
				return err
			}
			return withApp(cmd, existing, func(ctx context.Context, a *app) error {
				if _, err := a.cases.ResetSecondFactor(ctx, a.actor(), email); err != nil {
					return err
				}
				if wantsJSON(cmd) {
					return printJSON(cmd.OutOrStdout(), map[string]any{"email": email, "second_factor": false})
				}
				fmt.Fprintln(cmd.OutOrStdout(), "second factor of", email, "reset; its sessions ended")
				return nil
			})
		},
	}
	cmd.Flags().String("email", "", "address of the account")
	return cmd
}

func officerToken() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token --email E [--expires D]",
		Short: "Print a bearer token for the API; it is shown this once",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			email, err := need(cmd, "email", "the account's e-mail address")
			if err != nil {
				return err
			}
			raw, _ := cmd.Flags().GetString("expires")
			ttl, err := lifetime(raw)
			if err != nil {
				return err
			}
			return withApp(cmd, existing, func(ctx context.Context, a *app) error {
				token, expires, err := a.cases.IssueToken(ctx, a.actor(), email, ttl)
				if err != nil {
					return err
				}
				if wantsJSON(cmd) {
					return printJSON(cmd.OutOrStdout(), map[string]any{"token": token, "expires": expires.UTC().Format(time.RFC3339)})
				}
				fmt.Fprintln(cmd.OutOrStdout(), token)
				return nil
			})
		},
	}
	cmd.Flags().String("email", "", "address of the account")
	cmd.Flags().String("expires", "720h", "how long it holds, such as 12h or 30d, or until which day, such as 2026-12-31")
	return cmd
}

// lifetime reads a span (12h, 30d) or the day until which something holds.
func lifetime(s string) (time.Duration, error) {
	bad := usageErrorf("--expires %q: expected a span such as 12h or 30d, at most 366d, or a day to come such as 2027-01-31", s)
	d, err := time.ParseDuration(s)
	if days, ok := strings.CutSuffix(s, "d"); err != nil && ok {
		var n int
		if _, scan := fmt.Sscanf(days, "%d", &n); scan == nil && fmt.Sprint(n) == days {
			d, err = time.Duration(n)*24*time.Hour, nil
		}
	}
	if err != nil {
		day, perr := time.Parse(time.DateOnly, s)
		if perr != nil {
			return 0, bad
		}
		d = time.Until(day.AddDate(0, 0, 1))
	}
	if d <= 0 || d > 366*24*time.Hour {
		return 0, bad
	}
	return d, nil
}

// passwordLink is the address at which an officer sets a password.
func (a *app) passwordLink(token string) string {
	base := a.BaseURL
	if base == "" {
		base = "http://" + defaultAddr
	}
	return base + passwordPath + token
}

func (a *app) bodySlugs(ctx context.Context) (map[int64]string, error) {
	out := map[int64]string{}
	for after := int64(0); ; {
		bodies, err := a.cases.Bodies(ctx, after, 100)
		if err != nil || len(bodies) == 0 {
			return out, err
		}
		for _, b := range bodies {
			out[b.ID], after = b.Slug, b.ID
		}
	}
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func cutTrim(s, sep string) (string, string, bool) {
	a, b, ok := strings.Cut(s, sep)
	return strings.TrimSpace(a), strings.TrimSpace(b), ok
}
