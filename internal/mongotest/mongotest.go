// Package mongotest gives a test a server that speaks MongoDB's protocol: the one that TEST_MONGO_URL names, or FerretDB
// 1.24 on SQLite in a temporary folder, in a process of its own that is built from the module beside this package. The first
// build takes about two minutes, later ones none.
//
// What holds on FerretDB holds for commands one after the other: see the command ferretdb. Whether an update is atomic on
// MongoDB, only TEST_MONGO_URL proves.
package mongotest

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Start returns the URL of a server that lives at least as long as the test, and the name of a database there that nobody
// else has. Where the server is not ours, the database stays until the test drops it.
func Start(t testing.TB) (url, database string) {
	t.Helper()
	database = "jotgate_test_" + strings.ToLower(rand.Text())
	if url := os.Getenv("TEST_MONGO_URL"); url != "" {
		return url, database
	}
	// The race detector would make another FerretDB, which takes minutes more, and which panics where the usual one answers.
	cmd := exec.Command("go", "run", "-race=false", ".", "-data", t.TempDir())
	cmd.Dir = source(t)
	cmd.Env = append(os.Environ(), "GOWORK=off")
	return "mongodb://" + start(t, cmd) + "/", database
}

// source returns the folder of the command. The file names in a binary do not help where it was built with -trimpath.
func source(t testing.TB) string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", "github.com/jotgate/jotgate/internal/mongotest").Output()
	if err != nil {
		t.Fatalf("looking for the source of FerretDB's command: %v", err)
	}
	return strings.TrimSpace(string(dir)) + "/ferretdb"
}

// start returns the address that the command prints. The command ends when its standard input does, even where this process
// is killed: go run hands a signal on to nobody.
func start(t testing.TB, cmd *exec.Cmd) string {
	t.Helper()
	said := new(bytes.Buffer)
	cmd.Stderr = said
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("FerretDB ended with %v, having said\n%s", err, said)
		}
	})
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil && err != io.EOF {
		t.Fatal(err)
	}
	if address == "" {
		t.Fatal("FerretDB printed no address")
	}
	return strings.TrimSpace(address)
}
