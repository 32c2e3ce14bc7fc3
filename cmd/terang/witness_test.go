package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"terang/models/trail"
)

// The answers of c2sp.org/tlog-witness.
func TestWitnessAnswers(t *testing.T) {
	log, err := trail.NewKey("terang.example/log")
	if err != nil {
		t.Fatal(err)
	}
	impostor, err := trail.NewKey("terang.example/log")
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := trail.NewKey("else.example/log")
	if err != nil {
		t.Fatal(err)
	}
	c, err := trail.NewCosigner("saksi.example")
	if err != nil {
		t.Fatal(err)
	}
	w, err := trail.NewWitness(c, t.TempDir(), []string{log.VerifierKey()})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(witnessHandler(w, slog.New(slog.DiscardHandler)))
	defer s.Close()
	head := func(k *trail.Signer, size int64, leaf byte) []byte {
		root := tlog.RecordHash([]byte{leaf})
		cp, err := k.Sign(size, root)
		if err != nil {
			t.Fatal(err)
		}
		return cp.Note
	}
	first := head(log, 1, 0)
	for _, x := range []struct {
		name   string
		body   []byte
		status int
		kind   string
		says   string
	}{
		{"not the form", []byte("hello"), 400, "text/plain", "old SIZE"},
		{"too much", []byte(strings.Repeat("x", maxHead+1)), 413, "text/plain", ""},
		{"a log it does not watch", trail.AddCheckpoint(0, nil, head(stranger, 1, 0)), 404, "text/plain", "else.example"},
		{"not the log's key", trail.AddCheckpoint(0, nil, head(impostor, 1, 0)), 403, "text/plain", "none of which"},
		{"another size", trail.AddCheckpoint(1, nil, first), 409, "text/x.tlog.size", "0\n"},
		{"the first head", trail.AddCheckpoint(0, nil, first), 200, "text/plain", "— saksi.example "},
		{"the first again", trail.AddCheckpoint(0, nil, first), 409, "text/x.tlog.size", "1\n"},
		{"the first again, from where it stands", trail.AddCheckpoint(1, nil, first), 200, "text/plain", "— saksi.example "},
		{"another history", trail.AddCheckpoint(1, nil, head(log, 1, 9)), 422, "text/plain", "forked"},
		{"a proof that proves nothing", trail.AddCheckpoint(1, tlog.TreeProof{{1}}, head(log, 2, 9)), 422, "text/plain", "does not show"},
		{"an old size beyond the head", trail.AddCheckpoint(5, nil, first), 400, "text/plain", "beyond"},
	} {
		res, err := http.Post(s.URL+"/add-checkpoint", "text/plain", strings.NewReader(string(x.body)))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
		if res.StatusCode != x.status || kind != x.kind || !strings.Contains(string(raw), x.says) {
			t.Errorf("%s: %d %s %q", x.name, res.StatusCode, kind, raw)
		}
		if x.status == 409 && string(raw) != x.says {
			t.Errorf("%s: %q", x.name, raw)
		}
	}
}
