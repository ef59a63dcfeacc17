package main

import (
	"bytes"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/swaggest/swgui/v5emb"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/adapters/jothuma"
	"github.com/jotgate/jotgate/profile/fastapijwtauth"
)

// newApp wires everything. Its errors are of the settings.
func newApp(s fastapijwtauth.Settings, list denylist) (http.Handler, error) {
	issuer, err := fastapijwtauth.NewIssuer(s)
	if err != nil {
		return nil, err
	}
	config, err := fastapijwtauth.Config(s)
	if err != nil {
		return nil, err
	}
	config.Revocations = list
	guard, err := jotgate.New(config)
	if err != nil {
		return nil, err
	}
	people, err := newUsers()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	api := newAPI(mux)
	jothuma.Use(api, guard, "bearer")
	registerTokens(api, tokens{s, issuer, people, list})
	registerStock(api, newStock())
	page := v5emb.New("Warehouse", "/openapi.json", "/docs")
	mux.Handle("GET /docs", page)
	mux.Handle("GET /docs/", page) // its scripts
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { detail(w, http.StatusNotFound, "Not Found") })
	return bounded(mux), nil
}

// newAPI is Huma with the bodies of FastAPI.
func newAPI(mux *http.ServeMux) huma.API {
	huma.NewError = newFailure // of the process: Huma has no other place for it
	config := huma.DefaultConfig("Warehouse Management API", "1.0.0")
	config.DocsPath = "" // Huma's own page loads its scripts from another host
	config.CreateHooks = nil
	config.Formats = map[string]huma.Format{"application/json": plainJSON, "json": plainJSON}
	return humago.New(mux, config)
}

// bounded reads the body before anybody else does: no route sees one that is long or broken.
func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4096))
		if err != nil {
			detail(w, http.StatusBadRequest, "There was an error parsing the body")
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}
