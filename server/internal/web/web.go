// Package web holds the pages that people open in a browser: the API documentation and the set-up page.
//
// Every page comes from this binary, works without internet and speaks only the public API. Its style and script stand
// inside it; the content security policy names both by hash, so markup that slips into a page cannot run or restyle it.
package web

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"net/http"
	"strings"
)

//go:embed pages
var pages embed.FS

// Setup answers GET /setup: a form that makes the first admin through POST /v1/setup. A link to it may carry the code
// in its fragment (/setup#code=…), which browsers do not send.
func Setup() http.Handler {
	style, script := file("style.css"), file("setup.js")
	return page{
		status: http.StatusOK,
		cache:  "no-store",
		policy: policy("connect-src 'self'", "script-src "+hash(script), "style-src "+hash(style)),
		body:   fill("setup.html", "style", style, "script", script),
	}
}

// SetupDone answers GET /setup once a first admin exists, with 410 Gone.
func SetupDone() http.Handler {
	style := file("style.css")
	return page{
		status: http.StatusGone,
		cache:  "no-store",
		policy: policy("style-src " + hash(style)),
		body:   fill("done.html", "style", style),
	}
}

// page is one finished document and the headers that it needs.
type page struct {
	status              int
	cache, policy, body string
}

func (p page) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", p.policy)
	h.Set("Cache-Control", p.cache)
	harden(h)
	w.WriteHeader(p.status)
	w.Write([]byte(p.body)) // an error here means that the reader has gone
}

func harden(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

// policy allows nothing but data: images (our icons) and what is given. form-action 'none' also keeps a form from
// sending a password the browser's way while its script is missing.
func policy(allowed ...string) string {
	const nothing = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; img-src data:; "
	return nothing + strings.Join(allowed, "; ")
}

// hash names an inline style or script in a policy, CSP level 3 §2.3.1.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// fill puts values, given as name and text in turn, and our mark at their {{places}} in a document.
func fill(name string, values ...string) string {
	mark := "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte(file("mark.svg")))
	places := []string{"{{mark}}", mark}
	for i := 0; i < len(values); i += 2 {
		places = append(places, "{{"+values[i]+"}}", values[i+1])
	}
	return strings.NewReplacer(places...).Replace(file(name))
}

func file(name string) string {
	text, err := pages.ReadFile("pages/" + name)
	if err != nil {
		panic(err) // a page that was not compiled in is a programmer's error
	}
	return string(text)
}
