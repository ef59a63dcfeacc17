package sqlstore_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jotgate/jotgate/server/internal/store"
	"github.com/jotgate/jotgate/server/internal/store/sqlstore"
)

func lite(t *testing.T) (s *sqlstore.Store, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "jotgate.db")
	return open(t, "sqlite:"+path), path
}

func TestSQLiteSettings(t *testing.T) {
	s, path := lite(t)
	for pragma, want := range map[string]string{ // CRA-3
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "1",
	} {
		if got, err := s.OnWriter(t.Context(), "PRAGMA "+pragma); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", pragma, got, err, want)
		}
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		f, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if f.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, want 0600", filepath.Base(name), f.Mode())
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the log after closing: %v, want none: it is moved into the database", err)
	}
}

func TestSQLitePath(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"plain.db", "a b?mode=memory#%41.db"} {
		s := open(t, "sqlite:"+name)
		if err := s.Append(t.Context(), event()); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	_, err := sqlstore.Open(t.Context(), "sqlite:"+filepath.Join(dir, "none", "x.db"), store.Options{})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: got %v, want %v", err, fs.ErrNotExist)
	}
}

// commits counts the commit frames of a write-ahead log (sqlite.org/fileformat2.html §4.1).
func commits(t *testing.T, path string) (n int) {
	t.Helper()
	log, err := os.ReadFile(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	page := int(binary.BigEndian.Uint32(log[8:]))
	for at := 32; at+24+page <= len(log); at += 24 + page {
		if binary.BigEndian.Uint32(log[at+4:]) != 0 && bytes.Equal(log[at+8:at+16], log[16:24]) { // a commit, of the log's present life
			n++
		}
	}
	return n
}

// stall holds SQLite's lock as another process would until all deeds wait, and lets go.
func stall(t *testing.T, s *sqlstore.Store, path string, deeds int, deed func(i int) error) []error {
	t.Helper()
	db := raw(t, "sqlite", path)
	execute(t, db, "BEGIN IMMEDIATE")
	errs := make([]error, deeds)
	var done sync.WaitGroup
	for i := range deeds {
		done.Go(func() { errs[i] = deed(i) })
	}
	waiting(s, deeds-1) // and one is with the writer
	execute(t, db, "ROLLBACK")
	done.Wait()
	return errs
}

// waiting returns when n deeds wait, or after most of the time that they are let wait.
func waiting(s *sqlstore.Store, n int) {
	for start := time.Now(); s.Waiting() < n && time.Since(start) < 700*time.Millisecond; {
		runtime.Gosched()
	}
}

func TestGroupCommit(t *testing.T) {
	s, path := lite(t)
	const deeds = 200
	before := commits(t, path)
	for i, err := range stall(t, s, path, deeds, func(i int) error {
		roles := []string{"user"}
		if i%3 == 1 {
			roles = []string{"user", "zzz no such role"} // fails after the user and a role were written
		}
		name := fmt.Sprint("user", i)
		if i%3 == 2 {
			name = "same"
		}
		return s.CreateUser(t.Context(), newUser(name, roles...), event())
	}) {
		switch {
		case i%3 == 0 && err != nil, i%3 == 1 && !errors.Is(err, store.ErrNotFound), i%3 == 2 && err != nil && !errors.Is(err, store.ErrUsernameTaken):
			t.Errorf("deed %d: %v", i, err)
		}
	}
	if n := commits(t, path) - before; n == 0 || n >= deeds/2 {
		t.Errorf("commits: got %d for %d deeds, want far fewer", n, deeds)
	} else {
		t.Logf("%d deeds, %d commits", deeds, n)
	}
	users, err := s.Users(t.Context(), store.Page{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(users), deeds/3+1+1; got != want {
		t.Errorf("users: got %d, want %d: those whose deeds succeeded", got, want)
	}
	events, err := s.Events(t.Context(), store.Page{})
	if err != nil || len(events) != len(users) {
		t.Errorf("audit rows: got %d, %v, want %d", len(events), err, len(users))
	}
}

// Some faults make SQLite roll back the whole transaction, and with it the neighbours that have already run.
func TestBatchLost(t *testing.T) {
	s, path := lite(t)
	execute(t, raw(t, "sqlite", path), `CREATE TRIGGER fault BEFORE INSERT ON audit WHEN NEW.action = 'fault' BEGIN SELECT RAISE(ROLLBACK, 'fault'); END`)
	lost := 0
	for i, err := range stall(t, s, path, 100, func(i int) error {
		e := event()
		if i%10 == 9 {
			e.Action = "fault"
		}
		return s.CreateUser(t.Context(), newUser(fmt.Sprint("user", i)), e)
	}) {
		_, lookup := s.UserByLogin(t.Context(), fmt.Sprint("user", i))
		if err != nil && !errors.Is(err, store.ErrUnavailable) || (err == nil) != (lookup == nil) {
			t.Errorf("deed %d was answered %v, and reading its user gives %v", i, err, lookup)
		}
		if err != nil && i%10 != 9 {
			lost++
		}
	}
	if lost == 0 {
		t.Error("no neighbour was lost: the test has shown nothing")
	}
}

func TestDiskFull(t *testing.T) {
	s, path := lite(t)
	if err := s.CreateUser(t.Context(), newUser("before"), event()); err != nil {
		t.Fatal(err)
	}
	pages, err := s.OnWriter(t.Context(), "PRAGMA page_count")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.OnWriter(t.Context(), "PRAGMA max_page_count = "+pages); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for i, err := range stall(t, s, path, 100, func(i int) error {
		n := newUser(fmt.Sprint("user", i))
		n.Email = strings.Repeat("x", 1000)
		return s.CreateUser(t.Context(), n, event())
	}) {
		_, lookup := s.UserByLogin(t.Context(), fmt.Sprint("user", i))
		if err != nil {
			failed++
		}
		if err != nil && !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("DSK-1 disk full: got %v, want %v", err, store.ErrUnavailable)
		}
		if (err == nil) != (lookup == nil) {
			t.Errorf("deed %d was answered %v, and reading its user gives %v", i, err, lookup)
		}
	}
	if failed < 50 {
		t.Errorf("failed deeds: got %d, want most of 100", failed)
	}
	if _, err := s.UserByLogin(t.Context(), "before"); err != nil {
		t.Errorf("reading while the disk is full: %v", err)
	}
	if _, err := s.OnWriter(t.Context(), "PRAGMA max_page_count = 100000"); err != nil {
		t.Fatal(err)
	}
	if err := s.CreateUser(t.Context(), newUser("after"), event()); err != nil {
		t.Errorf("space again: %v", err)
	}
}

func TestLockedByAnother(t *testing.T) {
	s, path := lite(t)
	db := raw(t, "sqlite", path)
	execute(t, db, "BEGIN IMMEDIATE")
	start := time.Now()
	errs := make(chan error)
	const deeds = 1200 // more than may wait
	for range deeds {
		go func() { errs <- s.Append(t.Context(), event()) }()
	}
	first := time.Duration(0)
	for range deeds {
		if err := <-errs; !errors.Is(err, store.ErrUnavailable) {
			t.Fatalf("DBO-1 locked: got %v, want %v", err, store.ErrUnavailable)
		}
		if first == 0 {
			first = time.Since(start)
		}
	}
	if last := time.Since(start); first > last/2 {
		t.Errorf("the first refusal came after %v, the last after %v: want those who find the queue full told at once", first, last)
	} else if last > 3*time.Second {
		t.Errorf("the last refusal came after %v, want about 1 s", last)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("readings go on: %v", err)
	}
	execute(t, db, "ROLLBACK")
	if err := s.Append(t.Context(), event()); err != nil {
		t.Errorf("unlocked: %v", err)
	}
}

func TestCancelledInQueue(t *testing.T) {
	s, path := lite(t)
	db := raw(t, "sqlite", path)
	execute(t, db, "BEGIN IMMEDIATE")
	var other sync.WaitGroup
	other.Go(func() { s.Append(t.Context(), event()) })
	ctx, cancel := context.WithCancel(t.Context())
	cancelled := make(chan error)
	go func() { cancelled <- s.CreateUser(ctx, newUser("ann"), event()) }()
	waiting(s, 1) // one of the two, and one is with the writer: neither has begun
	cancel()
	if err := <-cancelled; err == nil {
		t.Error("cancelled while the database was locked: got success")
	}
	execute(t, db, "ROLLBACK")
	other.Wait()
	if err := s.Append(t.Context(), event()); err != nil { // the writer has been through the queue
		t.Fatal(err)
	}
	if _, err := s.UserByLogin(t.Context(), "ann"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a deed whose caller was told that it is cancelled: its user gives %v, want %v", err, store.ErrNotFound)
	}
}

func TestCloseAnswersEverybody(t *testing.T) {
	path := "sqlite:" + filepath.Join(t.TempDir(), "jotgate.db")
	s := open(t, path)
	const deeds = 300
	errs := make([]error, deeds)
	var started, done sync.WaitGroup
	for i := range deeds {
		started.Add(1)
		done.Go(func() {
			started.Done()
			errs[i] = s.CreateUser(context.Background(), newUser(fmt.Sprint("user", i)), event())
		})
	}
	started.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	done.Wait()
	s = open(t, path)
	for i, err := range errs {
		_, lookup := s.UserByLogin(t.Context(), fmt.Sprint("user", i))
		if err != nil && !errors.Is(err, store.ErrUnavailable) || (err == nil) != (lookup == nil) {
			t.Errorf("deed %d was answered %v, and reading its user gives %v", i, err, lookup)
		}
	}
}

func TestDamagedFile(t *testing.T) {
	good := filepath.Join(t.TempDir(), "good.db")
	s := open(t, "sqlite:"+good)
	for i := range 200 {
		if err := s.CreateUser(t.Context(), newUser(fmt.Sprint("user", i), "user"), event()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(b []byte) []byte{
		"no database": func([]byte) []byte { return []byte(strings.Repeat("This is a letter to my aunt.\n", 100)) },
		"truncated":   func(b []byte) []byte { return b[:len(b)/2/4096*4096] },
		"torn pages": func(b []byte) []byte {
			for at := 4096; at < len(b); at += 4096 {
				copy(b[at:], bytes.Repeat([]byte{0xA5}, 64))
			}
			return b
		},
	} {
		t.Run("DSK-4 "+name, func(t *testing.T) {
			bad := spoil(bytes.Clone(whole))
			path := filepath.Join(t.TempDir(), "bad.db")
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := sqlstore.Open(t.Context(), "sqlite:"+path, store.Options{})
			if err == nil {
				t.Fatal("got no error, want a refusal")
			}
			if !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "backup") {
				t.Errorf("got %q, want the file and the way out", err)
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, bad) {
				t.Errorf("the file was changed (%v)", err)
			}
		})
	}
}

func TestRefusedURLs(t *testing.T) {
	for _, dsn := range []string{
		"", "sqlite:", "jotgate.db", "mysql://u:geheim@h/db", "geheim",
		"postgres://u:geheim@h:port/db", "postgres://u:geheim@[/db", "postgres://u:gehe%zzim@h/geheim?sslmode=wrong",
		"postgres://u:geheim@127.0.0.1:1/db", "postgres://u:geheim@127.0.0.1:1/db?statement_timeout=soon",
	} {
		_, err := sqlstore.Open(t.Context(), dsn, store.Options{})
		if err == nil {
			t.Errorf("%q: got no error", dsn)
		} else if strings.Contains(err.Error(), "geheim") {
			t.Errorf("LOG-1 the error tells the password: %v", err)
		}
	}
}
