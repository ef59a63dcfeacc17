package main

import (
	"fmt"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/jotgate/jotgate/bench/internal/lean"
	"github.com/jotgate/jotgate/bench/internal/report"
)

// hash is what a log-in cannot do without: argon2id at the server's default cost.
func hash() error {
	argon2.IDKey([]byte(password), make([]byte, 16), 2, 19<<10, 1, 32)
	return nil
}

// login compares log-ins with their hashes alone, both on all cores.
func (b *bench) login() ([]row, error) {
	p, err := b.serve("login", false)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	users, err := b.sessions(p.addr, connections)
	if err != nil {
		return nil, err
	}
	ops, end, err := each(p.addr, users, func(c *lean.Client, u *user) error {
		_, err := c.Want(200, u.credentials("/v1/login"))
		return err
	})
	if err != nil {
		return nil, err
	}
	defer end()
	limit := turn{ops: repeat(hash, runtime.NumCPU())}
	log := turn{ops: ops, on: p}
	if err := b.inTurns(&limit, &log); err != nil {
		return nil, err
	}
	ratio := log.ratioTo(&limit)
	return []row{{
		figure:   fmt.Sprintf("log-ins, %d connections", connections),
		measured: fmt.Sprintf("%s, p99 %s", report.PerSecond(log.rate()), millis(log.quantile(0.99))),
		limit:    fmt.Sprintf("%s argon2id alone, CPU %s", report.PerSecond(limit.rate()), millis(limit.cpuPerOp())), ratio: fmt.Sprintf("%.3f", ratio),
		cpu: millis(log.cpuPerOp()), target: "ratio ≥ 0.93", met: yes(ratio >= 0.93),
	}}, nil
}

func repeat(op func() error, n int) []func() error {
	ops := make([]func() error, n)
	for i := range ops {
		ops[i] = op
	}
	return ops
}

// turn is one of the loads that take turns.
type turn struct {
	ops   []func() error
	on    *process // whose processor time counts; nil: our own
	rates []float64
	took  []time.Duration
	cpu   time.Duration
}

// inTurns runs the loads one after the other, again and again. The first time warms up and does not count.
func (b *bench) inTurns(turns ...*turn) error {
	for round := range b.rounds + 1 {
		for _, t := range turns {
			if err := t.run(b.turn, round > 0); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *turn) run(d time.Duration, counts bool) error {
	before, err := t.used()
	if err != nil {
		return err
	}
	s, err := load(d, t.ops)
	if err != nil || !counts {
		return err
	}
	after, err := t.used()
	t.cpu += after - before
	t.rates = append(t.rates, s.rate)
	t.took = append(t.took, s.took...)
	return err
}

func (t *turn) used() (time.Duration, error) {
	if t.on != nil {
		return t.on.cpu()
	}
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}

func (t *turn) rate() float64 { return report.Median(t.rates) }

func (t *turn) quantile(q float64) time.Duration { return report.Quantile(t.took, q) }

func (t *turn) cpuPerOp() time.Duration { return t.cpu / time.Duration(max(1, len(t.took))) }

// ratioTo is the median of the ratios of the rounds: what disturbs one round disturbs both sides of it.
func (t *turn) ratioTo(limit *turn) float64 {
	var ratios []float64
	for i := range t.rates {
		ratios = append(ratios, t.rates[i]/limit.rates[i])
	}
	return report.Median(ratios)
}
