package main

import (
	"fmt"
	"path/filepath"
	"runtime"

	"github.com/jotgate/jotgate/bench/internal/lean"
	"github.com/jotgate/jotgate/bench/internal/report"
)

// rotate compares durable rotations with bare commits of the same rows, one by one and in groups.
func (b *bench) rotate() ([]row, error) {
	lite, err := openLite(filepath.Join(b.dir, "bare.db"))
	if err != nil {
		return nil, err
	}
	defer lite.close()
	single := turn{ops: []func() error{func() error { return lite.commit(1) }}}
	grouped := turn{ops: []func() error{func() error { return lite.commit(connections) }}}
	all, one := turn{}, turn{}
	for _, t := range []struct {
		*turn
		data string
		one  bool
	}{{&all, "rotate", false}, {&one, "rotate-one", true}} {
		p, err := b.serve(t.data, t.one)
		if err != nil {
			return nil, err
		}
		defer p.stop()
		users, err := b.sessions(p.addr, connections)
		if err != nil {
			return nil, err
		}
		ops, end, err := each(p.addr, users, rotateOnce)
		if err != nil {
			return nil, err
		}
		defer end()
		t.ops, t.on = ops, p
	}
	if err := b.inTurns(&single, &grouped, &all, &one); err != nil {
		return nil, err
	}
	limit := fmt.Sprintf("bare FULL commits %s, %s in groups of %d", report.PerSecond(single.rate()), report.PerSecond(grouped.rate()*connections), connections)
	shared := fmt.Sprintf("client and server share %d cores", runtime.NumCPU())
	return []row{rotations(shared, limit, &all, &grouped), rotations("server on one core", limit, &one, &grouped)}, nil
}

func rotations(where, limit string, t, grouped *turn) row {
	p99 := t.quantile(0.99)
	return row{
		figure:   fmt.Sprintf("rotations, %d connections, %s", connections, where),
		measured: fmt.Sprintf("%s, p50 %s, p99 %s", report.PerSecond(t.rate()), millis(t.quantile(0.5)), millis(p99)),
		limit:    limit, ratio: fmt.Sprintf("%.2f", t.ratioTo(grouped)/connections),
		cpu: micros(t.cpuPerOp()), target: "≥ 4,000/s, p99 ≤ 25 ms", met: yes(t.rate() >= 4000 && p99 <= 25e6),
	}
}

// rotateOnce trades the user's refresh token for the next.
func rotateOnce(c *lean.Client, u *user) error {
	answer, err := c.Want(200, lean.Request("POST", "/v1/refresh", "", `{"refresh_token":"`+u.refresh+`"}`))
	if err == nil {
		u.refresh, err = member(answer, "refresh_token")
	}
	return err
}
