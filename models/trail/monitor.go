package trail

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Continues proves that the tree of a newer checkpoint begins with the tree of an
// older one: nothing that stood in the log then was changed or dropped since.
// read gives the newer log's tiles.
func Continues(older, newer Checkpoint, read ReadTile) error {
	switch {
	case older.Origin != newer.Origin:
		return fmt.Errorf("the log calls itself %s; it was %s", newer.Origin, older.Origin)
	case newer.Size < older.Size:
		return fmt.Errorf("the log was cut: it has %d events and had %d", newer.Size, older.Size)
	case newer.Size == older.Size && newer.Root != older.Root:
		return fmt.Errorf("the log was forked: two different trees of %d events were signed", newer.Size)
	case newer.Size == older.Size, older.Size == 0:
		return nil
	}
	proof, err := tlog.ProveTree(newer.Size, older.Size, HashReader(newer.Size, read))
	if err != nil {
		return fmt.Errorf("the log's tiles do not prove that its %d events begin with the %d of before: %w", newer.Size, older.Size, err)
	}
	if err := tlog.CheckTree(proof, newer.Size, newer.Root, older.Size, older.Root); err != nil {
		return fmt.Errorf("the log was forked: its %d events do not begin with the %d of before", newer.Size, older.Size)
	}
	return nil
}

// RootOf makes the root again from every leaf hash that read gives, and compares.
func RootOf(cp Checkpoint, read ReadTile) error {
	b, err := NewBuilder(0, nil)
	if err != nil {
		return err
	}
	for n := int64(0); n*TileWidth < cp.Size; n++ {
		want := WidthAt(cp.Size, 0, n) * tlog.HashSize
		tile, err := read(0, n)
		if err != nil {
			return err
		}
		if len(tile) < want {
			return fmt.Errorf("leaf tile %d has %d bytes, expected %d", n, len(tile), want)
		}
		for i := 0; i < want; i += tlog.HashSize {
			if err := b.Append(tlog.Hash(tile[i : i+tlog.HashSize])); err != nil {
				return err
			}
		}
		b.Take() // a tile that is done is not needed again
	}
	root, err := b.Root()
	if err != nil {
		return err
	}
	if root != cp.Root {
		return fmt.Errorf("the leaf hashes do not make the root that the log signed")
	}
	return nil
}

// TilePath is the C2SP address of a tile under a log's prefix, at a tree size.
func TilePath(size int64, level int, n int64) string {
	t := tlog.Tile{H: TileHeight, L: level, N: n, W: WidthAt(size, level, n)}
	return "tile/" + t.Path()[len("tile/8/"):]
}
