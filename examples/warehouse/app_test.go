package main

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate/profile/fastapijwtauth"
	"github.com/jotgate/jotgate/revocation"
)

const (
	secret = "f3n-7Jx2mQw9Zr4Tn8Vb1Yc6Hd3Gf5Ls"
	// sample is the token that the tutorial prints.
	sample = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqb2V2dSIsImlhdCI6MTY4NTgwMDYzNywibmJmIjoxNjg1ODAwNjM3LCJqdGkiOiI5YTExZDgxNy1jNGZkLTQ0NjYtOWMzOC1kYjE0OTBlNTA4NDEiLCJleHAiOjE2ODU4MDE1MzcsInR5cGUiOiJhY2Nlc3MiLCJmcmVzaCI6ZmFsc2V9.JvVTzgLck-rJJ-vmzKfjh4pPD6ZunUHPdT84HjnvRt0"
)

func app(t testing.TB, s fastapijwtauth.Settings, list denylist) http.Handler {
	t.Helper()
	h, err := newApp(s, list)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func inMemory() denylist { return memory{revocation.NewSet()} }

func ask(h http.Handler, method, path, body, token string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func want(t *testing.T, w *httptest.ResponseRecorder, status int, body string) {
	t.Helper()
	if w.Code != status || w.Body.String() != body {
		t.Errorf("got %d %s, want %d %s", w.Code, w.Body, status, body)
	}
}

func logIn(t testing.TB, h http.Handler, name string) pair {
	t.Helper()
	w := ask(h, "POST", "/login", `{"username":"`+name+`","password":"glinteco"}`, "")
	var out struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != 200 {
		t.Fatalf("log-in of %s: got %d %s", name, w.Code, w.Body)
	}
	return pair{out.Access, out.Refresh}
}

func TestSampleToken(t *testing.T) {
	at := func(second int64) fastapijwtauth.Settings {
		return fastapijwtauth.Settings{SecretKey: "secret", InsecureWeakKey: true, Now: func() time.Time { return time.Unix(second, 0) }}
	}
	t.Run("T06 the sample token in its time", func(t *testing.T) {
		want(t, ask(app(t, at(1685800700), inMemory()), "GET", "/user", "", sample), 200, `{"user":"joevu"}`)
	})
	t.Run("T06 the sample token later", func(t *testing.T) {
		want(t, ask(app(t, at(1685801537), inMemory()), "GET", "/user", "", sample), 422, `{"detail":"Signature has expired"}`)
	})
	t.Run("T06 its key by default", func(t *testing.T) {
		if h, err := newApp(fastapijwtauth.Settings{SecretKey: "secret"}, inMemory()); err == nil || h != nil {
			t.Error("want an error, got an app")
		}
	})
}

func TestClaims(t *testing.T) {
	h := app(t, fastapijwtauth.Settings{SecretKey: secret, Now: func() time.Time { return time.Unix(1800000000, 0) }}, inMemory())
	claims := func(token string) string {
		b, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
		if err != nil {
			t.Fatal(err)
		}
		return regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`).ReplaceAllString(string(b), "UUID")
	}
	joevu, manager := logIn(t, h, "joevu"), logIn(t, h, "manager")
	var again pair
	if err := json.Unmarshal(ask(h, "POST", "/refresh", "", manager.Refresh).Body.Bytes(), &again); err != nil {
		t.Fatal(err)
	}
	const times, later = `"iat":1800000000,"nbf":1800000000,"jti":"UUID",`, `"exp":1800000900,"type":"access","fresh":false`
	for token, want := range map[string]string{
		joevu.Access:    `{"sub":"joevu",` + times + later + `}`,
		joevu.Refresh:   `{"sub":"joevu",` + times + `"exp":1802592000,"type":"refresh"}`,
		manager.Access:  `{"sub":"manager",` + times + later + `,"roles":["manager"]}`,
		manager.Refresh: `{"sub":"manager",` + times + `"exp":1802592000,"type":"refresh"}`,
		again.Access:    `{"sub":"manager",` + times + later + `,"roles":["manager"]}`,
	} {
		if got := claims(token); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// The user of a token may be gone by the time it is refreshed.
func TestRefreshOfNobody(t *testing.T) {
	s := fastapijwtauth.Settings{SecretKey: secret}
	issuer, err := fastapijwtauth.NewIssuer(s)
	if err != nil {
		t.Fatal(err)
	}
	token, err := issuer.Refresh(fastapijwtauth.Token{Subject: "gone"})
	if err != nil {
		t.Fatal(err)
	}
	want(t, ask(app(t, s, inMemory()), "POST", "/refresh", "", token), 401, `{"detail":"The user of this token is gone"}`)
}

// The document names the scheme, so that the page has its button Authorize; the page loads nothing from elsewhere.
func TestDocumentation(t *testing.T) {
	h := app(t, fastapijwtauth.Settings{SecretKey: secret}, inMemory())
	var doc struct {
		Paths      map[string]map[string]struct{ Security []map[string][]string }
		Components struct {
			SecuritySchemes map[string]struct{ Type, Scheme string }
		}
	}
	if err := json.Unmarshal(ask(h, "GET", "/openapi.json", "", "").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if got := doc.Components.SecuritySchemes["bearer"]; got.Type != "http" || got.Scheme != "bearer" {
		t.Errorf("scheme bearer: got %+v", got)
	}
	for path, needs := range map[string]int{"/welcome": 0, "/login": 0, "/user": 1, "/refresh": 1, "/access-revoke": 1, "/refresh-revoke": 1, "/items": 1, "/items/{name}": 1} {
		for method, op := range doc.Paths[path] {
			if op.Security == nil || len(op.Security) != needs {
				t.Errorf("%s %s: got %v, want %d ways", method, path, op.Security, needs)
			}
		}
		if len(doc.Paths[path]) != 1 {
			t.Errorf("%s: got %d operations, want one", path, len(doc.Paths[path]))
		}
	}
	page := ask(h, "GET", "/docs", "", "").Body.String()
	for _, address := range regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if w := ask(h, "GET", address[1], "", ""); w.Code != 200 || !strings.HasPrefix(address[1], "/docs/") {
			t.Errorf("%s: got %d, want a file of ours", address[1], w.Code)
		}
	}
	if !strings.Contains(page, "/openapi.json") {
		t.Errorf("the page does not name the document:\n%s", page)
	}
}

// FuzzRoutes sends what nobody should: the answer is FastAPI's JSON, and never our fault.
func FuzzRoutes(f *testing.F) {
	log.SetOutput(io.Discard)
	h := app(f, fastapijwtauth.Settings{SecretKey: secret}, inMemory())
	tokens := logIn(f, h, "manager")
	for _, route := range []string{"GET /welcome", "POST /login", "GET /user", "POST /refresh", "GET /items", "PUT /items/nut", "PUT /items/%00",
		"DELETE /items/nut", "GET //", "PATCH /login", "GET /login?x=%"} {
		method, path, _ := strings.Cut(route, " ")
		for _, token := range []string{"", "Bearer", "Bearer " + tokens.Access, "Bearer " + tokens.Refresh, "Bearer a.b.c.d.e", "Basic x", "\x00\xff"} {
			f.Add(method, path, "{\"quantity\":1e9}", "application/json", token)
		}
		for _, body := range []string{"", "{", "null", "[]", `{"username":[],"password":{}}`, `{"username":"a","password":"` + strings.Repeat("b", 2000) + `"}`,
			`{"quantity":1.5}`, `{"quantity":1e999}`, strings.Repeat("[", 4000), strings.Repeat(" ", 5000), "{\"username\":\"\xff\x00\",\"password\":\"\\ud800\"}"} {
			f.Add(method, path, body, "application/json", "Bearer "+tokens.Access)
		}
		f.Add(method, path, "username=joevu", "application/x-www-form-urlencoded", "Bearer "+tokens.Access)
	}
	f.Fuzz(func(t *testing.T, method, path, body, kind, authorization string) {
		r, err := http.NewRequest(method, "http://example.com/"+strings.TrimPrefix(path, "/"), strings.NewReader(body))
		if err != nil || strings.HasPrefix(r.URL.Path, "/docs") || strings.HasPrefix(r.URL.Path, "/openapi") || strings.HasPrefix(r.URL.Path, "/schemas") {
			return // no client can send it, or it is no route of ours
		}
		r.Header["Authorization"], r.Header["Content-Type"] = []string{authorization}, []string{kind}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		moved := w.Code == http.StatusMovedPermanently || w.Code == http.StatusTemporaryRedirect // to the same path, cleaned
		if w.Code >= 500 || !moved && !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s %s %q %q %q: got %d %s", method, path, body, kind, authorization, w.Code, w.Body)
		}
	})
}

// A body that breaks off is the client's fault.
func TestBrokenBody(t *testing.T) {
	r := httptest.NewRequest("POST", "/login", io.MultiReader(strings.NewReader("{"), brokenReader{}))
	w := httptest.NewRecorder()
	app(t, fastapijwtauth.Settings{SecretKey: secret}, inMemory()).ServeHTTP(w, r)
	want(t, w, 400, `{"detail":"There was an error parsing the body"}`)
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
