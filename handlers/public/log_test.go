package public_test

import (
	"encoding/base64"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"terang/models/casework/caseworktest"
	"terang/models/trail"
	"terang/views/pages"
)

// The log is served in the C2SP forms: what x/mod checks is what our code has no say in.
func TestLogIsServed(t *testing.T) {
	s := serve(t)
	b := s.browser()
	b.get("/log").want(t, 200)
	s.Given(caseworktest.Request())
	key := s.sequence()
	a := b.get("/log/checkpoint").want(t, 200)
	verifier, err := note.NewVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open([]byte(a.body), note.VerifierList(verifier))
	if err != nil {
		t.Fatalf("%v\n%s", err, a.body)
	}
	lines := strings.Split(n.Text, "\n")
	size := lines[1]
	b.get("/log").want(t, 200, "test.invalid/log")

	tile := b.get("/log/tile/0/000.p/"+size).want(t, 200)
	if !strings.Contains(tile.header.Get("Cache-Control"), "immutable") || len(tile.body)%tlog.HashSize != 0 {
		t.Errorf("tile of %d bytes, %s", len(tile.body), tile.header.Get("Cache-Control"))
	}
	// The root over the tile's hashes is the signed one.
	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(at))
		for i, x := range at {
			out[i] = stored[x]
		}
		return out, nil
	})
	count := int64(len(tile.body) / tlog.HashSize)
	for i := range count {
		var h tlog.Hash
		copy(h[:], tile.body[i*tlog.HashSize:])
		more, err := tlog.StoredHashesForRecordHash(i, h, read)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, more...)
	}
	root, err := tlog.TreeHash(count, read)
	if err != nil {
		t.Fatal(err)
	}
	if got := base64.StdEncoding.EncodeToString(root[:]); got != lines[2] {
		t.Errorf("root %s, signed %s", got, lines[2])
	}
	b.get("/log/tile/entries/000.p/"+size).want(t, 200)

	for _, path := range []string{
		"/log/tile/0/000", "/log/tile/0/001", "/log/tile/0/000.p/0", "/log/tile/0/000.p/256", "/log/tile/0/000.p/255", "/log/tile/0/000.p/01",
		"/log/tile/0/0", "/log/tile/0/x000/001", "/log/tile/0/1000", "/log/tile/00/000", "/log/tile/64/000", "/log/tile/-1/000",
		"/log/tile/8/0/000", "/log/tile/data/000", "/log/tile/entries/999", "/log/tile/0/x999/x999/x999/x999/x999/x999/x999/999", "/log/tile/0/",
	} {
		if a := b.get(path); a.status != 404 {
			t.Errorf("%s: status %d", path, a.status)
		}
	}
}

// The commands that the page gives for a check without our program do make the leaf.
func TestByHand(t *testing.T) {
	for _, tool := range []string{"bash", "jq", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	s := serve(t)
	c, _, key := s.Given(caseworktest.Request())
	s.sequence()
	b := s.browser()
	b.get("/track")
	b.post("/track", "reference", c.Reference, "key", key).want(t, 200)
	receipt := b.get("/cases/"+c.Reference+"/receipt").want(t, 200)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "receipt.tlog-proof"), []byte(receipt.body), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("bash", "-c", pages.ByHand)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	r, err := trail.ParseReceipt([]byte(receipt.body))
	if err != nil {
		t.Fatal(err)
	}
	salt, err := hex.DecodeString(r.Opening.Salt)
	if err != nil {
		t.Fatal(err)
	}
	leaf := trail.LeafHash(trail.Commit(r.Opening.Canonical, salt))
	if !strings.Contains(string(out), hex.EncodeToString(leaf[:])) {
		t.Errorf("%s is not the leaf %x", out, leaf)
	}
}
