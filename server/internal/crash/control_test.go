package crash_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The negative control: a database that has forgotten its last commits is what a weaker setting would leave behind. A
// checker that found nothing missing in it would find nothing anywhere.
func TestLossIsFound(t *testing.T) {
	s := onSQLite(t.TempDir())
	w := newWorld(t, s)
	w.stock(t)
	past := filepath.Join(t.TempDir(), "past.db")
	w.load(func() {
		defer s.kill(t)
		w.everyKind(t, [kinds]int64{})
		w.everyKind(t, w.snapshot(t, past))
	})
	s.restore(t, past)
	s.start(t)
	sum := w.replay(t)
	for k, lost := range sum.lost {
		if lost == 0 {
			t.Errorf("%v: got no loss in %d acknowledged ones, want at least one", kind(k), sum.acknowledged[k])
		}
	}
	t.Logf("found lost: %d sign-ups, %d password changes, %d log-outs, %d sessions' rotations",
		sum.lost[signUp], sum.lost[changePassword], sum.lost[logOut], sum.lost[rotate])
}

// snapshot copies the database as it is at one moment under load. The copy lacks at least one of each kind once more are
// acknowledged than it returns: of those under way at that moment, the copy may hold all.
func (w *world) snapshot(t *testing.T, to string) [kinds]int64 {
	t.Helper()
	change(t, filepath.Join(w.site.data, "jotgate.db"), "VACUUM INTO '"+to+"'")
	n := w.counts()
	for k, writers := range [kinds]int64{signers, changers, rotators, rotators} {
		n[k] += writers
	}
	return n
}

// restore puts another database in the place of a dead server's.
func (s *site) restore(t *testing.T, from string) {
	t.Helper()
	path := filepath.Join(s.data, "jotgate.db")
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(from, path); err != nil {
		t.Fatal(err)
	}
}

func change(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", fileURL(path, "rw"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%v: %s", err, statement)
	}
}

// The other negative control: every query finds the half that it looks for.
func TestHalvesAreFound(t *testing.T) {
	s := onSQLite(t.TempDir())
	w := newWorld(t, s)
	w.stock(t)
	whole := filepath.Join(t.TempDir(), "whole.db")
	w.load(func() {
		defer s.kill(t)
		w.everyKind(t, [kinds]int64{})
		w.snapshot(t, whole)
	})
	if found := halves(t, "sqlite", fileURL(whole, "ro")); len(found) > 0 {
		t.Fatalf("a whole database: got halves %q, want none", found)
	}
	for _, half := range wholes {
		t.Run(half.name, func(t *testing.T) {
			broken := filepath.Join(t.TempDir(), "broken.db")
			change(t, whole, "VACUUM INTO '"+broken+"'")
			change(t, broken, half.breaks)
			found := halves(t, "sqlite", fileURL(broken, "ro"))
			if !slices.ContainsFunc(found, func(s string) bool { return strings.HasPrefix(s, half.name+": ") }) {
				t.Errorf("after %s: got %q, want this half among them", half.breaks, found)
			}
		})
	}
}
