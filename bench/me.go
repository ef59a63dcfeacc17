package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"

	"github.com/jotgate/jotgate/bench/internal/lean"
	"github.com/jotgate/jotgate/bench/internal/report"
)

// me compares "who am I" (a signature to verify and a row to read) with a bare net/http server, each on one core.
func (b *bench) me() ([]row, error) {
	p, err := b.serve("me", true)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	bare, err := startHello()
	if err != nil {
		return nil, err
	}
	defer bare.kill()
	users, err := b.sessions(p.addr, connections)
	if err != nil {
		return nil, err
	}
	guarded, end, err := each(p.addr, users, func(c *lean.Client, u *user) error {
		_, err := c.Want(200, lean.Request("GET", "/v1/me", u.access, ""))
		return err
	})
	if err != nil {
		return nil, err
	}
	defer end()
	plain := lean.Request("GET", "/", "", "")
	open, endOpen, err := each(bare.addr, users, func(c *lean.Client, _ *user) error {
		_, err := c.Want(200, plain)
		return err
	})
	if err != nil {
		return nil, err
	}
	defer endOpen()
	limit, t := turn{ops: open, on: bare}, turn{ops: guarded, on: p}
	if err := b.inTurns(&limit, &t); err != nil {
		return nil, err
	}
	return []row{{
		figure:   fmt.Sprintf("GET /v1/me, %d connections, server on one core", connections),
		measured: fmt.Sprintf("%s, p99 %s", report.PerSecond(t.rate()), millis(t.quantile(0.99))),
		limit:    report.PerSecond(limit.rate()) + " hello world of net/http", ratio: fmt.Sprintf("%.2f", t.ratioTo(&limit)),
		cpu: micros(t.cpuPerOp()), target: "≥ 12,000/s (later)", met: yes(t.rate() >= 12000),
	}}, nil
}

// startHello starts this program again: a server in the client's own process would share its scheduler.
func startHello() (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	return launch(exec.Command(self, "-hello", addr), addr, true, lean.Request("GET", "/", "", ""))
}

func serveHello(addr string) error {
	return http.ListenAndServe(addr, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("hello, world\n"))
	}))
}
