package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"modernc.org/sqlite" // also the driver "sqlite"
	codes "modernc.org/sqlite/lib"
)

// lite is SQLite: one connection that writes, a few that read beside it.
type lite struct {
	path    string
	writer  *writer
	readers *sql.DB
	reading runner
	lock    *os.File // held while claimed
	mu      sync.Mutex
}

// pragmas are what an acknowledged deed rests on. FULL, because in WAL mode NORMAL loses acknowledged commits when the
// power fails.
var pragmas = []struct{ name, set, want string }{
	{"journal_mode", "WAL", "wal"},
	{"synchronous", "FULL", "2"},
	{"foreign_keys", "ON", "1"},
}

// How long SQLite itself waits for another process, in ms.
const (
	waitOpening = "60000" // it may be migrating
	waitReading = "900"   // it recovers the log
	waitWriting = "1"     // then begin asks again
)

const waitAgain = 10 * time.Second

func openSQLite(ctx context.Context, path string, patience time.Duration) (_ engine, err error) {
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	if err := create(path); err != nil {
		return nil, err
	}
	db, conn, err := prepareSQLite(ctx, path)
	// SQLite does not wait everywhere: not for a neighbour that turns the file to WAL, or folds the log on leaving.
	for start := time.Now(); busy(err) && time.Since(start) < waitAgain && pause(ctx, 2); {
		db, conn, err = prepareSQLite(ctx, path)
	}
	if err != nil {
		return nil, err
	}
	l := &lite{path: path, writer: newWriter(db, conn, patience), readers: sqliteDB(path, "ro", waitReading, 4)}
	l.reading = &prepared{on: l.readers}
	return l, nil
}

// prepareSQLite returns the connection that writes, once the file is sound and its schema ours.
func prepareSQLite(ctx context.Context, path string) (_ *sql.DB, _ *sql.Conn, err error) {
	db := sqliteDB(path, "rw", waitOpening, 1)
	defer func() {
		if err != nil {
			db.Close()
		}
	}()
	if err := sound(ctx, db, path); err != nil {
		return nil, nil, err
	}
	if err := migrateSQLite(ctx, db); err != nil {
		return nil, nil, err
	}
	conn, err := settled(ctx, db)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return db, conn, nil
}

// create makes the file when there is none, for its owner only. An existing file must not be touched: closing any
// descriptor of it would drop the locks that this process holds on it through SQLite (sqlite.org/howtocorrupt.html §2.2).
func create(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("making the database: %w", err)
	}
	return f.Close()
}

func sqliteDB(path, mode, wait string, conns int) *sql.DB {
	q := url.Values{"mode": {mode}, "_txlock": {"immediate"}, "_dqs": {"0"}, "_pragma": {"busy_timeout(" + wait + ")"}}
	for _, p := range pragmas {
		if p.name != "journal_mode" || mode != "ro" { // a property of the file
			q.Add("_pragma", p.name+"("+p.set+")")
		}
	}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		panic(err) // only when there is no driver of that name
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db
}

// sound refuses a file that is no database or a damaged one.
func sound(ctx context.Context, db *sql.DB, path string) error {
	var verdict string
	err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict)
	if damaged(err) {
		verdict = err.Error()
	} else if err != nil {
		return fmt.Errorf("%s: %w", path, said(err))
	}
	if verdict != "ok" {
		return fmt.Errorf("%s cannot be used as Jotgate's database (%s): nothing was changed; put a backup in its place, or name another file", path, strings.TrimSpace(verdict))
	}
	return nil
}

// settled returns a connection, unless a setting did not take.
func settled(ctx context.Context, db *sql.DB) (*sql.Conn, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, said(err)
	}
	for _, p := range pragmas {
		var got string
		if err := conn.QueryRowContext(ctx, "PRAGMA "+p.name).Scan(&got); err != nil {
			return nil, said(err)
		}
		if got != p.want {
			return nil, fmt.Errorf("PRAGMA %s: want %s, got %s: the file system or another program does not allow it", p.name, p.want, got)
		}
	}
	_, err = conn.ExecContext(ctx, "PRAGMA busy_timeout = "+waitWriting)
	return conn, said(err)
}

func damaged(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && (e.Code()&0xff == codes.SQLITE_CORRUPT || e.Code()&0xff == codes.SQLITE_NOTADB)
}

// busy tells whether another process holds the lock.
func busy(err error) bool {
	if u, ok := errors.AsType[unanswered](err); ok {
		err = u.cause
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code()&0xff == codes.SQLITE_BUSY
}

func (l *lite) write(ctx context.Context, work work) error {
	return l.writer.write(ctx, work)
}

// read does not pass a cancellation on: readings are short, and an interrupted statement costs more than a finished one.
func (l *lite) read(ctx context.Context, work work) error {
	return work(context.WithoutCancel(ctx), l.reading)
}

func (l *lite) claim(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lock != nil {
		return nil
	}
	f, err := lockFile(l.path + ".lock")
	if errors.Is(err, errLocked) {
		return fmt.Errorf("another server is running on this data folder (%s): stop it first, or give this one its own --data", filepath.Dir(l.path))
	}
	if err != nil {
		return fmt.Errorf("claiming %s: %w", l.path, err)
	}
	l.lock = f
	return nil
}

func (l *lite) healthy() error { return nil }

// close closes the writer last: the last connection to leave moves the log into the database.
func (l *lite) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := errors.Join(l.readers.Close(), l.writer.close())
	if l.lock != nil {
		err = errors.Join(err, l.lock.Close())
	}
	return err
}

// prepared runs statements that it prepares once.
type prepared struct {
	on interface {
		PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	}
	stmts sync.Map // query → *sql.Stmt
}

func (p *prepared) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := p.stmts.Load(query); ok {
		return s.(*sql.Stmt), nil
	}
	s, err := p.on.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if first, loaded := p.stmts.LoadOrStore(query, s); loaded {
		s.Close()
		return first.(*sql.Stmt), nil
	}
	return s, nil
}

// close ends the statements; database/sql does not end those of a connection with it.
func (p *prepared) close() {
	p.stmts.Range(func(_, s any) bool {
		s.(*sql.Stmt).Close()
		return true
	})
}

func (p *prepared) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := p.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

func (p *prepared) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := p.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}
