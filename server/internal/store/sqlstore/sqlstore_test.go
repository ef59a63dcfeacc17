package sqlstore_test

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/jotgate/jotgate/internal/pgtest"
	"github.com/jotgate/jotgate/server/internal/store"
	"github.com/jotgate/jotgate/server/internal/store/sqlstore"
	"github.com/jotgate/jotgate/server/internal/store/storetest"
)

// database is a new, empty one: as a store opens it, and behind the store's back.
type database struct {
	dsn string
	raw *sql.DB
}

// both are the tests of what the suite cannot do, for it knows no processes and no schemas.
var both = map[string]func(t *testing.T, d database){
	"migrate together":   migrateTogether,
	"migrate after kill": migrateAfterKill,
	"newer schema":       newerSchema,
	"kill":               kill,
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	fresh := func(t *testing.T) database {
		path := filepath.Join(t.TempDir(), "jotgate.db")
		return database{"sqlite:" + path, raw(t, "sqlite", path)}
	}
	all(t, fresh)
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	c := pgtest.Start(t)
	fresh := func(t *testing.T) database {
		url := c.Database(t)
		return database{url, raw(t, "pgx", url)}
	}
	all(t, fresh)
	for name, test := range postgresOnly {
		t.Run(name, func(t *testing.T) { test(t, fresh(t)) })
	}
}

func all(t *testing.T, fresh func(t *testing.T) database) {
	t.Run("suite", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) storetest.Open {
			d := fresh(t)
			return func(o store.Options) (store.Store, error) { return sqlstore.Open(t.Context(), d.dsn, o) }
		}, storetest.Can{Nodes: 3, Rounds: 200})
	})
	for name, test := range both {
		t.Run(name, func(t *testing.T) { test(t, fresh(t)) })
	}
}

// raw opens a database behind the store's back.
func raw(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

func execute(t *testing.T, db *sql.DB, query string) {
	t.Helper()
	if _, err := db.Exec(query); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// open opens a store that closes with the test.
func open(t *testing.T, dsn string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), dsn, store.Options{Issuer: "https://issuer.test", TokenLife: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func newUser(name string, roles ...string) store.NewUser {
	now := time.Now()
	return store.NewUser{User: store.User{ID: newID(), Username: name, UsernameKey: name, PasswordHash: "h", Roles: roles, CreatedAt: now, UpdatedAt: now}}
}

func event() store.Event {
	return store.Event{ID: newID(), At: time.Now(), Action: "x", Result: store.ResultOK}
}
