package jotgate_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/revocation"
)

// What Config.Answer of another library's dialect can know of a refusal.
func TestRefusalClaims(t *testing.T) {
	g := newGate(t)
	g.dead.Add(revocation.Record{Kind: revocation.Token, Key: revocation.KeyOf(revocation.Token, issuer, "dead"), Reason: "logout"})
	expired := g.token(t, func(c *jwt.Claims) { c.ExpiresAt = noon.Add(-time.Hour) })
	blocked := &jotgate.Refusal{Status: 401, Code: "blocked"}
	also := func(err error) jotgate.Rule {
		return jotgate.Rule{Optional: jotgate.OptionalLenient, Also: func(context.Context, jotgate.Identity) error { return err }}
	}
	for _, c := range []struct {
		name, raw string
		rule      jotgate.Rule
		want      bool
	}{
		{"E09 expired", expired, jotgate.Rule{}, true},
		{"E09 expired, signature of another token", expired[:strings.LastIndex(expired, ".")] + g.token(t)[strings.LastIndex(g.token(t), "."):], jotgate.Rule{}, false},
		{"revoked", g.token(t, func(c *jwt.Claims) { c.ID = "dead" }), jotgate.Rule{}, true},
		{"another kind", g.token(t), jotgate.Rule{Kind: jotgate.KindRefresh}, true},
		{"forbidden", g.token(t), jotgate.Rule{Roles: []string{"admin"}}, true},
		{"by Also", g.token(t), also(errors.New("blocked")), true},
		{"by Also, in its own words", g.token(t), also(blocked), true},
		{"malformed", "aaaaa.bbbbb.ccccc", jotgate.Rule{}, false},
		{"none", "", jotgate.Rule{}, false},
	} {
		claims, ok := g.refusal(t, c.raw, c.rule).Claims()
		if ok != c.want || (claims.Subject == "u1") != c.want {
			t.Errorf("%s: got %v and subject %q, want claims: %v", c.name, ok, claims.Subject, c.want)
		}
	}
	if _, ok := blocked.Claims(); ok {
		t.Error("a refusal that requests share tells the claims of one")
	}
}

func TestRefusalMissing(t *testing.T) {
	places := []jotgate.Location{
		{Header: "Authorization"}, {Cookie: "t"}, {Body: "t"},
		{Name: "nowhere", Find: func(jotgate.Carrier) (string, error) { return "", nil }},
	}
	var got []jotgate.FormError
	g := newGate(t, func(c *jotgate.Config) {
		c.Locations = places
		c.Answer = func(r *jotgate.Refusal) jotgate.Answer { got = r.Missing(); return r.Answer() }
	})
	for _, c := range []struct{ authorization, contentType, header, body string }{
		{"", "", jotgate.FaultAbsent, jotgate.FaultNotJSON},
		{" ,", "text/plain", jotgate.FaultAbsent, jotgate.FaultNotJSON},
		{"Basic x", "application/json", jotgate.FaultScheme, jotgate.FaultBody},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("[]"))
		r.Header.Set("Authorization", c.authorization)
		r.Header.Set("Content-Type", c.contentType)
		w := httptest.NewRecorder()
		g.Require()(whoami).ServeHTTP(w, r)
		want := []jotgate.FormError{
			{Location: "header Authorization", Fault: c.header}, {Location: "cookie t", Fault: jotgate.FaultAbsent},
			{Location: "body t", Fault: c.body}, {Location: "nowhere", Fault: jotgate.FaultAbsent},
		}
		if w.Code != 401 || !slices.Equal(got, want) {
			t.Errorf("%+v: got %d and %q, want 401 and %q", c, w.Code, got, want)
		}
	}
	if list := g.refusal(t, "", jotgate.Rule{}).Missing(); list != nil {
		t.Errorf("without a request: got %q, want nothing", list)
	}
}

func TestRefusalLocation(t *testing.T) {
	var got string
	g := newGate(t, func(c *jotgate.Config) {
		c.Locations = []jotgate.Location{{Header: "Authorization"}, {Cookie: "t"}}
		c.Answer = func(r *jotgate.Refusal) jotgate.Answer { got = r.Location(); return r.Answer() }
	})
	for _, c := range []struct{ name, header, value, want string }{
		{"G01 of another kind", "Authorization", "Bearer " + g.token(t), "header Authorization"},
		{"C07 malformed", "Cookie", "t=aaaaa.bbbbb.ccccc", "cookie t"},
		{"H01 none", "Accept", "*/*", ""},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set(c.header, c.value)
		w := httptest.NewRecorder()
		g.Need(jotgate.Rule{Kind: jotgate.KindRefresh})(whoami).ServeHTTP(w, r)
		if w.Code != 401 || got != c.want {
			t.Errorf("%s: got %d and %q, want 401 and %q", c.name, w.Code, got, c.want)
		}
	}
}

func TestForeignClaims(t *testing.T) {
	g := newGate(t, func(c *jotgate.Config) {
		c.Foreign = []string{"roles"}
		c.Read = func(_ jwt.Header, c jwt.Claims) (jotgate.Traits, error) {
			var own struct{ Roles map[string]bool }
			err := c.Decode(&own)
			return jotgate.Traits{Subject: c.Subject, Permissions: c.Permissions, Kind: jotgate.KindAny}, err
		}
	})
	raw := g.raw(t, jwt.Header{Type: "at+jwt"},
		`{"iss":"https://id.example","aud":"orders","sub":"u1","exp":1800000900,"roles":{"admin":true},"permissions":["a"]}`)
	if id := g.identity(t, raw, jotgate.Rule{Kind: jotgate.KindAny, Permissions: []string{"a"}}); id.Subject() != "u1" {
		t.Errorf("subject: got %q, want u1", id.Subject())
	}
	for _, kind := range []jotgate.Kind{jotgate.KindAccess, jotgate.KindRefresh} {
		if r := g.refusal(t, raw, jotgate.Rule{Kind: kind}); r.Code != jotgate.CodeInvalid {
			t.Errorf("kind %v: got %v, want %s", kind, r, jotgate.CodeInvalid)
		}
	}
}
