package trail

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// TileHeight is the height of the C2SP tlog-tiles tree: 256 hashes a tile.
const TileHeight = 8

// TileWidth is how many hashes a full tile holds.
const TileWidth = 1 << TileHeight

// Tile is one tile of hashes: Data holds up to TileWidth hashes. A partial tile's
// bytes are a prefix of the fuller one's.
type Tile struct {
	Level int
	N     int64
	Data  []byte
}

// ReadTile gives what is stored of a tile, at least as wide as the tree needs.
type ReadTile func(level int, n int64) ([]byte, error)

// Builder grows a tree leaf by leaf holding only its right edge: at most one hash
// and one tile a level.
type Builder struct {
	size  int64
	edge  [64]tlog.Hash // by level: the last complete subtree waiting for its sibling
	tiles [8]Tile       // by tile level: the tile being filled
	full  []Tile        // filled since the last Take
	dirty [8]bool
}

// NewBuilder continues a tree of the given size from its stored tiles.
func NewBuilder(size int64, read ReadTile) (*Builder, error) {
	b := &Builder{size: size}
	for l := range b.tiles {
		width := size >> uint(TileHeight*l)
		n := width >> TileHeight
		b.tiles[l] = Tile{Level: l, N: n}
		if w := int(width & (TileWidth - 1)); w > 0 {
			data, err := read(l, n)
			if err != nil {
				return nil, err
			}
			if len(data) < w*tlog.HashSize {
				return nil, fmt.Errorf("tile %d/%d is shorter than a tree of %d needs", l, n, size)
			}
			b.tiles[l].Data = slices.Clone(data[:w*tlog.HashSize])
		}
	}
	r := HashReader(size, read)
	for level := range 63 {
		if size>>uint(level)&1 == 0 {
			continue
		}
		n := size>>uint(level) - 1
		h, err := r.ReadHashes([]int64{tlog.StoredHashIndex(level, n)})
		if err != nil {
			return nil, err
		}
		b.edge[level] = h[0]
	}
	return b, nil
}

// Size is the number of leaves.
func (b *Builder) Size() int64 { return b.size }

// Append adds one leaf.
func (b *Builder) Append(leaf tlog.Hash) error {
	made, err := tlog.StoredHashesForRecordHash(b.size, leaf, tlog.HashReaderFunc(b.readEdge))
	if err != nil {
		return err
	}
	// made[i] is the complete subtree of level i that the leaf closed.
	for level, h := range made {
		b.edge[level] = h
		if level%TileHeight == 0 {
			b.put(level/TileHeight, h)
		}
	}
	b.size++
	return nil
}

func (b *Builder) put(l int, h tlog.Hash) {
	t := &b.tiles[l]
	t.Data = append(t.Data, h[:]...)
	b.dirty[l] = true
	if len(t.Data) == TileWidth*tlog.HashSize {
		b.full = append(b.full, *t)
		*t = Tile{Level: l, N: t.N + 1}
		b.dirty[l] = false
	}
}

// Take gives the tiles that changed since the last Take, whole ones first.
func (b *Builder) Take() []Tile {
	out := b.full
	b.full = nil
	for l := range b.tiles {
		if b.dirty[l] {
			t := b.tiles[l]
			t.Data = slices.Clone(t.Data)
			out = append(out, t)
			b.dirty[l] = false
		}
	}
	return out
}

// TakeFull gives only the tiles that were filled since the last Take.
func (b *Builder) TakeFull() []Tile {
	out := b.full
	b.full = nil
	return out
}

// Root is the tree's root hash.
func (b *Builder) Root() (tlog.Hash, error) {
	return tlog.TreeHash(b.size, tlog.HashReaderFunc(b.readEdge))
}

// readEdge answers for the hashes of complete subtrees on the right edge, which is all
// that adding a leaf or taking the root asks for.
func (b *Builder) readEdge(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		level, n := tlog.SplitStoredHashIndex(x)
		if level >= bits.Len64(uint64(b.size)) || b.size>>uint(level) != n+1 {
			return nil, fmt.Errorf("hash %d/%d is not on the edge of a tree of %d", level, n, b.size)
		}
		out[i] = b.edge[level]
	}
	return out, nil
}

// HashReader reads any hash of a tree of the given size out of its tiles.
func HashReader(size int64, read ReadTile) tlog.HashReader {
	type key struct {
		l int
		n int64
	}
	seen := map[key][]byte{} // a proof asks one tile for several hashes
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			t := tlog.TileForIndex(TileHeight, x)
			k := key{t.L, t.N}
			data, ok := seen[k]
			if !ok {
				var err error
				if data, err = read(t.L, t.N); err != nil {
					return nil, err
				}
				seen[k] = data
			}
			if len(data) < t.W*tlog.HashSize {
				return nil, fmt.Errorf("tile %d/%d is shorter than a tree of %d needs", t.L, t.N, size)
			}
			h, err := tlog.HashFromTile(t, data[:t.W*tlog.HashSize], x)
			if err != nil {
				return nil, err
			}
			out[i] = h
		}
		return out, nil
	})
}

// WidthAt is how many hashes tile (level, n) has in a tree of the given size: 0
// when it has none.
func WidthAt(size int64, level int, n int64) int {
	if level < 0 || level > 7 || n < 0 {
		return 0
	}
	w := size>>uint(TileHeight*level) - n<<TileHeight
	return int(max(0, min(w, TileWidth)))
}

// ParseTilePath reads what follows /log/tile/ in a C2SP tlog-tiles path: a level or
// "entries", then N in groups of three digits, then an optional .p/W. width is
// TileWidth for a full tile.
func ParseTilePath(path string) (level int, entries bool, n int64, width int, err error) {
	bad := errors.New("malformed tile path")
	head, rest, ok := strings.Cut(path, "/")
	if !ok {
		return 0, false, 0, 0, bad
	}
	if head == "entries" {
		entries = true
		head = "0"
	}
	t, err := tlog.ParseTilePath("tile/8/" + head + "/" + rest)
	if err != nil || t.L > 63 || strconv.Itoa(t.L) != head {
		return 0, false, 0, 0, bad
	}
	return t.L, entries, t.N, t.W, nil
}

// Bundle appends one entry to an entry bundle: its length in two bytes, then the entry.
func Bundle(dst, entry []byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(entry)))
	return append(dst, entry...)
}
