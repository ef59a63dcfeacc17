package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/profile/flaskjwt"
	"github.com/jotgate/jotgate/token"
)

// sessions issues tokens, and ends them before their time. An access token is one of Flask-JWT that names its session, the
// log-in that it came from. A refresh token is one of package token: it works once, and who steals one is found out.
type sessions struct {
	*token.Issuer // of refresh tokens
	access        *flaskjwt.Issuer
	dead          *token.Revocations
	db            *database
	now           func() time.Time
}

const (
	issuer     = "posts" // of refresh tokens; those of Flask-JWT never said
	accessLife = 5 * time.Minute
)

func newSessions(c flaskjwt.Settings, db *database) (s *sessions, err error) {
	s = &sessions{db: db, now: c.Now}
	if s.access, err = flaskjwt.NewIssuer(c); err != nil {
		return nil, fmt.Errorf("SECRET_KEY: %w", err)
	}
	secret := hmac.New(sha256.New, []byte(c.SecretKey)) // another for refresh tokens, so that neither kind passes as the other
	secret.Write([]byte("refresh tokens"))
	key, err := jwt.NewKey(jwt.HS256, "", secret.Sum(nil))
	if err != nil {
		return nil, err
	}
	s.Issuer, err = token.New(token.Config{
		Issuer: issuer, Audience: []string{issuer}, Key: key, Denylist: s, Renew: s.mayRenew, Now: s.now,
	})
	if err != nil {
		return nil, err
	}
	s.dead, err = s.Revocations()
	return s, err
}

// tokens are what log-in and refresh answer.
type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token,omitempty"`
}

// tokens adds to a refresh token, unless there is an error, an access token of its session.
func (s *sessions) tokens(ctx context.Context, raw string, err error) (tokens, error) {
	if err != nil {
		return tokens{}, err
	}
	t, err := s.Verify(ctx, token.Refresh, raw)
	if err != nil {
		return tokens{}, err
	}
	now := s.now()
	access, err := s.access.Encode(map[string]any{
		"identity": json.Number(t.Claims.Subject), "sid": t.Claims.SessionID,
		"nbf": now.Unix(), "iat": now.Unix(), "exp": now.Add(accessLife).Unix(),
	})
	return tokens{access, raw}, err
}

// mayRenew refuses once the user is gone, or has another password.
func (s *sessions) mayRenew(ctx context.Context, g token.Grant) (token.Grant, error) {
	u, err := one(ctx, s.db, "account_by_id", pgx.NamedArgs{"user": g.Subject}, pgx.RowToStructByName[account])
	if errors.Is(err, errNotFound) || err == nil && u.Version != g.UserVersion {
		err = jwt.ErrRevoked
	}
	return g, err
}

// Check is for the guard: it asks the denylist about an access token, which does not say that we issued it.
func (s *sessions) Check(ctx context.Context, t jwt.Ref) (jwt.Verdict, error) {
	t.Issuer = issuer
	return s.dead.Check(ctx, t)
}

// Add implements token.Denylist with a table: what is dead stays dead after a restart, and for every process.
func (s *sessions) Add(ctx context.Context, id string, until time.Time) (bool, error) {
	return one(ctx, s.db, "deny", pgx.NamedArgs{"id": id, "until": until, "now": s.now()}, pgx.RowTo[bool])
}

// Any implements token.Denylist.
func (s *sessions) Any(ctx context.Context, ids ...string) (bool, error) {
	return one(ctx, s.db, "denied", pgx.NamedArgs{"ids": ids, "now": s.now()}, pgx.RowTo[bool])
}
