package jotgate_test

import (
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
	"httptest": "net/http/httptest", "os": "os", "rand": "crypto/rand", "slices": "slices", "sql": "database/sql", "strings": "strings",
	"testing": "testing", "time": "time",
	"jotgate": "github.com/jotgate/jotgate", "jotgatetest": "github.com/jotgate/jotgate/jotgatetest",
	"jwks": "github.com/jotgate/jotgate/jwks", "jwt": "github.com/jotgate/jotgate/jwt",
	"revocation": "github.com/jotgate/jotgate/revocation", "token": "github.com/jotgate/jotgate/token",
	"fastapijwtauth":   "github.com/jotgate/jotgate/profile/fastapijwtauth",
	"flaskjwtextended": "github.com/jotgate/jotgate/profile/flaskjwtextended",
	"jotecho":          "github.com/jotgate/jotgate/adapters/jotecho", "echo": "github.com/labstack/echo/v5",
	"jotfiber": "github.com/jotgate/jotgate/adapters/jotfiber", "fiber": "github.com/gofiber/fiber/v3",
	"jotgin": "github.com/jotgate/jotgate/adapters/jotgin", "gin": "github.com/gin-gonic/gin",
	"jothuma": "github.com/jotgate/jotgate/adapters/jothuma", "huma": "github.com/danielgtaylor/huma/v2",
	"chi": "github.com/go-chi/chi/v5",
}

// The Go of a page is one package of its own, its programs stand beside it, vet finds nothing wrong with them, and the tests
// that a page shows pass.
func TestGuideCompiles(t *testing.T) {
	dir := guideModule(t)
	run(t, dir, "vet", "./...")
	run(t, dir, "test", "-skip=TestServe", "./...")
}

// guideModule makes a module of all pages, in a workspace with ours.
func guideModule(t *testing.T) string {
	if _, err := os.Stat("adapters/jotgin/go.mod"); err != nil {
		t.Skip("skipped: the guide speaks of the adapters, which are in the repository and not in this module")
	}
	pages, err := filepath.Glob("docs/guide/*.md")
	if err != nil || len(pages) < 4 {
		t.Fatalf("docs/guide: got %q and %v, want at least four pages", pages, err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module guide\n\ngo 1.26.0\n\nrequire github.com/go-chi/chi/v5 v5.2.3\n")
	write(t, filepath.Join(dir, "go.sum"), chiSum)
	write(t, filepath.Join(dir, "go.work"), workspace(t))
	for _, page := range pages {
		writePage(t, dir, page)
	}
	return dir
}

const chiSum = `github.com/go-chi/chi/v5 v5.2.3 h1:WQIt9uxdsAbgIYgid+BpYc+liqQZGMHRaUwp0JUcvdE=
github.com/go-chi/chi/v5 v5.2.3/go.mod h1:L2yAIGWB3H+phAw1NxKwWM+7eUH/lU8pOMm5hHcoops=
`

// workspace is ours with the module of the guide in the place of the server, whose dependencies no page needs.
func workspace(t *testing.T) string {
	text, err := os.ReadFile("go.work")
	must(t, err)
	root, err := os.Getwd()
	must(t, err)
	return regexp.MustCompile(`(?m)(\s)(\.\S*)$`).ReplaceAllStringFunc(string(text), func(path string) string {
		space, path := path[:1], path[1:]
		if path == "./server" {
			return space + "."
		}
		return space + strconv.Quote(filepath.ToSlash(filepath.Join(root, path)))
	})
}

func run(t *testing.T, dir string, args ...string) {
	t.Helper()
	goTool := exec.Command("go", args...)
	goTool.Dir, goTool.Env = dir, append(os.Environ(), "GOWORK="+filepath.Join(dir, "go.work"))
	if out, err := goTool.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// writePage writes the snippets of a page as page/page.go, and a program on it as page/program/main.go, with a test that
// serves it.
func writePage(t *testing.T, dir, page string) {
	text, err := os.ReadFile(page)
	must(t, err)
	dir = filepath.Join(dir, pageName(page))
	var snippets string
	for _, block := range goBlock.FindAllStringSubmatch(string(text), -1) {
		if pretty, err := format.Source([]byte(block[1])); err != nil || string(pretty) != block[1] {
			t.Errorf("%s: want a snippet as gofmt writes it (%v), got\n%s", page, err, block[1])
		}
		if strings.HasPrefix(block[1], "package main\n") {
			write(t, filepath.Join(dir, "program", "main.go"), block[1])
			write(t, filepath.Join(dir, "program", "serve_test.go"), serve)
			continue
		}
		snippets += block[1] + "\n"
	}
	name := "page.go"
	if strings.Contains(snippets, "\nfunc Test") {
		name = "page_test.go"
	}
	write(t, filepath.Join(dir, name), packageOf(t, page, snippets))
}

func pageName(page string) string { return strings.TrimSuffix(filepath.Base(page), ".md") }

// packageOf puts snippets behind the imports that they need.
func packageOf(t *testing.T, page, snippets string) string {
	file, err := parser.ParseFile(token.NewFileSet(), page, "package guide\n"+snippets, 0)
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
	return source + snippets
}

func write(t *testing.T, name, text string) {
	must(t, os.MkdirAll(filepath.Dir(name), 0o755))
	must(t, os.WriteFile(name, []byte(text), 0o644))
}

var (
	link    = regexp.MustCompile(`\]\(([^)#:]*)(?:#([^)]*))?\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
)

// Links between pages lead somewhere.
func TestGuideLinks(t *testing.T) {
	pages, err := filepath.Glob("docs/guide/*.md")
	must(t, err)
	for _, page := range append(pages, "README.md") {
		text, err := os.ReadFile(page)
		must(t, err)
		for _, l := range link.FindAllStringSubmatch(string(text), -1) {
			target := page
			if l[1] != "" {
				target = filepath.Join(filepath.Dir(page), l[1])
			}
			if _, err := os.Stat(target); err != nil || l[2] != "" && !hasHeading(t, target, l[2]) {
				t.Errorf("%s: %s leads nowhere", page, l[0])
			}
		}
	}
}

// hasHeading tells whether a page has the heading that GitHub gives this anchor.
func hasHeading(t *testing.T, page, anchor string) bool {
	text, err := os.ReadFile(page)
	must(t, err)
	for _, h := range heading.FindAllStringSubmatch(string(text), -1) {
		plain := regexp.MustCompile(`[^\pL\pN_ -]`).ReplaceAllString(strings.ToLower(h[1]), "")
		if strings.ReplaceAll(plain, " ", "-") == anchor {
			return true
		}
	}
	return false
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
