package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jotgate/jotgate/revocation"
	"github.com/jotgate/jotgate/server/internal/store"
)

const sessionColumns = `id, user_id, client_id, audience, counter, prev_until, auth_time, created_at, last_used_at, idle_expires_at, expires_at, user_agent, ip, ended_at, end_reason`

func scanSession(r *sql.Rows, s *store.Session) error {
	var prev, auth, created, used, idle, expires, ended int64
	err := r.Scan(&s.ID, &s.UserID, &s.ClientID, &s.Audience, &s.Counter, &prev, &auth, &created, &used, &idle, &expires,
		&s.UserAgent, &s.IP, &ended, &s.EndReason)
	s.PrevUntil, s.AuthTime, s.CreatedAt, s.LastUsedAt = at(prev), at(auth), at(created), at(used)
	s.IdleExpiresAt, s.ExpiresAt, s.EndedAt = at(idle), at(expires), at(ended)
	return err
}

// sessions runs a query that yields sessionColumns.
func (t *tx) sessions(query string, args ...any) ([]store.Session, error) {
	all := []store.Session{}
	err := t.each(func(r *sql.Rows) error {
		var s store.Session
		err := scanSession(r, &s)
		all = append(all, s)
		return err
	}, query, args...)
	return all, err
}

// session is sessions where there is at most one; ErrNotFound when there is none.
func (t *tx) session(query string, args ...any) (store.Session, error) {
	all, err := t.sessions(query, args...)
	if err != nil {
		return store.Session{}, err
	}
	if len(all) == 0 {
		return store.Session{}, store.ErrNotFound
	}
	return all[0], nil
}

const sessionByID = `SELECT ` + sessionColumns + ` FROM sessions WHERE id = $1`

// proved locks a user whose password hash still is hash, and returns what the user may do.
func (t *tx) proved(id, hash string) (store.Access, error) {
	if err := t.lockUser(id); err != nil {
		return store.Access{}, err
	}
	a, err := t.access(byID, id)
	if err == nil && a.PasswordHash != hash {
		err = store.ErrConflict
	}
	if err == nil && a.Disabled {
		err = store.ErrDisabled
	}
	if err != nil {
		return store.Access{}, err
	}
	return a, nil
}

// StartSession stores a log-in. With the user locked, no new password and no disabling comes between.
func (s *Store) StartSession(ctx context.Context, n store.Session, hash string, e store.Event) (store.Access, error) {
	return do(ctx, s, func(t *tx) (store.Access, error) {
		a, err := t.proved(n.UserID, hash)
		if err != nil {
			return store.Access{}, err
		}
		_, err = t.exec(`INSERT INTO sessions (`+sessionColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, '')`,
			n.ID, n.UserID, n.ClientID, n.Audience, max(n.Counter, 1), ms(n.PrevUntil), ms(n.AuthTime), ms(n.CreatedAt), ms(n.LastUsedAt),
			min(ms(n.IdleExpiresAt), ms(n.ExpiresAt)), ms(n.ExpiresAt), n.UserAgent, n.IP)
		if err != nil {
			return store.Access{}, err
		}
		return a, t.audit(e)
	})
}

// rotation is the answer to a refresh. A refusal that changed something is one of its values, for an error undoes the deed.
type rotation struct {
	store.Rotated
	refused error
}

// RotateSession is the compare-and-set of refresh: the statement that moves the counter decides who wins.
func (s *Store) RotateSession(ctx context.Context, r store.Rotation, e store.Event) (store.Rotated, error) {
	out, err := do(ctx, s, func(t *tx) (rotation, error) { return t.rotate(r, e) })
	if err == nil {
		err = out.refused
	}
	if err != nil {
		return store.Rotated{}, err
	}
	return out.Rotated, nil
}

func (t *tx) rotate(r store.Rotation, e store.Event) (rotation, error) {
	s, err := t.session(`
		UPDATE sessions SET counter = counter + 1, prev_until = $3, last_used_at = $4,
			idle_expires_at = CASE WHEN expires_at < $5 THEN expires_at ELSE $5 END
		WHERE id = $1 AND counter = $2 AND ended_at = 0 AND idle_expires_at > $4
		RETURNING `+sessionColumns,
		r.SessionID, r.Counter, ms(r.Now.Add(r.Grace)), ms(r.Now), ms(r.Now.Add(r.Idle)))
	if errors.Is(err, store.ErrNotFound) {
		return t.notCurrent(r, e)
	}
	if err != nil {
		return rotation{}, err
	}
	a, err := t.mayRefresh(s.UserID)
	if err != nil {
		return rotation{}, err
	}
	e.Actor = cmp.Or(e.Actor, s.UserID)
	return rotation{Rotated: store.Rotated{Session: s, Access: a}}, t.audit(e)
}

// mayRefresh returns what a session's user may do, if the user may refresh at all.
func (t *tx) mayRefresh(id string) (store.Access, error) {
	a, err := t.access(byID, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return store.Access{}, store.ErrEnded
	case err != nil:
		return store.Access{}, err
	case a.Disabled:
		return store.Access{}, store.ErrDisabled
	}
	return a, nil
}

// notCurrent answers a refresh that did not win. What it reads is committed, and counters only rise: a token that is old
// now stays old.
func (t *tx) notCurrent(r store.Rotation, e store.Event) (rotation, error) {
	s, err := t.session(sessionByID, r.SessionID)
	if err != nil {
		return rotation{}, err
	}
	a, err := t.mayRefresh(s.UserID)
	switch {
	case err != nil:
		return rotation{}, err
	case !s.EndedAt.IsZero():
		return rotation{}, store.ErrEnded
	case ms(s.IdleExpiresAt) <= ms(r.Now):
		return rotation{}, store.ErrExpired
	case r.Counter == s.Counter-1 && ms(r.Now) < ms(s.PrevUntil):
		return rotation{Rotated: store.Rotated{Session: s, Access: a, Repeated: true}}, nil
	case r.Counter > s.Counter:
		e.Detail = "the token is newer than the session: the database was restored from a backup"
		return t.refuse(s, revocation.ReasonEnded, store.ErrEnded, e)
	case r.Counter < s.Counter:
		return t.refuse(s, revocation.ReasonReused, store.ErrReused, e)
	}
	return rotation{}, store.ErrConflict // it was not current and now is: not a reason to end anything
}

// refuse ends the session that a stale token was presented for. Of concurrent calls one ends it.
func (t *tx) refuse(s store.Session, reason string, refusal error, e store.Event) (rotation, error) {
	n, _, err := t.end(store.Select{ID: s.ID}, reason)
	if err != nil {
		return rotation{}, err
	}
	if n == 0 {
		return rotation{}, store.ErrEnded
	}
	e.Action, e.Result = "session.reuse", store.ResultFail
	return rotation{refused: refusal}, t.audit(e)
}

// Reauthenticate sets AuthTime of a live session whose user has just proved the password.
func (s *Store) Reauthenticate(ctx context.Context, id, hash string, at time.Time, e store.Event) (store.Session, store.Access, error) {
	out, err := do(ctx, s, func(t *tx) (out store.Rotated, err error) {
		if out.Session, err = t.session(sessionByID, id); err == nil {
			out.Access, err = t.proved(out.UserID, hash)
		}
		if errors.Is(err, store.ErrNotFound) {
			return out, store.ErrEnded
		}
		if err != nil {
			return out, err
		}
		out.Session, err = t.session(`
			UPDATE sessions SET auth_time = $2 WHERE id = $1 AND ended_at = 0 AND idle_expires_at > $3
			RETURNING `+sessionColumns, id, ms(at), ms(at))
		if errors.Is(err, store.ErrNotFound) {
			return out, store.ErrEnded
		}
		if err != nil {
			return out, err
		}
		return out, t.audit(e)
	})
	return out.Session, out.Access, err
}

// EndSessions ends what sel names.
func (s *Store) EndSessions(ctx context.Context, sel store.Select, reason string, e store.Event) (int, error) {
	if sel.User == "" && sel.ID == "" {
		return 0, errors.New("ending sessions: neither a user nor a session is named")
	}
	return do(ctx, s, func(t *tx) (int, error) {
		if sel.ID == "" { // several rows: in the order that every such deed keeps
			if err := t.lockUser(sel.User); err != nil {
				return 0, ignoreNotFound(err)
			}
		}
		n, user, err := t.end(sel, reason)
		if err != nil || n == 0 {
			return 0, err
		}
		e.Actor = cmp.Or(e.Actor, user) // whoever holds a token of the session
		return n, t.audit(e)
	})
}

func ignoreNotFound(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// end ends sessions, records each, and returns how many and whose they were. A session that expired a moment ago is ended too: its last access token may still
// live, and a log-out must reach it.
func (t *tx) end(sel store.Select, reason string) (n int, user string, _ error) {
	where := `id = $3 AND (user_id = $4 OR $4 = '')`
	if sel.ID == "" {
		where = `user_id = $4 AND $3 = ''` // which it is: PostgreSQL wants every parameter used
	}
	var ids []string
	err := t.each(func(r *sql.Rows) error {
		var id string
		err := r.Scan(&id, &user)
		ids = append(ids, id)
		return err
	}, `
		UPDATE sessions SET ended_at = $1, end_reason = $2
		WHERE `+where+` AND id <> $5 AND ended_at = 0 AND idle_expires_at > $6 - (SELECT number FROM meta WHERE name = 'token_life')
		RETURNING id, user_id`,
		ms(t.now), reason, sel.ID, sel.User, sel.Except, ms(t.now.Add(-slack)))
	if err != nil {
		return 0, "", err
	}
	for _, id := range ids {
		if err := t.revoke(revocation.Session, id, 0, reason); err != nil {
			return 0, "", err
		}
	}
	return len(ids), user, nil
}

// Session returns one session, ended or not.
func (s *Store) Session(ctx context.Context, id string) (store.Session, error) {
	return look(ctx, s, func(t *tx) (store.Session, error) { return t.session(sessionByID, id) })
}

// Sessions lists the live, unexpired sessions of a user, newest first.
func (s *Store) Sessions(ctx context.Context, userID string, now time.Time) ([]store.Session, error) {
	return look(ctx, s, func(t *tx) ([]store.Session, error) {
		return t.sessions(`
			SELECT `+sessionColumns+` FROM sessions
			WHERE user_id = $1 AND ended_at = 0 AND idle_expires_at > $2
			ORDER BY created_at DESC, id DESC LIMIT 1000`, userID, ms(now))
	})
}
