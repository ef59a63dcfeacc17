package sqlstore

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// lease is an advisory lock on a connection of its own: PostgreSQL lets go of it when the connection ends, however that
// comes about. When only the connection broke, the lease is taken again.
type lease struct {
	cfg      *pgx.ConnConfig
	patience time.Duration
	lost     atomic.Bool                 // then every call is refused: another server may be at work
	retaken  func(context.Context) error // is called before it counts as held again

	mu   sync.Mutex // for take and close
	stop func()     // nil: not taken
}

var (
	errShared = errors.New("another server uses this database, and several servers on one database are not supported yet: stop it first, or give this one a database of its own")
	errLost   = errors.New("this server's claim on the database is lost and not yet taken again")
)

const beat = 500 * time.Millisecond

// leaseKey is a number that nobody else uses; the second half keeps the schemas of one database apart.
const leaseKey = `4906213, hashtext(current_schema())`

func (l *lease) take(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stop != nil {
		return nil
	}
	conn, err := l.lock(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	l.stop = func() { cancel(); <-done }
	go func() {
		defer close(done)
		l.keep(ctx, conn)
	}()
	return nil
}

// lock returns the connection that holds the lock.
func (l *lease) lock(ctx context.Context) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, l.patience)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, l.cfg)
	if err != nil {
		return nil, said(err)
	}
	var got bool
	err = conn.QueryRow(ctx, `SELECT pg_try_advisory_lock(`+leaseKey+`)`).Scan(&got)
	if err == nil && got {
		return conn, nil
	}
	conn.Close(ctx)
	if err != nil {
		return nil, said(err)
	}
	return nil, errShared
}

// keep looks after the connection until ctx ends.
func (l *lease) keep(ctx context.Context, conn *pgx.Conn) {
	for {
		for l.alive(ctx, conn) {
		}
		conn.Close(context.WithoutCancel(ctx))
		if ctx.Err() != nil {
			return
		}
		l.lost.Store(true)
		if conn = l.takeAgain(ctx); conn == nil {
			return
		}
		l.lost.Store(false)
	}
}

// takeAgain asks every beat; nil when ctx ends first.
func (l *lease) takeAgain(ctx context.Context) *pgx.Conn {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for ctx.Err() == nil {
		if conn, err := l.lock(ctx); err == nil {
			if l.retaken(ctx) == nil {
				return conn
			}
			conn.Close(context.WithoutCancel(ctx))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	return nil
}

// alive returns after a beat, or as soon as the connection ends: nobody notifies this one.
func (l *lease) alive(ctx context.Context, conn *pgx.Conn) bool {
	quiet, cancel := context.WithTimeout(ctx, beat)
	defer cancel()
	if err := conn.PgConn().WaitForNotification(quiet); !pgconn.Timeout(err) || ctx.Err() != nil {
		return false
	}
	ctx, cancel = context.WithTimeout(ctx, l.patience)
	defer cancel()
	return conn.Ping(ctx) == nil
}

// held answers nil when the lease was never taken or is held.
func (l *lease) held() error {
	if l.lost.Load() {
		return unanswered{errLost}
	}
	return nil
}

func (l *lease) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stop != nil {
		l.stop()
	}
}
