package report_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate/bench/internal/report"
)

func TestQuantile(t *testing.T) {
	all := []time.Duration{5, 1, 4, 2, 3}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 3, 0.99: 5, 1: 5} {
		if got := report.Quantile(all, q); got != want {
			t.Errorf("quantile %v: got %d, want %d", q, got, want)
		}
	}
	if got := report.Quantile([]time.Duration{}, 0.5); got != 0 {
		t.Errorf("of nothing: got %v, want 0", got)
	}
}

func TestPerSecond(t *testing.T) {
	for v, want := range map[float64]string{12.34: "12.3/s", 1005: "1,005/s", 2345678: "2,345,678/s"} {
		if got := report.PerSecond(v); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestTable(t *testing.T) {
	var got strings.Builder
	report.Table(&got, []string{"a", "µs"}, [][]string{{"long", ""}})
	if want := "| a    | µs  |\n|------|-----|\n| long | –   |\n"; got.String() != want {
		t.Errorf("got\n%s, want\n%s", got.String(), want)
	}
}
