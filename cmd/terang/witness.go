package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/note"

	"terang/models"
	"terang/models/store"
	"terang/models/trail"
)

// maxHead is more than any head with its proof takes.
const maxHead = 64 << 10

func witnessCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "witness", Short: "Cosign the logs of others, so that none can show two people two histories"}
	group(cmd)
	serve := &cobra.Command{
		Use:   "serve --log VKEY… [--addr HOST:PORT] [--data DIR]",
		Short: "Watch logs and cosign each head that continues the last (C2SP tlog-witness)",
		Long: "Watch logs and cosign each head that continues the last one seen (POST /add-checkpoint, C2SP tlog-witness). The state\n" +
			"in --data is on the disk before a cosignature leaves, and must never be brought back from an older copy: a witness\n" +
			"that forgets can be made to sign two histories. GET /SHA256-OF-ORIGIN/checkpoint gives the newest head cosigned.",
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			f := cmd.Flags()
			addr, _ := f.GetString("addr")
			keys, _ := f.GetStringSlice("log")
			if len(keys) == 0 {
				return usageErrorf("witness serve: --log is missing: expected the public key of a log, as its page /log shows it")
			}
			if _, _, err := net.SplitHostPort(addr); err != nil {
				return usageErrorf("--addr %q: expected HOST:PORT", addr)
			}
			c, dir, err := witnessKey(cmd)
			if err != nil {
				return err
			}
			w, err := trail.NewWitness(c, filepath.Join(dir, "witness"), keys)
			if err != nil {
				return usageErrorf("--log: %w; expected origin+hash+key", err)
			}
			unlock, err := lockFolder(dir)
			if err != nil {
				return err
			}
			defer unlock()
			return serveWitness(cmd.Context(), w, addr, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	serve.Flags().String("addr", "127.0.0.1:8090", "`HOST:PORT` to listen on; port 0 takes a free one")
	serve.Flags().StringSlice("log", nil, "public key `VKEY` of a log to watch; may be repeated, also for the keys that one log had")
	key := &cobra.Command{
		Use:   "key [--data DIR] [--name NAME]",
		Short: "Print the witness's public key, made on the first call",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, _, err := witnessKey(cmd)
			if err != nil {
				return err
			}
			if wantsJSON(cmd) {
				return printJSON(cmd.OutOrStdout(), map[string]string{"name": c.Name(), "key": c.VerifierKey()})
			}
			fmt.Fprintln(cmd.OutOrStdout(), c.VerifierKey())
			return nil
		},
	}
	for _, c := range []*cobra.Command{serve, key} {
		c.Flags().String("name", "", "`NAME` of the witness, a URL without scheme such as saksi.example.org; only used when the key is made")
	}
	cmd.AddCommand(serve, key)
	return cmd
}

func witnessKey(cmd *cobra.Command) (*trail.Cosigner, string, error) {
	set, err := readSettings(cmd)
	if err != nil {
		return nil, "", err
	}
	name, _ := cmd.Flags().GetString("name")
	path := set.keyFile("witness.key")
	if name == "" {
		if _, err := os.Stat(path); err != nil {
			return nil, "", usageErrorf("--name is missing: expected the witness's name, such as saksi.example.org; %s has no key yet", set.Data)
		}
	}
	c, err := trail.LoadOrMakeCosigner(path, name)
	if err == nil && name != "" && c.Name() != name {
		return nil, "", usageErrorf("--name %s: the key in %s is of %s", name, path, c.Name())
	}
	return c, set.Data, err
}

// lockFolder keeps a second witness from the same state: the two could sign two histories.
func lockFolder(dir string) (func(), error) {
	f, err := os.OpenFile(filepath.Join(dir, "witness", "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("--data %s: another witness is at work here", dir), f.Close())
	}
	return func() { f.Close() }, nil
}

func serveWitness(ctx context.Context, w *trail.Witness, addr string, out, errOut io.Writer) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return usageErrorf("--addr %s: %w", addr, err)
	}
	log := slog.New(slog.NewTextHandler(errOut, nil))
	s := &http.Server{Handler: witnessHandler(w, log), ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(ln) }()
	fmt.Fprintf(out, "listening on http://%s\n", ln.Addr())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainFor)
	defer cancel()
	return s.Shutdown(last)
}

// witnessHandler is c2sp.org/tlog-witness over HTTP.
func witnessHandler(w *trail.Witness, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /add-checkpoint", func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxHead))
		if err != nil {
			http.Error(rw, "expected at most 64 KiB", http.StatusRequestEntityTooLarge)
			return
		}
		lines, err := w.Add(body)
		var refused *trail.RefusedHead
		switch {
		case err == nil:
			rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, _ = rw.Write(lines)
		case errors.As(err, &refused):
			log.Warn("refused", "why", refused.Why)
			if refused.Kind == trail.StaleSize {
				rw.Header().Set("Content-Type", "text/x.tlog.size")
				rw.WriteHeader(http.StatusConflict)
				fmt.Fprintf(rw, "%d\n", refused.Size)
				return
			}
			http.Error(rw, refused.Why, map[trail.HeadRefusal]int{
				trail.Malformed: http.StatusBadRequest, trail.UnknownLog: http.StatusNotFound,
				trail.NotTheLogs: http.StatusForbidden, trail.Inconsistent: http.StatusUnprocessableEntity,
			}[refused.Kind])
		default:
			log.Error("add-checkpoint", "error", err)
			http.Error(rw, "the witness failed", http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("GET /{origin}/checkpoint", func(rw http.ResponseWriter, r *http.Request) {
		head, err := w.Last(r.PathValue("origin"))
		switch {
		case err != nil:
			log.Error("checkpoint", "error", err)
			http.Error(rw, "the witness failed", http.StatusInternalServerError)
		case head == nil:
			http.NotFound(rw, r)
		default:
			rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
			rw.Header().Set("Cache-Control", "no-cache")
			_, _ = rw.Write(head)
		}
	})
	return mux
}

// witness is one that the portal shows its heads to.
type witness struct {
	url string
	key note.Verifier
}

// readWitnesses reads --witness URL=VKEY and --witness-quorum.
func readWitnesses(cmd *cobra.Command) ([]witness, store.Quorum, error) {
	var q store.Quorum
	var out []witness
	given, _ := cmd.Flags().GetStringSlice("witness")
	for _, g := range given {
		base, vkey, ok := strings.Cut(g, "=")
		u, err := url.Parse(base)
		if !ok || err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, q, usageErrorf("--witness %q: expected URL=VKEY, such as https://saksi.example.org=saksi.example.org+1a2b3c4d+BASE64", g)
		}
		v, err := trail.WitnessVerifier(vkey)
		if err != nil {
			return nil, q, usageErrorf("--witness: %w; expected name+hash+key, as `terang witness key` prints it", err)
		}
		for _, w := range out {
			if w.key.Name() == v.Name() {
				return nil, q, usageErrorf("--witness: %s is given twice", v.Name())
			}
		}
		out = append(out, witness{strings.TrimSuffix(base, "/"), v})
		q.Witnesses = append(q.Witnesses, v.Name())
	}
	q.N, _ = cmd.Flags().GetInt("witness-quorum")
	if q.N < 0 || q.N > len(out) {
		return nil, q, usageErrorf("--witness-quorum %d: expected 0 to %d, the number of witnesses", q.N, len(out))
	}
	return out, q, nil
}

// showWitness brings one witness up to the newest head, and keeps its cosignature. The witness
// says itself where it stands: after a crash on either side the two may differ.
func (a *app) showWitness(ctx context.Context, w witness) error {
	from, err := a.store.Cosigned(ctx, w.key.Name())
	if err != nil {
		return err
	}
	for range 2 {
		cp, body, err := a.store.ShowWitness(ctx, from)
		if models.CodeOf(err) == "log_empty" {
			return nil
		}
		if err != nil {
			return err
		}
		if body == nil {
			return fmt.Errorf("witness %s has cosigned %d entries and the log has %d: it was cut off, or is not the log that the witness knows", w.key.Name(), from, cp.Size)
		}
		if cp.Size == from {
			if have, err := a.store.HasCosignature(ctx, cp.Size, w.key.Name()); err != nil || have {
				return err
			}
		}
		lines, size, err := submit(ctx, w, body)
		if err != nil {
			return err
		}
		if lines != nil {
			good, err := trail.Cosignatures(cp, lines, w.key)
			if err != nil {
				return err
			}
			return a.store.PutCosignature(ctx, cp.Size, w.key.Name(), good, time.Now())
		}
		from = size
	}
	return nil // it moves faster than we look: another instance is at it
}

// submit sends a head; it gives the cosignature, or the size that the witness stands at.
func submit(ctx context.Context, w witness, body []byte) (lines []byte, size int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+"/add-checkpoint", bytes.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	res, err := portal.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxHead))
	if err != nil {
		return nil, 0, err
	}
	if res.StatusCode == http.StatusOK {
		return raw, 0, nil
	}
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if res.StatusCode == http.StatusConflict && kind == "text/x.tlog.size" {
		size, err := strconv.ParseInt(strings.TrimSuffix(string(raw), "\n"), 10, 64)
		if err != nil || size < 0 {
			return nil, 0, fmt.Errorf("witness %s answers 409 without its size", w.key.Name())
		}
		return nil, size, nil
	}
	return nil, 0, fmt.Errorf("witness %s answers %s: %s", w.key.Name(), res.Status, oneLine(string(raw)))
}

// witnessing shows each witness the log's heads, apart from all other work: a slow or silent
// witness holds up nothing but its own cosignatures.
func (a *app) witnessing(ctx context.Context, w witness, log *slog.Logger) {
	wait := sequenceEvery
	tick := time.NewTimer(wait)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		failed := true
		guarded(log, "witness "+w.key.Name(), func() error {
			err := a.showWitness(ctx, w)
			failed = err != nil
			return err
		})
		if wait = min(2*wait, time.Minute); !failed {
			wait = sequenceEvery
		}
		tick.Reset(wait)
	}
}
