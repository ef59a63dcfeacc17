package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

type database struct{ *pgxpool.Pool }

//go:embed migrations
var migrations embed.FS

// openDatabase brings the tables up to date, and drops what the denylist need not hold any more.
func openDatabase(ctx context.Context, url string) (*database, error) {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	if err = migrate(ctx, pool); err == nil {
		_, err = pool.Exec(ctx, `DELETE FROM denylist WHERE expires < now()`)
	}
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("migrating the database: %w", err)
	}
	return &database{pool}, nil
}

func migrate(ctx context.Context, pool *pgxpool.Pool) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	oneAtATime, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return err
	}
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	p, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(oneAtATime))
	if err == nil {
		_, err = p.Up(ctx)
	}
	return err
}

// rows returns what a statement answers, as structs with the columns' names.
func rows[T any](ctx context.Context, db *database, sql string, args ...any) ([]T, error) {
	found, _ := db.Query(ctx, sql, args...) // found has the error
	return pgx.CollectRows(found, pgx.RowToStructByName[T])
}

// row is rows where there is one, or pgx.ErrNoRows.
func row[T any](ctx context.Context, db *database, sql string, args ...any) (T, error) {
	found, _ := db.Query(ctx, sql, args...)
	return pgx.CollectOneRow(found, pgx.RowToStructByName[T])
}

const taken = "Username already exists"

// isTaken tells a name that another user has: nothing else is unique.
func isTaken(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23505" // unique_violation
}
