package jotgate_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/revocation"
)

func TestCheckRefuses(t *testing.T) {
	at := func(f func(*jwt.Claims)) func(testing.TB, gate) string {
		return func(tb testing.TB, g gate) string { return g.token(tb, f) }
	}
	text := func(s string) func(testing.TB, gate) string { return func(testing.TB, gate) string { return s } }
	for _, c := range []struct {
		name   string
		raw    func(testing.TB, gate) string
		rule   jotgate.Rule
		status int
		code   string
		wraps  error // of package jwt; nil: none
	}{
		{"no token", text(""), jotgate.Rule{}, 401, jotgate.CodeMissing, nil},
		{"malformed", text("a.b"), jotgate.Rule{}, 401, jotgate.CodeInvalid, jwt.ErrMalformed},
		{"five segments", text("a.b.c.d.e"), jotgate.Rule{}, 401, jotgate.CodeInvalid, jwt.ErrMalformed},
		{"alg none", text("eyJhbGciOiJub25lIn0.e30.AA"), jotgate.Rule{}, 401, jotgate.CodeInvalid, jwt.ErrAlgorithm},
		{"signed by another key", func(tb testing.TB, _ gate) string {
			k, err := jwt.GenerateKey(jwt.HS256, "k1")
			if err != nil {
				tb.Fatal(err)
			}
			return sign(tb, k, jwt.Header{Type: "at+jwt"}, claims())
		}, jotgate.Rule{}, 401, jotgate.CodeInvalid, jwt.ErrSignature},
		{"unknown kid", func(tb testing.TB, _ gate) string {
			return sign(tb, newKey(tb, jwt.HS256, "k2"), jwt.Header{Type: "at+jwt"}, claims())
		}, jotgate.Rule{}, 401, jotgate.CodeInvalid, jwt.ErrUnknownKey},
		{"another algorithm under the kid", func(tb testing.TB, _ gate) string {
			return sign(tb, newKey(tb, jwt.ES256, "k1"), jwt.Header{Type: "at+jwt"}, claims())
		}, jotgate.Rule{}, 401, jotgate.CodeInvalid, jwt.ErrAlgorithm},
		{"payload is no object", func(tb testing.TB, g gate) string { return g.raw(tb, jwt.Header{Type: "at+jwt"}, "[]") }, jotgate.Rule{}, 401, jotgate.CodeInvalid, jwt.ErrMalformed},
		{"expired", at(func(c *jwt.Claims) { c.ExpiresAt = noon.Add(-time.Hour) }), jotgate.Rule{}, 401, jotgate.CodeExpired, jwt.ErrExpired},
		{"no expiry", at(func(c *jwt.Claims) { c.ExpiresAt = time.Time{} }), jotgate.Rule{}, 401, jotgate.CodeInvalid, jwt.ErrMissing},
		{"not yet valid", at(func(c *jwt.Claims) { c.NotBefore = noon.Add(time.Hour) }), jotgate.Rule{}, 401, jotgate.CodeInvalid, jwt.ErrNotYetValid},
		{"issued in the future", at(func(c *jwt.Claims) { c.IssuedAt = noon.Add(time.Hour) }), jotgate.Rule{}, 401, jotgate.CodeInvalid, jwt.ErrNotYetValid},
		{"issuer", at(func(c *jwt.Claims) { c.Issuer += "/" }), jotgate.Rule{}, 401, jotgate.CodeInvalid, jwt.ErrIssuer},
		{"no issuer", at(func(c *jwt.Claims) { c.Issuer = "" }), jotgate.Rule{}, 401, jotgate.CodeInvalid, jwt.ErrIssuer},
		{"audience", at(func(c *jwt.Claims) { c.Audience = []string{"Orders", "order"} }), jotgate.Rule{}, 401, jotgate.CodeInvalid, jwt.ErrAudience},
		{"no audience", at(func(c *jwt.Claims) { c.Audience = nil }), jotgate.Rule{}, 401, jotgate.CodeInvalid, jwt.ErrAudience},
		{"type", func(tb testing.TB, g gate) string { return sign(tb, g.key, jwt.Header{Type: "JWT"}, claims()) }, jotgate.Rule{}, 401, jotgate.CodeInvalid, jwt.ErrType},
		{"permission", at(func(*jwt.Claims) {}), jotgate.Rule{Permissions: []string{"orders:write"}}, 403, jotgate.CodeForbidden, nil},
		{"role", at(func(*jwt.Claims) {}), jotgate.Rule{Roles: []string{"admin"}}, 403, jotgate.CodeForbidden, nil},
		{"old log-in", at(func(*jwt.Claims) {}), jotgate.Rule{MaxAge: jotgate.FreshAge}, 401, jotgate.CodeStaleLogin, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGate(t)
			r := g.refusal(t, c.raw(t, g), c.rule)
			if r.Status != c.status || r.Code != c.code {
				t.Errorf("refusal: want %d %s, got %d %s (%v)", c.status, c.code, r.Status, r.Code, r)
			}
			if c.wraps != nil && !errors.Is(r, c.wraps) {
				t.Errorf("cause: want %v, got %v", c.wraps, r)
			}
			if (r.Challenge != "") != (r.Status < 500) {
				t.Errorf("challenge of a %d: got %q", r.Status, r.Challenge)
			}
			if got := g.log.last(t)["code"]; got != c.code {
				t.Errorf("logged code: want %s, got %v", c.code, got)
			}
		})
	}
}

func TestC10(t *testing.T) {
	g := newGate(t)
	payload, err := json.Marshal(claims())
	if err != nil {
		t.Fatal(err)
	}
	for _, typ := range []string{"at+jwt", "at+JWT", "AT+jwt", "application/at+jwt", "APPLICATION/AT+JWT"} {
		t.Run("C10 accepts "+typ, func(t *testing.T) {
			g.identity(t, g.raw(t, jwt.Header{Type: typ}, string(payload)), jotgate.Rule{})
		})
	}
	for _, typ := range []string{"", "JWT", "id+jwt", "logout+jwt", "dpop+jwt", "statuslist+jwt", "application/jwt", "at+jwt;x=y", " at+jwt", "application/application/at+jwt"} {
		t.Run("C10 refuses "+typ, func(t *testing.T) {
			if r := g.refusal(t, g.raw(t, jwt.Header{Type: typ}, string(payload)), jotgate.Rule{}); !errors.Is(r, jwt.ErrType) {
				t.Errorf("want %v, got %v", jwt.ErrType, r)
			}
		})
	}
	t.Run("C10 refuses a number", func(t *testing.T) {
		good := g.token(t)
		_, rest, _ := strings.Cut(good, ".")
		if r := g.refusal(t, "eyJhbGciOiJIUzI1NiIsInR5cCI6NSwia2lkIjoiazEifQ."+rest, jotgate.Rule{}); !errors.Is(r, jwt.ErrMalformed) {
			t.Errorf("want %v, got %v", jwt.ErrMalformed, r)
		}
	})
}

func TestR22(t *testing.T) {
	t.Run("R22 the log lists every fault, the client hears one sentence", func(t *testing.T) {
		g := newGate(t)
		raw := sign(t, g.key, jwt.Header{Type: "JWT"}, claims(func(c *jwt.Claims) {
			c.Issuer, c.Audience, c.ExpiresAt, c.NotBefore = "https://evil.example", []string{"billing"}, noon.Add(-time.Hour), noon.Add(time.Hour)
		}))
		r := g.refusal(t, raw, jotgate.Rule{})
		for _, want := range []error{jwt.ErrIssuer, jwt.ErrAudience, jwt.ErrExpired, jwt.ErrNotYetValid, jwt.ErrType} {
			if !errors.Is(r, want) {
				t.Errorf("error: want %v in it, got %v", want, r)
			}
			if reason := g.log.last(t)["reason"].(string); !strings.Contains(reason, want.Error()) {
				t.Errorf("logged reason: want %q in it, got %q", want, reason)
			}
		}
		plain := g.refusal(t, "x", jotgate.Rule{})
		if r.Code != plain.Code || r.Detail != plain.Detail || r.Challenge != plain.Challenge {
			t.Errorf("want the words of any bad token, got %q %q %q", r.Code, r.Detail, r.Challenge)
		}
	})
}

func TestRuleOverTokens(t *testing.T) {
	t.Run("G13 two permissions required, one held", func(t *testing.T) {
		g := newGate(t)
		rule := jotgate.Rule{Permissions: []string{"orders:read", "orders:write"}}
		if r := g.refusal(t, g.token(t), rule); r.Status != 403 {
			t.Errorf("status: want 403, got %d", r.Status)
		}
		g.identity(t, g.token(t, func(c *jwt.Claims) { c.Permissions = rule.Permissions }), rule)
	})
	t.Run("G15 no roles claim on a role route", func(t *testing.T) {
		g := newGate(t)
		raw := g.token(t, func(c *jwt.Claims) { c.Roles, c.Permissions = nil, nil })
		for _, rule := range []jotgate.Rule{{Roles: []string{"user"}}, {AnyRole: []string{"user", "admin"}}, {Permissions: []string{"orders:read"}}, {AnyPermission: []string{"orders:read"}}} {
			if r := g.refusal(t, raw, rule); r.Status != 403 {
				t.Errorf("%+v: want 403, got %d", rule, r.Status)
			}
		}
		g.identity(t, raw, jotgate.Rule{})
	})
	// A roles claim that is no list of texts is a token we do not understand, on every route.
	t.Run("G15 roles of a wrong type", func(t *testing.T) {
		g := newGate(t)
		for _, roles := range []string{`"admin"`, `{"admin":true}`, `5`, `[1]`, `[["admin"]]`, `[null]`, `true`} {
			raw := g.raw(t, jwt.Header{Type: "at+jwt"}, `{"iss":"`+issuer+`","aud":"`+audience+`","exp":1800000900,"roles":`+roles+`}`)
			if r := g.refusal(t, raw, jotgate.Rule{Roles: []string{"admin"}}); r.Status != 401 || !errors.Is(r, jwt.ErrMalformed) {
				t.Errorf("roles %s: want 401 and %v, got %d %v", roles, jwt.ErrMalformed, r.Status, r)
			}
		}
	})
}

// order counts who is asked.
type order struct {
	keys, dead int
	jotgate.KeySource
	jotgate.Revocations
}

func (o *order) Key(ctx context.Context, iss, kid, alg string) (jwt.Key, error) {
	o.keys++
	return o.KeySource.Key(ctx, iss, kid, alg)
}

func (o *order) Check(ctx context.Context, ref jwt.Ref) (jwt.Verdict, error) {
	o.dead++
	return o.Revocations.Check(ctx, ref)
}

func TestG18(t *testing.T) {
	dead := func(g gate) {
		g.dead.Add(revocation.Record{Kind: revocation.Session, Key: revocation.KeyOf(revocation.Session, issuer, "s1")})
	}
	tamper := func(raw string) string {
		return raw[:len(raw)-2] + map[bool]string{true: "Bw", false: "Aw"}[raw[len(raw)-2:] == "Aw"]
	}
	for _, c := range []struct {
		name       string
		raw        func(testing.TB, gate) string
		rule       jotgate.Rule
		code       string
		keys, dead int
	}{
		{"G18 form before everything", func(tb testing.TB, g gate) string { return "x." + g.token(tb) }, jotgate.Rule{}, jotgate.CodeInvalid, 0, 0},
		{"G18 signature before expiry", func(tb testing.TB, g gate) string {
			return tamper(g.token(tb, func(c *jwt.Claims) { c.ExpiresAt = noon.Add(-time.Hour) }))
		}, jotgate.Rule{}, jotgate.CodeInvalid, 1, 0},
		{"G18 expiry before revocation", func(tb testing.TB, g gate) string {
			return g.token(tb, func(c *jwt.Claims) { c.ExpiresAt = noon.Add(-time.Hour) })
		}, jotgate.Rule{}, jotgate.CodeExpired, 1, 0},
		{"G18 type before revocation", func(tb testing.TB, g gate) string { return sign(tb, g.key, jwt.Header{Type: "JWT"}, claims()) }, jotgate.Rule{}, jotgate.CodeInvalid, 1, 0},
		{"G18 revocation before permissions", func(tb testing.TB, g gate) string { return g.token(tb) }, jotgate.Rule{Permissions: []string{"orders:write"}}, jotgate.CodeRevoked, 1, 1},
		{"G18 revocation before freshness", func(tb testing.TB, g gate) string { return g.token(tb) }, jotgate.Rule{MaxAge: time.Second}, jotgate.CodeRevoked, 1, 1},
		{"G18 permissions before freshness", func(tb testing.TB, g gate) string { return g.token(tb, func(c *jwt.Claims) { c.SessionID = "s2" }) }, jotgate.Rule{Permissions: []string{"orders:write"}, MaxAge: time.Second}, jotgate.CodeForbidden, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var asked order
			g := newGate(t, func(conf *jotgate.Config) {
				asked.KeySource, asked.Revocations = conf.Keys, conf.Revocations
				conf.Keys, conf.Revocations = &asked, &asked
			})
			dead(g)
			if r := g.refusal(t, c.raw(t, g), c.rule); r.Code != c.code {
				t.Errorf("code: want %s, got %s (%v)", c.code, r.Code, r)
			}
			if asked.keys != c.keys || asked.dead != c.dead {
				t.Errorf("asked: want keys %d, revocations %d; got %d, %d", c.keys, c.dead, asked.keys, asked.dead)
			}
		})
	}
}

var errDown = errors.New("connection refused")

type downKeys struct{ err error }

func (d downKeys) Key(context.Context, string, string, string) (jwt.Key, error) {
	return jwt.Key{}, d.err
}

type downRevocations struct{}

func (downRevocations) Check(context.Context, jwt.Ref) (jwt.Verdict, error) {
	return jwt.Verdict{}, errDown
}

// ERR-3: what fails on our side is 503, since a 401 makes clients log their users out.
func TestOurFailuresAre503(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*jotgate.Config)
		code   string
	}{
		{"keys cannot be asked", func(c *jotgate.Config) { c.Keys = downKeys{errDown} }, jotgate.CodeKeysDown},
		{"keys are unusable", func(c *jotgate.Config) { c.Keys = downKeys{jwt.ErrKey} }, jotgate.CodeKeysDown},
		{"no key and no error", func(c *jotgate.Config) { c.Keys = downKeys{} }, jotgate.CodeKeysDown},
		{"no clock", func(c *jotgate.Config) { c.Now = func() time.Time { return time.Time{} } }, jotgate.CodeKeysDown},
		{"revocations cannot be asked", func(c *jotgate.Config) { c.Revocations = downRevocations{} }, jotgate.CodeRevocationsDown},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGate(t, c.change)
			r := g.refusal(t, g.token(t), jotgate.Rule{})
			if r.Status != 503 || r.Code != c.code || r.RetryAfter < time.Second || r.Challenge != "" {
				t.Errorf("want 503 %s with a Retry-After and no challenge, got %d %s %v %q", c.code, r.Status, r.Code, r.RetryAfter, r.Challenge)
			}
			if line := g.log.last(t); line["level"] != "ERROR" || line["reason"] == nil {
				t.Errorf("log: want an ERROR with its reason, got %v", line)
			}
			answer := get(g.Require()(whoami), "Bearer "+g.token(t))
			wantStatus(t, answer, 503)
			if got := answer.Header.Get("Retry-After"); got != "1" {
				t.Errorf("Retry-After: want 1, got %q", got)
			}
			if text := body(t, answer); strings.Contains(text, errDown.Error()) {
				t.Errorf("answer: want no inner error, got %s", text)
			}
		})
	}
	for _, err := range []error{jwt.ErrUnknownKey, jwt.ErrAlgorithm} {
		g := newGate(t, func(c *jotgate.Config) { c.Keys = downKeys{err} })
		if r := g.refusal(t, g.token(t), jotgate.Rule{}); r.Status != 401 {
			t.Errorf("%v: want 401, got %d", err, r.Status)
		}
	}
}

func TestRevoked(t *testing.T) {
	later := noon.Add(time.Hour)
	for _, c := range []struct {
		name   string
		record revocation.Record
		code   string
	}{
		{"token", revocation.Record{Kind: revocation.Token, Key: revocation.KeyOf(revocation.Token, issuer, "t1"), Reason: revocation.ReasonLogout}, jotgate.CodeRevoked},
		{"session", revocation.Record{Kind: revocation.Session, Key: revocation.KeyOf(revocation.Session, issuer, "s1"), Reason: revocation.ReasonReused}, jotgate.CodeRevoked},
		{"user", revocation.Record{Kind: revocation.User, Key: revocation.KeyOf(revocation.User, issuer, "u1"), Version: 4, Reason: revocation.ReasonPermissions}, jotgate.CodePermissions},
		{"role", revocation.Record{Kind: revocation.Role, Key: revocation.KeyOf(revocation.Role, issuer, "user"), Version: 8, Reason: revocation.ReasonPermissions}, jotgate.CodePermissions},
		{"key", revocation.Record{Kind: revocation.SignKey, Key: revocation.KeyOf(revocation.SignKey, issuer, "k1")}, jotgate.CodeRevoked},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGate(t)
			raw := g.token(t)
			g.identity(t, raw, jotgate.Rule{})
			c.record.ExpiresAt = later
			g.dead.Add(c.record)
			if r := g.refusal(t, raw, jotgate.Rule{}); r.Status != 401 || r.Code != c.code {
				t.Errorf("want 401 %s, got %d %s", c.code, r.Status, r.Code)
			}
			if got, want := g.log.last(t)["reason"], "token revoked: "+c.record.Reason; got != want {
				t.Errorf("logged reason: want %q, got %q", want, got)
			}
		})
	}
	t.Run("the same names of another issuer", func(t *testing.T) {
		g := newGate(t)
		for k, value := range map[revocation.Kind]string{revocation.Token: "t1", revocation.Session: "s1", revocation.User: "u1", revocation.Role: "user", revocation.SignKey: "k1"} {
			g.dead.Add(revocation.Record{Kind: k, Key: revocation.KeyOf(k, "https://other.example", value), Version: 99, Before: later, ExpiresAt: later})
		}
		g.identity(t, g.token(t), jotgate.Rule{})
	})
	t.Run("no revocations configured", func(t *testing.T) {
		g := newGate(t, func(c *jotgate.Config) { c.Revocations = nil })
		g.identity(t, g.token(t), jotgate.Rule{})
	})
}

// leaky lists what must stand in no error, answer and log: each segment of a token, and the secret.
func leaky(raw string) []string {
	var parts []string
	for part := range strings.SplitSeq(raw, ".") {
		if len(part) > 8 {
			parts = append(parts, part)
		}
	}
	return append(parts, string(secret))
}

func TestE13(t *testing.T) {
	long := strings.Repeat("A", 9<<10)
	for _, c := range []struct {
		name string
		raw  func(testing.TB, gate) string
		rule jotgate.Rule
	}{
		{"E13 malformed header", func(tb testing.TB, g gate) string { return "?" + g.token(tb) }, jotgate.Rule{}},
		{"E13 four segments", func(tb testing.TB, g gate) string { return g.token(tb) + ".AAAAAAAAAAAA" }, jotgate.Rule{}},
		{"E13 too long", func(testing.TB, gate) string { return "eyJhbGciOiJIUzI1NiJ9." + long + ".AAAA" }, jotgate.Rule{}},
		{"E13 signature", func(tb testing.TB, g gate) string { return g.token(tb)[1:] }, jotgate.Rule{}},
		{"E13 unknown kid", func(tb testing.TB, _ gate) string {
			return sign(tb, newKey(tb, jwt.HS256, "k2"), jwt.Header{Type: "at+jwt"}, claims())
		}, jotgate.Rule{}},
		{"E13 payload is no object", func(tb testing.TB, g gate) string {
			return g.raw(tb, jwt.Header{Type: "at+jwt"}, "not an object at all")
		}, jotgate.Rule{}},
		{"E13 claims", func(tb testing.TB, g gate) string {
			return g.token(tb, func(c *jwt.Claims) { c.Issuer, c.ExpiresAt = "x", noon.Add(-time.Hour) })
		}, jotgate.Rule{}},
		{"E13 forbidden", func(tb testing.TB, g gate) string { return g.token(tb) }, jotgate.Rule{Permissions: []string{"orders:write"}}},
		{"E13 passes", func(tb testing.TB, g gate) string { return g.token(tb) }, jotgate.Rule{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGate(t)
			raw := c.raw(t, g)
			_, err := g.Check(t.Context(), raw, c.rule)
			answer := get(g.Need(c.rule)(whoami), "Bearer "+raw)
			said := map[string]string{"log": g.log.String(), "answer": body(t, answer), "challenge": answer.Header.Get("WWW-Authenticate")}
			if err != nil {
				said["error"] = err.Error()
			}
			for _, secret := range leaky(raw) {
				for where, text := range said {
					if strings.Contains(text, secret) {
						t.Errorf("%s: want nothing of the token, got %.200q", where, text)
					}
				}
			}
		})
	}
}

// One guard serves many requests at once, while things die.
func TestGuardIsShared(t *testing.T) {
	g := newGate(t)
	good, poor, gone := g.token(t), g.token(t, func(c *jwt.Claims) { c.Permissions = nil }), g.token(t, func(c *jwt.Claims) { c.SessionID = "s2" })
	rule := jotgate.Rule{Permissions: []string{"orders:read"}}
	g.dead.Add(revocation.Record{Kind: revocation.Session, Key: revocation.KeyOf(revocation.Session, issuer, "s2")})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 50 {
				if id, err := g.Check(context.Background(), good, rule); err != nil || id.Subject() != "u1" {
					t.Errorf("good token: got %q, %v", id.Subject(), err)
				}
				for raw, status := range map[string]int{poor: 403, gone: 401} {
					var r *jotgate.Refusal
					if _, err := g.Check(context.Background(), raw, rule); !errors.As(err, &r) || r.Status != status {
						t.Errorf("want %d, got %v", status, err)
					}
				}
				g.dead.Add(revocation.Record{Kind: revocation.Token, Key: revocation.Key{byte(i), byte(n)}, ExpiresAt: noon})
				g.dead.Sweep(noon)
			}
		})
	}
	wg.Wait()
}
