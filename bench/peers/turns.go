package main

import (
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jotgate/jotgate/bench/internal/report"
)

// item is something to be measured beside others.
type item struct {
	name  string
	op    func() error
	turn  int       // operations in a turn
	took  []float64 // processor time of one operation, round by round, in nanoseconds
	alloc int64     // of one operation
	bytes int64     // that it allocates
}

// inTurns gives every item a turn of about p.block, round after round, on one processor: whatever else the machine does
// disturbs all of them, and comparing within a round takes it out. The collector's time counts, for whose turn it is.
func inTurns(p plan, items []*item) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, i := range items {
		if err := i.prepare(p.block); err != nil {
			return fmt.Errorf("%s: %w", i.name, err)
		}
	}
	for range p.rounds {
		for _, i := range items {
			used, err := i.run(i.turn)
			if err != nil {
				return fmt.Errorf("%s: %w", i.name, err)
			}
			i.took = append(i.took, float64(used)/float64(i.turn))
		}
	}
	return nil
}

// prepare warms up, finds out how many operations make a turn, and counts what one allocates.
func (i *item) prepare(block time.Duration) error {
	for i.turn = 1; ; i.turn *= 2 {
		used, err := i.run(i.turn)
		if err != nil {
			return err
		}
		if used >= block/2 {
			i.turn = max(1, int(int64(i.turn)*int64(block)/int64(used)))
			break
		}
	}
	i.alloc, i.bytes = 1<<62, 1<<62
	for range 5 { // the fewest: a pool may have been emptied meanwhile
		var before, after runtime.MemStats
		n := int64(min(i.turn, 1000))
		runtime.ReadMemStats(&before)
		_, err := i.run(int(n))
		runtime.ReadMemStats(&after)
		if err != nil {
			return err
		}
		i.alloc = min(i.alloc, int64(after.Mallocs-before.Mallocs)/n)
		i.bytes = min(i.bytes, int64(after.TotalAlloc-before.TotalAlloc)/n)
	}
	return nil
}

// run returns the processor time of n operations.
func (i *item) run(n int) (time.Duration, error) {
	start, err := processorTime(unix.CLOCK_PROCESS_CPUTIME_ID)
	if err != nil {
		return 0, err
	}
	for range n {
		if err := i.op(); err != nil {
			return 0, err
		}
	}
	end, err := processorTime(unix.CLOCK_PROCESS_CPUTIME_ID)
	return end - start, err
}

func processorTime(clock int32) (time.Duration, error) {
	var t unix.Timespec
	err := unix.ClockGettime(clock, &t)
	return time.Duration(t.Nano()), err
}

// ns is the median of the processor time of one operation.
func (i *item) ns() float64 { return report.Median(i.took) }

// over is the median of how many times what another costs.
func (i *item) over(o *item) float64 {
	return i.compare(o, func(a, b float64) float64 { return a / b })
}

// beyond is the median of how many nanoseconds it costs more than another.
func (i *item) beyond(o *item) float64 {
	return i.compare(o, func(a, b float64) float64 { return a - b })
}

func (i *item) compare(o *item, by func(a, b float64) float64) float64 {
	all := make([]float64, len(i.took))
	for round := range all {
		all[round] = by(i.took[round], o.took[round])
	}
	return report.Median(all)
}
