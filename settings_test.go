package jotgate_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwks"
	"github.com/jotgate/jotgate/jwt"
)

// Every setting that cannot be meant stops New, by name.
func TestE03(t *testing.T) {
	place := func(l jotgate.Location) func(*jotgate.Config) {
		return func(c *jotgate.Config) { c.Locations = []jotgate.Location{inHeader, l} }
	}
	csrf := func(s jotgate.CSRF) func(*jotgate.Config) { return place(jotgate.Location{Cookie: "a", CSRF: s}) }
	for _, c := range []struct {
		name   string
		change func(*jotgate.Config)
		fault  string
	}{
		{"E03 an empty issuer among further ones", func(c *jotgate.Config) { c.Issuers, c.Keys = []string{"https://b.example", ""}, jwks.Sources{} }, "Issuers, PreviousIssuers: one is empty"},
		{"E03 an empty previous issuer", func(c *jotgate.Config) { c.PreviousIssuers = []string{""} }, "Issuers, PreviousIssuers: one is empty"},
		{"E03 an empty audience", func(c *jotgate.Config) { c.Audiences = []string{""} }, "Audiences: one is empty"},
		{"E03 one key set for several issuers", func(c *jotgate.Config) { c.Issuers = []string{"https://b.example"} }, "Keys: a *jwt.KeySet does not tell Issuers apart"},
		{"E03 the issuer twice", func(c *jotgate.Config) { c.Issuers, c.Keys = []string{issuer}, jwks.Sources{} }, "is Issuer or one of PreviousIssuers too"},
		{"E03 an issuer that is a previous one", func(c *jotgate.Config) {
			c.PreviousIssuers, c.Issuers, c.Keys = []string{"https://b.example"}, []string{"https://b.example"}, jwks.Sources{}
		}, "is Issuer or one of PreviousIssuers too"},
		{"E03 issuers that nobody looks at", func(c *jotgate.Config) {
			c.InsecureSkipIssuer, c.Issuers, c.Keys = true, []string{"https://b.example"}, jwks.Sources{}
		}, "of no meaning beside InsecureSkipIssuer"},
		{"E03 a type of both kinds", func(c *jotgate.Config) { c.RefreshTypes = []string{"application/AT+JWT"} }, `RefreshTypes: "application/AT+JWT" is in Types too`},
		{"L11 no place", place(jotgate.Location{}), "Locations[1]: want exactly one of Header"},
		{"L13 two places in one", place(jotgate.Location{Header: "X-Token", Query: "jwt"}), "Locations[1]: want exactly one of Header"},
		{"E06 a header that no client can send", place(jotgate.Location{Header: "X Token"}), `header "X Token": no client`},
		{"E06 a header that Go never finds", place(jotgate.Location{Header: "X-TOKEN"}), `want it as "X-Token"`},
		{"E03 cookies by their header", place(jotgate.Location{Header: "Cookie"}), "set Location.Cookie"},
		{"E03 a cookie that no client can send", place(jotgate.Location{Cookie: "a=b"}), `cookie "a=b"`},
		{"E03 a scheme with its space", place(jotgate.Location{Header: "X-Token", Schemes: []string{"Bearer "}}), `Schemes: ["Bearer "]`},
		{"E03 a scheme behind the one that takes all", place(jotgate.Location{Header: "X-Token", Schemes: []string{"", "Bearer"}}), "the empty one last"},
		{"E03 schemes of no header", place(jotgate.Location{Query: "jwt", Schemes: []string{"Bearer"}}), "Schemes belong to Header"},
		{"E03 prefix of no query", place(jotgate.Location{Header: "X-Token", Prefix: "Bearer "}), "Prefix to Query"},
		{"E03 a finder without a name", place(jotgate.Location{Find: func(jotgate.Carrier) (string, error) { return "", nil }}), "Find needs a Name"},
		{"E05 a method in lower case", csrf(jotgate.CSRF{Safe: []string{"get"}}), `CSRF.Safe: method "get"`},
		{"E05 an empty method", csrf(jotgate.CSRF{Safe: []string{""}}), `CSRF.Safe: method ""`},
		{"E06 a CSRF header that no client can send", csrf(jotgate.CSRF{Header: "X:CSRF"}), "CSRF.Header: header"},
		{"E03 any origin", csrf(jotgate.CSRF{Origins: []string{"*"}}), `CSRF.Origins: "*"`},
		{"E03 no origin", csrf(jotgate.CSRF{Origins: []string{""}}), `CSRF.Origins: ""`},
		{"E03 origin null", csrf(jotgate.CSRF{Origins: []string{"null"}}), `CSRF.Origins: "null"`},
		{"E03 origin with a slash", csrf(jotgate.CSRF{Origins: []string{"https://a.example/"}}), "CSRF.Origins:"},
		{"E03 origin in capitals", csrf(jotgate.CSRF{Origins: []string{"https://A.example"}}), "CSRF.Origins:"},
		{"E03 origin with its default port", csrf(jotgate.CSRF{Origins: []string{"https://a.example:443"}}), "CSRF.Origins:"},
		{"E03 origin without a scheme", csrf(jotgate.CSRF{Origins: []string{"a.example"}}), "CSRF.Origins:"},
		{"E03 origin that is no URL", csrf(jotgate.CSRF{Origins: []string{"https://%zz"}}), "CSRF.Origins:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := jotgate.Config{Issuer: issuer, Audience: audience, Keys: newKeySet(t, newKey(t, jwt.HS256, "k1"))}
			c.change(&config)
			g, err := jotgate.New(config)
			if g != nil || err == nil || !strings.Contains(err.Error(), "jotgate.Config.") || !strings.Contains(err.Error(), c.fault) {
				t.Errorf("want no guard and %q, got %v", c.fault, err)
			}
		})
	}
	t.Run("E03 what can be meant", func(t *testing.T) {
		at(t, jotgate.Location{Cookie: "a", CSRF: jotgate.CSRF{
			Header: "x-proof", Safe: []string{"GET", "PROPFIND"}, Origins: []string{"https://a.example:8443", "http://[::1]:3000", "http://localhost:443"},
		}})
	})
}

func TestQ17(t *testing.T) {
	t.Run("Q17 cookie helpers take a response and a duration, or do not compile", func(t *testing.T) {
		response, life := reflect.TypeFor[http.ResponseWriter](), reflect.TypeFor[time.Duration]()
		for name, takes := range map[string][]reflect.Type{
			"SetAccess": {response, reflect.TypeFor[string](), reflect.TypeFor[string](), life}, "SetRefresh": {response, reflect.TypeFor[string](), life}, "Clear": {response},
		} {
			m, ok := reflect.TypeFor[jotgate.Cookies]().MethodByName(name)
			if !ok || m.Type.NumIn() != len(takes)+1 {
				t.Errorf("%s: want %v, got %v", name, takes, m.Type)
				continue
			}
			for i, want := range takes {
				if got := m.Type.In(i + 1); got != want {
					t.Errorf("%s: want %v, got %v", name, want, got)
				}
			}
		}
	})
}

func TestE01(t *testing.T) {
	t.Run("E01 the defaults that the documentation names", func(t *testing.T) {
		g := newGate(t)
		wantAnswer(t, get(g.Require()(where), "Bearer "+g.token(t)), 200, "header Authorization")
		edge := func(d time.Duration) string {
			return g.token(t, func(c *jwt.Claims) { c.ExpiresAt = noon.Add(d - 30*time.Second) })
		}
		g.identity(t, edge(time.Second), jotgate.Rule{})
		g.refusal(t, edge(0), jotgate.Rule{})
		if challenge := get(g.Require()(whoami)).Header.Get("WWW-Authenticate"); challenge != "Bearer" {
			t.Errorf("realm: want none, got %q", challenge)
		}
		if jotgate.FreshAge != 5*time.Minute {
			t.Errorf("FreshAge: want 5m, got %v", jotgate.FreshAge)
		}
	})
	t.Run("E01 the defaults of New itself", func(t *testing.T) {
		key := newKey(t, jwt.HS256, "k1")
		g := newGuard(t, jotgate.Config{Issuer: issuer, Audience: audience, Keys: newKeySet(t, key)})
		good := sign(t, key, jwt.Header{Type: "at+jwt"}, claims(func(c *jwt.Claims) {
			c.IssuedAt, c.ExpiresAt = time.Now(), time.Now().Add(time.Minute)
		}))
		if _, err := g.Check(t.Context(), good, jotgate.Rule{}); err != nil {
			t.Errorf("a token of now: want it to pass, got %v", err)
		}
	})
}

// What a guard was made from may change afterwards, and the guard does not.
func TestGuardKeepsItsLists(t *testing.T) {
	scheme, origins, safe := []string{"JWT"}, []string{"https://a.example"}, []string{"GET"}
	locations := []jotgate.Location{{Header: "Authorization", Schemes: scheme}, {Cookie: "__Host-access", CSRF: jotgate.CSRF{Origins: origins, Safe: safe}}}
	audiences, require := []string{"more"}, []string{"sub"}
	g := newGate(t, func(c *jotgate.Config) { c.Locations, c.Audiences, c.Require = locations, audiences, require })
	route := newGate(t).Need(jotgate.Rule{Locations: locations})(whoami)
	scheme[0], origins[0], safe[0], audiences[0], require[0] = "Bearer", "https://evil.example", "POST", "billing", "email"
	locations[0].Header = "X-Token"

	wantStatus(t, get(g.Require()(whoami), "JWT "+g.token(t)), 200)
	wantStatus(t, get(route, "JWT "+g.token(t)), 200)
	r := inJar("POST", g.token(t, withCSRF), "Origin", "https://evil.example", "X-CSRF-Token", "csrf-1")
	g.wantCSRF(t, r, jotgate.ErrCSRFOrigin)
	g.refusal(t, g.token(t, func(c *jwt.Claims) { c.Audience = audiences }), jotgate.Rule{})
}

func TestAudiences(t *testing.T) {
	g := newGate(t, func(c *jotgate.Config) { c.Audiences, c.Require = []string{"billing"}, []string{"tenant"} })
	tenant := func(audience ...string) string {
		return g.token(t, func(c *jwt.Claims) { c.Audience, c.Extra = audience, map[string]any{"tenant": "t"} })
	}
	g.identity(t, tenant("orders"), jotgate.Rule{})
	g.identity(t, tenant("other", "billing"), jotgate.Rule{})
	g.refusal(t, tenant("other"), jotgate.Rule{})
	if r := g.refusal(t, g.token(t), jotgate.Rule{}); !errors.Is(r, jwt.ErrMissing) {
		t.Errorf("no tenant: want %v, got %v", jwt.ErrMissing, r)
	}
}

// issuers are two, with equal kids, and a guard that trusts both.
type issuers struct {
	gate
	other jwt.Key
	asked []string // issuers whose keys were asked for
}

const otherIssuer = "https://b.example"

func newIssuers(tb testing.TB, change ...func(*jotgate.Config)) *issuers {
	other, err := jwt.GenerateKey(jwt.HS256, "k1")
	must(tb, err)
	i := &issuers{other: other}
	i.gate = newGate(tb, func(c *jotgate.Config) {
		c.Issuers = []string{otherIssuer}
		c.Keys = asking{i, jwks.Sources{issuer: c.Keys.(*jwt.KeySet), otherIssuer: newKeySet(tb, other)}}
		for _, f := range change {
			f(c)
		}
	})
	return i
}

type asking struct {
	i *issuers
	jotgate.KeySource
}

func (a asking) Key(ctx context.Context, iss, kid, alg string) (jwt.Key, error) {
	a.i.asked = append(a.i.asked, iss)
	return a.KeySource.Key(ctx, iss, kid, alg)
}

func TestSeveralIssuers(t *testing.T) {
	of := func(iss string) func(*jwt.Claims) { return func(c *jwt.Claims) { c.Issuer = iss } }
	for _, cache := range []int{0, -1} {
		i := newIssuers(t, func(c *jotgate.Config) { c.CacheBytes, c.PreviousIssuers = cache, []string{"https://old.example"} })
		by := func(k jwt.Key, iss string) string { return sign(t, k, jwt.Header{Type: "at+jwt"}, claims(of(iss))) }
		for name, c := range map[string]struct {
			raw   string
			wraps error
			asked string
		}{
			"own":                                   {by(i.key, issuer), nil, issuer},
			"own, under its former name":            {by(i.key, "https://old.example"), nil, issuer},
			"other":                                 {by(i.other, otherIssuer), nil, otherIssuer},
			"KEY-3 other's name, own key":           {by(i.key, otherIssuer), jwt.ErrSignature, otherIssuer},
			"KEY-3 own name, other's key":           {by(i.other, issuer), jwt.ErrSignature, issuer},
			"KEY-3 own former name, other's key":    {by(i.other, "https://old.example"), jwt.ErrSignature, issuer},
			"an unknown issuer asks nobody":         {by(i.other, "https://c.example"), jwt.ErrIssuer, ""},
			"an issuer with a slash asks nobody":    {by(i.other, otherIssuer+"/"), jwt.ErrIssuer, ""},
			"no issuer asks nobody":                 {by(i.other, ""), jwt.ErrIssuer, ""},
			"a payload that is no object asks none": {i.raw(t, jwt.Header{Type: "at+jwt"}, "[]"), jwt.ErrMalformed, ""},
		} {
			t.Run(fmt.Sprintf("%s, cache %d", name, cache), func(t *testing.T) {
				for range 2 { // the second from the cache
					i.asked = nil
					id, err := i.Check(t.Context(), c.raw, jotgate.Rule{})
					if !errors.Is(err, c.wraps) || (err == nil) == id.IsZero() {
						t.Errorf("want %v, got %v", c.wraps, err)
					}
					if len(i.asked) > 0 && i.asked[0] != c.asked || len(i.asked) == 0 && c.asked != "" {
						t.Errorf("asked for keys of: want %q, got %q", c.asked, i.asked)
					}
				}
			})
		}
		t.Run("KEY-3 what is revoked for one is not for the other", func(t *testing.T) {
			i.dead.Add(sessionOf(otherIssuer))
			if r := i.refusal(t, by(i.other, otherIssuer), jotgate.Rule{}); r.Code != jotgate.CodeRevoked {
				t.Errorf("other: want %s, got %s", jotgate.CodeRevoked, r.Code)
			}
			i.identity(t, by(i.key, issuer), jotgate.Rule{})
			i.dead.Add(sessionOf(issuer))
			for _, iss := range []string{issuer, "https://old.example"} {
				if r := i.refusal(t, by(i.key, iss), jotgate.Rule{}); r.Code != jotgate.CodeRevoked {
					t.Errorf("%s: want %s, got %s", iss, jotgate.CodeRevoked, r.Code)
				}
			}
		})
	}
	t.Run("claims that are foreign, and a list that changes", func(t *testing.T) {
		list, foreign := []string{otherIssuer}, []string{"roles"}
		i := newIssuers(t, func(c *jotgate.Config) { c.Issuers, c.Foreign = list, foreign })
		list[0], foreign[0] = "https://c.example", "sub"
		raw, err := jwt.Sign(i.other, jwt.Header{Type: "at+jwt"}, []byte(`{"iss":"`+otherIssuer+`","aud":"`+audience+`","exp":1800000900,"roles":5}`))
		must(t, err)
		i.identity(t, raw, jotgate.Rule{})
	})
	t.Run("padding that Parse bears", func(t *testing.T) {
		i := newIssuers(t, func(c *jotgate.Config) {
			c.Parse = func(raw string) (jwt.Unverified, error) { return jwt.Parse(strings.ReplaceAll(raw, "=", "")) }
		})
		parts := strings.Split(sign(t, i.other, jwt.Header{Type: "at+jwt"}, claims(of(otherIssuer))), ".")
		i.identity(t, parts[0]+"."+parts[1]+"=="+"."+parts[2], jotgate.Rule{})
		i.refusal(t, parts[0]+"."+parts[1]+"!"+"."+parts[2], jotgate.Rule{})
	})
}

// The token is in no refusal of an issuer, and its iss is.
func TestRefusedIssuerIsLogged(t *testing.T) {
	i := newIssuers(t)
	answer := get(i.Require()(whoami), "Bearer "+i.token(t, func(c *jwt.Claims) { c.Issuer = "https://c.example" }))
	if text := body(t, answer); answer.StatusCode != http.StatusUnauthorized || strings.Contains(text, "c.example") {
		t.Errorf("want 401 that tells nothing, got %d %s", answer.StatusCode, text)
	}
	if reason := i.log.last(t)["reason"].(string); !strings.Contains(reason, `got "https://c.example"`) {
		t.Errorf("log: want the issuer in it, got %q", reason)
	}
	i.refusal(t, i.token(t, func(c *jwt.Claims) { c.Issuer = strings.Repeat("x", 5000) }), jotgate.Rule{})
	if reason := i.log.last(t)["reason"].(string); len(reason) > 1000 {
		t.Errorf("log: want a stranger's issuer cut off, got %d bytes", len(reason))
	}
}
