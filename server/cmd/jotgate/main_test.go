package main

import (
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite what the scripts in testdata compare with")

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"jotgate": main}) }

// TestScripts tests the program as its users use it. Beside testscript's own commands there are:
//
//	fails STATUS PROGRAM …   the program ends with this status
//	occupy                   takes a port: $TAKEN
//	serve …                  starts jotgate serve on a free port; what it says is in the file said, its log in the file log
//	post STATUS PATH JSON    sends it a request and wants this status
//	end STATUS SIGNAL        signals it once and wants it to end with this status
//	hurry STATUS SIGNAL      signals it again and again
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			e.Values["process"] = new(process)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"fails": fails, "occupy": occupy, "serve": serve, "post": post, "end": end, "hurry": hurry,
		},
	})
}

// process is the server of a script.
type process struct {
	cmd *exec.Cmd
	url string
}

func fails(ts *testscript.TestScript, _ bool, args []string) {
	wantStatus(ts, ts.Exec(args[1], args[2:]...), args[0])
}

// wantStatus holds how a program ended against a status.
func wantStatus(ts *testscript.TestScript, err error, want string) {
	got := 0
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(got) != want {
		ts.Fatalf("got status %d, want %s", got, want)
	}
}

func occupy(ts *testscript.TestScript, _ bool, _ []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	ts.Setenv("TAKEN", l.Addr().String())
}

var said = regexp.MustCompile(`listens on (\S+) and`)

func serve(ts *testscript.TestScript, _ bool, args []string) {
	p := ts.Value("process").(*process)
	program := filepath.Join(filepath.SplitList(ts.Getenv("PATH"))[0], "jotgate")
	p.cmd = exec.Command(program, append([]string{"serve", "--listen=127.0.0.1:0"}, args...)...)
	p.cmd.Dir, p.cmd.Env = ts.MkAbs("."), []string{"PATH=" + ts.Getenv("PATH")}
	p.cmd.Stdout, p.cmd.Stderr = create(ts, "said"), create(ts, "log")
	ts.Check(p.cmd.Start())
	ts.Defer(func() {
		p.cmd.Process.Kill()
		p.cmd.Wait()
	})
	await(ts, "a server that listens", func() bool {
		m := said.FindStringSubmatch(ts.ReadFile("said"))
		if m == nil {
			return false
		}
		p.url = "http://" + m[1]
		res, err := http.Get(p.url + "/readyz")
		if err == nil {
			res.Body.Close()
		}
		return err == nil && res.StatusCode == http.StatusOK
	})
}

func create(ts *testscript.TestScript, name string) *os.File {
	f, err := os.Create(ts.MkAbs(name))
	ts.Check(err)
	ts.Defer(func() { f.Close() })
	return f
}

func await(ts *testscript.TestScript, what string, there func() bool) {
	for deadline := time.Now().Add(30 * time.Second); !there(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			ts.Fatalf("waited 30 s for %s", what)
		}
	}
}

func post(ts *testscript.TestScript, _ bool, args []string) {
	url := ts.Value("process").(*process).url + args[1]
	res, err := http.Post(url, "application/json", strings.NewReader(args[2]))
	ts.Check(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	ts.Check(err)
	if strconv.Itoa(res.StatusCode) != args[0] {
		ts.Fatalf("got %d %s, want %s", res.StatusCode, body, args[0])
	}
}

var signalsOf = map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM}

func end(ts *testscript.TestScript, _ bool, args []string) {
	p := ts.Value("process").(*process)
	ts.Check(p.cmd.Process.Signal(signalsOf[args[1]]))
	wantStatus(ts, p.cmd.Wait(), args[0])
}

func hurry(ts *testscript.TestScript, _ bool, args []string) {
	p := ts.Value("process").(*process)
	ended := make(chan error, 1)
	go func() { ended <- p.cmd.Wait() }()
	for {
		_ = p.cmd.Process.Signal(signalsOf[args[1]]) // fails once it has ended
		select {
		case err := <-ended:
			wantStatus(ts, err, args[0])
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}
