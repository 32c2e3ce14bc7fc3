package policies

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed skeleton/*.yaml skeleton/*.txtar
var skeleton embed.FS

// Skeleton returns the files of a new pack, commented, by name: what `terang pack
// new` writes. It loads and lints as it is; every figure in it is an example.
func Skeleton(id string) (map[string]string, error) {
	if !packIDForm.MatchString(id) {
		return nil, fmt.Errorf("pack id %q: want 2 to 20 lower-case letters, digits or dashes, beginning with a letter, for example id", id)
	}
	names, err := fs.Glob(skeleton, "skeleton/*")
	if err != nil {
		return nil, err
	}
	files := make(map[string]string, len(names))
	for _, name := range names {
		data, err := skeleton.ReadFile(name)
		if err != nil {
			return nil, err
		}
		files[strings.TrimPrefix(name, "skeleton/")] = strings.ReplaceAll(string(data), "PACK_ID", id)
	}
	return files, nil
}
