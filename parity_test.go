package jotgate_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const parityPage = "docs/design/0006-parity.md"

// parityRows is how many rows there are at least: a capability does not leave the page by accident.
const parityRows = 156

// evidence is what a row may name.
type evidence struct {
	names    []string // of Go: jotgate.Rule.Fresh
	profile  []string // those of names that a profile exports and a row must name
	routes   map[string]bool
	settings map[string]bool
}

// Every row names something that exists, or says why there is nothing.
func TestParity(t *testing.T) {
	page, err := os.ReadFile(parityPage)
	must(t, err)
	have := gather(t)
	rows := tableRows(string(page))
	if len(rows) < parityRows {
		t.Errorf("%s: got %d rows, want at least %d", parityPage, len(rows), parityRows)
	}
	for _, row := range rows {
		for _, fault := range have.faults(row) {
			t.Errorf("%s: %s", row[0], fault)
		}
	}
	for _, name := range have.unnamed(rows) {
		t.Errorf("%s: a profile exports it, and no row names it", name)
	}
}

// The test sees what it is there to see.
func TestParitySeesFaults(t *testing.T) {
	have := gather(t)
	for _, c := range []struct{ row, want string }{
		{"| HS256 | all | `jwt.HS256` |", ""},
		{"| a family | all | `jwt.HS*` |", ""},
		{"| a method of a generic type | all | `jotgate.Users.Need` |", ""},
		{"| a route | own | `PATCH /v1/users/{id}` |", ""},
		{"| a setting | own | `access_ttl` |", ""},
		{"| x | FJ | left out: nobody should want it |", ""},
		{"| an invented name | all | `jotgate.Rule.Fresher` |", "no Go name"},
		{"| one beside a real one | all | `jwt.HS256`, `jwt.Key.Sign` |", "no Go name"},
		{"| one that is not exported | all | `jotgate.Guard.config` |", "no Go name"},
		{"| an empty family | all | `jwt.XS*` |", "no Go name"},
		{"| an invented route | own | `POST /v1/loginn` |", "no route"},
		{"| another method | own | `PUT /v1/login` |", "no route"},
		{"| an invented setting | own | `access_tl` |", "no setting"},
		{"| nothing named | FJ | it is there |", "names nothing"},
		{"| no reason | FJ | left out: |", "want a reason"},
		{"| a short one | FJ | not yet: later |", "want a reason"},
		{"| invented beside a reason | FJ | left out: use `jwt.None` instead of that one |", "no Go name"},
		{"| no library |  | `jwt.HS256` |", "no library"},
		{"| an unknown library | FJX | `jwt.HS256` |", "no library"},
		{"|  | FJ | `jwt.HS256` |", "empty"},
		{"| two cells | `jwt.HS256` |", "want three cells"},
	} {
		rows := tableRows("| capability | theirs | here |\n|---|---|---|\n" + c.row + "\n")
		if len(rows) != 1 {
			t.Fatalf("%s: got %d rows, want one", c.row, len(rows))
		}
		if got := strings.Join(have.faults(rows[0]), "; "); c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.row, got, c.want)
		}
	}
	if len(have.unnamed(nil)) < 100 {
		t.Errorf("without a row: got %d names of profiles missing, want all of them", len(have.unnamed(nil)))
	}
}

// tableRows are the rows of all tables of a page, without their heads.
func tableRows(page string) (rows [][]string) {
	for line := range strings.Lines(page) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		if !strings.HasPrefix(line, "| ") || cells[0] == "capability" {
			continue
		}
		if strings.HasPrefix(line, "|  |") {
			cells = append([]string{""}, cells...)
		}
		rows = append(rows, cells)
	}
	return rows
}

var (
	parityLibraries = regexp.MustCompile(`^(FJ|FJE|FA|FL|PJ|SJ|AX|own|all|none)( (FJ|FJE|FA|FL|PJ|SJ|AX|own))*$`)
	parityReason    = regexp.MustCompile(`^(left out|not yet): (\S+ ){3,}\S+`)
	code            = regexp.MustCompile("`([^`]+)`")
	routeForm       = regexp.MustCompile(`^[A-Z]+ /`)
)

// faults are what is wrong with a row.
func (e evidence) faults(row []string) (faults []string) {
	if len(row) != 3 {
		return []string{fmt.Sprintf("want three cells, got %q", row)}
	}
	if row[0] == "" {
		faults = append(faults, "the capability is empty")
	}
	if !parityLibraries.MatchString(row[1]) {
		faults = append(faults, fmt.Sprintf("%q is no library", row[1]))
	}
	named := code.FindAllStringSubmatch(row[2], -1)
	for _, n := range named {
		faults = append(faults, e.missing(n[1])...)
	}
	switch absent := strings.HasPrefix(row[2], "left out:") || strings.HasPrefix(row[2], "not yet:"); {
	case absent && !parityReason.MatchString(row[2]):
		faults = append(faults, "want a reason, got "+row[2])
	case !absent && named == nil:
		faults = append(faults, "names nothing of ours, and no reason")
	}
	return faults
}

func (e evidence) missing(name string) []string {
	switch {
	case routeForm.MatchString(name):
		if !e.routes[name] {
			return []string{name + " is no route of the OpenAPI document"}
		}
	case strings.Contains(name, "."):
		if !slices.ContainsFunc(e.names, func(n string) bool { return matches(name, n) }) {
			return []string{name + " is no Go name that is exported"}
		}
	case !e.settings[name]:
		return []string{name + " is no setting"}
	}
	return nil
}

func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

// unnamed are the exported names of profiles that stand in no row.
func (e evidence) unnamed(rows [][]string) (list []string) {
	var patterns []string
	for _, row := range rows {
		for _, n := range code.FindAllStringSubmatch(row[len(row)-1], -1) {
			patterns = append(patterns, n[1])
		}
	}
	for _, name := range e.profile {
		if !slices.ContainsFunc(patterns, func(p string) bool { return matches(p, name) }) {
			list = append(list, name)
		}
	}
	return list
}

func gather(t *testing.T) evidence {
	t.Helper()
	e := evidence{routes: routes(t), settings: map[string]bool{}}
	page, err := os.ReadFile("docs/settings.md")
	must(t, err)
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(string(page), -1) {
		e.settings[m[1]] = true
	}
	must(t, filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{"server", "bench", "interop", "internal", "testdata", ".git"}, entry.Name()):
			return filepath.SkipDir
		case !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go"):
			return nil
		}
		names := exported(t, file)
		e.names = append(e.names, names...)
		if strings.HasPrefix(filepath.ToSlash(file), "profile/") {
			e.profile = append(e.profile, slices.DeleteFunc(names, isType)...)
		}
		return nil
	}))
	return e
}

// isType tells names of types, for which their members stand.
func isType(name string) bool {
	return slices.Contains([]string{"Settings", "Token", "Issuer"}, path.Ext(name)[1:])
}

func routes(t *testing.T) map[string]bool {
	text, err := os.ReadFile("server/testdata/openapi.json")
	must(t, err)
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	must(t, json.Unmarshal(text, &document))
	found := map[string]bool{}
	for address, methods := range document.Paths {
		for method := range methods {
			found[strings.ToUpper(method)+" "+address] = true
		}
	}
	return found
}

// exported are the names that a file exports: package.Name, and package.Type.Member for fields and methods.
func exported(t *testing.T, file string) (names []string) {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	must(t, err)
	add := func(parts ...string) {
		if !slices.ContainsFunc(parts, func(p string) bool { return !ast.IsExported(p) }) {
			names = append(names, f.Name.Name+"."+strings.Join(parts, "."))
		}
	}
	for _, decl := range f.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			add(append(receiver(d), d.Name.Name)...)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				addSpec(spec, add)
			}
		}
	}
	return names
}

func addSpec(spec ast.Spec, add func(...string)) {
	switch s := spec.(type) {
	case *ast.ValueSpec:
		for _, n := range s.Names {
			add(n.Name)
		}
	case *ast.TypeSpec:
		add(s.Name.Name)
		for _, member := range members(s.Type) {
			for _, n := range member.Names {
				add(s.Name.Name, n.Name)
			}
		}
	}
}

func members(t ast.Expr) []*ast.Field {
	switch t := t.(type) {
	case *ast.StructType:
		return t.Fields.List
	case *ast.InterfaceType:
		return t.Methods.List
	}
	return nil
}

// receiver is the name of a method's type, and nothing for a function.
func receiver(d *ast.FuncDecl) (name []string) {
	if d.Recv == nil {
		return nil
	}
	ast.Inspect(d.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && name == nil {
			name = []string{id.Name}
		}
		return true
	})
	return name
}
