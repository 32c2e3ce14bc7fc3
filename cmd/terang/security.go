package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"terang/policies"
)

// securityCommand prints what is promised against whom, and the verdicts on OWASP ASVS.
func securityCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "security", Short: "Who might attack, what is promised, and the verdicts on OWASP ASVS 5.0 level 2", Args: exactly(),
		Long: "Print the threat model with the test behind each promise, then OWASP ASVS 5.0 (levels 1 and 2) with a verdict for each\nrequirement: met, partly, not_met, not_applicable, and where. Administrators see the same at /desk/admin/security.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := policies.ReadSecurity()
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if wantsJSON(cmd) {
				return printJSON(out, s)
			}
			only, _ := cmd.Flags().GetString("verdict")
			if only != "" {
				if only, err = oneOf("verdict", only, policies.Verdicts); err != nil {
					return err
				}
			}
			for _, t := range s.Threats {
				if only != "" {
					break
				}
				fmt.Fprintf(out, "%s\n  wants: %s\n", t.Who.EN, t.Wants.EN)
				for _, p := range t.Promises {
					fmt.Fprintf(out, "  - %s (%s)\n", p.Text.EN, strings.Join(p.Tests, ", "))
				}
				if t.Left.EN != "" {
					fmt.Fprintf(out, "  not promised: %s\n", t.Left.EN)
				}
			}
			for _, r := range s.ASVS {
				if only == "" || r.Verdict == only {
					fmt.Fprintf(out, "%-7s level %d  %-14s %s: %s\n", r.ID, r.Level, r.Verdict, r.About, r.Where)
				}
			}
			n := s.Counts()
			fmt.Fprintf(out, "met %d, partly %d, not met %d, not applicable %d\n%s\n", n["met"], n["partly"], n["not_met"], n["not_applicable"], s.Source)
			return nil
		},
	}
	cmd.Flags().String("verdict", "", "only requirements with this `VERDICT`: met, partly, not_met or not_applicable")
	return cmd
}
