package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/jotgate/jotgate/bench/internal/report"
)

// overHTTP prints what a protected route costs beside the same route without protection, on the same router.
func overHTTP(p plan, only string) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var rows [][]string
	for _, r := range routes() {
		if !strings.Contains(r.full(), only) {
			continue
		}
		row, err := r.measure(p)
		if err != nil {
			return fmt.Errorf("%s: %w", r.full(), err)
		}
		rows = append(rows, row)
	}
	printTable("HTTP: a protected route beside the same route without protection, one core", []string{
		"protected by", "on", "tokens", "does not check", "bare", "CPU of a request", "ratio by CPU", "by requests/s", "ours must", "met",
	}, rows)
	return nil
}

func (r route) measure(p plan) ([]string, error) {
	in, clock, end, err := r.start()
	if err != nil {
		return nil, err
	}
	defer end()
	all, _, others, err := processors()
	if err != nil {
		return nil, err
	}
	defer pin(all) // the next server starts from here
	if err := pin(others); err != nil {
		return nil, err
	}
	t, err := newTraffic(in, clock)
	if err != nil {
		return nil, err
	}
	defer t.close()
	if err := t.inTurns(p); err != nil {
		return nil, err
	}
	byCPU, byRate := t.ratios()
	row := []string{
		r.name, r.on, r.alg, r.skips, report.PerSecond(t.bare.rate()),
		fmt.Sprintf("%.1f → %.1f µs", t.bare.cpu(), t.guarded.cpu()), fmt.Sprintf("%.2f", byCPU), fmt.Sprintf("%.2f", byRate), "", "",
	}
	if r.least > 0 {
		row[8], row[9] = fmt.Sprintf("≥ %.2f", r.least), met(byCPU >= r.least)
	}
	return row, nil
}

// start serves the route in a process of its own, and returns the clock of that process.
func (r route) start() (in introduction, clock int32, end func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return in, 0, nil, err
	}
	cmd := exec.Command(self, "-serve", r.full())
	cmd.Stderr = os.Stderr
	hold, err := cmd.StdinPipe()
	if err != nil {
		return in, 0, nil, err
	}
	said, err := cmd.StdoutPipe()
	if err != nil {
		return in, 0, nil, err
	}
	if err := cmd.Start(); err != nil {
		return in, 0, nil, err
	}
	end = func() {
		hold.Close()
		_ = cmd.Wait() // it has served; how it ends is of no interest
	}
	if err := json.NewDecoder(said).Decode(&in); err != nil {
		end()
		return in, 0, nil, fmt.Errorf("the server said nothing: %w", err)
	}
	return in, int32(^cmd.Process.Pid<<3 | 2), end, nil // clock_getcpuclockid(3): the processor time of a process
}
