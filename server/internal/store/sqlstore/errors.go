package sqlstore

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"github.com/jotgate/jotgate/server/internal/store"
)

// unanswered is store.ErrUnavailable with its cause in words. It does not unwrap: a driver's error may carry the
// configuration, and its deadline is not the caller's.
type unanswered struct{ cause error }

func (u unanswered) Error() string        { return store.ErrUnavailable.Error() + ": " + u.cause.Error() }
func (u unanswered) Is(target error) bool { return target == store.ErrUnavailable }

// said sorts a driver's error: an answer of the database passes, all else means that it could not be asked.
func said(err error) error {
	if err == nil || answer(err) {
		return err
	}
	return unanswered{err}
}

func answer(err error) bool {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() & 0xff { // the primary code
		case codes.SQLITE_ERROR, codes.SQLITE_CONSTRAINT, codes.SQLITE_MISUSE, codes.SQLITE_MISMATCH, codes.SQLITE_RANGE, codes.SQLITE_TOOBIG:
			return true
		}
		return false // busy, full, I/O, read-only, corrupt …
	}
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && !refusal(e.Code)
}

// refusal knows the classes in which PostgreSQL does not answer the question (appendix A of its manual): connection,
// authorization, catalog, rollback, resources, operator, system, internal; a read-only server; a lock not had in time.
func refusal(code string) bool {
	if code == "25006" || code == "55P03" {
		return true
	}
	switch code[:min(2, len(code))] {
	case "08", "28", "3D", "40", "53", "57", "58", "XX":
		return true
	}
	return false
}

// again tells whether the database undid a transaction only because of its neighbours.
func again(err error) bool {
	if u, ok := errors.AsType[unanswered](err); ok {
		err = u.cause
	}
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "40001" || e.Code == "40P01")
}

// taken returns the sentinel of a violated unique index of users, or err.
func taken(err error) error {
	index := ""
	if e, ok := errors.AsType[*sqlite.Error](err); ok && e.Code() == codes.SQLITE_CONSTRAINT_UNIQUE {
		index = e.Error()
	} else if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "23505" {
		index = e.ConstraintName
	}
	switch {
	case strings.Contains(index, "username_key"):
		return store.ErrUsernameTaken
	case strings.Contains(index, "email_key"):
		return store.ErrEmailTaken
	}
	return err
}

// dangling returns store.ErrNotFound for a violated foreign key, or err.
func dangling(err error) error {
	if e, ok := errors.AsType[*sqlite.Error](err); ok && e.Code() == codes.SQLITE_CONSTRAINT_FOREIGNKEY {
		return store.ErrNotFound
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "23503" {
		return store.ErrNotFound
	}
	return err
}
