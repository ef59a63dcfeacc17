package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

// bare is an API whose routes may be registered and not called.
func bare(log *bytes.Buffer) *API {
	return &API{Issuer: "https://auth.example.com", Version: "0", Logger: LogRequests(slog.New(slog.NewTextHandler(log, nil)))}
}

func hello(context.Context, *struct{}) (*out[string], error) { return &out[string]{"hello"}, nil }

func get(path string) huma.Operation {
	return huma.Operation{OperationID: strings.Trim(path, "/"), Method: http.MethodGet, Path: path}
}

func TestOperationWithoutNeedStopsTheStart(t *testing.T) {
	for name, register := range map[string]func(*API){
		"registered past add": func(a *API) { huma.Register(a.huma, get("/open"), hello) },
		"with the zero need":  func(a *API) { add(a, need{}, get("/open"), hello) },
		"with a need of strings": func(a *API) {
			op := get("/open")
			op.Metadata = map[string]any{needKey: "public"}
			huma.Register(a.huma, op, hello)
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := bare(new(bytes.Buffer))
			if _, err := a.Handler(); err != nil {
				t.Fatalf("the routes as they are: got %v, want nil", err)
			}
			register(a)
			err := undeclared(a.huma.OpenAPI())
			if err == nil || !strings.Contains(err.Error(), "GET /open") {
				t.Errorf("got %v, want an error that names GET /open", err)
			}
		})
	}
}

func TestOperationWithoutNeedAnswersNobody(t *testing.T) {
	a := bare(new(bytes.Buffer))
	h, err := a.Handler()
	if err != nil {
		t.Fatal(err)
	}
	huma.Register(a.huma, get("/open"), hello)
	if got := ask(t, h, "/open"); got.Status != 500 || got.Code != "internal_error" {
		t.Errorf("got %d %s, want 500 internal_error", got.Status, got.Code)
	}
}

// ask returns the problem that a GET is answered with.
func ask(t *testing.T, h http.Handler, path string) Problem {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	var p Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("%s: %v: %q", path, err, w.Body)
	}
	if got := w.Header().Get("Content-Type"); w.Code != p.Status || got != "application/problem+json" {
		t.Errorf("%s: got status %d with type %s and a body of %d, want a problem", path, w.Code, got, p.Status)
	}
	if p.RequestID == "" || p.RequestID != w.Header().Get("X-Request-Id") || p.Title != "Internal Server Error" {
		t.Errorf("%s: got %s, want a title and the request id", path, w.Body)
	}
	if strings.Contains(w.Body.String(), "canary") {
		t.Errorf("%s: got the fault itself in %s", path, w.Body)
	}
	return p
}

// unwritable cannot be marshalled.
type unwritable struct{}

func (unwritable) MarshalJSON() ([]byte, error) { return nil, errors.New("canary") }

func (unwritable) Schema(huma.Registry) *huma.Schema { return &huma.Schema{Type: "string"} }

func TestFaultsOfOurs(t *testing.T) {
	var log bytes.Buffer
	a := bare(&log)
	h, err := a.Handler()
	if err != nil {
		t.Fatal(err)
	}
	add(a, public, get("/panic"), func(context.Context, *struct{}) (*out[string], error) { panic("canary") })
	add(a, public, get("/marshal"), func(context.Context, *struct{}) (*out[unwritable], error) { return new(out[unwritable]), nil })
	add(a, public, get("/error"), func(context.Context, *struct{}) (*out[string], error) { return nil, errors.New("canary") })
	for _, c := range []struct{ name, path, logged string }{
		{"J09 panic", "/panic", "api_test.go"},
		{"J09 an answer that cannot be written", "/marshal", "stack"},
		{"J09 an error that nobody foresaw", "/error", "canary"},
	} {
		t.Run(c.name, func(t *testing.T) {
			log.Reset()
			p := ask(t, h, c.path)
			if p.Status != 500 || p.Code != "internal_error" {
				t.Errorf("got %d %s, want 500 internal_error", p.Status, p.Code)
			}
			if !strings.Contains(log.String(), c.logged) || strings.Count(log.String(), "request_id="+p.RequestID) < 2 {
				t.Errorf("log: got %s\nwant the cause, with %q, and the request under one id", &log, c.logged)
			}
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/healthz", nil)); w.Code != 200 {
				t.Errorf("the next request: got %d, want 200", w.Code)
			}
		})
	}
}
