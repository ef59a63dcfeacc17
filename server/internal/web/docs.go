package web

import (
	"html"
	"net/http"

	"github.com/swaggest/swgui/v5/static"
	"github.com/vearutop/statigz"
)

// Docs answers GET /docs and the files below it: Swagger UI over the OpenAPI document at openapiPath, an absolute path on
// this host. Swagger UI gives the assets only: its own page would need inline code that changes with its settings.
func Docs(openapiPath string) http.Handler {
	style, script := file("docs.css"), file("docs.js")
	docs := page{
		status: http.StatusOK,
		cache:  "no-cache",
		policy: policy("connect-src 'self'", "script-src 'self' "+hash(script), "style-src 'self' "+hash(style)),
		body:   fill("docs.html", "style", style, "script", script, "openapi", html.EscapeString(openapiPath)),
	}
	assets := revalidated(http.StripPrefix("/docs", statigz.FileServer(static.FS)))
	mux := http.NewServeMux()
	mux.Handle("GET /docs", docs)
	mux.Handle("GET /docs/{$}", docs)
	mux.Handle("GET /docs/swagger-ui.css", assets)
	mux.Handle("GET /docs/swagger-ui-bundle.js", assets)
	return mux
}

// revalidated lets browsers keep an asset but ask by its ETag each time: its name does not change with its version.
func revalidated(assets http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		harden(w.Header())
		assets.ServeHTTP(w, r)
	})
}
