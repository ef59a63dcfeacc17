package sqlstore_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jotgate/jotgate/server/internal/store"
	"github.com/jotgate/jotgate/server/internal/store/sqlstore"
)

// versions lists the migrations that a database remembers.
func (d database) versions(t *testing.T) (all []int) {
	t.Helper()
	rows, err := d.raw.Query(`SELECT version_id FROM goose_db_version ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var v int
		if err := rows.Scan(&v); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

func migrateTogether(t *testing.T, d database) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for range 8 {
		wg.Go(func() {
			<-start
			s, err := sqlstore.Open(t.Context(), d.dsn, store.Options{})
			if err != nil {
				t.Errorf("MIG-1 eight at once: %v", err)
				return
			}
			s.Close()
		})
	}
	close(start)
	wg.Wait()
	once := d.versions(t)
	if want := []int{0, 1}; !slices.Equal(once, want) {
		t.Errorf("versions: got %v, want %v", once, want)
	}
	s := open(t, d.dsn)
	if again := d.versions(t); !slices.Equal(again, once) {
		t.Errorf("opened again: got versions %v, want %v", again, once)
	}
	if err := s.CreateUser(t.Context(), newUser("ann", "user"), event()); err != nil {
		t.Error(err)
	}
}

func newerSchema(t *testing.T, d database) {
	open(t, d.dsn).Close()
	execute(t, d.raw, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (7, `+map[bool]string{true: "1", false: "true"}[strings.HasPrefix(d.dsn, "sqlite")]+`)`)
	_, err := sqlstore.Open(t.Context(), d.dsn, store.Options{})
	if err == nil || !strings.Contains(err.Error(), "version 7") || !strings.Contains(err.Error(), "up to 1") {
		t.Errorf("N14 MIG-3: got %v, want a refusal that names both versions", err)
	}
}

// migrateAfterKill kills processes that open a new database at moments spread over the time that takes.
func migrateAfterKill(t *testing.T, d database) {
	for i := range 12 {
		cmd := helper("open", d.dsn)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		bufio.NewReader(out).ReadString('\n') // it is about to open
		time.Sleep(time.Duration(i) * time.Millisecond)
		cmd.Process.Kill()
		cmd.Wait() // killed, or just done: either is fine
	}
	s := open(t, d.dsn)
	if got, want := d.versions(t), []int{0, 1}; !slices.Equal(got, want) {
		t.Errorf("MIG-1 versions after kills: got %v, want %v", got, want)
	}
	if err := s.CreateUser(t.Context(), newUser("ann", "user"), event()); err != nil {
		t.Error(err)
	}
}

// helper is this test binary as another process, which other tests start and kill.
func helper(what, dsn string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "JOTGATE_TEST_HELPER="+what, "JOTGATE_TEST_DSN="+dsn)
	cmd.Stderr = os.Stderr
	return cmd
}

func TestMain(m *testing.M) {
	what := os.Getenv("JOTGATE_TEST_HELPER")
	if what == "" {
		os.Exit(m.Run())
	}
	fmt.Println("opening")
	s, err := sqlstore.Open(context.Background(), os.Getenv("JOTGATE_TEST_DSN"), store.Options{})
	if err == nil && what == "write" {
		err = write(s)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
