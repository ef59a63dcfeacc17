package web_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jotgate/jotgate/server/internal/web"
)

// pages are all documents that the package serves.
var pages = []struct {
	name, path string
	handler    http.Handler
	status     int
	cache      string
}{
	{"docs", "/docs", web.Docs("/openapi.json"), 200, "no-cache"},
	{"docs with a slash", "/docs/", web.Docs("/openapi.json"), 200, "no-cache"},
	{"set-up", "/setup", web.Setup(), 200, "no-store"},
	{"set-up done", "/setup", web.SetupDone(), 410, "no-store"},
}

func TestPagesCarrySafeHeaders(t *testing.T) {
	for _, p := range pages {
		t.Run(p.name, func(t *testing.T) {
			res, body := get(t, p.handler, p.path, "")
			if res.StatusCode != p.status {
				t.Errorf("status: got %d, want %d", res.StatusCode, p.status)
			}
			wantHeader(t, res, "Content-Type", "text/html; charset=utf-8")
			wantHeader(t, res, "Cache-Control", p.cache)
			wantHardened(t, res)
			if !strings.Contains(body, `<html lang="en">`) || strings.Contains(body, "{{") {
				t.Errorf("got a page with unfilled places or no language:\n%s", body)
			}
		})
	}
}

func TestPolicyAllowsNothingByItself(t *testing.T) {
	for _, p := range pages {
		t.Run(p.name, func(t *testing.T) {
			res, _ := get(t, p.handler, p.path, "")
			policy := directives(res)
			for _, name := range []string{"default-src", "base-uri", "form-action", "frame-ancestors"} {
				if got := policy[name]; !slices.Equal(got, []string{"'none'"}) {
					t.Errorf("%s: got %v, want 'none'", name, got)
				}
			}
			for name, sources := range policy {
				for _, s := range sources {
					if s == "*" || strings.Contains(s, "unsafe") || strings.Contains(s, "//") {
						t.Errorf("%s: got %s, want no wildcard, no unsafe source and no other host", name, s)
					}
				}
			}
		})
	}
}

var (
	inline   = regexp.MustCompile(`(?s)<(script|style)>(.*?)</(?:script|style)>`)
	fetched  = regexp.MustCompile(`(?i)(?:src|href|action)\s*=\s*"([^"]*)"`)
	cssURL   = regexp.MustCompile(`(?i)url\(\s*["']?([^"')]{1,40})`)
	onOrAttr = regexp.MustCompile(`(?i)<[a-z][^>]*\s(?:on[a-z]+|style)\s*=`)
)

// A policy with a wrong hash leaves a dead page, one with a spare hash allows what nobody wrote.
func TestPolicyNamesExactlyTheInlineCode(t *testing.T) {
	for _, p := range pages {
		t.Run(p.name, func(t *testing.T) {
			res, body := get(t, p.handler, p.path, "")
			want := map[string][]string{}
			for _, m := range inline.FindAllStringSubmatch(body, -1) {
				sum := sha256.Sum256([]byte(m[2]))
				want[m[1]+"-src"] = append(want[m[1]+"-src"], "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
			}
			if len(want) == 0 {
				t.Fatal("got no inline code, want some")
			}
			for _, name := range []string{"script-src", "style-src"} {
				got := slices.DeleteFunc(directives(res)[name], func(s string) bool { return !strings.HasPrefix(s, "'sha") })
				if !slices.Equal(got, want[name]) {
					t.Errorf("%s: got %v, want %v", name, got, want[name])
				}
			}
			if m := onOrAttr.FindString(body); m != "" {
				t.Errorf("got %q, want no inline handler and no style attribute: the policy blocks them", m)
			}
		})
	}
}

func TestPagesFetchNothingFromOtherHosts(t *testing.T) {
	for _, p := range pages {
		t.Run(p.name, func(t *testing.T) {
			_, body := get(t, p.handler, p.path, "")
			for _, m := range fetched.FindAllStringSubmatch(body, -1) {
				wantOwn(t, m[1])
			}
			for _, m := range inline.FindAllStringSubmatch(body, -1) {
				if strings.Contains(m[2], "://") || strings.Contains(m[2], "@import") {
					t.Errorf("got an address or @import in inline %s, want none", m[1])
				}
			}
		})
	}
	_, css := get(t, web.Docs("/openapi.json"), "/docs/swagger-ui.css", "")
	found := cssURL.FindAllStringSubmatch(css, -1)
	if len(found) == 0 || strings.Contains(css, "@import") {
		t.Errorf("got %d url() and maybe an @import, want some url() and no @import", len(found))
	}
	for _, m := range found {
		wantOwn(t, m[1])
	}
}

func TestDocsServesSwaggerUI(t *testing.T) {
	docs := web.Docs("/openapi.json")
	for path, want := range map[string]struct{ kind, text string }{
		"/docs/swagger-ui.css":       {"text/css; charset=utf-8", ".swagger-ui"},
		"/docs/swagger-ui-bundle.js": {"application/javascript", "SwaggerUIBundle"},
	} {
		t.Run(path, func(t *testing.T) {
			res, body := get(t, docs, path, "")
			if res.StatusCode != http.StatusOK || !strings.Contains(body, want.text) {
				t.Fatalf("got %d and %d bytes, want 200 and a text with %q", res.StatusCode, len(body), want.text)
			}
			wantHeader(t, res, "Content-Type", want.kind)
			wantHeader(t, res, "Cache-Control", "no-cache")
			wantHardened(t, res)

			packed, zipped := get(t, docs, path, "gzip")
			wantHeader(t, packed, "Content-Encoding", "gzip")
			if got := unzip(t, zipped); got != body {
				t.Errorf("got %d bytes from gzip, want the same %d as without", len(got), len(body))
			}
		})
	}
}

func TestDocsAssetsAreRevalidated(t *testing.T) {
	docs := web.Docs("/openapi.json")
	first, _ := get(t, docs, "/docs/swagger-ui.css", "gzip")
	r := httptest.NewRequest(http.MethodGet, "/docs/swagger-ui.css", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	r.Header.Set("If-None-Match", first.Header.Get("Etag"))
	w := httptest.NewRecorder()
	docs.ServeHTTP(w, r)
	if w.Code != http.StatusNotModified || w.Body.Len() != 0 {
		t.Errorf("got %d with %d bytes, want 304 with none", w.Code, w.Body.Len())
	}
}

// The wrapped package has more files and a request forwarder; neither may be reached.
func TestDocsServesNothingElse(t *testing.T) {
	docs := web.Docs("/openapi.json")
	for _, path := range []string{"/docs/index.html", "/docs/oauth2-redirect.html", "/docs/swagger-ui.js", "/docs/swagger-ui.css.gz", "/docs/x"} {
		if res, _ := get(t, docs, path, ""); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", path, res.StatusCode)
		}
	}
	plain, want := get(t, docs, "/docs", "")
	if res, body := get(t, docs, "/docs/?proxy=http://127.0.0.1:1/", ""); res.StatusCode != plain.StatusCode || body != want {
		t.Errorf("?proxy=: got %d and another page, want the page itself", res.StatusCode)
	}
	w := httptest.NewRecorder()
	docs.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/docs", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: got %d, want 405", w.Code)
	}
}

func TestDocsEscapesThePath(t *testing.T) {
	_, body := get(t, web.Docs(`/a"><script>alert(1)</script>`), "/docs", "")
	if strings.Contains(body, "<script>alert") || !strings.Contains(body, `data-openapi="/a&#34;&gt;&lt;script&gt;`) {
		t.Errorf("got the path unescaped:\n%s", body)
	}
}

func get(t *testing.T, h http.Handler, path, encoding string) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if encoding != "" {
		r.Header.Set("Accept-Encoding", encoding)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), w.Body.String()
}

func unzip(t *testing.T, zipped string) string {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader([]byte(zipped)))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func directives(res *http.Response) map[string][]string {
	found := map[string][]string{}
	for d := range strings.SplitSeq(res.Header.Get("Content-Security-Policy"), ";") {
		if words := strings.Fields(d); len(words) > 0 {
			found[words[0]] = words[1:]
		}
	}
	return found
}

func wantHeader(t *testing.T, res *http.Response, name, want string) {
	t.Helper()
	if got := res.Header.Get(name); got != want {
		t.Errorf("%s: got %q, want %q", name, got, want)
	}
}

func wantHardened(t *testing.T, res *http.Response) {
	t.Helper()
	wantHeader(t, res, "X-Content-Type-Options", "nosniff")
	wantHeader(t, res, "Referrer-Policy", "no-referrer")
	wantHeader(t, res, "Cross-Origin-Opener-Policy", "same-origin")
}

func wantOwn(t *testing.T, address string) {
	t.Helper()
	own := strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//")
	if !own && !strings.HasPrefix(address, "data:") {
		t.Errorf("got address %q, want one on this host or data:", address)
	}
}
