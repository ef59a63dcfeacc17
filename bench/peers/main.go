// Command peers measures Jotgate beside other libraries for JSON Web Tokens, and prints three tables: tokens in process,
// what the guard remembers, and routes over HTTP. The README of bench says how to read them.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/jotgate/jotgate/bench/internal/report"
)

// plan is how long things take.
type plan struct {
	rounds    int           // in which all items have a turn
	block     time.Duration // processor time of a turn, in process
	exchanges int           // rounds over HTTP
	requests  int           // in a turn there
	many      int           // tokens to remember
	records   []int         // sizes of the sets of revocations
}

func main() {
	log.SetFlags(0)
	short := flag.Bool("short", false, "a quarter of a minute, to see that everything runs")
	big := flag.Bool("big", false, "revocations at ten million records too, for which 4 GB must be free")
	only := flag.String("only", "", "one of tokens, memory, http")
	route := flag.String("route", "", "of http, only routes whose name contains this")
	serve := flag.String("serve", "", "serve this route: the bench starts itself so")
	flag.Parse()
	if *serve != "" {
		if err := serveRoute(*serve); err != nil {
			log.Fatal(err)
		}
		return
	}
	p := plan{rounds: 300, block: 2 * time.Millisecond, exchanges: 40, requests: 3000, many: 1 << 16, records: []int{1e6}}
	if *short {
		p = plan{rounds: 5, block: time.Millisecond, exchanges: 3, requests: 500, many: 1 << 13, records: []int{1e5}}
	}
	if *big {
		p.records = append(p.records, 1e7)
	}
	if err := run(p, *only, *route); err != nil {
		log.Fatal("peers: ", err)
	}
}

func run(p plan, only, route string) error {
	fmt.Println(report.Machine())
	tables := []struct {
		name  string
		print func() error
	}{
		{"tokens", func() error { return tokens(p) }},
		{"memory", func() error { return memory(p) }},
		{"http", func() error { return overHTTP(p, route) }},
	}
	for _, t := range tables {
		if only != "" && only != t.name {
			continue
		}
		if err := t.print(); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	fmt.Printf("\nload average at the end: %s\n", report.LoadAverage())
	return nil
}

func printTable(title string, head []string, rows [][]string) {
	fmt.Printf("\n%s\n\n", title)
	report.Table(os.Stdout, head, rows)
}

func met(ok bool) string {
	if ok {
		return "met"
	}
	return "**not met**"
}

// versioned is a library with the version that this program was built with.
func versioned(module string) string {
	info, _ := debug.ReadBuildInfo()
	for _, d := range info.Deps {
		if d.Path == module {
			return strings.TrimPrefix(module, "github.com/") + " " + d.Version
		}
	}
	return module
}
