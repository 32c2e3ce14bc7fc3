package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"terang/models"
)

func benchCommand() *cobra.Command {
	cmd := group(&cobra.Command{Use: "bench", Short: "Measure an installation against the limits of its machine"})
	cmd.AddCommand(benchSeedCommand(), benchRunCommand(), benchConstantCommand())
	return cmd
}

// benchFile holds what `bench run` signs in and tracks with. It lies in the data folder of a
// database that was made for measuring, and marks it as one.
const benchFile = "bench.json"

// benchWorld is a database made for measuring: who may sign in, and some cases with their keys.
type benchWorld struct {
	Cases    int            `json:"cases"`
	Password string         `json:"password"`
	Accounts []benchAccount `json:"accounts"`
	Bodies   []string       `json:"bodies"`
	Keys     []benchKey     `json:"keys"`
	// Words of the cases by how common they are.
	Words map[string][]string `json:"words"`
}

type benchAccount struct {
	Email string      `json:"email"`
	Role  models.Role `json:"role"`
	Body  string      `json:"body,omitempty"`
	Token string      `json:"token,omitempty"` // of the API

	tokens []string // further ones, for one run
}

type benchKey struct {
	Reference string `json:"reference"`
	Key       string `json:"key"`
}

// benchKeys is how many cases can be tracked.
const benchKeys = 2000

func (s settings) benchFile() string { return filepath.Join(s.Data, benchFile) }

func (w *benchWorld) write(s settings) error {
	raw, err := json.MarshalIndent(w, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(s.benchFile(), raw, 0o600)
}

func readBenchWorld(s settings) (*benchWorld, error) {
	raw, err := os.ReadFile(s.benchFile())
	if err != nil {
		return nil, fmt.Errorf("--data %s: %s is not there: `terang bench seed --cases N --data %s` makes it together with the cases", s.Data, benchFile, s.Data)
	}
	w := &benchWorld{}
	if err := json.Unmarshal(raw, w); err != nil {
		return nil, fmt.Errorf("%s: %w", s.benchFile(), err)
	}
	return w, nil
}

// benchTokens is how many tokens of the API each information officer decides with: one has 600
// requests a minute.
const benchTokens = 40

// moreTokens issues them. They are not kept.
func (w *benchWorld) moreTokens(ctx context.Context, s settings) (err error) {
	a, err := openApp(ctx, s, currentSchema, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.close(ctx)) }()
	for i := range w.Accounts {
		acc := &w.Accounts[i]
		for acc.Role == models.InfoOfficer && len(acc.tokens) < benchTokens {
			token, _, err := a.cases.IssueToken(ctx, models.System, acc.Email, time.Hour)
			if err != nil {
				return err
			}
			acc.tokens = append(acc.tokens, token)
		}
	}
	return nil
}

// benchWordKinds are how common a word is.
var benchWordKinds = []string{"commonest", "common", "rare"}
