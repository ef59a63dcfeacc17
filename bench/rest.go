package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/jotgate/jotgate/bench/internal/lean"
	"github.com/jotgate/jotgate/bench/internal/report"
)

// start measures from exec to the first 200 of /readyz, on databases that were there before.
func (b *bench) start() ([]row, error) {
	rows, err := b.startOn("start", "an empty database")
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(b.dir, "rotate")); err != nil {
		return rows, nil // not measured in this run
	}
	more, err := b.startOn("rotate", "the database of the rotations")
	return append(rows, more...), err
}

func (b *bench) startOn(data, name string) ([]row, error) {
	var all []float64
	for range b.starts + 1 {
		p, err := b.serve(data, false)
		if err != nil {
			return nil, err
		}
		all = append(all, float64(p.ready))
		if err := p.stop(); err != nil {
			return nil, err
		}
	}
	took := time.Duration(report.Median(all[1:])) // the first start may have made it
	return []row{{
		figure:   fmt.Sprintf("start on %s, median of %d", name, b.starts),
		measured: millis(took), limit: "database of " + b.databaseSize(data), target: "≤ 50 ms", met: yes(took <= 50*time.Millisecond),
	}}, nil
}

// databaseSize counts the log of SQLite too.
func (b *bench) databaseSize(data string) string {
	files, _ := filepath.Glob(filepath.Join(b.dir, data, "jotgate.db*")) // the pattern is sound
	var sum int64
	for _, name := range files {
		if info, err := os.Stat(name); err == nil {
			sum += info.Size()
		}
	}
	return megabytes(sum)
}

func (b *bench) size() ([]row, error) {
	info, err := os.Stat(b.binary)
	if err != nil {
		return nil, err
	}
	return []row{{figure: "stripped binary", measured: megabytes(info.Size()), target: "≤ 32 MB", met: yes(info.Size() <= 32e6)}}, nil
}

// burst is how many log-ins memory has to forget. settles is how long a start needs to come to rest: the server tidies up
// once, after five seconds without a password to hash.
const (
	burst   = 200
	settles = 6 * time.Second
)

// memory reads what stays resident of a start on an existing database, and of a burst of log-ins some time after it.
func (b *bench) memory() ([]row, error) {
	p, err := b.serve("memory", false)
	if err != nil {
		return nil, err
	}
	users, err := b.sessions(p.addr, connections)
	if err := errors.Join(err, p.stop()); err != nil {
		return nil, err
	}
	if p, err = b.serve("memory", false); err != nil {
		return nil, err
	}
	defer p.stop()
	time.Sleep(settles)
	fresh, err := p.resident()
	if err != nil {
		return nil, err
	}
	if err := b.burst(p.addr, users); err != nil {
		return nil, err
	}
	peak, err := p.resident()
	if err != nil {
		return nil, err
	}
	time.Sleep(b.rest)
	rested, err := p.resident()
	if err != nil {
		return nil, err
	}
	return []row{
		{figure: fmt.Sprintf("memory at rest (RSS) %v after the start", settles), measured: resident(fresh), target: "≤ 26 MB", met: yes(fresh <= 26e6)},
		{
			figure: fmt.Sprintf("memory at rest %v after %d log-ins", b.rest, burst), measured: resident(rested),
			limit: megabytes(peak) + " just after them", target: "≤ 26 MB", met: yes(rested <= 26e6),
		},
	}, nil
}

func (b *bench) burst(addr string, users []user) error {
	var left atomic.Int64
	left.Store(burst)
	ops, end, err := each(addr, users, func(c *lean.Client, u *user) error {
		for left.Add(-1) >= 0 {
			if _, err := c.Want(200, u.credentials("/v1/login")); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	defer end()
	_, err = load(time.Nanosecond, ops) // each once
	return err
}
