package policies

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:embed packs
var embedded embed.FS

var loadEmbedded = sync.OnceValues(func() (*Registry, error) {
	fsys, err := EmbeddedFS()
	if err != nil {
		return nil, err
	}
	return Load(fsys)
})

// EmbeddedFS returns the packs that are built into the binary.
func EmbeddedFS() (fs.FS, error) { return fs.Sub(embedded, "packs") }

// Embedded returns the packs that are built into the binary, loaded once.
func Embedded() (*Registry, error) { return loadEmbedded() }

// Registry holds every version of every pack. It is immutable.
type Registry struct {
	byID map[string][]*Pack // versions by effective date, oldest first
}

// newRegistry puts versions in order and refuses two that claim the same name or day.
func newRegistry(packs []*loaded) (*Registry, []Problem) {
	r := &Registry{byID: map[string][]*Pack{}}
	var problems []Problem
	slices.SortStableFunc(packs, func(a, b *loaded) int { return a.pack.Effective.Compare(b.pack.Effective) })
	dirs := map[*Pack]string{}
	for _, l := range packs {
		p := l.pack
		file := path.Join(l.dir, "pack.yaml")
		ok := true
		for _, other := range r.byID[p.ID] {
			switch {
			case other.Version == p.Version:
				problems = append(problems, Problem{
					File: file, Message: fmt.Sprintf("pack %s version %s is in %s too", p.ID, p.Version, dirs[other]),
					Instead: "an id of its own, or for a newer version of the same law another version: and a later effective:",
				})
				ok = false
			case other.Effective == p.Effective:
				problems = append(problems, Problem{
					File: file, Message: fmt.Sprintf("versions %s (%s) and %s of pack %s overlap: both are in force from %s", other.Version, dirs[other], p.Version, p.ID, p.Effective),
					Instead: "effective: the day from which this version holds; the older one ends the day before",
				})
				ok = false
			}
		}
		if ok {
			dirs[p] = l.dir
			r.byID[p.ID] = append(r.byID[p.ID], p)
		}
	}
	return r, problems
}

// All returns every version of every pack, by id, then oldest first; the default
// pack, id, comes first.
func (r *Registry) All() []*Pack {
	var all []*Pack
	for _, id := range r.IDs() {
		all = append(all, r.byID[id]...)
	}
	return all
}

// IDs returns the ids of the packs; the default pack, id, comes first.
func (r *Registry) IDs() []string {
	ids := make([]string, 0, len(r.byID))
	for id := range r.byID {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int {
		if (a == "id") != (b == "id") {
			if a == "id" {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	return ids
}

// InForce returns the version of a pack that governs what is filed on a date. It
// returns ErrNoSuchPack or ErrNotYetInForce.
func (r *Registry) InForce(id string, on Date) (*Pack, error) {
	versions := r.byID[id]
	if len(versions) == 0 {
		return nil, fmt.Errorf("pack %q: %w; there are %s", id, ErrNoSuchPack, strings.Join(r.IDs(), ", "))
	}
	for _, p := range slices.Backward(versions) {
		if !p.Effective.After(on) {
			return p, nil
		}
	}
	return nil, fmt.Errorf("pack %q on %s: %w; its first version is in force from %s", id, on, ErrNotYetInForce, versions[0].Effective)
}

// Latest returns the newest version of a pack.
func (r *Registry) Latest(id string) (*Pack, error) {
	versions := r.byID[id]
	if len(versions) == 0 {
		return nil, fmt.Errorf("pack %q: %w; there are %s", id, ErrNoSuchPack, strings.Join(r.IDs(), ", "))
	}
	return versions[len(versions)-1], nil
}

// Version returns one version of a pack: the one that a case was filed under.
func (r *Registry) Version(id, version string) (*Pack, error) {
	for _, p := range r.byID[id] {
		if p.Version == version {
			return p, nil
		}
	}
	return nil, fmt.Errorf("pack %q version %q: %w", id, version, ErrNoSuchPack)
}

// Governing is InForce for questions about the past: on a date before the first
// version it returns that version, and Due warns that the law was not yet in force.
func (r *Registry) Governing(id string, on Date) (*Pack, error) {
	p, err := r.InForce(id, on)
	if versions := r.byID[id]; err != nil && len(versions) > 0 {
		return versions[0], nil
	}
	return p, err
}

// With adds the packs of a folder to the registry: new laws, and new versions of those it
// has. A version that is there already is refused, because cases are pinned to it. The
// error is a list of Problems.
func (r *Registry) With(fsys fs.FS) (*Registry, error) {
	more, err := Load(fsys)
	if err != nil {
		return nil, err
	}
	var all []*loaded
	for _, p := range append(r.All(), more.All()...) {
		all = append(all, p.source)
	}
	both, problems := newRegistry(all)
	if len(problems) > 0 {
		return nil, Problems(problems)
	}
	return both, nil
}
