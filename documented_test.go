package jotgate_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Every exported name of every package of this module is documented: functions, methods, types and single values by a
// sentence that begins with the name, grouped values by any comment on them or on their group.
func TestExportedNamesAreDocumented(t *testing.T) {
	found := 0
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil && path != "." || entry.Name() == "testdata" {
				return fs.SkipDir
			}
			return nil
		case filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		found += undocumented(file, func(name *ast.Ident) {
			t.Errorf("%s: %s has no doc comment of its own", files.Position(name.Pos()), name.Name)
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 300 {
		t.Errorf("found %d exported names, want those of the whole module", found)
	}
}

// undocumented calls fault for each exported name without words, and returns how many names it looked at. Members of
// structs and interfaces may share the words of their type, and Error needs none.
func undocumented(file *ast.File, fault func(*ast.Ident)) (n int) {
	need := func(name *ast.Ident, begins bool, comments ...*ast.CommentGroup) {
		if !name.IsExported() || name.Name == "Error" {
			return
		}
		n++
		said := func(c *ast.CommentGroup) bool {
			return c.Text() != "" && (!begins || strings.HasPrefix(c.Text(), name.Name+" "))
		}
		if !slices.ContainsFunc(comments, said) {
			fault(name)
		}
	}
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if reachable(d) {
				need(d.Name, true, d.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					need(s.Name, true, s.Doc, d.Doc)
				case *ast.ValueSpec:
					for _, name := range s.Names {
						need(name, !d.Lparen.IsValid(), s.Doc, s.Comment, d.Doc)
					}
				}
			}
		}
	}
	return n
}

// reachable tells whether a function is nobody's method, or that of an exported type.
func reachable(d *ast.FuncDecl) (ok bool) {
	if d.Recv == nil {
		return true
	}
	ast.Inspect(d.Recv.List[0].Type, func(n ast.Node) bool {
		name, is := n.(*ast.Ident)
		ok = ok || is && name.IsExported()
		return true
	})
	return ok
}
