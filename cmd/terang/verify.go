package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/note"

	"terang/models/store"
	"terang/models/trail"
)

func verifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify FILE | --data DIR | --database URL | --url BASE",
		Short: "Check a receipt, a bundle, a whole log, or a running portal's log",
		Long: "Check a receipt or an auditor's bundle (FILE; needs no network and no database), the whole log of an installation\n" +
			"(--data or --database), or the log that a portal publishes (--url; remembers the last head it saw in --state and\n" +
			"proves that the log only grew). Exit code 0 means that everything holds; otherwise the first thing that does not is\n" +
			"named. The log's public key comes from --key, or from --data; a key that a bundle or portal claims for itself is used\n" +
			"only when there is no other, and said so.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			base, _ := cmd.Flags().GetString("url")
			if _, err := wantedWitnesses(cmd); err != nil {
				return err
			}
			switch {
			case len(args) == 1 && base != "":
				return usageErrorf("verify: %s and --url were both given; expected one", args[0])
			case len(args) == 1:
				return verifyFile(cmd, args[0])
			case base != "":
				return verifyURL(cmd, base)
			}
			return verifyStore(cmd)
		},
	}
	f := cmd.Flags()
	f.StringSlice("key", nil, "the log's public `KEY` (origin+hash+key), as the body publishes it; may be repeated after a rotation")
	f.StringSlice("witness", nil, "public key `VKEY` of a witness whose cosignature counts; may be repeated")
	f.Int("quorum", 0, "how many of the witnesses must have cosigned; all of them, when not given")
	f.String("url", "", "`BASE` address of a portal")
	f.String("state", "", "`FILE` that remembers the last head seen of a portal; without it one in the user's configuration folder")
	return cmd
}

// wanted are the witnesses whose cosignatures a head must bear.
type wanted struct {
	witnesses []note.Verifier
	quorum    int
}

func wantedWitnesses(cmd *cobra.Command) (w wanted, err error) {
	keys, _ := cmd.Flags().GetStringSlice("witness")
	for _, k := range keys {
		v, err := trail.WitnessVerifier(k)
		if err != nil {
			return w, usageErrorf("--witness: %w; expected name+hash+key, as `terang witness key` prints it", err)
		}
		w.witnesses = append(w.witnesses, v)
	}
	w.quorum = len(keys)
	if cmd.Flags().Changed("quorum") {
		w.quorum, _ = cmd.Flags().GetInt("quorum")
	}
	if w.quorum < 0 || w.quorum > len(keys) {
		return w, usageErrorf("--quorum %d: expected 0 to %d, the number of --witness keys", w.quorum, len(keys))
	}
	return w, nil
}

// check says whether enough of them signed.
func (w wanted) check(signed []byte) error {
	if n := trail.Cosigned(signed, w.witnesses); n < w.quorum {
		return fmt.Errorf("the checkpoint is cosigned by %d of the given witnesses; expected %d", n, w.quorum)
	}
	return nil
}

// said tells of the cosignatures, where any were asked for.
func (w wanted) said(signed []byte) []string {
	if len(w.witnesses) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("cosigned by %d of %d witnesses", trail.Cosigned(signed, w.witnesses), len(w.witnesses))}
}

// verdict is what verify prints when everything holds.
type verdict struct {
	Holds  bool              `json:"holds"`
	What   string            `json:"what"`
	Events int64             `json:"events,omitempty"`
	Origin string            `json:"origin,omitempty"`
	Key    string            `json:"key_from"`
	Fields map[string]string `json:"event,omitempty"`
	Said   []string          `json:"-"`
}

func (v verdict) print(cmd *cobra.Command) error {
	v.Holds = true
	if wantsJSON(cmd) {
		return printJSON(cmd.OutOrStdout(), v)
	}
	for _, line := range v.Said {
		fmt.Fprintln(cmd.OutOrStdout(), line)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "holds: %s (key: %s)\n", v.What, v.Key)
	return nil
}

// givenKeys are the public keys the reader trusts, and where they came from; none
// is not an error.
func givenKeys(cmd *cobra.Command) (note.Verifiers, string, error) {
	keys, err := cmd.Flags().GetStringSlice("key")
	if err != nil {
		return nil, "", err
	}
	if len(keys) > 0 {
		known, err := trail.Verifiers(keys...)
		if err != nil {
			return nil, "", usageErrorf("--key: %w; expected origin+hash+key", err)
		}
		return known, "--key", nil
	}
	set, err := readSettings(cmd)
	if err != nil {
		return nil, "", err
	}
	path := set.keyFile("log.key")
	signer, err := trail.LoadKey(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "", nil
	case err != nil:
		return nil, "", err
	}
	return signer.Verifiers(), path, nil
}

func verifyFile(cmd *cobra.Command, name string) error {
	raw, err := os.Open(name)
	if err != nil {
		return usageErrorf("verify %s: %w", name, err)
	}
	defer raw.Close()
	known, from, err := givenKeys(cmd)
	if err != nil {
		return err
	}
	head := make([]byte, 4)
	if _, err := io.ReadFull(raw, head); err != nil {
		return fmt.Errorf("verify %s: the file is too short to be a receipt or a bundle", name)
	}
	if _, err := raw.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if bytes.Equal(head, []byte("PK\x03\x04")) {
		return verifyBundle(cmd, raw, known, from)
	}
	text, err := io.ReadAll(io.LimitReader(raw, 16<<20))
	if err != nil {
		return err
	}
	if known == nil {
		claimed, err := trail.ReceiptKey(text)
		if err != nil {
			return fmt.Errorf("verify %s: %w", name, err)
		}
		if claimed == "" {
			return usageErrorf("verify %s: --key is missing: the log's public key, as the body publishes it on its page /log", name)
		}
		if known, err = trail.Verifiers(claimed); err != nil {
			return fmt.Errorf("verify %s: %w", name, err)
		}
		from = "claimed by the receipt itself: compare " + claimed + " with the page /log of the body"
	}
	r, err := trail.VerifyReceipt(text, known)
	if err != nil {
		return fmt.Errorf("verify %s: %w", name, err)
	}
	want, err := wantedWitnesses(cmd)
	if err != nil {
		return err
	}
	if err := want.check(r.Checkpoint.Note); err != nil {
		return fmt.Errorf("verify %s: %w", name, err)
	}
	v := verdict{What: "receipt", Origin: r.Checkpoint.Origin, Events: r.Checkpoint.Size, Key: from, Fields: r.Fields}
	for _, f := range []string{"time", "event", "reference", "body", "due_on", "state"} {
		if r.Fields[f] != "" {
			v.Said = append(v.Said, f+": "+r.Fields[f])
		}
	}
	v.Said = append(v.Said, fmt.Sprintf("event %d of %d in the log %s", r.Index, r.Checkpoint.Size, r.Checkpoint.Origin))
	v.Said = append(v.Said, want.said(r.Checkpoint.Note)...)
	return v.print(cmd)
}

func verifyBundle(cmd *cobra.Command, f *os.File, known note.Verifiers, from string) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	z, err := zip.NewReader(f, info.Size())
	if err != nil {
		return fmt.Errorf("verify %s: not a whole zip file: %w", f.Name(), err)
	}
	if known == nil {
		claimed, err := trail.BundleKeys(z)
		if err != nil {
			return fmt.Errorf("verify %s: %w", f.Name(), err)
		}
		if known, err = trail.Verifiers(claimed...); err != nil {
			return fmt.Errorf("verify %s: %w", f.Name(), err)
		}
		from = "claimed by the bundle itself: compare " + strings.Join(claimed, " ") + " with the page /log of the body"
	}
	m, err := trail.VerifyBundle(z, known)
	if err != nil {
		return fmt.Errorf("verify %s: %w", f.Name(), err)
	}
	want, err := wantedWitnesses(cmd)
	if err != nil {
		return err
	}
	head, err := fs.ReadFile(z, "checkpoint")
	if err != nil {
		return err
	}
	if err := want.check(head); err != nil {
		return fmt.Errorf("verify %s: %w", f.Name(), err)
	}
	return verdict{What: "bundle", Origin: m.Origin, Events: m.Events, Key: from, Said: append([]string{
		fmt.Sprintf("%d events (%d withheld) of a log of %d, made %s", m.Events, m.Withheld, m.Size, m.Made.Format(time.RFC3339)),
	}, want.said(head)...)}.print(cmd)
}

func verifyStore(cmd *cobra.Command) error {
	return withApp(cmd, existing, func(ctx context.Context, a *app) error {
		known, from, err := givenKeys(cmd)
		if err != nil {
			return err
		}
		step := progress(cmd.ErrOrStderr(), "verifying")
		var last store.Progress
		if err := a.store.VerifyLog(ctx, known, func(p store.Progress) { last = p; step(p.Done, p.Total) }); err != nil {
			return err
		}
		want, err := wantedWitnesses(cmd)
		if err != nil {
			return err
		}
		var head []byte
		if len(want.witnesses) > 0 {
			names := make([]string, len(want.witnesses))
			for i, w := range want.witnesses {
				names[i] = w.Name()
			}
			cp, err := a.store.Published(ctx, store.Quorum{Witnesses: names, N: want.quorum})
			if err != nil {
				return err
			}
			if head = cp.Note; want.check(head) != nil {
				return want.check(head)
			}
		}
		dates, err := a.cases.Rederive(ctx)
		if err != nil {
			return err
		}
		if len(dates.Mismatched) > 0 {
			return fmt.Errorf("case %s: its stored due date is not what its clock's ledger gives", dates.Mismatched[0])
		}
		return verdict{What: "log", Origin: a.signer.Origin(), Events: last.Total, Key: from, Said: append([]string{
			fmt.Sprintf("%d events, their tree, checkpoints and cases; %d running clocks", last.Total, dates.Checked),
		}, want.said(head)...)}.print(cmd)
	})
}

// watched is the last head seen of a portal's log, and the keys believed.
type watched struct {
	Note string   `json:"checkpoint"`
	Keys []string `json:"keys"`
}

func verifyURL(cmd *cobra.Command, base string) error {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return usageErrorf("--url %q: expected an address such as https://ppid.contoh.go.id", base)
	}
	base = strings.TrimSuffix(base, "/")
	name, err := stateFile(cmd, u)
	if err != nil {
		return err
	}
	var before watched
	if raw, err := os.ReadFile(name); err == nil {
		if err := json.Unmarshal(raw, &before); err != nil {
			return fmt.Errorf("--state %s: not what verify wrote: %w", name, err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	ctx := cmd.Context()
	keys, from, err := portalKeys(ctx, cmd, base, before.Keys)
	if err != nil {
		return err
	}
	signed, err := fetch(ctx, base+"/log/checkpoint")
	if err != nil {
		return err
	}
	cp, known, keys, err := openFollowing(ctx, base, signed, keys)
	if err != nil {
		return fmt.Errorf("%s/log/checkpoint: %w", base, err)
	}
	want, err := wantedWitnesses(cmd)
	if err != nil {
		return err
	}
	if err := want.check(signed); err != nil {
		return fmt.Errorf("%s/log/checkpoint: %w", base, err)
	}
	read := func(level int, n int64) ([]byte, error) {
		return fetch(ctx, base+"/log/"+trail.TilePath(cp.Size, level, n))
	}
	if before.Note != "" {
		older, err := trail.OpenCheckpoint([]byte(before.Note), known)
		if err != nil {
			return fmt.Errorf("the head remembered in %s: %w", name, err)
		}
		if err := trail.Continues(older, cp, read); err != nil {
			return fmt.Errorf("%s: %w", base, err)
		}
	}
	if err := trail.RootOf(cp, read); err != nil {
		return fmt.Errorf("%s: %w", base, err)
	}
	raw, err := json.Marshal(watched{Note: string(signed), Keys: keys})
	if err != nil {
		return err
	}
	if err := writeFile(name, func(w io.Writer) error { _, err := w.Write(raw); return err }); err != nil {
		return err
	}
	said := fmt.Sprintf("%d events in the log %s; first look, remembered in %s", cp.Size, cp.Origin, name)
	if before.Note != "" {
		said = fmt.Sprintf("%d events in the log %s; it continues the head seen before", cp.Size, cp.Origin)
	}
	return verdict{What: "published log", Origin: cp.Origin, Events: cp.Size, Key: from, Said: append([]string{said}, want.said(signed)...)}.print(cmd)
}

func stateFile(cmd *cobra.Command, u *url.URL) (string, error) {
	if name, _ := cmd.Flags().GetString("state"); name != "" {
		return name, nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", usageErrorf("--state is missing, and there is no configuration folder: %w", err)
	}
	dir = filepath.Join(dir, "terang", "heads")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	return filepath.Join(dir, strings.NewReplacer(":", "_", "/", "_").Replace(u.Host+u.Path)+".json"), nil
}

// portalKeys are the keys given, or those remembered from the first look, or, on
// a first look without any, those the portal claims.
func portalKeys(ctx context.Context, cmd *cobra.Command, base string, remembered []string) ([]string, string, error) {
	if keys, _ := cmd.Flags().GetStringSlice("key"); len(keys) > 0 {
		return keys, "--key", nil
	}
	if len(remembered) > 0 {
		return remembered, "remembered from the first look", nil
	}
	raw, err := fetch(ctx, base+"/log/key")
	if err != nil {
		return nil, "", err
	}
	keys := strings.Fields(string(raw))
	return keys, "claimed by the portal itself: compare " + strings.Join(keys, " ") + " with one you have from elsewhere", nil
}

// openFollowing opens a head, and where it is signed by a key not known follows the log's own
// record of its changes of keys, from one that is.
func openFollowing(ctx context.Context, base string, signed []byte, keys []string) (cp trail.Checkpoint, known note.Verifiers, _ []string, err error) {
	if known, err = trail.Verifiers(keys...); err != nil {
		return cp, nil, nil, usageErrorf("--key: %w; expected origin+hash+key", err)
	}
	cp, err = trail.OpenCheckpoint(signed, known)
	for n := 1; err != nil; n++ {
		raw, gone := fetch(ctx, fmt.Sprintf("%s/log/key/%d", base, n))
		if gone != nil {
			return cp, nil, nil, err // as it was: there is nothing more to follow
		}
		rot, bad := trail.FollowRotation(raw, known)
		if bad != nil {
			continue // before the keys we know, or not proved
		}
		if trail.Knows(known, rot.New) {
			continue
		}
		keys = append(keys, rot.New)
		if known, err = trail.Verifiers(keys...); err != nil {
			return cp, nil, nil, err
		}
		cp, err = trail.OpenCheckpoint(signed, known)
	}
	return cp, known, keys, nil
}

var portal = &http.Client{Timeout: 30 * time.Second}

func fetch(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	res, err := portal.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", address, res.Status)
	}
	return io.ReadAll(io.LimitReader(res.Body, 1<<20))
}
