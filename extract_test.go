package jotgate_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
)

func TestAuthorizationHeader(t *testing.T) {
	g := newGate(t)
	guarded := g.Require("orders:read")(whoami)
	token := g.token(t)
	for _, c := range []struct {
		name   string
		header []string
		status int
		code   string // of the problem
	}{
		{"A02 no header", nil, 401, jotgate.CodeMissing},
		{"A03 empty header", []string{""}, 401, jotgate.CodeMissing},
		{"A03 scheme alone", []string{"Bearer"}, 401, jotgate.CodeInvalid},
		{"A03 scheme and one space", []string{"Bearer "}, 401, jotgate.CodeInvalid},
		{"A03 two spaces", []string{"Bearer  " + token}, 401, jotgate.CodeInvalid},
		{"A03 lower case", []string{"bearer " + token}, 200, ""},
		{"A03 Basic", []string{"Basic dTE6cHc="}, 401, jotgate.CodeMissing},
		{"A03 Token", []string{"Token " + token}, 401, jotgate.CodeMissing},
		{"H05 Bearer, Basic", []string{"Bearer " + token + ", Basic dTE6cHc="}, 200, ""},
		{"H05 Basic, Bearer", []string{"Basic dTE6cHc=, Bearer " + token}, 200, ""},
		{"H05 trailing commas and spaces", []string{" Bearer " + token + " ,, , "}, 200, ""},
		{"H06 Bearer between others", []string{"Foo 1, Bearer, Baz"}, 401, jotgate.CodeInvalid},
		{"H06 nothing but commas", []string{"Bearer ,,0"}, 401, jotgate.CodeInvalid},
		{"H07 two tokens in one header", []string{"Bearer " + token + ", Bearer " + token}, 401, jotgate.CodeInvalid},
		{"H07 two headers", []string{"Bearer " + token, "Bearer " + token}, 401, jotgate.CodeInvalid},
		{"H07 two headers, one of another scheme", []string{"Basic dTE6cHc=", "Bearer " + token}, 401, jotgate.CodeInvalid},
		{"H11 scheme in any case", []string{"BeArEr " + token}, 200, ""},
		{"H13 not ASCII", []string{"Bearer \xff\xfe" + token}, 401, jotgate.CodeInvalid},
		{"H13 no-break space", []string{"Bearer\u00a0" + token}, 401, jotgate.CodeMissing},
		{"H13 tab", []string{"Bearer\t" + token}, 401, jotgate.CodeInvalid},
		{"H13 space and tab", []string{"Bearer \t" + token}, 401, jotgate.CodeInvalid},
		{"H13 tab inside", []string{"Bearer " + token[:9] + "\t" + token[9:]}, 401, jotgate.CodeInvalid},
		{"H13 NUL", []string{"Bearer " + token + "\x00"}, 401, jotgate.CodeInvalid},
		{"H13 NUL in the scheme", []string{"Bearer\x00 " + token}, 401, jotgate.CodeMissing},
		{"H14 no scheme", []string{token}, 401, jotgate.CodeMissing},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer := get(guarded, c.header...)
			wantStatus(t, answer, c.status)
			if text := body(t, answer); c.code != "" && !strings.Contains(text, `"code":"`+c.code+`"`) {
				t.Errorf("answer: want code %s, got %s", c.code, text)
			}
			if challenge := answer.Header.Get("WWW-Authenticate"); c.code == jotgate.CodeMissing && challenge != "Bearer" {
				t.Errorf("challenge: want Bearer alone, got %q", challenge)
			}
		})
	}
	t.Run("H14 the text tells what to send", func(t *testing.T) {
		if text := body(t, get(guarded, token)); !strings.Contains(text, "send Authorization: Bearer ") {
			t.Errorf("answer: want the way out, got %s", text)
		}
	})
}

func TestTokensElsewhere(t *testing.T) {
	g := newGate(t)
	token := g.token(t)
	form := url.Values{"access_token": {token}, "token": {token}}.Encode()
	post := func(contentType, text string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/orders", strings.NewReader(text))
		r.Header.Set("Content-Type", contentType)
		return r
	}
	withHeader := func(name, value string) *http.Request {
		r := httptest.NewRequest(http.MethodGet, "/orders", nil)
		r.Header.Set(name, value)
		return r
	}
	for name, r := range map[string]*http.Request{
		"A23 query access_token":   httptest.NewRequest(http.MethodGet, "/orders?access_token="+token, nil),
		"A23 query token":          httptest.NewRequest(http.MethodGet, "/orders?token="+token+"&jwt="+token, nil),
		"A23 form":                 post("application/x-www-form-urlencoded", form),
		"A23 JSON body":            post("application/json", `{"access_token":"`+token+`"}`),
		"A23 X-Auth-Token":         withHeader("X-Auth-Token", token),
		"A23 cookie":               withHeader("Cookie", "access_token="+token),
		"A23 Proxy-Authorization":  withHeader("Proxy-Authorization", "Bearer "+token),
		"A23 websocket protocol":   withHeader("Sec-WebSocket-Protocol", "bearer, "+token),
		"A23 lower-case map entry": {Method: http.MethodGet, URL: &url.URL{Path: "/orders"}, Header: http.Header{"authorization": {"Bearer " + token}}},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			g.Require()(whoami).ServeHTTP(w, r)
			if w.Code != 401 {
				t.Errorf("status: want 401, got %d", w.Code)
			}
			if strings.Contains(g.log.String()+w.Body.String(), token[:20]) {
				t.Error("want the token in no log line and no answer")
			}
		})
	}
}

// What a client sends over the wire, and not what a test writes into a map.
func TestAuthorizationOverTheWire(t *testing.T) {
	g := newGate(t)
	s := httptest.NewServer(g.Require("orders:read")(whoami))
	defer s.Close()
	for header, want := range map[string]int{"Bearer " + g.token(t): 200, "Bearer x": 401, "": 401} {
		r, err := http.NewRequest(http.MethodGet, s.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", header)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		wantStatus(t, answer, want)
		if err := answer.Body.Close(); err != nil {
			t.Error(err)
		}
	}
}

var (
	bearerEntry = regexp.MustCompile(`(?is)^[ \t]*bearer([ \t].*)?$`)
	goodEntry   = regexp.MustCompile(`(?s)^[ \t]*(?i:bearer) TOKEN[ \t]*$`)
)

// readable is the rule of the header, said once more in another way: one entry of the scheme, and it is well formed.
func readable(header string) bool {
	n, good := 0, false
	for entry := range strings.SplitSeq(header, ",") {
		if bearerEntry.MatchString(entry) {
			n++
			good = goodEntry.MatchString(entry)
		}
	}
	return n == 1 && good
}

// FuzzBearer puts a good token for TOKEN.
func FuzzBearer(f *testing.F) {
	for _, s := range []string{"Bearer TOKEN", "bearer TOKEN, Basic x", "Basic x,Bearer TOKEN ,", "Bearer  TOKEN", "Bearer\tTOKEN", "TOKEN", "Bearer", "Bearer ,,0",
		"Bearer TOKEN, Bearer TOKEN", "Bearer TOKEN,bearer", "Bearer TOKEN\x00", "\xff", "bearer\n TOKEN", `Digest u="a, Bearer TOKEN"`} {
		f.Add(s)
	}
	g := newGate(f, func(c *jotgate.Config) { c.Logger = discard })
	token := g.token(f)
	f.Fuzz(func(t *testing.T, header string) {
		r := &http.Request{Header: http.Header{"Authorization": {strings.ReplaceAll(header, "TOKEN", token)}}}
		id, err := g.CheckRequest(r, jotgate.Rule{})
		if want := readable(strings.ReplaceAll(header, token, "")); (err == nil) != want {
			t.Errorf("header %q: want accepted %v, got %v", header, want, err)
		}
		if id.IsZero() != (err != nil) {
			t.Errorf("header %q: want an identity or an error, got %v and %v", header, id, err)
		}
	})
}

func TestRefusedHeaderIsLogged(t *testing.T) {
	g := newGate(t)
	get(g.Require()(whoami), "Bearer a", "Bearer b")
	if got := g.log.last(t)["reason"]; got != "header Authorization: more than one token" {
		t.Errorf("reason: got %v", got)
	}
	if _, err := g.CheckRequest(&http.Request{Header: http.Header{}}, jotgate.Rule{}); err == nil || err.(*jotgate.Refusal).Code != jotgate.CodeMissing {
		t.Errorf("request without headers: want %s, got %v", jotgate.CodeMissing, err)
	}
}

// A body that the guard did not ask for is still there for the handler.
func TestBodyIsLeftAlone(t *testing.T) {
	g := newGate(t)
	r := httptest.NewRequest(http.MethodPost, "/orders", strings.NewReader("one pizza"))
	r.Header.Set("Authorization", "Bearer "+g.token(t, func(c *jwt.Claims) { c.Subject = "u2" }))
	w := httptest.NewRecorder()
	g.Require()(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if b, err := io.ReadAll(r.Body); err != nil || string(b) != "one pizza" {
			t.Errorf("body: want one pizza, got %q, %v", b, err)
		}
	})).ServeHTTP(w, r)
	if w.Code != 200 {
		t.Errorf("status: want 200, got %d", w.Code)
	}
}
