package server_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const library = "github.com/jotgate/jotgate"

// The house has two legs on one foot. The foot is what both legs speak of: tokens and what is revoked.
type leg string

const (
	foot      leg = "foot"
	verifying leg = "verifying leg" // needs keys
	issuing   leg = "issuing leg"   // needs a store
	tests     leg = "tests"         // only tests import it
)

// room is a package's place: it imports only from lower floors.
type room struct {
	leg   leg
	floor int
}

// rooms places every package by its folder; "x/" places all folders at and below x. A package that is to come has its
// place already, so that whoever writes it finds it.
var rooms = map[string]room{
	"jwt":        {foot, 1},
	"revocation": {foot, 2},

	"jwks":                    {verifying, 2},
	"token":                   {verifying, 2},
	".":                       {verifying, 3},
	"profile/":                {verifying, 4},
	"profile/internal/":       {verifying, 3},
	"jotgatetest":             {verifying, 4},
	"adapters/":               {verifying, 4},
	"server/internal/gateway": {verifying, 4},

	"password":                          {issuing, 1},
	"server/internal/store":             {issuing, 1},
	"server/internal/web":               {issuing, 1},
	"server/internal/fanout":            {issuing, 2},
	"server/internal/limit":             {issuing, 2},
	"server/internal/keyring":           {issuing, 2},
	"server/internal/store/sqlstore/":   {issuing, 2},
	"server/internal/store/mongostore/": {issuing, 2},
	"server/internal/account":           {issuing, 3},
	"server/internal/feed":              {issuing, 3},
	"server/internal/api":               {issuing, 4},
	"server":                            {issuing, 5},
	"server/cmd/jotgate":                {issuing, 6},
	"examples/":                         {issuing, 8}, // programs stand on everything that Go lets them see
	"bench/":                            {issuing, 6},
	"bench/internal/":                   {issuing, 5},
	"interop/":                          {issuing, 6},
	"internal/":                         {tests, 1},
	"examples/mlapi/iris":               {issuing, 5},
	"examples/roles/api":                {issuing, 7},
	"examples/roles/services":           {issuing, 6},
	"examples/internal/readme":          {tests, 2},
	"examples/internal/":                {tests, 1},
	"server/internal/store/storetest":   {tests, 3},
	"server/internal/crash/":            {tests, 6},
}

func TestFloors(t *testing.T) {
	imports := readImports(t, "..")
	if len(imports) < 5 {
		t.Fatalf("read %d imports of the house: want many", len(imports))
	}
	for _, breach := range breaches(imports) {
		t.Error(breach)
	}
}

// The negative control: a check that finds nothing wrong here would find nothing anywhere.
func TestFloorsFindBreaches(t *testing.T) {
	sound := []edge{
		{from: ".", to: library + "/jwt", library: true},
		{from: "server/internal/store", to: library + "/revocation"},
		{from: "server/internal/api", to: library},
		{from: "server/cmd/jotgate", to: library + "/server"},
		{from: "server/internal/store/sqlstore", to: library + "/server/internal/store/storetest", test: true},
		{from: "password", to: "golang.org/x/crypto/argon2"},
	}
	if got := breaches(sound); len(got) > 0 {
		t.Errorf("sound imports: got breaches %q, want none", got)
	}
	for name, e := range map[string]edge{
		"upwards":                     {from: "server/internal/account", to: library + "/server/internal/api"},
		"sideways":                    {from: "server/internal/limit", to: library + "/server/internal/keyring"},
		"foot on a leg":               {from: "revocation", to: library + "/jwks", library: true},
		"verifying on issuing":        {from: "server/internal/gateway", to: library + "/server/internal/store"},
		"issuing on verifying, low":   {from: "server/internal/account", to: library + "/jwks"},
		"tests in the product":        {from: "server", to: library + "/internal/pgtest"},
		"importer without a room":     {from: "server/internal/util", to: "fmt"},
		"imported without a room":     {from: "server", to: library + "/helpers"},
		"library needs a module":      {from: ".", to: "golang.org/x/crypto/argon2", library: true},
		"library test needs a module": {from: "jwt", to: "github.com/golang-jwt/jwt/v5", library: true, test: true},
		"library needs password":      {from: ".", to: library + "/password", library: true},
		"unsafe":                      {from: "jwt", to: "unsafe", library: true},
		"unsafe in a test":            {from: "jwt", to: "unsafe", library: true, test: true},
		"cgo":                         {from: "jwt", to: "C", library: true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := breaches([]edge{e}); len(got) != 1 {
				t.Errorf("%+v: got breaches %q, want one", e, got)
			}
		})
	}
}

// An API that imports the library gets the library: no driver, no framework, no newer Go.
func TestLibraryBringsNothing(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, dir, "go.mod", "module example.com/api\n\ngo 1.25\n\nrequire "+library+" v0.0.0\n\nreplace "+library+" => "+strconv.Quote(root)+"\n")
	write(t, dir, "api.go", "package api\n\nimport _ \""+library+"\"\n")

	goCommand(t, dir, "build", "./...")
	got := strings.Fields(goCommand(t, dir, "list", "-m", "-f", "{{.Path}}", "all"))
	if want := []string{"example.com/api", library}; !slices.Equal(got, want) {
		t.Errorf("go list -m all: got %q, want %q", got, want)
	}
}

// edge is one import. It is read from the source and not asked of go list, which would see only the files that this
// operating system builds.
type edge struct {
	from    string // folder
	to      string // import path
	library bool   // from is in the library's module
	test    bool   // a test imports it
}

func readImports(t *testing.T, root string) []edge {
	var edges []edge
	modules := []string{} // folders of nested modules
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		folder := path.Dir(filepath.ToSlash(rel))
		switch {
		case d.IsDir() && rel != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir() && rel != "." && isFile(filepath.Join(name, "go.mod")):
			modules = append(modules, filepath.ToSlash(rel))
		case strings.HasSuffix(rel, ".go"):
			e := edge{from: folder, test: strings.HasSuffix(rel, "_test.go"), library: !slices.ContainsFunc(modules, func(m string) bool {
				return folder == m || strings.HasPrefix(folder, m+"/")
			})}
			for _, e.to = range importsOf(t, name) {
				edges = append(edges, e)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return edges
}

func importsOf(t *testing.T, file string) []string {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, spec := range f.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, p)
	}
	return paths
}

// breaches returns what each import breaks, at most one sentence each.
func breaches(edges []edge) []string {
	var all []string
	for _, e := range edges {
		if b := e.breach(); b != "" && !slices.Contains(all, b) {
			all = append(all, b)
		}
	}
	return all
}

func (e edge) breach() string {
	from, ok := roomOf(e.from)
	if !ok {
		return fmt.Sprintf("%s stands on no floor: give it a room", e.from)
	}
	folder, ours := ownFolder(e.to)
	if !ours {
		return e.foreign()
	}
	to, ok := roomOf(folder)
	switch {
	case !ok:
		return fmt.Sprintf("%s imports %s, which stands on no floor: give it a room", e.from, folder)
	case e.library && (to.leg == issuing || to.leg == tests):
		return fmt.Sprintf("%s of the library imports %s of another module", e.from, folder)
	case !e.test && !from.standsOn(to) && e.from != folder:
		return fmt.Sprintf("%s (%s, floor %d) must not import %s (%s, floor %d)", e.from, from.leg, from.floor, folder, to.leg, to.floor)
	}
	return ""
}

// foreign judges an import that is not ours.
func (e edge) foreign() string {
	standard := !strings.Contains(strings.SplitN(e.to, "/", 2)[0], ".")
	if e.library && (!standard || e.to == "unsafe" || e.to == "C") {
		return fmt.Sprintf("%s of the library imports %s: it needs the standard library only, without unsafe", e.from, e.to)
	}
	return ""
}

func (r room) standsOn(to room) bool {
	switch {
	case to.leg == tests && r.leg != tests,
		r.leg == foot && to.leg != foot,
		r.leg == verifying && to.leg == issuing,
		r.leg == issuing && to.leg == verifying && r.floor < 4: // below the API, the legs meet in the foot only
		return false
	case r.leg == issuing && to.leg == foot: // the foot bears the whole leg: a deed of the store appends a revocation
		return true
	}
	return to.floor < r.floor
}

func roomOf(folder string) (room, bool) {
	if r, ok := rooms[folder]; ok {
		return r, true
	}
	for f := folder; f != "."; f = path.Dir(f) {
		if r, ok := rooms[f+"/"]; ok {
			return r, true
		}
	}
	return room{}, false
}

func ownFolder(importPath string) (string, bool) {
	if importPath == library {
		return ".", true
	}
	return strings.CutPrefix(importPath, library+"/")
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// goCommand runs go as a user of the library does: no workspace, and here no network either.
func goCommand(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOPROXY=off")
	var faults strings.Builder
	cmd.Stderr = &faults
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, faults.String())
	}
	return string(out)
}
