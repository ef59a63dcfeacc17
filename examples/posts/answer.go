package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/jotgate/jotgate/password"
)

// handler returns what to answer as JSON.
type handler func(*http.Request) (any, error)

// problem is an error of the client's, in the words of Flask-RESTful.
type problem struct {
	Status  int `json:"-"`
	Message any `json:"message"` // a text, or one under the name of its field
}

func (p problem) Error() string { return fmt.Sprint(p.Message) }

// Compared by value, so that errors.Is finds them.
var (
	errNotFound = problem{http.StatusNotFound, "Not Found"}
	errTaken    = problem{http.StatusConflict, "Username already exists"}
)

// answer is the one place where errors become answers: the client's, those about tokens, and ours, which are 503.
func (a *app) answer(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := h(r)
		var p problem
		var refused *password.PolicyError
		switch {
		case errors.As(err, &p):
			send(w, p.Status, p)
		case errors.As(err, &refused):
			send(w, http.StatusBadRequest, problem{Message: map[string]string{"password": refused.Error()}})
		case err != nil:
			refusal := a.guard.Answer(err)
			if refusal.Status >= http.StatusInternalServerError {
				slog.ErrorContext(r.Context(), "request", "method", r.Method, "path", r.URL.Path, "err", err)
			}
			refusal.Write(w)
		default:
			send(w, http.StatusOK, v)
		}
	}
}

// send answers null with 204 and without it, as Flask-RESTful does.
func send(w http.ResponseWriter, status int, v any) {
	body := jsonify(v)
	if string(body) == "null\n" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body) // fails for a client that is gone
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
