package policies

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"
)

func skeletonFS(t testing.TB, dir string) fstest.MapFS {
	t.Helper()
	files, err := Skeleton("xx")
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{}
	for name, data := range files {
		fsys[dir+"/"+name] = &fstest.MapFile{Data: []byte(data)}
	}
	return fsys
}

func TestSkeletonIsSound(t *testing.T) {
	problems, unverified, err := Lint(skeletonFS(t, "xx"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Error(p)
	}
	if len(unverified) == 0 {
		t.Error("a skeleton of examples must count as not verified")
	}
	if _, err := Skeleton("../evil"); err == nil {
		t.Error("an id that is a path was taken")
	}
}

// Each archive in testdata/broken says in words what is wrong, what to change in the
// skeleton (file, the text there, the text instead), and what must be reported.
func TestBrokenPacks(t *testing.T) {
	archives, err := filepath.Glob("testdata/broken/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal("no archives", err)
	}
	for _, archive := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(archive), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(archive)
			if err != nil {
				t.Fatal(err)
			}
			fsys := skeletonFS(t, "xx")
			var want string
			for i := 0; i < len(a.Files); i++ {
				f := a.Files[i]
				switch verb, name, _ := strings.Cut(f.Name, " "); verb {
				case "add":
					fsys[name] = &fstest.MapFile{Data: f.Data}
				case "copy": // copy FROM-DIR TO-DIR
					from, to, _ := strings.Cut(name, " ")
					for path, file := range fsys {
						if rest, ok := strings.CutPrefix(path, from+"/"); ok {
							fsys[to+"/"+rest] = &fstest.MapFile{Data: file.Data}
						}
					}
				case "drop":
					delete(fsys, name)
				case "in":
					i++
					old := strings.TrimSuffix(string(f.Data), "\n")
					file := fsys[name]
					if file == nil || !strings.Contains(string(file.Data), old) {
						t.Fatalf("%s has no %q", name, old)
					}
					file.Data = []byte(strings.Replace(string(file.Data), old, strings.TrimSuffix(string(a.Files[i].Data), "\n"), 1))
				case "want":
					want = strings.TrimSpace(string(f.Data))
				default:
					t.Fatalf("unknown part %q", f.Name)
				}
			}
			problems, _, err := Lint(fsys)
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, p := range problems {
				lines = append(lines, p.Error())
			}
			if got := strings.Join(lines, "\n"); got != want {
				if os.Getenv("UPDATE") != "" {
					for i := range a.Files {
						if a.Files[i].Name == "want" {
							a.Files[i].Data = []byte(got + "\n")
						}
					}
					if err := os.WriteFile(archive, txtar.Format(a), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				t.Errorf("reported\n%s\nwant\n%s", got, want)
			}
		})
	}
}
