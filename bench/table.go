package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// row is one line of the table. Empty is printed as a dash.
type row struct {
	figure, measured, limit, ratio, cpu, target, met string
}

var head = row{"figure", "measured", "limit in the same run", "ratio", "server CPU", "target", "met"}

func (r row) cells() []string {
	return []string{r.figure, r.measured, r.limit, r.ratio, r.cpu, r.target, r.met}
}

// printTable prints Markdown that also reads well as it is.
func printTable(w io.Writer, rows []row) {
	widths := make([]int, len(head.cells()))
	all := append([]row{head}, rows...)
	for _, r := range all {
		for i, c := range r.cells() {
			widths[i] = max(widths[i], utf8.RuneCountInString(c), 3)
		}
	}
	for i, r := range all {
		var line strings.Builder
		for j, c := range r.cells() {
			if c == "" {
				c = "–"
			}
			fmt.Fprintf(&line, "| %-*s ", widths[j], c)
		}
		fmt.Fprintln(w, line.String()+"|")
		if i == 0 {
			for _, n := range widths {
				fmt.Fprint(w, "|", strings.Repeat("-", n+2))
			}
			fmt.Fprintln(w, "|")
		}
	}
}

func yes(met bool) string {
	if met {
		return "yes"
	}
	return "**no**"
}

func median(all []float64) float64 { return quantile(all, 0.5) }

// quantile returns the smallest value that a share q of all does not exceed; 0 of nothing.
func quantile[T ~int64 | ~float64](all []T, q float64) T {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// perSecond prints a rate with thousands apart.
func perSecond(v float64) string {
	if v < 1000 {
		return fmt.Sprintf("%.1f/s", v)
	}
	return fmt.Sprintf("%d,%03d/s", int(v)/1000, int(v)%1000)
}

func millis(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/1e6) }

func micros(d time.Duration) string { return fmt.Sprintf("%d µs", d.Microseconds()) }

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// resident prints memory in the unit of the system's tools too, where 26 MB is more.
func resident(n int64) string { return fmt.Sprintf("%s (%.1f MiB)", megabytes(n), float64(n)/(1<<20)) }
