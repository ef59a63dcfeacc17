// Package sqlstore keeps everything in one SQL database: SQLite for one machine, PostgreSQL beyond it.
//
// A deed is a function on a [tx]; do runs it and, once it is durable, hands its revocation records to Options.Revoked.
// The SQL is one text for both databases ($n parameters, RETURNING, ON CONFLICT). What differs stands in four rooms:
// sqlite.go and writer.go (one writer that commits many deeds at once), postgres.go and lease.go (one transaction a
// deed), the migrations, and the reading of driver errors in errors.go.
//
// Rules that several rows must keep hold at READ COMMITTED because deeds lock before they look, always in this order:
// meta "admins", meta "policy", an invite, the user, the user's sessions. A lock is an UPDATE that changes nothing:
// SQLite has no FOR UPDATE.
package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jotgate/jotgate/revocation"
	"github.com/jotgate/jotgate/server/internal/store"
)

var _ store.Store = (*Store)(nil)

// Store is a store.Store on SQLite or PostgreSQL.
type Store struct {
	engine  engine
	issuer  string
	now     func() time.Time
	revoked func([]revocation.Record)

	gate   sync.RWMutex // held for reading by every running call, for writing by Close
	closed bool
}

// engine is a database that runs deeds.
type engine interface {
	// write runs a deed in a transaction of its own, or as good as, perhaps several times, and returns nil once its
	// effects are durable. An error of the deed undoes what it did.
	write(ctx context.Context, deed work) error
	// read runs a reading outside any transaction: each statement sees what is committed.
	read(ctx context.Context, reading work) error
	// claim keeps other servers off the database until close.
	claim(ctx context.Context) error
	// healthy answers nil while nothing but the database itself could stop us.
	healthy() error
	close() error
}

// work is what an engine runs, on the connection and with the context that it gives.
type work = func(context.Context, runner) error

// Open opens the database that dsn names, brings its schema up to date and makes sure that the roles "admin" and
// "user" exist. A dsn is "sqlite:" and a path, or a "postgres://" URL.
func Open(ctx context.Context, dsn string, o store.Options) (*Store, error) {
	e, err := open(ctx, dsn, cmp.Or(o.Patience, defaultPatience))
	if err != nil {
		return nil, err
	}
	s := &Store{engine: e, issuer: o.Issuer, now: o.Now, revoked: o.Revoked}
	if s.now == nil {
		s.now = time.Now
	}
	if p, ok := e.(*postgres); ok {
		p.lease.retaken = s.reload
	}
	if err := s.furnish(ctx, o.TokenLife); err != nil {
		e.close()
		return nil, err
	}
	return s, nil
}

// defaultPatience ends a call before the second is over that a caller may be kept waiting by a dead database.
const defaultPatience = 900 * time.Millisecond

func open(ctx context.Context, dsn string, patience time.Duration) (engine, error) {
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok && path != "" {
		return openSQLite(ctx, path, patience)
	}
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		return openPostgres(ctx, dsn, patience)
	}
	scheme := "" // never the rest: it may hold a password
	if before, _, ok := strings.Cut(dsn, "://"); ok {
		scheme = before + "://"
	}
	return nil, fmt.Errorf(`store "%s…": want "sqlite:PATH" or "postgres://…"`, scheme)
}

// furnish puts in what every database has. It writes nothing where nothing is missing.
func (s *Store) furnish(ctx context.Context, life time.Duration) error {
	return s.act(ctx, func(t *tx) error {
		const role = `INSERT INTO roles (name, permissions, created_at, updated_at) VALUES ($1, $2, $3, $3) ON CONFLICT DO NOTHING`
		if _, err := t.exec(role, store.RoleAdmin, list([]string{"*:*"}), ms(t.now)); err != nil {
			return err
		}
		if _, err := t.exec(role, "user", list(nil), ms(t.now)); err != nil {
			return err
		}
		_, err := t.exec(`UPDATE meta SET number = $1 WHERE name = 'token_life' AND number < $1`, life.Milliseconds())
		return err
	})
}

// do runs a deed. Its result counts only when it is durable.
func do[T any](ctx context.Context, s *Store, deed func(*tx) (T, error)) (T, error) {
	var records []revocation.Record
	out, err := enter(ctx, s, s.engine.write, func(t *tx) (out T, err error) {
		out, err = deed(t)
		records = t.records
		return out, err
	})
	if err == nil && s.revoked != nil && len(records) > 0 {
		s.revoked(records)
	}
	return out, err
}

// act runs a deed that has no result.
func (s *Store) act(ctx context.Context, deed func(*tx) error) error {
	_, err := do(ctx, s, func(t *tx) (struct{}, error) { return struct{}{}, deed(t) })
	return err
}

// look runs a reading.
func look[T any](ctx context.Context, s *Store, reading func(*tx) (T, error)) (T, error) {
	return enter(ctx, s, s.engine.read, reading)
}

// enter runs f in the engine's way, unless the store is closed, and returns what its last run returned.
func enter[T any](ctx context.Context, s *Store, run func(context.Context, work) error, f func(*tx) (T, error)) (T, error) {
	var none, out T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	s.gate.RLock()
	defer s.gate.RUnlock()
	if s.closed {
		return none, errClosed
	}
	if err := s.engine.healthy(); err != nil {
		return none, err
	}
	err := run(ctx, func(ctx context.Context, db runner) (err error) {
		out, err = f(&tx{ctx: ctx, db: db, now: s.now(), issuer: s.issuer})
		return err
	})
	if err != nil {
		return none, err
	}
	return out, nil
}

var errClosed = unanswered{errors.New("the store is closed")}

// Ping answers nil when the database can be read now and is still claimed by this process, if it ever was.
func (s *Store) Ping(ctx context.Context) error {
	_, err := look(ctx, s, func(t *tx) (int64, error) { return t.policy() })
	if err != nil {
		return err
	}
	return s.engine.healthy()
}

// Claim makes this process the only server on the database until the store is closed.
func (s *Store) Claim(ctx context.Context) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if s.closed {
		return errClosed
	}
	return s.engine.claim(ctx)
}

// Close waits for running calls and closes the database. Later calls answer store.ErrUnavailable.
func (s *Store) Close() error {
	s.gate.Lock()
	defer s.gate.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return s.engine.close()
}
