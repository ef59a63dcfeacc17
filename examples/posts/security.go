package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/password"
	"github.com/jotgate/jotgate/profile/flaskjwt"
	"github.com/jotgate/jotgate/token"
)

// newGuard speaks as Flask-JWT does, and asks the denylist.
func newGuard(s flaskjwt.Settings, dead jotgate.Revocations) (*jotgate.Guard, error) {
	config, err := flaskjwt.Config(s)
	if err != nil {
		return nil, err
	}
	config.Revocations = dead
	compact := config.Answer
	config.Answer = func(r *jotgate.Refusal) jotgate.Answer {
		a := compact(r)
		a.Body = jsonify(json.RawMessage(a.Body))
		return a
	}
	return jotgate.New(config)
}

// account is what log-in needs of a user.
type account struct {
	ID      int
	Hash    string
	Version int64 // of the password
}

// identity is the identity_handler.
func (db *database) identity(ctx context.Context, id jotgate.Identity) (account, error) {
	u, err := one(ctx, db, "account_by_id", pgx.NamedArgs{"user": id.Subject()}, pgx.RowToStructByName[account])
	if errors.Is(err, errNotFound) {
		err = jotgate.ErrNoUser
	}
	return u, err
}

// authenticate is the authentication_handler. A name that nobody has takes as long as a wrong password.
func (a *app) authenticate(ctx context.Context, name, typed string) (account, error) {
	wrong := error(flaskjwt.BadCredentials())
	u, err := one(ctx, a.db, "account_by_name", pgx.NamedArgs{"username": name}, pgx.RowToStructByName[account])
	if errors.Is(err, errNotFound) {
		return account{}, cmp.Or(a.hasher.VerifyNone(ctx, typed), wrong)
	}
	if err != nil {
		return account{}, err
	}
	ok, better, err := a.hasher.LogIn(ctx, typed, u.Hash)
	if errors.Is(err, password.ErrHash) { // nothing matches it, and someone should look
		slog.ErrorContext(ctx, "log-in", "user", u.ID, "err", err)
		err = nil
	}
	if err != nil || !ok {
		return account{}, cmp.Or(err, wrong)
	}
	if better != "" { // the hash is one of Flask-Bcrypt; a log-in never fails for it
		args := pgx.NamedArgs{"user": u.ID, "hash": u.Hash, "better": better}
		if _, err := one(ctx, a.db, "upgrade_hash", args, pgx.RowTo[bool]); err != nil {
			slog.ErrorContext(ctx, "storing a better hash", "user", u.ID, "err", err)
		}
	}
	return u, nil
}

// login answers an access token and a refresh token.
func (a *app) login(r *http.Request) (any, error) { return a.logIn(r) }

// auth answers what Flask-JWT's own route did: the access token alone.
func (a *app) auth(r *http.Request) (any, error) {
	t, err := a.logIn(r)
	t.Refresh = ""
	return t, err
}

func (a *app) logIn(r *http.Request) (tokens, error) {
	in, err := texts(r, "username", "password")
	if err != nil || len(in) != 2 {
		return tokens{}, flaskjwt.BadCredentials()
	}
	u, err := a.authenticate(r.Context(), in["username"], in["password"])
	if err != nil {
		return tokens{}, err
	}
	raw, err := a.sessions.RefreshToken(r.Context(), token.Grant{Subject: strconv.Itoa(u.ID), UserVersion: u.Version})
	return a.sessions.tokens(r.Context(), raw, err)
}

// refresh uses a refresh token up.
func (a *app) refresh(r *http.Request) (any, error) {
	in, err := texts(r, "refresh_token")
	if err != nil {
		return nil, err
	}
	pair, err := a.sessions.Refresh(r.Context(), in["refresh_token"])
	return a.sessions.tokens(r.Context(), pair.RefreshToken, err)
}

// logout ends the session of the access token, and so its refresh token.
func (a *app) logout(r *http.Request) (any, error) {
	id, _ := jotgate.From(r.Context())
	if id.SessionID() == "" {
		return nil, problem{http.StatusBadRequest, "A token of Flask-JWT has no session: it ends by itself."}
	}
	return nil, a.sessions.RevokeSession(r.Context(), id.SessionID())
}
