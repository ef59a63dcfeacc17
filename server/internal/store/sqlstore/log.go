package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"github.com/jotgate/jotgate/revocation"
	"github.com/jotgate/jotgate/server/internal/store"
)

// Append writes an event that belongs to no other deed.
func (s *Store) Append(ctx context.Context, e store.Event) error {
	return s.act(ctx, func(t *tx) error { return t.audit(e) })
}

// Events lists audit rows, newest first.
func (s *Store) Events(ctx context.Context, p store.Page) ([]store.Event, error) {
	before := p.After
	if before == "" {
		before = "~" // above every id
	}
	return look(ctx, s, func(t *tx) ([]store.Event, error) {
		all := []store.Event{}
		err := t.each(func(r *sql.Rows) error {
			var e store.Event
			var when int64
			err := r.Scan(&e.ID, &when, &e.Action, &e.Actor, &e.Target, &e.Result, &e.Detail, &e.IP, &e.UserAgent, &e.RequestID)
			e.At = at(when)
			all = append(all, e)
			return err
		}, `
			SELECT id, at, action, actor, target, result, detail, ip, user_agent, request_id
			FROM audit WHERE id < $1 ORDER BY id DESC LIMIT $2`, before, limit(p))
		return all, err
	})
}

// What one statement reads or deletes at most, where nobody asks for a number.
const (
	portion = 500
	window  = 5000 // sessions looked at
)

// Revocations calls yield for every record that has not expired at now. It reads a page at a time, so that a long log
// neither fills the memory nor holds a connection.
func (s *Store) Revocations(ctx context.Context, now time.Time, yield func(revocation.Record)) error {
	for last, n := "", portion; n == portion; {
		page, err := look(ctx, s, func(t *tx) ([]revocation.Record, error) { return t.recordsAfter(&last, now) })
		if err != nil {
			return err
		}
		for _, r := range page {
			yield(r)
		}
		n = len(page)
	}
	return nil
}

// recordsAfter returns the next page of live records and moves last to its end.
func (t *tx) recordsAfter(last *string, now time.Time) (page []revocation.Record, err error) {
	err = t.each(func(r *sql.Rows) error {
		record, err := t.scanRecord(r, last)
		page = append(page, record)
		return err
	}, `
		SELECT id, kind, value, version, reason, created_at, expires_at
		FROM revocations WHERE id > $1 AND expires_at > $2 ORDER BY id LIMIT $3`, *last, ms(now), portion)
	return page, err
}

// reload tells of everything that is revoked, before a claim that was lost counts as held again: another server may have
// revoked meanwhile. Close waits for the one who calls this, so it must not wait for Close.
func (s *Store) reload(ctx context.Context) error {
	if s.revoked == nil {
		return nil
	}
	for last, n := "", portion; n == portion; {
		err := s.engine.read(ctx, func(ctx context.Context, db runner) error {
			t := &tx{ctx: ctx, db: db, now: s.now(), issuer: s.issuer}
			page, err := t.recordsAfter(&last, time.Time{})
			if err == nil {
				s.revoked(page)
			}
			n = len(page)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) scanRecord(r *sql.Rows, id *string) (revocation.Record, error) {
	var name, value, reason string
	var version, created, expires int64
	if err := r.Scan(id, &name, &value, &version, &reason, &created, &expires); err != nil {
		return revocation.Record{}, err
	}
	kind, err := revocation.ParseKind(name)
	if err != nil {
		return revocation.Record{}, err
	}
	return record(t.issuer, kind, value, version, reason, created, expires), nil
}

// Sweep deletes a bounded batch of what is past use. A session is never swept while one of its access tokens may live.
// Each goes in a deed of its own: one that held several could lock them in another order than a deed on their user.
func (s *Store) Sweep(ctx context.Context, now time.Time, keep time.Duration) (total int, err error) {
	old, err := s.oldSessions(ctx, now, keep)
	if err != nil {
		return 0, err
	}
	n, err := s.delete(ctx, `DELETE FROM revocations WHERE id IN (SELECT id FROM revocations WHERE expires_at <= $1 LIMIT $2)`, ms(now), portion)
	if err != nil {
		return 0, err
	}
	m, err := s.delete(ctx, `DELETE FROM invites WHERE hash IN (SELECT hash FROM invites WHERE expires_at <= $1 LIMIT $2)`, ms(now), portion)
	total = n + m
	for i := 0; i < len(old) && err == nil; i++ {
		n, err = s.delete(ctx, `DELETE FROM sessions WHERE id = $1`, old[i]) // what is past use stays so
		total += n
	}
	return total, err
}

func (s *Store) delete(ctx context.Context, query string, args ...any) (int, error) {
	return do(ctx, s, func(t *tx) (int, error) {
		n, err := t.exec(query, args...)
		return int(n), err
	})
}

// oldSessions finds sessions past use without an index on what rotation changes: it walks the table in windows of its
// key, each a short statement, outside any deed.
func (s *Store) oldSessions(ctx context.Context, now time.Time, keep time.Duration) (old []string, err error) {
	for from := ""; len(old) < portion; {
		to, err := look(ctx, s, func(t *tx) (to string, err error) {
			err = t.one([]any{&to}, `SELECT coalesce(max(id), '') FROM (SELECT id FROM sessions WHERE id > $1 ORDER BY id LIMIT $2) w`, from, window)
			return to, err
		})
		if err != nil || to == "" {
			return old, err
		}
		ids, err := look(ctx, s, func(t *tx) (ids []string, err error) { return t.oldBetween(from, to, now, keep) })
		if err != nil {
			return nil, err
		}
		old = append(old, ids...)
		from = to
	}
	return old, nil
}

func (t *tx) oldBetween(from, to string, now time.Time, keep time.Duration) (ids []string, err error) {
	err = t.each(func(r *sql.Rows) error {
		var id string
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	}, `
		SELECT id FROM sessions WHERE id > $1 AND id <= $2
		AND (ended_at <> 0 AND ended_at < $3
			OR idle_expires_at < $3 AND idle_expires_at < $4 - (SELECT number FROM meta WHERE name = 'token_life'))
		LIMIT $5`, from, to, ms(now.Add(-keep)), ms(now.Add(-slack)), portion)
	return ids, err
}
