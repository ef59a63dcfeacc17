package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"github.com/jackc/pgx/v5"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/password"
	"github.com/jotgate/jotgate/profile/flaskjwt"
)

// newGuard speaks as Flask-JWT does, and asks the denylist. Tokens that Flask-JWT has issued name no session.
func newGuard(s flaskjwt.Settings, dead jotgate.Revocations) (*jotgate.Guard, error) {
	config, err := flaskjwt.Config(s)
	if err != nil {
		return nil, err
	}
	config.Revocations = dead
	read, answer := config.Read, config.Answer
	config.Read = func(h jwt.Header, c jwt.Claims) (jotgate.Traits, error) {
		t, err := read(h, c)
		if err == nil {
			err = c.Decode(&struct {
				Session *string `json:"sid"`
			}{&t.SessionID})
		}
		return t, err
	}
	config.Answer = func(r *jotgate.Refusal) jotgate.Answer {
		a := answer(r)
		a.Body = jsonify(json.RawMessage(a.Body))
		return a
	}
	return jotgate.New(config)
}

// identity is the identity_handler.
func (db *database) identity(ctx context.Context, id jotgate.Identity) (user, error) {
	u, err := db.user(ctx, id.Subject())
	if errors.Is(err, pgx.ErrNoRows) {
		err = jotgate.ErrNoUser
	}
	return u, err
}

// authenticate is the authentication_handler. A name that nobody has takes as long as a wrong password.
func (a *app) authenticate(ctx context.Context, name, typed string) (user, error) {
	wrong := error(flaskjwt.BadCredentials())
	u, err := row[user](ctx, a.db, `SELECT `+userColumns+` FROM users WHERE username = $1`, name)
	if errors.Is(err, pgx.ErrNoRows) {
		return user{}, cmp.Or(a.hasher.VerifyNone(ctx, typed), wrong)
	}
	if err != nil {
		return user{}, err
	}
	ok, better, err := a.hasher.LogIn(ctx, typed, u.Password)
	if errors.Is(err, password.ErrHash) { // nothing matches it, and someone should look
		slog.ErrorContext(ctx, "log-in", "user", u.ID, "err", err)
		err = nil
	}
	if err != nil || !ok {
		return user{}, cmp.Or(err, wrong)
	}
	if better != "" { // the hash is one of Flask-Bcrypt, and may have changed by now; a log-in never fails for it
		const sql = `UPDATE users SET password = $3 WHERE id = $1 AND password = $2`
		if _, err := a.db.Exec(ctx, sql, u.ID, u.Password, better); err != nil {
			slog.ErrorContext(ctx, "storing a better hash", "user", u.ID, "err", err)
		}
	}
	return u, nil
}

func (a *app) logIn(r *http.Request) (tokens, error) {
	in, err := fields(r, true, "username", "password")
	if err != nil || len(in) != 2 {
		return tokens{}, flaskjwt.BadCredentials()
	}
	u, err := a.authenticate(r.Context(), in["username"], in["password"])
	if err != nil {
		return tokens{}, err
	}
	return a.sessions.begin(r.Context(), u)
}

// auth answers what Flask-JWT's own route did: an access token.
func (a *app) auth(r *http.Request) (any, error) {
	t, err := a.logIn(r)
	t.Refresh = ""
	return t, err
}

// login answers a refresh token too.
func (a *app) login(r *http.Request) (any, error) { return a.logIn(r) }

func (a *app) refresh(r *http.Request) (any, error) {
	in, err := fields(r, true, "refresh_token")
	if err != nil {
		return nil, err
	}
	return a.sessions.renew(r.Context(), in["refresh_token"])
}

// logout ends the session of the access token, and so its refresh token.
func (a *app) logout(r *http.Request) (any, error) {
	id, _ := jotgate.From(r.Context())
	if id.SessionID() == "" {
		return nil, problem{http.StatusBadRequest, "A token of Flask-JWT has no session: it ends by itself."}
	}
	return nil, a.sessions.RevokeSession(r.Context(), id.SessionID())
}
