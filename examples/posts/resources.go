package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/jotgate/jotgate/password"
)

// resource answers what a statement of the folder sql returns, given the user of the request, the post of the path, and the
// texts of these names in the body. The course's passwords have three letters, so any length will do here; a service of
// yours asks password.Policy.
func (a *app) resource(statement string, names ...string) handler {
	return func(r *http.Request) (any, error) {
		in, err := texts(r, names...)
		if err != nil {
			return nil, err
		}
		u, _ := a.current.From(r.Context())
		args := pgx.NamedArgs{"user": u.ID, "post": r.PathValue("post_id")}
		for _, name := range names { // and no others: a body must not say who the user is
			if text, sent := in[name]; sent {
				args[name] = text
			}
		}
		if typed, sent := args["password"].(string); sent {
			if args["password"], err = a.hasher.Hash(r.Context(), password.Policy{}.Normalize(typed)); err != nil {
				return nil, err
			}
		}
		return one(r.Context(), a.db, statement, args, pgx.RowTo[json.RawMessage])
	}
}

// signUp answers a name that is taken as the course does: with 200, and a text.
func (a *app) signUp(r *http.Request) (any, error) {
	v, err := a.resource("sign_up", "username", "password")(r)
	if errors.Is(err, errTaken) {
		return errTaken.Message, nil
	}
	return v, err
}

// longest are the texts that clients send, and how many bytes of each we take.
var longest = map[string]int{"username": 250, "password": password.MaxBytes, "title": 250, "body": 60_000, "refresh_token": 4000}

// texts reads a JSON object with texts of these names, as reqparse did. PATCH may leave some out.
func texts(r *http.Request, names ...string) (in map[string]string, err error) {
	if len(names) == 0 {
		return nil, nil
	}
	if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 64<<10)).Decode(&in); err != nil {
		return nil, problem{http.StatusBadRequest, "Want a JSON object of texts, of at most 64 KiB."}
	}
	for _, name := range names {
		text, sent := in[name]
		if !sent && r.Method == http.MethodPatch {
			continue
		}
		if text == "" || len(text) > longest[name] || strings.Contains(text, "\x00") { // which PostgreSQL cannot store
			why := fmt.Sprintf("Want 1 to %d bytes, none of them NUL.", longest[name])
			return nil, problem{http.StatusBadRequest, map[string]string{name: why}}
		}
	}
	return in, nil
}
