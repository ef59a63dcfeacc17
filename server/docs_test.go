package server_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What jotgate config prints is what docs/settings.md says: every name, with its default.
func TestSettingsAreDocumented(t *testing.T) {
	cmd := exec.Command("go", "run", "./cmd/jotgate", "config")
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "JOTGATE_") })
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	real := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, value, _ := strings.Cut(line, ":")
		real[name] = strings.Trim(strings.TrimSpace(value), `"`)
	}
	documented := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| `([^`]*)` \\|").FindAllStringSubmatch(document(t, "settings"), -1) {
		documented[row[1]] = row[2]
	}
	for name, value := range real {
		if documented[name] != value {
			t.Errorf("%s: docs/settings.md says %q, jotgate config says %q", name, documented[name], value)
		}
		delete(documented, name)
	}
	for name := range documented {
		t.Errorf("%s: stands in docs/settings.md, and is no setting", name)
	}
}

// notCodes are words of the code's form that are no codes.
var notCodes = []string{"request_id", "new_password", "refresh_token", "refresh_cookie"}

// Every code that the source can answer stands in docs/errors.md, and no other.
func TestErrorCodesAreDocumented(t *testing.T) {
	words := wordsOf(t, "../refusal.go", "../password/policy.go", "internal/account/*.go", "internal/api/*.go")
	var documented []string
	page := document(t, "errors")
	for _, cell := range regexp.MustCompile("(?m)^\\| (`[^|]*`) \\|").FindAllStringSubmatch(page, -1) {
		documented = append(documented, strings.Split(strings.Trim(cell[1], "`"), "`, `")...)
	}
	if len(documented) < 30 {
		t.Fatalf("docs/errors.md: got %d codes, want all", len(documented))
	}
	for _, code := range documented {
		if !words[code] {
			t.Errorf("docs/errors.md: got %s, which nothing answers", code)
		}
	}
	compound := regexp.MustCompile(`^[a-z]+(_[a-z]+)+$`)
	for word := range words {
		if compound.MatchString(word) && !strings.Contains(page, "`"+word+"`") && !slices.Contains(notCodes, word) {
			t.Errorf("docs/errors.md: %s is missing", word)
		}
	}
}

// wordsOf collects the strings in the source. Tags are strings too, but no words.
func wordsOf(t *testing.T, patterns ...string) map[string]bool {
	words := map[string]bool{}
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: got files %q and error %v, want some", pattern, files, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					word, _ := strconv.Unquote(lit.Value) // the parser has read it
					words[word] = true
				}
				return true
			})
		}
	}
	return words
}

func document(t *testing.T, name string) string {
	text, err := os.ReadFile("../docs/" + name + ".md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
