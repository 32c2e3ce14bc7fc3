package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"terang/models"
	"terang/models/store"
	"terang/policies"
)

// fillOptions gives each option that the command line left out its value from
// TERANG_<OPTION>, then from the file of --config.
func fillOptions(cmd *cobra.Command, environ []string) error {
	env := map[string]string{}
	for _, kv := range environ {
		// A variable set to nothing counts as not set: that is how containers unset one.
		if k, v, ok := strings.Cut(kv, "="); ok && v != "" && strings.HasPrefix(k, "TERANG_") {
			env[k] = v
		}
	}
	config := cmd.Flags().Lookup("config")
	if config == nil {
		return nil
	}
	if v, ok := env["TERANG_CONFIG"]; ok && !config.Changed {
		if err := cmd.Flags().Set("config", v); err != nil {
			return err
		}
	}
	file, err := readConfig(config.Value.String())
	if err != nil {
		return err
	}
	if err := knownOptions(cmd.Root(), config.Value.String(), file); err != nil {
		return err
	}
	var first error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed || first != nil || f.Name == "config" || f.Name == "help" {
			return
		}
		name := envName(f.Name)
		value, from := env[name], name
		if _, ok := env[name]; !ok {
			v, ok := file[f.Name]
			if !ok {
				return
			}
			value, from = v, config.Value.String()+": "+f.Name
		}
		if err := cmd.Flags().Set(f.Name, value); err != nil {
			first = usageErrorf("%s: %q is not a value for --%s: expected %s", from, value, f.Name, expected(f))
		}
	})
	return first
}

func envName(option string) string {
	return "TERANG_" + strings.ToUpper(strings.ReplaceAll(option, "-", "_"))
}

func expected(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "bool":
		return "true or false"
	case "duration":
		return "a duration such as 72h"
	case "int":
		return "a number"
	}
	return f.Usage
}

// readConfig reads a flat file of options: YAML, or KEY=VALUE a line.
func readConfig(name string) (map[string]string, error) {
	if name == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, usageErrorf("--config %s: %w", name, err)
	}
	out := map[string]string{}
	if !strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".yml") && looksLikeEnv(raw) {
		sc := bufio.NewScanner(bytes.NewReader(raw))
		for n := 1; sc.Scan(); n++ {
			line := strings.TrimSpace(sc.Text())
			if line == "" || line[0] == '#' {
				continue
			}
			k, v, ok := strings.Cut(line, "=")
			if !ok {
				return nil, usageErrorf("--config %s:%d: %q: expected KEY=VALUE", name, n, line)
			}
			out[optionName(k)] = strings.Trim(strings.TrimSpace(v), `"`)
		}
		return out, sc.Err()
	}
	var doc map[string]any
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		return nil, usageErrorf("--config %s: expected OPTION: VALUE a line: %s", name, yaml.FormatError(err, false, false))
	}
	for k, v := range doc {
		switch v.(type) {
		case map[string]any, []any:
			return nil, usageErrorf("--config %s: %s: expected one value, not a list or a group", name, k)
		case nil:
			v = ""
		}
		out[optionName(k)] = fmt.Sprint(v)
	}
	return out, nil
}

// looksLikeEnv tells the two forms of a file apart by its first line that says something.
func looksLikeEnv(raw []byte) bool {
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		eq, colon := strings.IndexByte(line, '='), strings.IndexByte(line, ':')
		return eq >= 0 && (colon < 0 || eq < colon)
	}
	return false
}

func optionName(key string) string {
	key = strings.ToLower(strings.TrimSpace(key))
	key = strings.TrimPrefix(strings.TrimPrefix(key, "export "), "terang_")
	return strings.ReplaceAll(key, "_", "-")
}

// knownOptions refuses a word that no command knows: a misspelt option would
// otherwise be quietly without effect.
func knownOptions(root *cobra.Command, name string, file map[string]string) error {
	known := map[string]bool{}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		add := func(f *pflag.Flag) { known[f.Name] = true }
		c.Flags().VisitAll(add)
		c.PersistentFlags().VisitAll(add)
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	var unknown []string
	for k := range file {
		if !known[k] || k == "config" || k == "help" {
			unknown = append(unknown, k)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	return usageErrorf("--config %s: unknown option %s; expected the names of options as in --help, without the dashes in front", name, strings.Join(unknown, ", "))
}

// settings are the options that every command working on an installation shares.
type settings struct {
	Packs    string // folder of law packs beside those built in
	Data     string
	Keys     string // folder of keys; "" for <Data>/keys
	Database string // "" for SQLite in Data
	BaseURL  string
	Operator string       // who runs the command, for the trail
	Quorum   store.Quorum // of serve
	Watch    *watch       // of serve; nil for nobody
	// SecondFactor is whom serve asks for a second step at sign-in.
	SecondFactor models.SecondFactorRule
	Files        string // folder or bucket of attachments; "" for a folder in Data
	FilesKey     string // file with the bucket's credentials
	Clamd        string // address of ClamAV's daemon; "" for none
}

// keyFile is a file in the folder of keys, which may be mounted apart from the data: every
// instance on one database needs the same keys, and a backup of the data must not hold them.
func (s settings) keyFile(name ...string) string {
	dir := s.Keys
	if dir == "" {
		dir = filepath.Join(s.Data, "keys")
	}
	return filepath.Join(append([]string{dir}, name...)...)
}

// actor is who a command acts as: the system, under the operator's name where one is given.
func (s settings) actor() models.Actor {
	a := models.System
	if s.Operator != "" {
		a.Name = s.Operator
	}
	a.Via = "cli"
	return a
}

func readSettings(cmd *cobra.Command) (settings, error) {
	f := cmd.Flags()
	var s settings
	s.Data, _ = f.GetString("data")
	s.Database, _ = f.GetString("database")
	s.Keys, _ = f.GetString("keys")
	s.BaseURL, _ = f.GetString("base-url")
	s.Packs, _ = f.GetString("packs")
	s.Operator, _ = f.GetString("operator")
	s.Files, _ = f.GetString("files")
	s.FilesKey, _ = f.GetString("files-key-file")
	s.Clamd, _ = f.GetString("clamd")
	if s.Clamd != "" {
		if _, err := parseClamd(s.Clamd); err != nil {
			return s, err
		}
	}
	if _, err := openFiles(s); err != nil {
		return s, err
	}
	s.Operator = strings.TrimSpace(s.Operator)
	if utf8.RuneCountInString(s.Operator) > models.MaxName || strings.ContainsFunc(s.Operator, unicode.IsControl) || !utf8.ValidString(s.Operator) {
		return s, usageErrorf("--operator: expected a name of at most %d characters on one line", models.MaxName)
	}
	file, _ := f.GetString("database-file")
	if file != "" {
		if s.Database != "" {
			return s, usageErrorf("--database and --database-file: give one of them")
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			return s, usageErrorf("--database-file %s: %w", file, err)
		}
		s.Database = strings.TrimSpace(string(raw))
	}
	if s.Data == "" {
		return s, usageErrorf("--data: expected a folder")
	}
	if s.Database != "" {
		u, err := url.Parse(s.Database)
		// The URL holds a password: it is never repeated.
		if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.Host == "" && u.Query().Get("host") == "" {
			return s, usageErrorf("--database: expected postgres://USER:PASSWORD@HOST/NAME")
		}
	}
	if s.BaseURL != "" {
		u, err := url.Parse(s.BaseURL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" {
			return s, usageErrorf("--base-url %s: expected an address such as https://ppid.example.go.id", s.BaseURL)
		}
		s.BaseURL = strings.TrimRight(s.BaseURL, "/")
	}
	return s, nil
}

// need gives a text option that must be there.
func need(cmd *cobra.Command, option, what string) (string, error) {
	v, err := cmd.Flags().GetString(option)
	if err != nil {
		return "", err
	}
	if v = strings.TrimSpace(v); v == "" {
		return "", usageErrorf("%s: --%s is missing: expected %s", cmd.CommandPath(), option, what)
	}
	return v, nil
}

// oneOf checks an option that has few values.
func oneOf[T ~string](option, value string, among []T) (T, error) {
	names := make([]string, len(among))
	for i, a := range among {
		if string(a) == value {
			return a, nil
		}
		names[i] = string(a)
	}
	return "", usageErrorf("--%s %q: expected one of %s", option, value, strings.Join(names, ", "))
}

// dayOrTime reads a day (its first instant, or its last for the end of a span) or an instant.
func dayOrTime(option, value string, end bool) (*time.Time, error) {
	if value == "" {
		return nil, nil
	}
	if t, err := time.Parse(time.RFC3339, value); err == nil {
		t = t.UTC()
		return &t, nil
	}
	t, err := time.Parse(time.DateOnly, value)
	if err != nil {
		return nil, usageErrorf("--%s %q: expected a day such as 2026-03-31 or a time such as 2026-03-31T15:04:05Z", option, value)
	}
	if end {
		t = t.AddDate(0, 0, 1) // the end of the day: what follows it is left out
	}
	return &t, nil
}

// loadPacks gives the packs that are built in, and those of a folder beside them.
func loadPacks(dir string) (*policies.Registry, error) {
	packs, err := policies.Embedded()
	if err != nil || dir == "" {
		return packs, err
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, usageErrorf("--packs %s: expected a folder with a pack in it; `terang pack new ID` makes one", dir)
	}
	both, err := packs.With(os.DirFS(dir))
	if err != nil {
		return nil, usageErrorf("--packs %s: %w", dir, err)
	}
	return both, nil
}

// lawPacks is loadPacks for commands that need nothing else.
func lawPacks(cmd *cobra.Command) (*policies.Registry, error) {
	dir, err := cmd.Flags().GetString("packs")
	if err != nil {
		return nil, err
	}
	return loadPacks(dir)
}
