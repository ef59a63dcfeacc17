package jotgate_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/revocation"
)

func TestNewNamesEveryFault(t *testing.T) {
	_, err := jotgate.New(jotgate.Config{Leeway: time.Minute + 1})
	if err == nil {
		t.Fatal("want an error, got nil")
	}
	for _, field := range []string{"Issuer", "Audience", "Keys", "Leeway"} {
		if !strings.Contains(err.Error(), field+":") {
			t.Errorf("error: want it to name %s, got %v", field, err)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	keys := newKeySet(t, newKey(t, jwt.HS256, ""))
	for _, c := range []struct {
		fault  string
		config jotgate.Config
	}{
		{"Issuer: empty", jotgate.Config{Audience: audience, Keys: keys}},
		{"Issuer: empty", jotgate.Config{Audience: audience, Keys: keys, InsecureSkipAudience: true, InsecureAnyType: true}},
		{"Audience: empty", jotgate.Config{Issuer: issuer, Keys: keys}},
		{"Audience: empty", jotgate.Config{Issuer: issuer, Keys: keys, InsecureSkipIssuer: true, InsecureAnyType: true}},
		{"Keys: nil", jotgate.Config{Issuer: issuer, Audience: audience}},
		{"Keys: nil", jotgate.Config{Issuer: issuer, Audience: audience, Keys: (*jwt.KeySet)(nil)}},
		{"Leeway: 1m0.000000001s", jotgate.Config{Issuer: issuer, Audience: audience, Keys: keys, Leeway: time.Minute + 1}},
	} {
		g, err := jotgate.New(c.config)
		if err == nil || strings.Count(err.Error(), "\n") != 0 || !strings.Contains(err.Error(), c.fault) {
			t.Errorf("error: want %q alone, got %v", c.fault, err)
		}
		if g != nil {
			t.Errorf("%s: want no guard beside the error", c.fault)
		}
	}
}

// Each check can be switched off by the setting that names it, and by no other.
func TestInsecure(t *testing.T) {
	foreign := func(c *jwt.Claims) { c.Issuer = "https://other.example" }
	for _, c := range []struct {
		name   string
		typ    string
		change func(*jwt.Claims)
		allow  func(*jotgate.Config)
	}{
		{"issuer", "at+jwt", foreign, func(c *jotgate.Config) { c.Issuer, c.InsecureSkipIssuer = "", true }},
		{"audience", "at+jwt", func(c *jwt.Claims) { c.Audience = []string{"billing"} }, func(c *jotgate.Config) { c.Audience, c.InsecureSkipAudience = "", true }},
		{"no audience", "at+jwt", func(c *jwt.Claims) { c.Audience = nil }, func(c *jotgate.Config) { c.Audience, c.InsecureSkipAudience = "", true }},
		{"type", "JWT", func(*jwt.Claims) {}, func(c *jotgate.Config) { c.InsecureAnyType = true }},
		{"type of another issuer", "JWT", func(*jwt.Claims) {}, func(c *jotgate.Config) { c.Types = []string{"JWT"} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			strict, open := newGate(t), newGate(t, c.allow)
			raw := sign(t, strict.key, jwt.Header{Type: c.typ}, claims(c.change))
			if r := strict.refusal(t, raw, jotgate.Rule{}); r.Code != jotgate.CodeInvalid {
				t.Errorf("by default: want %s, got %s", jotgate.CodeInvalid, r.Code)
			}
			open.identity(t, raw, jotgate.Rule{})
			bad := raw[:len(raw)-1]
			open.refusal(t, bad, jotgate.Rule{})
		})
	}
}

func TestR10(t *testing.T) {
	t.Run("R10 with every check switched off, signatures are checked all the same", func(t *testing.T) {
		g := newGate(t, func(c *jotgate.Config) {
			settings := reflect.ValueOf(c).Elem()
			for i := range settings.NumField() {
				if f := settings.Field(i); f.Kind() == reflect.Bool {
					f.SetBool(true)
				}
			}
		})
		header, payload, _ := strings.Cut(g.raw(t, jwt.Header{}, "{}"), ".")
		payload, mine, _ := strings.Cut(payload, ".")
		g.identity(t, header+"."+payload+"."+mine, jotgate.Rule{})
		other, err := jwt.GenerateKey(jwt.HS256, "k1")
		must(t, err)
		forged, err := jwt.Sign(other, jwt.Header{}, []byte("{}"))
		must(t, err)
		for _, raw := range []string{
			forged, header + "." + payload + ".", header + "." + payload, "eyJhbGciOiJub25lIn0." + payload + ".", "eyJhbGciOiJub25lIn0." + payload + "." + mine,
		} {
			g.refusal(t, raw, jotgate.Rule{})
		}
	})
}

func TestLeeway(t *testing.T) {
	for _, c := range []struct {
		leeway time.Duration
		bears  time.Duration
	}{{0, 30 * time.Second}, {-1, 0}, {time.Second, time.Second}, {time.Minute, time.Minute}} {
		g := newGate(t, func(conf *jotgate.Config) { conf.Leeway = c.leeway })
		if r := g.refusal(t, g.token(t, func(k *jwt.Claims) { k.ExpiresAt = noon.Add(-c.bears) }), jotgate.Rule{}); r.Code != jotgate.CodeExpired {
			t.Errorf("leeway %v, expired for %v: want %s, got %s", c.leeway, c.bears, jotgate.CodeExpired, r.Code)
		}
		g.identity(t, g.token(t, func(k *jwt.Claims) { k.ExpiresAt = noon.Add(time.Second - c.bears) }), jotgate.Rule{})
		g.identity(t, g.token(t, func(k *jwt.Claims) { k.NotBefore = noon.Add(c.bears) }), jotgate.Rule{})
		g.refusal(t, g.token(t, func(k *jwt.Claims) { k.NotBefore = noon.Add(c.bears + time.Second) }), jotgate.Rule{})
	}
}

// A guard is immutable: what it was made from may change afterwards.
func TestGuardKeepsItsSettings(t *testing.T) {
	types, previous, permissions := []string{"at+jwt"}, []string{"https://old.example"}, []string{"orders:delete"}
	g := newGate(t, func(c *jotgate.Config) { c.Types, c.PreviousIssuers = types, previous })
	guarded := g.Require(permissions...)(whoami)
	types[0], previous[0], permissions[0] = "JWT", "https://evil.example", "orders:read"

	g.refusal(t, sign(t, g.key, jwt.Header{Type: "JWT"}, claims()), jotgate.Rule{})
	g.refusal(t, g.token(t, func(c *jwt.Claims) { c.Issuer = "https://evil.example" }), jotgate.Rule{})
	wantStatus(t, get(guarded, "Bearer "+g.token(t)), 403)
}

// A guard that does not ask for an issuer looks for what is revoked under the one that the token names, if any: a handler
// knows no other.
func TestRevocationsOfAnyIssuer(t *testing.T) {
	for _, iss := range []string{"https://other.example", ""} {
		g := newGate(t, func(c *jotgate.Config) { c.Issuer, c.InsecureSkipIssuer = "", true })
		one, other := g.token(t, func(c *jwt.Claims) { c.Issuer = iss }), g.token(t, func(c *jwt.Claims) { c.Issuer, c.ID = iss, "t2" })
		id := g.identity(t, one, jotgate.Rule{})
		g.dead.Add(revocation.Record{Kind: revocation.Token, Key: revocation.KeyOf(revocation.Token, id.Issuer(), id.TokenID())})
		for range 2 {
			if r := g.refusal(t, one, jotgate.Rule{}); r.Code != jotgate.CodeRevoked {
				t.Errorf("issuer %q: got %s, want %s", iss, r.Code, jotgate.CodeRevoked)
			}
		}
		g.identity(t, other, jotgate.Rule{})
	}
}

func TestPreviousIssuers(t *testing.T) {
	const old = "https://old.example"
	g := newGate(t, func(c *jotgate.Config) { c.PreviousIssuers = []string{old} })
	raw := g.token(t, func(c *jwt.Claims) { c.Issuer = old })
	if got := g.identity(t, raw, jotgate.Rule{}).Issuer(); got != old {
		t.Errorf("issuer: want %q, got %q", old, got)
	}
	g.refusal(t, g.token(t, func(c *jwt.Claims) { c.Issuer = old + "/" }), jotgate.Rule{})

	g.dead.Add(revocation.Record{Kind: revocation.Session, Key: revocation.KeyOf(revocation.Session, issuer, "s1")})
	if r := g.refusal(t, raw, jotgate.Rule{}); r.Code != jotgate.CodeRevoked {
		t.Errorf("session revoked under the new name: want %s, got %s", jotgate.CodeRevoked, r.Code)
	}
}

func TestE14(t *testing.T) {
	t.Run("E14 two guards with different settings do not mix", func(t *testing.T) {
		orders := newGate(t)
		billing := newGate(t, func(c *jotgate.Config) { c.Issuer, c.Audience = "https://other.example", "billing" })
		mine := orders.token(t)
		theirs := billing.token(t, func(c *jwt.Claims) { c.Issuer, c.Audience = "https://other.example", []string{"billing"} })
		orders.identity(t, mine, jotgate.Rule{})
		billing.identity(t, theirs, jotgate.Rule{})
		orders.refusal(t, theirs, jotgate.Rule{})
		billing.refusal(t, mine, jotgate.Rule{})
	})
}
