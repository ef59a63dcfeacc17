package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate/examples/roles/api"
	"github.com/jotgate/jotgate/profile/pyjwtguard"
)

var clock = time.Date(2026, 4, 1, 12, 0, 0, 500_000_000, time.UTC)

func settings() pyjwtguard.Settings {
	return pyjwtguard.Settings{SecretKey: "f3n-7Jx2mQw9Zr4Tn8Vb1Yc6Hd3Gf5Ls", Now: func() time.Time { return clock }}
}

func app(t testing.TB, s pyjwtguard.Settings) http.Handler {
	t.Helper()
	h, err := api.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func ask(h http.Handler, method, path, body, authorization string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func logIn(t testing.TB, h http.Handler, email string) string {
	t.Helper()
	w := ask(h, "POST", "/api/auth", `{"email":"`+email+`","password":"bad_password"}`, "")
	var out struct{ Data string }
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != 200 || out.Data == "" {
		t.Fatalf("log-in of %s: got %d %s", email, w.Code, w.Body)
	}
	return out.Data
}

func TestMatrix(t *testing.T) {
	h := app(t, settings())
	user, admin, super := logIn(t, h, "user@user.com"), logIn(t, h, "admin@admin.com"), logIn(t, h, "super@super.com")
	const (
		missing = `{"message":"Missing access token","status":401}`
		invalid = `{"message":"Invalid access token: Signature verification failed","status":401}`
		denied  = `{"message":"Authorization required.","status":403}`
		plainly = `{"message":"You have accessed a protected route.","status":200}`
		asUser  = `{"message":"You have accessed a user protected route.","status":200}`
		asAdmin = `{"message":"You have accessed a admin protected route.","status":200}`
		asSuper = `{"message":"You are a SUPER ADMIN!","status":200}`
	)
	callers := []struct{ name, header string }{
		{"none", ""}, {"bad", "Bearer " + admin + "x"}, {"user", "Bearer " + user}, {"admin", "Bearer " + admin}, {"super", "Bearer " + super},
	}
	for path, want := range map[string][]string{
		"/api/protected_route":             {missing, invalid, plainly, plainly, plainly},
		"/api/protected_route_user":        {missing, invalid, asUser, asUser, asUser},
		"/api/protected_route_admin":       {missing, invalid, denied, asAdmin, asAdmin},
		"/api/protected_route_super_admin": {missing, invalid, denied, denied, asSuper},
	} {
		for i, caller := range callers {
			t.Run("T04 "+path+" "+caller.name, func(t *testing.T) {
				w := ask(h, "GET", path, "", caller.header)
				if got := w.Body.String(); got != want[i] || !statusIs(w) {
					t.Errorf("got %d %s, want %s", w.Code, got, want[i])
				}
			})
		}
	}
}

// statusIs tells whether the status of the body is that of the answer.
func statusIs(w *httptest.ResponseRecorder) bool {
	var body struct{ Status int }
	return json.Unmarshal(w.Body.Bytes(), &body) == nil && body.Status == w.Code
}

func TestTokenEnds(t *testing.T) {
	token := logIn(t, app(t, settings()), "admin@admin.com")
	for after, want := range map[time.Duration]int{time.Hour - time.Second: 200, time.Hour: 401} {
		later := settings()
		later.Now = func() time.Time { return clock.Add(after) }
		if w := ask(app(t, later), "GET", "/api/protected_route", "", "Bearer "+token); w.Code != want {
			t.Errorf("after %v: got %d %s, want %d", after, w.Code, w.Body, want)
		}
	}
}

// FuzzRoutes sends what nobody should: the answer is JSON, and never our fault.
func FuzzRoutes(f *testing.F) {
	h := app(f, settings())
	token := "Bearer " + logIn(f, h, "admin@admin.com")
	for _, path := range []string{"/api/auth", "/api/protected_route", "/api/protected_route_super_admin", "/api/%2e%2e/auth", "//", "/api/auth?x=%"} {
		for _, body := range []string{"", "{", "null", `{"email":[],"password":{}}`, `{"email":"a","password":"` + strings.Repeat("b", 2000) + `"}`,
			strings.Repeat("[", 5000), "{\"email\":\"\xff\x00\",\"password\":\"\\ud800\"}"} {
			f.Add("POST", path, body, "")
		}
		for _, header := range []string{"", "Bearer", "Bearer ", token, token + ".", "Basic x", "Bearer a.b.c.d.e", "bearer " + token, "\x00\xff"} {
			f.Add("GET", path, "", header)
		}
	}
	f.Fuzz(func(t *testing.T, method, path, body, authorization string) {
		r, err := http.NewRequest(method, "http://example.com/"+strings.TrimPrefix(path, "/"), strings.NewReader(body))
		if err != nil {
			return // no client can send it
		}
		r.Header["Authorization"] = []string{authorization}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 500 || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s %s %q %q: got %d %s", method, path, body, authorization, w.Code, w.Body)
		}
	})
}
