package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrations embed.FS

func migrateSQLite(ctx context.Context, db *sql.DB) error {
	return migrate(ctx, goose.DialectSQLite3, db, "migrations/sqlite")
}

// migratePostgres lets one of several processes migrate and the others wait for it, up to a minute.
func migratePostgres(ctx context.Context, db *sql.DB) error {
	one, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60))
	if err != nil {
		return err
	}
	return migrate(ctx, goose.DialectPostgres, db, "migrations/postgres", goose.WithSessionLocker(one))
}

func migrate(ctx context.Context, d goose.Dialect, db *sql.DB, dir string, o ...goose.ProviderOption) error {
	files, err := fs.Sub(migrations, dir)
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(d, db, files, append(o, goose.WithDisableGlobalRegistry(true))...)
	if err != nil {
		return err
	}
	for last := int64(-1); ; {
		now, want, err := p.GetVersions(ctx)
		if err != nil {
			return fmt.Errorf("reading the schema's version: %w", said(err))
		}
		if now > want {
			return fmt.Errorf("the database has schema version %d, and this jotgate knows versions up to %d: start a newer jotgate, or restore a backup from before the upgrade", now, want)
		}
		if now == want {
			return nil
		}
		// A migration and its version are one transaction. Where nothing locks (SQLite), another process may come first and
		// ours fail on what it made: look again, unless nobody moved.
		if _, err = p.Up(ctx); err != nil && now == last {
			return fmt.Errorf("migrating the schema from version %d to %d: %w", now, want, said(err))
		}
		last = now
	}
}
