// Command bench measures the server beside the limits of the machine it runs on: every figure and its limit are taken
// in turns in the same run, so that a noisy machine disturbs both. README.md says how to read the table.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/jotgate/jotgate/bench/internal/report"
)

// plan is how long things take.
type plan struct {
	rounds int           // turns of figure and limit
	turn   time.Duration // length of one
	starts int
	rest   time.Duration // before memory is read a second time
}

// connections is how many clients ask at the same time, each on a connection of its own.
const connections = 16

func main() {
	log.SetFlags(0)
	short := flag.Bool("short", false, "under 30 seconds, with less certain figures")
	dir := flag.String("dir", "", "folder on the disk to measure (default: the system's for temporary files)")
	only := flag.String("only", "", "one of login, rotate, me, start, memory, size")
	hello := flag.String("hello", "", "serve hello world on this address: the bench starts itself so as the limit of HTTP")
	flag.Parse()
	if *hello != "" {
		log.Fatal(serveHello(*hello))
	}
	p := plan{rounds: 7, turn: 1200 * time.Millisecond, starts: 10, rest: 30 * time.Second}
	if *short {
		p = plan{rounds: 3, turn: 400 * time.Millisecond, starts: 5, rest: 6 * time.Second}
	}
	if err := run(p, *dir, *only); err != nil {
		log.Fatal("bench: ", err)
	}
}

// figures in the order of the table. Memory comes last: it rests.
var figures = []struct {
	name    string
	measure func(*bench) ([]row, error)
}{
	{"login", (*bench).login}, {"rotate", (*bench).rotate}, {"me", (*bench).me},
	{"start", (*bench).start}, {"size", (*bench).size}, {"memory", (*bench).memory},
}

func run(p plan, dir, only string) (err error) {
	b, err := prepare(p, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	fmt.Println(b.machine())
	var rows []row
	for _, f := range figures {
		if only != "" && only != f.name {
			continue
		}
		more, err := f.measure(b)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		rows = append(rows, more...)
	}
	printTable(rows)
	fmt.Printf("\nload average at the end: %s\n", report.LoadAverage())
	return nil
}

// bench is what the figures share: a stripped binary and a folder.
type bench struct {
	plan
	dir    string
	binary string
	users  int // made so far: their names are numbered
}

// prepare builds the server as it is released.
func prepare(p plan, dir string) (*bench, error) {
	dir, err := os.MkdirTemp(dir, "jotgate-bench-")
	if err != nil {
		return nil, err
	}
	b := &bench{plan: p, dir: dir, binary: filepath.Join(dir, "jotgate")}
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", b.binary, "./server/cmd/jotgate")
	build.Dir = ".."
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("building the server: %w\n%s", err, out), os.RemoveAll(dir))
	}
	return b, nil
}

func (b *bench) machine() string {
	return report.Machine() + " · databases on " + fileSystem(b.dir) + "\n"
}
