// Package report prints what was measured, and on which machine.
package report

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Table prints Markdown that also reads well as it is. Empty cells are printed as a dash.
func Table(w io.Writer, head []string, rows [][]string) {
	widths := make([]int, len(head))
	all := append([][]string{head}, rows...)
	for _, r := range all {
		for i, c := range r {
			widths[i] = max(widths[i], utf8.RuneCountInString(c), 3)
		}
	}
	for i, r := range all {
		var line strings.Builder
		for j, c := range r {
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

// Median is Quantile of one half.
func Median(all []float64) float64 { return Quantile(all, 0.5) }

// Quantile returns the smallest value that a share q of all does not exceed; 0 of nothing.
func Quantile[T ~int64 | ~float64](all []T, q float64) T {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// Thousands prints a whole number with thousands apart.
func Thousands(n int64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", Thousands(n/1000), n%1000)
}

// PerSecond prints a rate.
func PerSecond(v float64) string {
	if v < 1000 {
		return fmt.Sprintf("%.1f/s", v)
	}
	return Thousands(int64(v)) + "/s"
}

// Machine tells the time, the processors, the version of Go and how busy the machine is.
func Machine() string {
	return fmt.Sprintf("%s · %d × %s · %s · %s/%s · load average %s",
		time.Now().UTC().Format(time.DateTime+" UTC"), runtime.NumCPU(), processor(), runtime.Version(), runtime.GOOS, runtime.GOARCH, LoadAverage())
}

func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo") // absent: unknown
	if _, rest, ok := strings.Cut(string(info), "model name"); ok {
		line, _, _ := strings.Cut(rest, "\n")
		return strings.TrimSpace(strings.TrimLeft(line, "\t :"))
	}
	return "unknown processor"
}

// LoadAverage returns that of the last minute.
func LoadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg") // absent: empty
	one, _, _ := strings.Cut(string(text), " ")
	return one
}
