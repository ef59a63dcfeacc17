package main

import (
	"context"
	"net/http"

	"github.com/jotgate/jotgate/password"
)

// user is a row, and what clients see of it.
type user struct {
	ID       int    `json:"id"`
	Username string `json:"username"`
	Password string `json:"-"`                     // its hash
	Version  int64  `json:"-"`                     // of the password
	Posts    []post `json:"posts,omitzero" db:"-"` // nil in lists
}

const userColumns = `id, username, password, version`

func (db *database) user(ctx context.Context, id any) (user, error) {
	return row[user](ctx, db, `SELECT `+userColumns+` FROM users WHERE id = $1`, id)
}

func (a *app) listUsers(r *http.Request) (any, error) {
	return rows[user](r.Context(), a.db, `SELECT `+userColumns+` FROM users ORDER BY id`)
}

func (a *app) createUser(r *http.Request) (any, error) { return a.addUser(r) }

func (a *app) addUser(r *http.Request) (user, error) {
	in, err := a.credentials(r, true)
	if err != nil {
		return user{}, err
	}
	return row[user](r.Context(), a.db, `
		INSERT INTO users (username, password, created) VALUES ($1, $2, now() AT TIME ZONE 'utc')
		RETURNING `+userColumns, in["username"], in["password"])
}

// signUp answers a name that is taken as the course does: with 200, and a text.
func (a *app) signUp(r *http.Request) (any, error) {
	u, err := a.addUser(r)
	if isTaken(err) {
		return taken, nil
	}
	u.Posts = []post{}
	return u, err
}

// me is the user of the request, who was read before the cache was asked: fit to say who it is, and not to be cached.
func (a *app) me(r *http.Request) int {
	u, _ := a.current.From(r.Context())
	return u.ID
}

func (a *app) showUser(r *http.Request) (any, error) {
	u, err := a.db.user(r.Context(), a.me(r))
	if err != nil {
		return nil, err
	}
	u.Posts, err = a.db.posts(r.Context(), u.ID)
	return u, err
}

// changeUser changes what PATCH sends, and with PUT both. A new password ends all sessions: see mayRenew.
func (a *app) changeUser(r *http.Request) (any, error) {
	in, err := a.credentials(r, r.Method == http.MethodPut)
	if err != nil {
		return nil, err
	}
	_, err = a.db.Exec(r.Context(), `
		UPDATE users SET username = coalesce(nullif($2, ''), username), password = coalesce(nullif($3, ''), password),
			version = version + ($3 <> '')::integer
		WHERE id = $1`, a.me(r), in["username"], in["password"])
	if err != nil {
		return nil, err
	}
	return a.showUser(r)
}

func (a *app) deleteUser(r *http.Request) (any, error) {
	_, err := a.db.Exec(r.Context(), `WITH gone AS (DELETE FROM posts WHERE user_id = $1) DELETE FROM users WHERE id = $1`, a.me(r))
	return nil, err
}

// credentials reads a name and a password, which it hashes. The course's have three letters, so any length will do here;
// a service of yours asks password.Policy.
func (a *app) credentials(r *http.Request, required bool) (map[string]string, error) {
	in, err := fields(r, required, "username", "password")
	if err == nil && in["password"] != "" {
		in["password"], err = a.hasher.Hash(r.Context(), password.Policy{}.Normalize(in["password"]))
	}
	return in, err
}
