package main

import (
	"database/sql"
	"errors"

	_ "modernc.org/sqlite"
)

// lite is SQLite as the server has it (WAL, FULL) with nothing around it.
type lite struct {
	db             *sql.DB
	update, insert *sql.Stmt
	n              int64
}

func openLite(path string) (*lite, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	l := &lite{db: db}
	return l, errors.Join(l.exec(`
		CREATE TABLE sessions (id INTEGER PRIMARY KEY, counter INTEGER NOT NULL, rest TEXT NOT NULL);
		CREATE TABLE audit (id INTEGER PRIMARY KEY, rest TEXT NOT NULL);`), l.prepare())
}

func (l *lite) exec(text string) error {
	_, err := l.db.Exec(text)
	return err
}

// filling makes the rows about as long as those of the server.
const filling = "01997a3e-6f0a-7c31-9a56-2f4f3f2f6c11 01997a3e-6f0a-7c31-9a56-2f4f3f2f6c11 127.0.0.1 session.refresh ok 01997a3e-6f0a-7c31-9a56"

func (l *lite) prepare() error {
	var err, err2 error
	for i := range connections {
		if _, err := l.db.Exec(`INSERT INTO sessions VALUES ($1, 0, $2)`, i, filling); err != nil {
			return err
		}
	}
	l.update, err = l.db.Prepare(`UPDATE sessions SET counter = counter + 1 WHERE id = $1`)
	l.insert, err2 = l.db.Prepare(`INSERT INTO audit (rest) VALUES ($1)`)
	return errors.Join(err, err2)
}

// commit writes the rows of n rotations, a session changed and an audit row added each, and flushes them once.
func (l *lite) commit(n int) error {
	tx, err := l.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for range n {
		l.n++
		if _, err := tx.Stmt(l.update).Exec(l.n % connections); err != nil {
			return err
		}
		if _, err := tx.Stmt(l.insert).Exec(filling); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func (l *lite) close() error { return l.db.Close() }
