// Package crash_test kills the server with SIGKILL in the middle of its writes and looks whether it kept its word: what a
// client was told is done is done, and what nobody was told is wholly done or wholly not.
//
//	load (16 writers, each with a ledger) ─kill -9→ start on the same data and port → replay the ledgers → read the database
//
// The process dies, the machine does not: this shows that nothing is acknowledged before it is committed. What a power
// failure leaves rests on synchronous=FULL.
package crash_test

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

var kills = flag.Int("kills", 2, "how often the server on SQLite is killed; the one on PostgreSQL a fifth of it")

// binary is the server as it is released: the race detector would only make it slow.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := withBinary(m.Run)
	if err != nil {
		log.Fatal(err)
	}
	os.Exit(code)
}

func withBinary(run func() int) (code int, err error) {
	dir, err := os.MkdirTemp("", "jotgate-crash-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	binary = filepath.Join(dir, "jotgate")
	build := exec.Command("go", "build", "-o", binary, "github.com/jotgate/jotgate/server/cmd/jotgate")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("building the server: %w\n%s", err, out)
	}
	return run(), nil
}

func TestKill(t *testing.T) {
	t.Run("F-01 kill -9 under write load, SQLite", func(t *testing.T) {
		killAndLook(t, *kills, onSQLite(t.TempDir()))
	})
	t.Run("F-01 kill -9 under write load, PostgreSQL", func(t *testing.T) {
		killAndLook(t, max(2, *kills/5), onPostgres(t))
	})
}

func killAndLook(t *testing.T, kills int, s *site) {
	var sum tally
	w := newWorld(t, s)
	for range kills {
		w.stock(t)
		w.load(func() {
			w.everyKind(t, [kinds]int64{})
			time.Sleep(time.Duration(200+rand.IntN(1300)) * time.Millisecond)
			s.kill(t)
		})
		s.start(t)
		sum.add(w.replay(t))
		w.forgotten(t, &sum)
		for _, half := range halves(t, s.driver, s.source) {
			sum.anomaly("%s", half)
		}
	}
	sum.print(t.Output(), kills, s.slowest)
	for _, fault := range sum.faults {
		t.Error(fault)
	}
}

func (a *tally) print(w io.Writer, kills int, slowest time.Duration) {
	lost := 0
	for _, n := range a.lost {
		lost += n
	}
	n := a.acknowledged
	fmt.Fprintln(w, "kills | acknowledged: sign-ups | password changes | log-outs | rotations | under way | lost | anomalies | slowest start")
	fmt.Fprintf(w, "%5d | %22d | %16d | %8d | %9d | %9d | %4d | %9d | %v\n",
		kills, n[signUp], n[changePassword], n[logOut], n[rotate], a.open, lost, a.anomalies, slowest.Round(time.Millisecond))
}
