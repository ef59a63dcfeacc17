// Package readme runs the commands that an example's README shows, and compares what they print.
//
// In a block ```console a line that begins with "$ " is a command, and the lines that follow are what it prints, up to the
// line end; … stands for any text. All commands run in one shell, one after the other, in an empty folder.
package readme

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/jotgate/jotgate/examples/internal/transcript"
)

var block = regexp.MustCompile("(?ms)^```console\n(.*?)^```$")

// Run starts the program whose package is the current folder, with further environment, and runs the commands of its
// README.md. They are sent where the program listens, in place of address.
func Run(t *testing.T, address string, env ...string) {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	commands, want := parse(string(text))
	if len(commands) == 0 {
		t.Fatal("README.md shows no command")
	}
	got := run(t, commands, address, transcript.Start(t, env...))
	for i, command := range commands {
		if !like(want[i], got[i]) {
			t.Errorf("$ %s\ngot  %s\nwant %s", command, got[i], want[i])
		}
	}
}

func parse(text string) (commands, want []string) {
	for _, b := range block.FindAllStringSubmatch(text, -1) {
		for line := range strings.Lines(b[1]) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				commands, want = append(commands, strings.TrimSpace(command)), append(want, "")
			} else {
				want[len(want)-1] += line
			}
		}
	}
	return commands, want
}

// run returns what each command has printed.
func run(t *testing.T, commands []string, address, url string) []string {
	t.Helper()
	const end = "\x1e" // stands in no output of ours
	script := "set -eu\n"
	for _, command := range commands {
		script += strings.ReplaceAll(command, address, url) + "\nprintf '" + end + "'\n"
	}
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	got := strings.Split(string(out), end)
	if err != nil || len(got) != len(commands)+1 {
		t.Fatalf("command %d of %d: %v\n%s", len(got), len(commands), err, out)
	}
	return got
}

func like(want, got string) bool {
	pattern := strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(want)), "…", ".*")
	return regexp.MustCompile(`^` + pattern + `$`).MatchString(strings.TrimSpace(strings.ReplaceAll(got, "\r", "")))
}
