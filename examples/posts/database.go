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
)

type database struct{ *pgxpool.Pool }

//go:embed migrations sql
var files embed.FS

// openDatabase makes the tables, or brings them up to date. Of two processes that do so at once, one fails and has changed
// nothing: start it again.
func openDatabase(ctx context.Context, url string) (*database, error) {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	migrations, err := fs.Sub(files, "migrations")
	if err != nil {
		return nil, err
	}
	p, err := goose.NewProvider(goose.DialectPostgres, stdlib.OpenDBFromPool(pool), migrations)
	if err == nil {
		_, err = p.Up(ctx)
	}
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("migrating the database: %w", err)
	}
	return &database{pool}, nil
}

// one returns the row that a statement of the folder sql answers, or errNotFound.
func one[T any](ctx context.Context, db *database, name string, args pgx.NamedArgs, scan pgx.RowToFunc[T]) (row T, err error) {
	statement, err := files.ReadFile("sql/" + name + ".sql")
	if err != nil {
		return row, err
	}
	rows, _ := db.Query(ctx, string(statement), args) // rows has the error
	row, err = pgx.CollectOneRow(rows, scan)
	var pg *pgconn.PgError
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		err = errNotFound
	case errors.As(err, &pg) && pg.Code == "23505": // unique_violation: nothing but names is unique
		err = errTaken
	}
	return row, err
}
