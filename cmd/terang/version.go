package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"terang/models/casework"
)

// version is set by the release build: -ldflags "-X main.version=1.2.3".
var version = "dev"

type packVersion struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	Hash    string `json:"hash"`
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print version, commit, Go and the law packs with their hashes",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			packs, err := lawPacks(cmd)
			if err != nil {
				return err
			}
			list := []packVersion{}
			for _, p := range packs.All() {
				list = append(list, packVersion{p.ID, p.Version, p.Hash})
			}
			out := cmd.OutOrStdout()
			if wantsJSON(cmd) {
				return printJSON(out, map[string]any{"version": version, "commit": commit(), "go": runtime.Version(), "renderer": casework.Renderer(), "packs": list})
			}
			fmt.Fprintf(out, "terang %s\ncommit %s\ngo %s\n", version, commit(), runtime.Version())
			// What draws PDF pages for redaction is a program of its own.
			fmt.Fprintf(out, "renderer %s\n", cmp.Or(casework.Renderer(), "none: redacted PDF copies can only be uploaded"))
			for _, p := range list {
				fmt.Fprintf(out, "pack %s %s %s\n", p.ID, p.Version, p.Hash)
			}
			return nil
		},
	}
}

// commit is what the toolchain stamped; with `go run` it stamps nothing.
func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	rev, dirty := "unknown", ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			rev = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				dirty = "+changed"
			}
		}
	}
	return rev + dirty
}
