package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/jotgate/jotgate/password"
)

// handler returns what to answer as JSON, nil for nothing.
type handler func(*http.Request) (any, error)

// problem is an error of the client's, in the words of Flask-RESTful.
type problem struct {
	Status  int `json:"-"`
	Message any `json:"message"` // a text, or one under the name of its field
}

func (p problem) Error() string { return fmt.Sprint(p.Message) }

// answer is the one place where errors become answers: the client's, those about tokens, and ours, which are 503.
func (a *app) answer(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := h(r)
		var p problem
		switch {
		case errors.As(err, &p):
			send(w, p.Status, p)
		case errors.Is(err, pgx.ErrNoRows):
			send(w, http.StatusNotFound, problem{Message: "Not Found"})
		case isTaken(err):
			send(w, http.StatusConflict, problem{Message: taken})
		case err != nil:
			refusal := a.guard.Answer(err)
			if refusal.Status >= http.StatusInternalServerError {
				slog.ErrorContext(r.Context(), "request", "method", r.Method, "path", r.URL.Path, "err", err)
			}
			refusal.Write(w)
		case v == nil:
			w.WriteHeader(http.StatusNoContent)
		default:
			send(w, http.StatusOK, v)
		}
	}
}

func send(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(jsonify(v)) // fails for a client that is gone
}

// jsonify indents as Flask does in debug mode, with a blank after each comma.
func jsonify(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(v)                                                   // texts and numbers always marshal
	return bytes.ReplaceAll(b.Bytes(), []byte(",\n"), []byte(", \n")) // no text in JSON holds a line break
}

// longest are the texts that clients send, and how many bytes of each we take.
var longest = map[string]int{"username": 250, "password": password.MaxBytes, "title": 250, "body": 60_000, "refresh_token": 4000}

// fields reads a body with the texts of these names, as reqparse did. What is not required may be absent.
func fields(r *http.Request, required bool, names ...string) (map[string]string, error) {
	var in map[string]string
	if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 64<<10)).Decode(&in); err != nil {
		return nil, problem{http.StatusBadRequest, "Want a JSON object of texts, of at most 64 KiB."}
	}
	for _, name := range names {
		text, sent := in[name]
		if (sent || required) && (text == "" || len(text) > longest[name] || strings.Contains(text, "\x00")) {
			why := fmt.Sprintf("Want 1 to %d bytes, none of them NUL.", longest[name]) // which PostgreSQL cannot store
			return nil, problem{http.StatusBadRequest, map[string]string{name: why}}
		}
	}
	return in, nil
}
