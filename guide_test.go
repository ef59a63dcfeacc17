package jotgate_test

import (
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var goBlock = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

// guidePackages are those that a snippet may speak of without importing them.
var guidePackages = map[string]string{
	"context": "context", "errors": "errors", "fmt": "fmt", "http": "net/http", "io": "io", "json": "encoding/json", "log": "log",
	"httptest": "net/http/httptest", "rand": "crypto/rand", "sql": "database/sql", "testing": "testing", "time": "time",
	"jotgate": "github.com/jotgate/jotgate", "jotgatetest": "github.com/jotgate/jotgate/jotgatetest",
	"jwks": "github.com/jotgate/jotgate/jwks", "jwt": "github.com/jotgate/jotgate/jwt",
}

// The Go of a page of the guide is one package, and go vet finds nothing wrong with it.
func TestGuideCompiles(t *testing.T) {
	pages, err := filepath.Glob("docs/guide/*.md")
	if err != nil || len(pages) < 4 {
		t.Fatalf("docs/guide: got %q and %v, want at least four pages", pages, err)
	}
	root, err := os.Getwd()
	must(t, err)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), fmt.Sprintf(
		"module guide\n\ngo 1.25\n\nrequire github.com/jotgate/jotgate v0.0.0\n\nreplace github.com/jotgate/jotgate => %s\n", strconv.Quote(root)))
	for _, page := range pages {
		name := strings.TrimSuffix(filepath.Base(page), ".md")
		write(t, filepath.Join(dir, name, "page.go"), pageOfGo(t, page))
	}
	vet := exec.Command("go", "vet", "./...")
	vet.Dir, vet.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOPROXY=off")
	if out, err := vet.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// pageOfGo puts the snippets of a page behind the imports that they need.
func pageOfGo(t *testing.T, page string) string {
	text, err := os.ReadFile(page)
	must(t, err)
	var snippets strings.Builder
	for _, block := range goBlock.FindAllStringSubmatch(string(text), -1) {
		if pretty, err := format.Source([]byte(block[1])); err != nil || string(pretty) != block[1] {
			t.Errorf("%s: want a snippet as gofmt writes it (%v), got\n%s", page, err, block[1])
		}
		snippets.WriteString(block[1] + "\n")
	}
	file, err := parser.ParseFile(token.NewFileSet(), page, "package guide\n"+snippets.String(), 0)
	must(t, err)
	imports := map[string]bool{}
	for _, name := range file.Unresolved {
		if path, ok := guidePackages[name.Name]; ok {
			imports[path] = true
		}
	}
	source := "package guide\n\n"
	for path := range imports {
		source += "import " + strconv.Quote(path) + "\n"
	}
	return source + snippets.String()
}

func write(t *testing.T, name, text string) {
	must(t, os.MkdirAll(filepath.Dir(name), 0o755))
	must(t, os.WriteFile(name, []byte(text), 0o644))
}

// The table of codes says what the constants say.
func TestGuideListsCodes(t *testing.T) {
	text, err := os.ReadFile("docs/guide/errors.md")
	must(t, err)
	listed := map[string][2]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| `(Code[A-Za-z]+)` \\| (\\d+) \\|").FindAllStringSubmatch(string(text), -1) {
		listed[row[2]] = [2]string{row[1], row[3]}
	}
	for name, want := range codes(t) {
		if listed[name] != want {
			t.Errorf("%s: want %v, got %v", name, want, listed[name])
		}
		delete(listed, name)
	}
	for name := range listed {
		t.Errorf("%s: is listed, and is no constant", name)
	}
}

// codes reads the constants Code… with their statuses, which their comments begin with.
func codes(t *testing.T) map[string][2]string {
	file, err := parser.ParseFile(token.NewFileSet(), "refusal.go", nil, parser.ParseComments)
	must(t, err)
	found := map[string][2]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, "Code") {
			value, _ := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value) // the parser has read it
			found[spec.Names[0].Name] = [2]string{value, spec.Comment.Text()[:3]}
		}
		return true
	})
	return found
}
