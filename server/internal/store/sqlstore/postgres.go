package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// postgres is PostgreSQL: one transaction a deed, for the server groups its own flushes.
type postgres struct {
	db       *sql.DB
	patience time.Duration
	lease    *lease
}

const (
	attempts    = 6  // of a deed whose transaction the database undid
	connections = 16 // more would wait for the same disk
)

func openPostgres(ctx context.Context, dsn string, patience time.Duration) (engine, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New(`store "postgres://…": not a PostgreSQL URL: want postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…`) // err may quote the password
	}
	if err := migrateWith(ctx, cfg); err != nil {
		return nil, err
	}
	p := &postgres{db: pool(cfg, patience), patience: patience}
	p.lease = &lease{cfg: cfg, patience: patience}
	return p, nil
}

// migrateWith uses connections without time limits: a large table takes its time.
func migrateWith(ctx context.Context, cfg *pgx.ConnConfig) error {
	cfg = cfg.Copy()
	cfg.RuntimeParams["statement_timeout"] = "0"
	cfg.ConnectTimeout = 5 * time.Second
	db := stdlib.OpenDB(*cfg)
	defer db.Close()
	return migratePostgres(ctx, db)
}

func pool(cfg *pgx.ConnConfig, patience time.Duration) *sql.DB {
	wait := strconv.FormatInt(patience.Milliseconds(), 10)
	cfg.ConnectTimeout = patience
	for name, value := range map[string]string{
		"application_name":                    "jotgate",
		"statement_timeout":                   wait,
		"lock_timeout":                        wait,
		"idle_in_transaction_session_timeout": "10000", // the locks of a node that hangs
		"tcp_keepalives_idle":                 "5",     // and of one that is gone
		"tcp_keepalives_interval":             "1",
		"tcp_keepalives_count":                "5",
	} {
		cfg.RuntimeParams[name] = value
	}
	db := stdlib.OpenDB(*cfg, stdlib.OptionAfterConnect(durable))
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return db
}

// durable makes an acknowledged commit one that is on disk, also where the server's default is weaker.
func durable(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, `SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')`)
	return err
}

// write runs a deed in one transaction, again when the database undid it for its neighbours' sake. Once begun it runs to its
// end: a cancelled caller would only cost the connection.
func (p *postgres) write(ctx context.Context, work work) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.patience)
	defer cancel()
	for n := 1; ; n++ {
		err := p.once(ctx, work)
		if !again(err) || n == attempts || !pause(ctx, n) {
			return err
		}
	}
}

func (p *postgres) once(ctx context.Context, work work) error {
	// Each statement sees what was committed before it: a deed that has waited for a lock then sees what it waited for.
	t, err := p.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return said(err)
	}
	if err := work(ctx, t); err != nil {
		t.Rollback() // its error would hide the reason
		return err
	}
	if err := t.Commit(); err != nil {
		return unanswered{err} // perhaps it is there, perhaps not
	}
	return nil
}

// pause waits a little, at random, longer each time; false when there is no time left.
func pause(ctx context.Context, n int) bool {
	t := time.NewTimer(time.Duration(rand.Int64N(int64(n * n * int(2*time.Millisecond)))))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (p *postgres) read(ctx context.Context, work work) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.patience)
	defer cancel()
	return work(ctx, p.db)
}

func (p *postgres) claim(ctx context.Context) error { return p.lease.take(ctx) }

func (p *postgres) healthy() error { return p.lease.held() }

func (p *postgres) close() error {
	p.lease.close()
	return p.db.Close()
}
