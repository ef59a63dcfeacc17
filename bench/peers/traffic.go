package main

import (
	"fmt"
	"time"

	"github.com/jotgate/jotgate/bench/internal/lean"
	"github.com/jotgate/jotgate/bench/internal/report"
)

const (
	connections = 16
	users       = 1000 // who take turns, each with a token
)

// traffic is clients of one site. One loop serves all connections: whenever it waits for an answer, the other requests
// wait at the server, which so never idles.
type traffic struct {
	clock         int32
	clients       []*lean.Client
	bare, guarded series
	next          int // whose turn it is
}

// series is what the turns of one route gave.
type series struct {
	requests [][]byte // one for each user, who sends the token to both routes
	rates    []float64
	cpus     []float64 // µs of a request
}

func (s *series) rate() float64 { return report.Median(s.rates) }
func (s *series) cpu() float64  { return report.Median(s.cpus) }

func newTraffic(in introduction, clock int32) (*traffic, error) {
	t := &traffic{clock: clock}
	for range connections {
		c, err := lean.Dial(in.Address)
		if err != nil {
			t.close()
			return nil, err
		}
		t.clients = append(t.clients, c)
	}
	for _, token := range in.Tokens {
		t.bare.requests = append(t.bare.requests, lean.Request("GET", barePath, token, ""))
		t.guarded.requests = append(t.guarded.requests, lean.Request("GET", guardedPath, token, ""))
	}
	if err := t.right(in.Forged); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

// right makes sure that the one route is protected and the other is not. Every token is seen once, so that what is to be
// remembered is known.
func (t *traffic) right(forged string) error {
	c := t.clients[0]
	for i := range t.guarded.requests {
		for _, s := range []*series{&t.bare, &t.guarded} {
			if got, err := c.Want(200, s.requests[i]); err != nil || string(got) != hello {
				return fmt.Errorf("a good token: got %q, %w", got, err)
			}
		}
	}
	if _, err := c.Want(200, lean.Request("GET", barePath, forged, "")); err != nil {
		return fmt.Errorf("the bare route: %w", err)
	}
	if _, err := c.Want(401, lean.Request("GET", guardedPath, forged, "")); err != nil {
		return fmt.Errorf("a forged token: %w", err)
	}
	return nil
}

func (t *traffic) close() {
	for _, c := range t.clients {
		c.Close()
	}
}

// inTurns lets bare and guarded take turns, one first in one round and the other in the next, after one to warm up.
func (t *traffic) inTurns(p plan) error {
	for round := range p.exchanges + 1 {
		pair := []*series{&t.bare, &t.guarded}
		if round%2 == 1 {
			pair[0], pair[1] = pair[1], pair[0]
		}
		for _, s := range pair {
			if err := t.turn(s, p.requests); err != nil {
				return err
			}
		}
		if round == 0 {
			t.bare.rates, t.bare.cpus, t.guarded.rates, t.guarded.cpus = nil, nil, nil, nil
		}
	}
	return nil
}

func (t *traffic) turn(s *series, n int) error {
	start := time.Now()
	before, err := processorTime(t.clock)
	if err != nil {
		return err
	}
	if err := t.exchange(s, n); err != nil {
		return err
	}
	after, err := processorTime(t.clock)
	if err != nil {
		return err
	}
	s.rates = append(s.rates, float64(n)/time.Since(start).Seconds())
	s.cpus = append(s.cpus, float64((after-before).Nanoseconds())/1000/float64(n))
	return nil
}

// exchange sends n requests, of which one is under way on every connection until the last are answered.
func (t *traffic) exchange(s *series, n int) error {
	for sent, answered := 0, 0; answered < n; {
		if sent < n && sent-answered < len(t.clients) {
			if err := t.send(t.clients[sent%len(t.clients)], s); err != nil {
				return err
			}
			sent++
			continue
		}
		if _, err := t.clients[answered%len(t.clients)].Answer(200); err != nil {
			return err
		}
		answered++
	}
	return nil
}

func (t *traffic) send(c *lean.Client, s *series) error {
	t.next = (t.next + 1) % len(s.requests)
	_, err := c.Write(s.requests[t.next])
	return err
}

// ratios are the medians over the rounds, as requests a second: what the guarded route serves for one of the bare.
func (t *traffic) ratios() (byCPU, byRate float64) {
	var cpus, rates []float64
	for i := range t.bare.rates {
		cpus = append(cpus, t.bare.cpus[i]/t.guarded.cpus[i])
		rates = append(rates, t.guarded.rates[i]/t.bare.rates[i])
	}
	return report.Median(cpus), report.Median(rates)
}
