package main

import (
	"bytes"
	"fmt"
	"sync"
	"time"
)

// member returns the text of a string member of a JSON object whose texts need no unescaping.
func member(body []byte, name string) (string, error) {
	_, rest, ok := bytes.Cut(body, []byte(`"`+name+`":"`))
	value, _, end := bytes.Cut(rest, []byte(`"`))
	if !ok || !end {
		return "", fmt.Errorf("no %s in %s", name, body)
	}
	return string(value), nil
}

// sample is what one turn of load gave.
type sample struct {
	rate float64 // operations per second
	took []time.Duration
}

// load calls each op again and again for d, all of them at the same time, and counts.
func load(d time.Duration, ops []func() error) (sample, error) {
	var wait sync.WaitGroup
	took, errs := make([][]time.Duration, len(ops)), make([]error, len(ops))
	start := time.Now()
	for i, op := range ops {
		wait.Go(func() {
			for now := start; now.Sub(start) < d; {
				if errs[i] = op(); errs[i] != nil {
					return
				}
				end := time.Now()
				took[i] = append(took[i], end.Sub(now))
				now = end
			}
		})
	}
	wait.Wait()
	length := time.Since(start)
	var s sample
	for i := range ops {
		if errs[i] != nil {
			return s, errs[i]
		}
		s.took = append(s.took, took[i]...)
	}
	s.rate = float64(len(s.took)) / length.Seconds()
	return s, nil
}
