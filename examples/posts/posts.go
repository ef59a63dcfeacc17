package main

import (
	"context"
	"net/http"
)

// post is a row, and what clients see of it.
type post struct {
	ID      int    `json:"id"`
	Title   string `json:"title"`
	Body    string `json:"body"`
	Created string `json:"created"`
	User    user   `json:"user"`
}

// postColumns write the date as Flask-RESTful does: after RFC 822, and RFC 2822's -0000, for one from nowhere.
const postColumns = `id, title, body, to_char(created, 'Dy, DD Mon YYYY HH24:MI:SS "-0000"') AS created,
	(SELECT json_build_object('id', u.id, 'username', u.username) FROM users u WHERE u.id = user_id) AS user`

func (db *database) posts(ctx context.Context, userID int) ([]post, error) {
	return rows[post](ctx, db, `SELECT `+postColumns+` FROM posts WHERE user_id = $1 ORDER BY id`, userID)
}

func (a *app) listPosts(r *http.Request) (any, error) { return a.db.posts(r.Context(), a.me(r)) }

func (a *app) createPost(r *http.Request) (any, error) {
	in, err := fields(r, true, "title", "body")
	if err != nil {
		return nil, err
	}
	return row[post](r.Context(), a.db, `
		INSERT INTO posts (title, body, user_id, created) SELECT $2, $3, id, now() AT TIME ZONE 'utc' FROM users WHERE id = $1
		RETURNING `+postColumns, a.me(r), in["title"], in["body"])
}

func (a *app) showPost(r *http.Request) (any, error) {
	return row[post](r.Context(), a.db, `
		SELECT `+postColumns+` FROM posts WHERE user_id = $1 AND id = $2`, a.me(r), r.PathValue("post_id"))
}

func (a *app) changePost(r *http.Request) (any, error) {
	in, err := fields(r, true, "title", "body")
	if err != nil {
		return nil, err
	}
	return row[post](r.Context(), a.db, `
		UPDATE posts SET title = $3, body = $4 WHERE user_id = $1 AND id = $2
		RETURNING `+postColumns, a.me(r), r.PathValue("post_id"), in["title"], in["body"])
}

func (a *app) deletePost(r *http.Request) (any, error) {
	_, err := row[post](r.Context(), a.db, `
		DELETE FROM posts WHERE user_id = $1 AND id = $2 RETURNING `+postColumns, a.me(r), r.PathValue("post_id"))
	return nil, err
}
