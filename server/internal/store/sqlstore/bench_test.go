package sqlstore_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jotgate/jotgate/internal/pgtest"
	"github.com/jotgate/jotgate/server/internal/store"
	"github.com/jotgate/jotgate/server/internal/store/sqlstore"
)

const clients = 16

// BenchmarkRotate is refresh as the server does it: a durable RotateSession with its audit row, by 16 callers. Beside it stands
// the least that any store must do for it on the same disk at the same time: one UPDATE, also committed in groups.
func BenchmarkRotate(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { rotate(b, "sqlite:"+filepath.Join(b.TempDir(), "jotgate.db")) })
	b.Run("sqlite bare update", bareUpdate)
	b.Run("postgres", func(b *testing.B) { rotate(b, pgtest.Start(b, "fsync = on").Database(b)) })
}

func rotate(b *testing.B, dsn string) {
	ctx := b.Context()
	s, err := sqlstore.Open(ctx, dsn, store.Options{Issuer: "https://issuer.test", TokenLife: time.Hour})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	ids := logins(b, s)
	b.ResetTimer()
	each(b, func(client, n int) error {
		_, err := s.RotateSession(ctx, store.Rotation{SessionID: ids[client], Counter: int64(n), Now: time.Now(), Idle: time.Hour},
			store.Event{ID: newID(), At: time.Now(), Action: "session.refresh", Actor: ids[client], Target: ids[client], Result: store.ResultOK,
				IP: "192.0.2.1", UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:145.0)", RequestID: ids[client]})
		return err
	})
}

// each runs b.N deeds, shared among the clients; n counts a client's deeds from 1.
func each(b *testing.B, deed func(client, n int) error) {
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	for client := range clients {
		wg.Go(func() {
			for n := 1; left.Add(-1) >= 0; n++ {
				if err := deed(client, n); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deeds/s")
}

func logins(b *testing.B, s *sqlstore.Store) (ids []string) {
	now := time.Now()
	for range clients {
		u := store.User{ID: newID(), PasswordHash: "h", Roles: []string{"user"}, CreatedAt: now, UpdatedAt: now}
		u.Username, u.UsernameKey = u.ID, u.ID
		if err := s.CreateUser(b.Context(), store.NewUser{User: u}, store.Event{ID: newID()}); err != nil {
			b.Fatal(err)
		}
		n := store.Session{ID: newID(), UserID: u.ID, ClientID: "app", Audience: "https://issuer.test", CreatedAt: now, IdleExpiresAt: now.Add(time.Hour), ExpiresAt: now.Add(2 * time.Hour)}
		if _, err := s.StartSession(b.Context(), n, "h", store.Event{ID: newID()}); err != nil {
			b.Fatal(err)
		}
		ids = append(ids, n.ID)
	}
	return ids
}

// bareUpdate has one goroutine commit what waits, as the store does, and nothing else.
func bareUpdate(b *testing.B) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "bare.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	run := func(query string) func(args ...any) {
		st, err := conn.PrepareContext(b.Context(), query)
		if err != nil {
			b.Fatal(err)
		}
		return func(args ...any) {
			if _, err := st.ExecContext(context.Background(), args...); err != nil {
				b.Error(err)
			}
		}
	}
	run(`CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)`)()
	run(`INSERT INTO t VALUES (0,0),(1,0),(2,0),(3,0),(4,0),(5,0),(6,0),(7,0),(8,0),(9,0),(10,0),(11,0),(12,0),(13,0),(14,0),(15,0)`)()
	begin, update, commit := run(`BEGIN IMMEDIATE`), run(`UPDATE t SET n = n + 1 WHERE id = $1`), run(`COMMIT`)
	type deed struct {
		client int
		done   chan struct{}
	}
	queue := make(chan deed, clients)
	go func() {
		for d := range queue {
			begin()
			batch := []deed{d}
			update(d.client)
			for len(queue) > 0 {
				d := <-queue
				batch = append(batch, d)
				update(d.client)
			}
			commit()
			for _, d := range batch {
				close(d.done)
			}
		}
	}()
	b.ResetTimer()
	each(b, func(client, _ int) error {
		d := deed{client, make(chan struct{})}
		queue <- d
		<-d.done
		return nil
	})
	close(queue)
}
