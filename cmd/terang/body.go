package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"terang/models/casework"
)

func bodyCommand() *cobra.Command {
	cmd := group(&cobra.Command{Use: "body", Short: "Public bodies and their units"})
	add := &cobra.Command{
		Use:   "add --slug S --name N --pack ID [--unit NAME…]",
		Short: "Create a public body and its units",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			in, err := bodyInput(cmd)
			if err != nil {
				return err
			}
			return withApp(cmd, currentSchema, func(ctx context.Context, a *app) error {
				if _, err := a.packs.InForce(in.Pack, today()); err != nil {
					return usageErrorf("--pack %q: expected one of %v", in.Pack, a.packs.IDs())
				}
				b, err := a.cases.AddBody(ctx, a.actor(), in)
				if err != nil {
					return err
				}
				if wantsJSON(cmd) {
					return printJSON(cmd.OutOrStdout(), map[string]any{"slug": b.Slug, "name": b.Name, "pack": b.Pack})
				}
				fmt.Fprintf(cmd.OutOrStdout(), "body %s added under pack %s with %d units\n", b.Slug, b.Pack, len(in.Units))
				return nil
			})
		},
	}
	f := add.Flags()
	f.String("slug", "", "short name in addresses: lower-case letters, digits and dashes")
	f.String("name", "", "full name")
	f.String("about", "", "what the body does, in a sentence")
	f.String("pack", "", "id of the law it answers under, such as id")
	f.StringArray("unit", nil, "a unit's `NAME`, or SLUG=NAME; may be given many times")
	list := &cobra.Command{
		Use:   "list",
		Short: "List the public bodies",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withApp(cmd, existing, func(ctx context.Context, a *app) error {
				for after := int64(0); ; {
					bodies, err := a.cases.Bodies(ctx, after, 100)
					if err != nil || len(bodies) == 0 {
						return err
					}
					for _, b := range bodies {
						after = b.ID
						if wantsJSON(cmd) {
							err = printJSON(cmd.OutOrStdout(), map[string]any{"slug": b.Slug, "name": b.Name, "pack": b.Pack})
						} else {
							_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\t%s\t%s\n", b.Slug, b.Pack, b.Name)
						}
						if err != nil {
							return err
						}
					}
				}
			})
		},
	}
	cmd.AddCommand(add, list)
	return cmd
}

func bodyInput(cmd *cobra.Command) (casework.BodyInput, error) {
	var in casework.BodyInput
	var err error
	if in.Slug, err = need(cmd, "slug", "a short name such as dinas-pu"); err != nil {
		return in, err
	}
	if in.Name, err = need(cmd, "name", "the body's full name"); err != nil {
		return in, err
	}
	if in.Pack, err = need(cmd, "pack", "the id of a law pack, see `terang pack list`"); err != nil {
		return in, err
	}
	in.About, _ = cmd.Flags().GetString("about")
	if casework.Slug(in.Slug) != in.Slug {
		return in, usageErrorf("--slug %q: expected lower-case letters, digits and dashes, such as %q", in.Slug, casework.Slug(in.Slug))
	}
	units, _ := cmd.Flags().GetStringArray("unit")
	for _, u := range units {
		in.Units = append(in.Units, unitInput(u))
	}
	return in, nil
}

// unitInput reads NAME or SLUG=NAME.
func unitInput(s string) casework.UnitInput {
	if slug, name, ok := cutTrim(s, "="); ok && casework.Slug(slug) == slug && slug != "" {
		return casework.UnitInput{Slug: slug, Name: name}
	}
	return casework.UnitInput{Name: s}
}
