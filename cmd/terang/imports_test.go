package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// arrows are all the arrows of the house: a package may import those of ours that stand
// behind it and no other. A name that ends in /* stands for every package below it.
var arrows = map[string]string{
	"policies": "",
	// The vocabulary knows nothing of its keepers; its children import it.
	"models":                              "policies",
	"models/trail":                        "models",
	"models/store":                        "models models/trail",
	"models/store/storetest":              "models models/trail models/store",
	"models/raster":                       "",
	"models/casework/inspect":             "",
	"models/casework/inspect/inspecttest": "",
	"models/casework":                     "models models/casework/inspect models/raster models/store models/trail policies",
	"models/casework/caseworktest":        "models models/casework models/store models/trail policies",

	"static":           "",
	"views/text":       "static",
	"views/components": "views/text static",
	"views/layout":     "views/components views/text static",
	"views/pages":      "views/components views/layout views/text static",
	"views/emails":     "views/components views/layout views/text static",

	// web and caseview are leaves that audiences share. No audience imports another.
	"handlers/web":      "models policies static views/*",
	"handlers/caseview": "models models/casework policies views/*",
	"handlers/public":   audience, "handlers/desk": audience, "handlers/audit": audience, "handlers/api": audience, "handlers/channels": audience,
	"handlers": "handlers/* models models/casework policies views/pages",

	// Words and sample logins for the operator come from views; pages are drawn by handlers.
	"cmd/terang": "handlers handlers/channels models models/casework models/store models/trail policies views/text views/pages",
}

const audience = "handlers/web handlers/caseview models models/casework policies views/*"

// outside says who alone may import some packages that are not ours.
var outside = map[string]string{
	"gorm.io/":                         "models/store",
	"modernc.org/sqlite":               "models/store models/store/storetest",
	"github.com/jackc/":                "models/store models/store/storetest",
	"github.com/gofiber/fiber/v2":      "handlers handlers/* cmd/terang",
	"github.com/danielgtaylor/huma/v2": "handlers/api",
	"net/http":                         "handlers handlers/* cmd/terang",
}

type goPackage struct {
	ImportPath string
	Imports    []string
	Module     *struct{ Main bool }
}

// TestArrows fails on a broken arrow. It reads what the compiler reads; tests may import more.
func TestArrows(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports,Module", "./...")
	cmd.Dir = "../.."
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		t.Fatalf("go list: %v\n%s", err, errOut.String())
	}
	checked := 0
	for dec := json.NewDecoder(&out); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Module == nil || !p.Module.Main {
			continue
		}
		checked++
		for _, fault := range broken(strings.TrimPrefix(p.ImportPath, "terang/"), p.Imports) {
			t.Error(fault)
		}
	}
	if checked < 10 {
		t.Errorf("only %d packages seen", checked)
	}
}

// broken lists the arrows of a package that the house does not have.
func broken(from string, imports []string) (faults []string) {
	may, known := arrows[from]
	if !known {
		return []string{from + " is not in the house: give it its arrows here"}
	}
	for _, i := range imports {
		if to, ours := strings.CutPrefix(i, "terang/"); ours && !among(to, may) {
			faults = append(faults, from+" -> "+to+" is not an arrow of the house")
		}
		for path, who := range outside {
			if strings.HasPrefix(i, path) && (i == path || strings.HasSuffix(path, "/") || i[len(path)] == '/') && !among(from, who) {
				faults = append(faults, from+" imports "+i+", which is for "+who)
			}
		}
	}
	return faults
}

func among(name, list string) bool {
	return slices.ContainsFunc(strings.Fields(list), func(pattern string) bool {
		parent, all := strings.CutSuffix(pattern, "/*")
		return pattern == name || all && strings.HasPrefix(name, parent+"/")
	})
}

// TestArrowsAreSeen: the check itself finds a broken arrow of each sort.
func TestArrowsAreSeen(t *testing.T) {
	t.Parallel()
	for _, bad := range [][2]string{
		{"policies", "terang/models"}, {"models", "terang/models/store"}, {"models", "gorm.io/gorm"}, {"models/casework", "net/http"},
		{"handlers/public", "terang/handlers/desk"}, {"handlers/desk", "terang/models/store"}, {"handlers/web", "terang/models/casework"},
		{"views/pages", "terang/models"}, {"views/pages", "github.com/gofiber/fiber/v2"}, {"models/trail", "terang/policies"}, {"models/helpers", "fmt"},
	} {
		if len(broken(bad[0], []string{bad[1]})) == 0 {
			t.Errorf("%s -> %s goes unseen", bad[0], bad[1])
		}
	}
	if f := broken("handlers", []string{"terang/handlers/desk", "net/http", "net/http/httptest"}); len(f) > 0 {
		t.Error(f)
	}
}

// TestStateHasOneWriter fails where anything but models/lifecycle.go writes a case's
// state: by assignment, or in a literal of a Case.
func TestStateHasOneWriter(t *testing.T) {
	t.Parallel()
	files := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := filepath.ToSlash(path)
		// What tests are set up with may put a case into any state.
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && len(d.Name()) > 2 || d.Name() == "testdata" || d.Name() == "storetest" || d.Name() == "caseworktest") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "models/lifecycle.go") {
			return nil
		}
		files++
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, at := range stateWrites(file) {
			t.Errorf("%s writes a case's state; only Case.Move in models/lifecycle.go may", fset.Position(at))
		}
		return nil
	})
	if err != nil || files < 50 {
		t.Errorf("%d files read: %v", files, err)
	}
}

// stateWrites finds writes to a field State that can be a Case's. Rungs have a state of
// their own; a right side that names a rung's state is theirs.
func stateWrites(file *ast.File) (at []token.Pos) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				sel, ok := left.(*ast.SelectorExpr)
				if ok && sel.Sel.Name == "State" && !rungLike(sel.X) && !(len(n.Rhs) == len(n.Lhs) && rungState(n.Rhs[i])) {
					at = append(at, left.Pos())
				}
			}
		case *ast.CompositeLit:
			if !isCase(n.Type) {
				return true
			}
			for _, e := range n.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok {
					if key, ok := kv.Key.(*ast.Ident); ok && key.Name == "State" {
						at = append(at, kv.Pos())
					}
				}
			}
		}
		return true
	})
	return at
}

func isCase(t ast.Expr) bool {
	switch t := t.(type) {
	case *ast.Ident:
		return t.Name == "Case"
	case *ast.SelectorExpr:
		return t.Sel.Name == "Case"
	}
	return false
}

func rungLike(x ast.Expr) bool {
	id, ok := x.(*ast.Ident)
	return ok && (id.Name == "rung" || id.Name == "e") // e: an event says the state, it has none
}

func rungState(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.SelectorExpr:
		return strings.HasPrefix(x.Sel.Name, "Rung")
	case *ast.Ident:
		return strings.HasPrefix(x.Name, "Rung") || x.Name == "how"
	}
	return false
}

// TestStateWritesAreSeen: the check itself finds what it looks for.
func TestStateWritesAreSeen(t *testing.T) {
	t.Parallel()
	src := "package p\nfunc f(c *Case, w work) { c.State = StateClosed; w.c.State = x; rung.State = RungOpen; _ = Case{State: x}; _ = Rung{State: x} }"
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", src, 0)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(stateWrites(file)); n != 3 {
		t.Errorf("%d writes seen, want 3", n)
	}
}
