package sqlstore_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate/server/internal/store"
	"github.com/jotgate/jotgate/server/internal/store/sqlstore"
)

// write makes users and sessions until it is killed, and prints what was acknowledged.
func write(s *sqlstore.Store) error {
	failed := make(chan error)
	for range 8 {
		go func() {
			for {
				if err := writeOne(s); err != nil {
					failed <- err
				}
			}
		}()
	}
	return <-failed
}

func writeOne(s *sqlstore.Store) error {
	ctx, now := context.Background(), time.Now()
	n, e := newUser(newID(), "user", store.RoleAdmin), event()
	e.Target = n.ID
	if err := s.CreateUser(ctx, n, e); err != nil {
		return err
	}
	fmt.Println("user", n.ID)
	session, e := store.Session{ID: newID(), UserID: n.ID, CreatedAt: now, IdleExpiresAt: now.Add(time.Hour), ExpiresAt: now.Add(time.Hour)}, event()
	e.Target = session.ID
	if _, err := s.StartSession(ctx, session, "h", e); err != nil {
		return err
	}
	fmt.Println("session", session.ID)
	return nil
}

func kill(t *testing.T, d database) {
	acked := map[string][]string{}
	for range 5 {
		for what, ids := range killedWriter(t, d.dsn, 50+rand.IntN(200)) {
			acked[what] = append(acked[what], ids...)
		}
	}
	s := open(t, d.dsn)
	for _, id := range acked["user"] {
		if _, err := s.User(t.Context(), id); err != nil {
			t.Errorf("CRA-1 an acknowledged user: %v", err)
		}
	}
	for _, id := range acked["session"] {
		if _, err := s.Session(t.Context(), id); err != nil {
			t.Errorf("CRA-1 an acknowledged session: %v", err)
		}
	}
	for what, query := range map[string]string{
		"CRA-2 users without their roles":     `SELECT count(*) FROM users u WHERE (SELECT count(*) FROM user_roles r WHERE r.user_id = u.id) <> 2`,
		"CRA-2 sessions without a user":       `SELECT count(*) FROM sessions s WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.id = s.user_id)`,
		"AUD-2 users without an audit row":    `SELECT count(*) FROM users u WHERE NOT EXISTS (SELECT 1 FROM audit a WHERE a.target = u.id)`,
		"AUD-2 sessions without an audit row": `SELECT count(*) FROM sessions s WHERE NOT EXISTS (SELECT 1 FROM audit a WHERE a.target = s.id)`,
		"AUD-2 audit rows of nothing":         `SELECT count(*) FROM audit a WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.id = a.target) AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = a.target)`,
	} {
		var n int
		if err := d.raw.QueryRow(query).Scan(&n); err != nil || n != 0 {
			t.Errorf("%s: got %d, %v, want 0", what, n, err)
		}
	}
	t.Logf("acknowledged before the kills: %d users, %d sessions", len(acked["user"]), len(acked["session"]))
}

// killedWriter lets a process write until it has acknowledged n deeds, kills it, and returns all that it acknowledged.
func killedWriter(t *testing.T, dsn string, n int) map[string][]string {
	t.Helper()
	cmd := helper("write", dsn)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	acked := map[string][]string{}
	lines := bufio.NewScanner(out)
	for i := 0; lines.Scan(); i++ {
		if what, id, ok := strings.Cut(lines.Text(), " "); ok && len(id) == 36 {
			acked[what] = append(acked[what], id)
		}
		if i == n {
			cmd.Process.Kill()
		}
	}
	cmd.Wait() // killed
	if len(acked["session"]) == 0 {
		t.Fatal("the writer acknowledged nothing")
	}
	return acked
}
