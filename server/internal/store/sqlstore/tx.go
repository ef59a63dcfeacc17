package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/jotgate/jotgate/revocation"
	"github.com/jotgate/jotgate/server/internal/store"
)

// runner is where a statement runs: a connection, a pool, a transaction.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// tx is one deed or reading under way.
type tx struct {
	ctx     context.Context
	db      runner
	now     time.Time
	issuer  string
	records []revocation.Record // revoked by this deed
}

// exec runs a statement and tells how many rows it touched.
func (t *tx) exec(query string, args ...any) (int64, error) {
	r, err := t.db.ExecContext(t.ctx, query, clean(args)...)
	if err != nil {
		return 0, said(err)
	}
	return r.RowsAffected()
}

// each calls scan for every row. It reads to the end, as a RETURNING must be.
func (t *tx) each(scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := t.db.QueryContext(t.ctx, query, clean(args)...)
	if err != nil {
		return said(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return said(rows.Err())
}

// one scans the one row that the query yields, or returns ErrNotFound.
func (t *tx) one(into []any, query string, args ...any) error {
	found := false
	err := t.each(func(r *sql.Rows) error {
		found = true
		return r.Scan(into...)
	}, query, args...)
	if err == nil && !found {
		return store.ErrNotFound
	}
	return err
}

// clean makes every text one that both databases take: PostgreSQL refuses NUL and broken UTF-8, which a user agent or
// a looked-up name may well hold.
func clean(args []any) []any {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
		}
	}
	return args
}

// audit writes the event of this deed.
func (t *tx) audit(e store.Event) error {
	_, err := t.exec(`
		INSERT INTO audit (id, at, action, actor, target, result, detail, ip, user_agent, request_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		e.ID, ms(e.At), e.Action, e.Actor, e.Target, e.Result, e.Detail, e.IP, e.UserAgent, e.RequestID)
	return err
}

// slack is how much longer than the tokens it kills a record lives.
const slack = time.Minute

// revoke records that value is dead. The record outlives every token issued so far, whatever the settings were then.
func (t *tx) revoke(kind revocation.Kind, value string, version int64, reason string) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	var expires int64
	err = t.one([]any{&expires}, `
		INSERT INTO revocations (id, kind, value, version, reason, created_at, expires_at)
		SELECT $1, $2, $3, $4, $5, $6, $7 + number FROM meta WHERE name = 'token_life'
		RETURNING expires_at`,
		id.String(), kind.String(), value, version, reason, ms(t.now), ms(t.now.Add(slack)))
	if err != nil {
		return err
	}
	t.records = append(t.records, record(t.issuer, kind, value, version, reason, ms(t.now), expires))
	return nil
}

func record(issuer string, kind revocation.Kind, value string, version int64, reason string, created, expires int64) revocation.Record {
	r := revocation.Record{
		Kind:      kind,
		Key:       revocation.KeyOf(kind, issuer, value),
		Version:   version,
		ExpiresAt: at(expires),
		Reason:    reason,
	}
	if kind == revocation.User {
		r.Before = at(created)
	}
	return r
}

// ms is how a time is kept: Unix milliseconds, 0 for the zero time.
func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// at is the inverse of ms.
func at(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// bit is how a bool is kept.
func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// list is how a set of words is kept: a JSON array, sorted, each once.
func list(words []string) string {
	b, _ := json.Marshal(slices.Compact(slices.Sorted(slices.Values(words)))) // strings always marshal
	if string(b) == "null" {
		return "[]"
	}
	return string(b)
}

// unlist is the inverse of list.
func unlist(s string) ([]string, error) {
	words := []string{}
	if err := json.Unmarshal([]byte(s), &words); err != nil {
		return nil, fmt.Errorf("reading a list of words: %w", err)
	}
	return words, nil
}
