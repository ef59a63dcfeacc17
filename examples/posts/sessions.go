package main

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/jotgate/jotgate"
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

func newSessions(c flaskjwt.Settings, db *database) (*sessions, error) {
	s := &sessions{db: db, now: time.Now}
	if c.Now != nil {
		s.now = c.Now
	}
	var err error
	if s.access, err = flaskjwt.NewIssuer(c); err != nil {
		return nil, fmt.Errorf("SECRET_KEY: %w", err)
	}
	secret, err := hkdf.Key(sha256.New, []byte(c.SecretKey), nil, "refresh tokens", 32) // no token can ever pass as the other
	if err != nil {
		return nil, err
	}
	key, err := jwt.NewKey(jwt.HS256, "", secret)
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

func (s *sessions) begin(ctx context.Context, u user) (tokens, error) {
	raw, err := s.RefreshToken(ctx, token.Grant{Subject: strconv.Itoa(u.ID), UserVersion: u.Version})
	if err != nil {
		return tokens{}, err
	}
	return s.tokens(ctx, raw)
}

// renew uses a refresh token up.
func (s *sessions) renew(ctx context.Context, raw string) (tokens, error) {
	pair, err := s.Refresh(ctx, raw)
	if err != nil {
		return tokens{}, err
	}
	return s.tokens(ctx, pair.RefreshToken)
}

// tokens adds to a refresh token an access token of its session.
func (s *sessions) tokens(ctx context.Context, raw string) (tokens, error) {
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
	u, err := s.db.user(ctx, g.Subject)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && u.Version != g.UserVersion {
		err = jwt.ErrRevoked
	}
	return g, err
}

var _ jotgate.Revocations = (*sessions)(nil)

// Check asks the denylist about an access token, which does not say that we issued it.
func (s *sessions) Check(ctx context.Context, t jwt.Ref) (jwt.Verdict, error) {
	t.Issuer = issuer
	return s.dead.Check(ctx, t)
}

var _ token.Denylist = (*sessions)(nil) // a table, so what is dead stays dead after a restart, and for every process

// Add implements token.Denylist.
func (s *sessions) Add(ctx context.Context, id string, until time.Time) (bool, error) {
	tag, err := s.db.Exec(ctx, `
		INSERT INTO denylist (id, expires) VALUES ($1, $2)
		ON CONFLICT (id) DO UPDATE SET expires = excluded.expires WHERE denylist.expires <= $3`, id, until, s.now())
	return tag.RowsAffected() == 1, err
}

// Any implements token.Denylist.
func (s *sessions) Any(ctx context.Context, ids ...string) (found bool, err error) {
	const sql = `SELECT EXISTS (SELECT FROM denylist WHERE id = ANY ($1) AND expires > $2)`
	err = s.db.QueryRow(ctx, sql, ids, s.now()).Scan(&found)
	return found, err
}
