package store

import (
	"context"
	"io"
	"sort"
	"strings"
	"time"

	"terang/models"
	"terang/models/trail"
)

// BundleInput says what goes into an auditor's bundle.
type BundleInput struct {
	Filter    EventFilter
	Describe  string            // the filter in words, for the manifest
	Made      time.Time         // when
	Signer    *trail.Signer     // signs the manifest
	Quorum    Quorum            // the cosignatures that the head shall bear
	Files     map[string][]byte // further files by name: the law packs
	MaySee    func(*models.Event) bool
	Leave     func(*models.Event) bool // out: a withheld event that the filter would betray
	Columns   []string                 // names of the columns
	ColumnsOf func(*models.Event) []string
	Progress  func(done int64)
}

// WriteBundle writes the events of a filter with what proves them: the log's
// newest checkpoint, every leaf hash under it, and what opens each event that may
// be seen. It streams: nothing of the database is held open between pages.
func (s *Store) WriteBundle(ctx context.Context, in BundleInput, out io.Writer) (int64, error) {
	cp, err := s.Published(ctx, in.Quorum)
	if err != nil {
		return 0, err
	}
	keys, err := s.LogKeys(ctx)
	if err != nil {
		return 0, err
	}
	if len(keys) == 0 {
		keys = []string{in.Signer.VerifierKey()}
	}
	b := trail.NewBundle(out, cp, in.Describe, in.Made)
	small := map[string][]byte{"checkpoint": cp.Note, "key": []byte(strings.Join(keys, "\n") + "\n"), "VERIFY.md": []byte(trail.HowToVerify)}
	for name, data := range in.Files {
		small[name] = data
	}
	names := make([]string, 0, len(small))
	for name := range small {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if err := b.Add(name, small[name]); err != nil {
			return 0, wrap(err)
		}
	}
	for n := int64(0); n*trail.TileWidth < cp.Size; n++ {
		width := trail.WidthAt(cp.Size, 0, n)
		tile, err := s.Tile(ctx, 0, n, width)
		if err != nil {
			return 0, err
		}
		if err := b.Add(trail.TilePath(cp.Size, 0, n), tile); err != nil {
			return 0, wrap(err)
		}
	}
	if _, err := b.Create("events.jsonl"); err != nil {
		return 0, wrap(err)
	}
	in.Filter.Sequenced = true
	var done int64
	err = s.Read(ctx).EachEvent(in.Filter, func(e *models.Event) error {
		if *e.Leaf >= cp.Size {
			return nil // sequenced since the checkpoint was read
		}
		if in.Leave(e) {
			return nil
		}
		done++
		if in.Progress != nil && done%1000 == 0 {
			in.Progress(done)
		}
		line := trail.BundleEvent{Index: *e.Leaf, LeafHash: e.LeafHash}
		if e.Salt != "" && in.MaySee(e) { // what was erased can no longer be opened
			line.Canonical, line.Salt, line.Columns = e.Canonical, e.Salt, map[string]string{}
			for i, v := range in.ColumnsOf(e) {
				if name := in.Columns[i]; name != "index" && name != "leaf_hash" && v != "" {
					line.Columns[name] = v
				}
			}
		} else {
			line.Withheld = true
		}
		return b.Event(line)
	})
	if err != nil {
		return done, err
	}
	return done, wrap(b.Close(in.Signer))
}
