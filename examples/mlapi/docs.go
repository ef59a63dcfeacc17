package main

import (
	"embed"
	"net/http"

	"github.com/swaggest/swgui/v5emb"
)

//go:embed docs
var docs embed.FS

// registerDocs serves Swagger UI over /openapi.json. Its files are swgui's; its page is ours, for theirs has inline code,
// and the policy lets nothing run that does not come from here as a file.
func registerDocs(mux *http.ServeMux) {
	ui := hardened(v5emb.New(title, "/openapi.json", "/docs/"))
	mux.Handle("GET /docs/swagger-ui.css", ui)
	mux.Handle("GET /docs/swagger-ui-bundle.js", ui)
	mux.Handle("GET /docs/", hardened(http.FileServerFS(docs)))
}

func hardened(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "+
			"img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}
