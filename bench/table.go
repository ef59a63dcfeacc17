package main

import (
	"fmt"
	"os"
	"time"

	"github.com/jotgate/jotgate/bench/internal/report"
)

// row is one line of the table. Empty is printed as a dash.
type row struct {
	figure, measured, limit, ratio, cpu, target, met string
}

var head = row{"figure", "measured", "limit in the same run", "ratio", "server CPU", "target", "met"}

func (r row) cells() []string {
	return []string{r.figure, r.measured, r.limit, r.ratio, r.cpu, r.target, r.met}
}

func printTable(rows []row) {
	var cells [][]string
	for _, r := range rows {
		cells = append(cells, r.cells())
	}
	report.Table(os.Stdout, head.cells(), cells)
}

func yes(met bool) string {
	if met {
		return "yes"
	}
	return "**no**"
}

func millis(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/1e6) }

func micros(d time.Duration) string { return fmt.Sprintf("%d µs", d.Microseconds()) }

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// resident prints memory in the unit of the system's tools too, where 26 MB is more.
func resident(n int64) string { return fmt.Sprintf("%s (%.1f MiB)", megabytes(n), float64(n)/(1<<20)) }
