package api

import (
	"context"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

// identified gives every request a client, an id and a place in the log; a panic below it is a 500 and a stack in the
// log.
func (a *API) identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		client := identifyClient(r, a.TrustedProxies)
		seen := &recorder{ResponseWriter: w}
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, request{client, a.Logger, r, seen}))
		seen.Header().Set("X-Request-Id", client.RequestID)
		defer func() {
			if fault := recover(); fault != nil {
				a.recovered(seen, r, fault)
			}
			a.Logger.LogAttrs(r.Context(), slog.LevelInfo, "request",
				slog.String("method", cut(r.Method, 16)), slog.String("path", cut(r.URL.Path, 256)), slog.Int("status", seen.status),
				slog.Duration("took", time.Since(start)), slog.String("ip", client.IP))
		}()
		next.ServeHTTP(seen, r)
	})
}

func (a *API) recovered(w *recorder, r *http.Request, fault any) {
	if fault == http.ErrAbortHandler {
		panic(fault)
	}
	a.Logger.ErrorContext(r.Context(), "panic",
		"fault", fmt.Sprintf("%T", fault), "stack", string(debug.Stack()))
	if w.status == 0 {
		problemOf(500, "", nil).write(w, r)
	}
}

// recorder remembers the status.
type recorder struct {
	http.ResponseWriter
	status int
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// headed sets what every answer has; a page sets its own policy on top.
func (a *API) headed(next http.Handler) http.Handler {
	https := strings.HasPrefix(a.Issuer, "https://")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		if https {
			h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		next.ServeHTTP(w, r)
	})
}

const maxURL = 8 << 10

// plain refuses what is too long or of another type before anybody reads it.
func plain(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.RequestURI) > maxURL {
			Problem{Status: 414, Code: "url_too_long", Detail: fmt.Sprintf("The URL is longer than %d bytes.", maxURL)}.write(w, r)
			return
		}
		if r.ContentLength != 0 && !isJSON(r.Header) {
			Problem{
				Status: 415, Code: codeOf(415),
				Detail: "Send JSON: Content-Type: application/json, in UTF-8, without Content-Encoding (curl: --json).",
			}.write(w, r)
			return
		}
		if r.ContentLength != 0 {
			r.Header.Set("Content-Type", "application/json") // huma minds the case of letters
		}
		next.ServeHTTP(w, r)
	})
}

func isJSON(h http.Header) bool {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	charset := params["charset"]
	return err == nil && kind == "application/json" && (charset == "" || strings.EqualFold(charset, "utf-8")) &&
		h.Get("Content-Encoding") == "" && len(h.Values("Content-Type")) == 1
}

// routed answers what no route takes in the shape of every other error.
func routed(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		probe := &probe{header: http.Header{}}
		mux.ServeHTTP(probe, r)
		switch {
		case probe.status == http.StatusMethodNotAllowed:
			w.Header()["Allow"] = probe.header["Allow"]
			Problem{Status: 405, Code: "method_not_allowed", Detail: "This route has other methods; the header Allow lists them."}.write(w, r)
		case probe.status == http.StatusMovedPermanently || probe.status == http.StatusPermanentRedirect || probe.status == http.StatusTemporaryRedirect:
			http.Redirect(w, r, probe.header.Get("Location"), probe.status)
		default:
			errNotFound.write(w, r)
		}
	})
}

// probe takes an answer that is going to be said in other words.
type probe struct {
	header http.Header
	status int
}

func (p *probe) Header() http.Header         { return p.header }
func (p *probe) WriteHeader(status int)      { p.status = status }
func (p *probe) Write(b []byte) (int, error) { return len(b), nil }
