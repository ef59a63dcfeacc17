package server

import (
	"testing"
	"time"
)

// CLK-3: a clock that jumps ahead sweeps nothing that is still needed; one that is set back sweeps nothing at all.
func TestSweepTimeDoesNotJump(t *testing.T) {
	start := time.Now()
	now := start
	s := &Server{now: func() time.Time { return now }, started: start, opened: time.Now().Add(-time.Minute)}
	for name, tt := range map[string]struct{ now, want time.Time }{
		"as time passes": {start.Add(time.Minute), start.Add(time.Minute)},
		"ahead":          {start.Add(10 * 365 * 24 * time.Hour), start.Add(time.Minute)},
		"back":           {start.Add(-time.Hour), start.Add(-time.Hour)},
	} {
		now = tt.now
		if got := s.sweepTime(); got.Sub(tt.want).Abs() > 10*time.Second {
			t.Errorf("clock %s: got %v, want about %v", name, got, tt.want)
		}
	}
}
