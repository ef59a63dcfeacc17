package token_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/token"
)

func TestAccessToken(t *testing.T) {
	t.Run("I01 defaults", func(t *testing.T) {
		i, now := issuer(t, nil)
		raw := must(i.AccessToken(ctx, token.Grant{Subject: "u"}))(t)
		c := verified(t, i, token.Access, raw)
		if h := header(t, raw); h.Type != "at+jwt" || h.KeyID != "k1" {
			t.Errorf("got header %+v, want typ at+jwt and kid k1", h)
		}
		want := map[string]any{
			"iss": iss, "sub": "u", "aud": "shop", "jti": c.ID,
			"exp": float64(now.at.Unix() + 900), "nbf": float64(now.at.Unix()), "iat": float64(now.at.Unix()),
		}
		if got := object(t, c); !reflect.DeepEqual(got, want) {
			t.Errorf("got claims %v, want %v", got, want)
		}
		if other := verified(t, i, token.Access, must(i.AccessToken(ctx, token.Grant{Subject: "u"}))(t)); other.ID == c.ID || len(c.ID) != 22 {
			t.Errorf("got jti %q and %q, want two of 128 bits", c.ID, other.ID)
		}
		if must(i.Verify(ctx, token.Access, raw))(t).Fresh(now.Now()) {
			t.Error("got fresh, want not fresh")
		}
	})
	t.Run("all that a grant can say", func(t *testing.T) {
		i, now := issuer(t, nil)
		c := verified(t, i, token.Access, must(i.AccessToken(ctx, token.Grant{
			Subject: "u", SessionID: "s", ClientID: "app", Audience: []string{"other", "shop"}, Roles: []string{"r"}, Permissions: []string{"a:b"},
			UserVersion: 3, PolicyVersion: 4, AuthTime: now.at.Add(-time.Hour), Claims: map[string]any{"tenant": "acme"},
		}))(t))
		want := jwt.Claims{
			Issuer: iss, Subject: "u", SessionID: "s", ClientID: "app", Audience: []string{"other", "shop"}, Roles: []string{"r"},
			Permissions: []string{"a:b"}, UserVersion: 3, PolicyVersion: 4, AuthTime: now.at.Add(-time.Hour), ID: c.ID,
			IssuedAt: now.at, NotBefore: now.at, ExpiresAt: now.at.Add(15 * time.Minute), Extra: map[string]any{"tenant": "acme"},
		}
		if got, want := must(c.MarshalJSON())(t), must(want.MarshalJSON())(t); !bytes.Equal(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	})
	t.Run("R25 issuer and audience, in both kinds", func(t *testing.T) {
		i, _ := issuer(t, func(c *token.Config) { c.Audience = []string{"shop", "stock"} })
		p := must(i.Pair(ctx, token.Grant{Subject: "u"}))(t)
		for raw, audience := range map[string][]string{p.AccessToken: {"shop", "stock"}, p.RefreshToken: {iss}} {
			c := must(must(jwt.Verify(raw, secretKey(t, "k1")))(t).Claims())(t)
			if c.Issuer != iss || !slices.Equal(c.Audience, audience) {
				t.Errorf("got iss %q, aud %q, want %q, %q", c.Issuer, c.Audience, iss, audience)
			}
		}
	})
	t.Run("CLM-6 jti is unique", func(t *testing.T) {
		i, _ := issuer(t, nil)
		var met sync.Map
		var workers sync.WaitGroup
		for range 8 {
			workers.Go(func() {
				for range 1000 {
					u := must(jwt.Verify(must(i.AccessToken(ctx, token.Grant{Subject: "u"}))(t), secretKey(t, "k1")))(t)
					if _, twice := met.LoadOrStore(must(u.Claims())(t).ID, true); twice {
						t.Error("a jti twice")
					}
				}
			})
		}
		workers.Wait()
	})
	t.Run("no randomness, no token", func(t *testing.T) {
		i, _ := issuer(t, func(c *token.Config) { c.Rand = strings.NewReader("short") })
		raw, err := i.AccessToken(ctx, token.Grant{Subject: "u"})
		if wantText(t, err, "making an id"); raw != "" {
			t.Error("got a token beside the error")
		}
	})
}

func TestPair(t *testing.T) {
	t.Run("I02 V02 refresh token", func(t *testing.T) {
		i, now := issuer(t, nil)
		p := must(i.Pair(ctx, token.Grant{Subject: "u", Roles: []string{"r"}}))(t)
		a, r := verified(t, i, token.Access, p.AccessToken), verified(t, i, token.Refresh, p.RefreshToken)
		if h := header(t, p.RefreshToken); h.Type != "rt+jwt" {
			t.Errorf("got typ %q, want rt+jwt", h.Type)
		}
		if want := now.at.Add(30 * 24 * time.Hour); !r.ExpiresAt.Equal(want) {
			t.Errorf("got exp %v, want %v", r.ExpiresAt, want)
		}
		if r.ID == a.ID || r.SessionID == "" || r.SessionID != a.SessionID || r.SessionID != p.SessionID || r.Has("fresh") {
			t.Errorf("got access %+v, refresh %+v, want two jti, one sid, no fresh", a, r)
		}
		if p.TokenType != "Bearer" || p.ExpiresIn != 900 || p.RefreshExpiresIn != 30*24*3600 {
			t.Errorf("got %s %d %d, want Bearer 900 2592000", p.TokenType, p.ExpiresIn, p.RefreshExpiresIn)
		}
		alone := must(i.RefreshToken(ctx, token.Grant{Subject: "u", SessionID: "mine"}))(t)
		if c := verified(t, i, token.Refresh, alone); c.SessionID != "mine" {
			t.Errorf("got sid %q, want mine", c.SessionID)
		}
	})
	t.Run("CLM-5 no kind passes as another", func(t *testing.T) {
		i, _ := issuer(t, func(c *token.Config) { c.Audience = []string{iss} }) // the audience does not tell them apart
		p := must(i.Pair(ctx, token.Grant{Subject: "u"}))(t)
		refused(t, i, token.Access, p.RefreshToken, jwt.ErrType)
		refused(t, i, token.Refresh, p.AccessToken, jwt.ErrType)
		apart, _ := issuer(t, nil)
		p = must(apart.Pair(ctx, token.Grant{Subject: "u"}))(t)
		refused(t, apart, token.Access, p.RefreshToken, jwt.ErrAudience) // nor do they differ by typ alone
	})
	t.Run("printing shows no token", func(t *testing.T) {
		i, _ := issuer(t, nil)
		p := must(i.Pair(ctx, token.Grant{Subject: "u"}))(t)
		for _, text := range []string{fmt.Sprint(p), fmt.Sprintf("%+v %#v", p, p), p.LogValue().String()} {
			if strings.Contains(text, p.AccessToken) || strings.Contains(text, p.RefreshToken) {
				t.Errorf("got %s", text)
			}
		}
		if text := string(must(json.Marshal(p))(t)); !strings.Contains(text, `"access_token":"`+p.AccessToken) {
			t.Errorf("got JSON %s, want the token in it", text)
		}
	})
}

func TestLifetimes(t *testing.T) {
	life := func(c jwt.Claims) time.Duration { return c.ExpiresAt.Sub(c.IssuedAt) }
	t.Run("I03 of one grant", func(t *testing.T) {
		i, _ := issuer(t, nil)
		p := must(i.Pair(ctx, token.Grant{Subject: "u", Lifetime: 90 * time.Second, RefreshLifetime: time.Hour}))(t)
		if got := life(verified(t, i, token.Access, p.AccessToken)); got != 90*time.Second {
			t.Errorf("access: got %v, want 90s", got)
		}
		if got := life(verified(t, i, token.Refresh, p.RefreshToken)); got != time.Hour {
			t.Errorf("refresh: got %v, want 1h", got)
		}
	})
	t.Run("I03 by setting", func(t *testing.T) {
		i, _ := issuer(t, func(c *token.Config) { c.AccessLifetime, c.RefreshLifetime = time.Hour, 2*time.Hour })
		if got := life(verified(t, i, token.Access, must(i.AccessToken(ctx, token.Grant{Subject: "u"}))(t))); got != time.Hour {
			t.Errorf("got %v, want 1h", got)
		}
	})
	t.Run("I03 none needs the insecure option", func(t *testing.T) {
		i, _ := issuer(t, nil)
		_, err := i.AccessToken(ctx, token.Grant{Subject: "u", Lifetime: token.Forever})
		wantText(t, err, "needs InsecureForever")

		for1, now := issuer(t, func(c *token.Config) { c.InsecureForever = true })
		p := must(for1.Pair(ctx, token.Grant{Subject: "u", Lifetime: token.Forever, RefreshLifetime: token.Forever}))(t)
		now.pass(100 * 365 * 24 * time.Hour)
		if c := verified(t, for1, token.Access, p.AccessToken); !c.ExpiresAt.IsZero() || p.ExpiresIn != 0 {
			t.Errorf("got exp %v, want none", c.ExpiresAt)
		}
		p = must(for1.Refresh(ctx, p.RefreshToken))(t)
		if c := verified(t, for1, token.Refresh, p.RefreshToken); !c.ExpiresAt.IsZero() {
			t.Errorf("got exp %v, want none", c.ExpiresAt)
		}
		refused(t, i, token.Refresh, p.RefreshToken, jwt.ErrMissing) // elsewhere exp is required
	})
	t.Run("out of bounds", func(t *testing.T) {
		i, _ := issuer(t, nil)
		for _, g := range []token.Grant{{Lifetime: -2}, {Lifetime: 1}, {Lifetime: 91 * 24 * time.Hour}, {RefreshLifetime: -time.Hour}, {Lifetime: time.Hour, RefreshLifetime: time.Minute}} {
			g.Subject = "u"
			if _, err := i.Pair(ctx, g); err == nil {
				t.Errorf("Lifetime %v, RefreshLifetime %v: got no error", g.Lifetime, g.RefreshLifetime)
			}
		}
	})
	t.Run("expired", func(t *testing.T) {
		i, now := issuer(t, nil)
		raw := must(i.AccessToken(ctx, token.Grant{Subject: "u"}))(t)
		now.pass(15*time.Minute + 29*time.Second)
		verified(t, i, token.Access, raw)
		now.pass(time.Second)
		refused(t, i, token.Access, raw, jwt.ErrExpired)
	})
}

func TestSubject(t *testing.T) {
	type user struct{ ID int }
	i, _ := issuer(t, nil)
	hooked, _ := issuer(t, func(c *token.Config) {
		c.Subject = func(u any) (string, error) {
			if u.(user).ID == 0 {
				return "", nil
			}
			return fmt.Sprintf("user-%d", u.(user).ID), nil
		}
		c.Claims = func(_ context.Context, g token.Grant) (map[string]any, error) {
			return map[string]any{"id": g.User.(user).ID, "for": g.Subject}, nil
		}
	})
	for _, c := range []struct {
		name string
		i    *token.Issuer
		user any
		want string // "": an error
	}{
		{"I05 missing", i, nil, ""},
		{"I05 empty text", i, "", ""},
		{"I05 float", i, 1.5, ""},
		{"I05 list", i, []string{"u"}, ""},
		{"I05 whole number becomes text", i, 42, "42"},
		{"I05 unsigned whole number", i, uint64(1 << 63), "9223372036854775808"},
		{"text", i, "u", "u"},
		{"I09 hook", hooked, user{7}, "user-7"},
		{"I09 hook without answer", hooked, user{}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw, err := c.i.AccessToken(ctx, token.Grant{User: c.user})
			if c.want == "" {
				if wantText(t, err, "subject"); raw != "" {
					t.Error("got a token beside the error")
				}
				return
			}
			if got := verified(t, c.i, token.Access, must(raw, err)(t)); got.Subject != c.want {
				t.Errorf("got sub %q, want %q", got.Subject, c.want)
			}
		})
	}
	t.Run("I09 the hook for claims gets the user", func(t *testing.T) {
		c := verified(t, hooked, token.Access, must(hooked.AccessToken(ctx, token.Grant{User: user{7}}))(t))
		if got := object(t, c); got["id"] != 7.0 || got["for"] != "user-7" {
			t.Errorf("got %v, want id 7 for user-7", got)
		}
	})
}

func TestFresh(t *testing.T) {
	for _, c := range []struct {
		name  string
		grant token.Grant
		fresh map[time.Duration]bool // after that time
	}{
		{"I06 not", token.Grant{}, map[time.Duration]bool{0: false}},
		{"I06 yes", token.Grant{Fresh: true}, map[time.Duration]bool{0: true, 5 * time.Minute: true, 5*time.Minute + time.Second: false}},
		{"I06 for a duration", token.Grant{FreshFor: 8 * time.Minute}, map[time.Duration]bool{0: true, 8*time.Minute - 1: true, 8 * time.Minute: false}},
		{"I06 for a short one", token.Grant{FreshFor: time.Minute}, map[time.Duration]bool{time.Minute - 1: true, time.Minute: false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			i, now := issuer(t, nil)
			c.grant.Subject = "u"
			v := must(i.Verify(ctx, token.Access, must(i.AccessToken(ctx, c.grant))(t)))(t)
			for after, want := range c.fresh {
				if got := v.Fresh(now.at.Add(after)); got != want {
					t.Errorf("after %v: got fresh %t, want %t", after, got, want)
				}
			}
			if want := c.grant.Fresh || c.grant.FreshFor > 0; v.Claims.AuthTime.Equal(now.at) != want {
				t.Errorf("got auth_time %v, want the present: %t", v.Claims.AuthTime, want)
			}
		})
	}
	t.Run("I06 a log-in to come", func(t *testing.T) {
		i, now := issuer(t, nil)
		for ahead, want := range map[time.Duration]bool{time.Minute: true, time.Minute + time.Second: false} {
			raw := must(i.AccessToken(ctx, token.Grant{Subject: "u", AuthTime: now.at.Add(ahead)}))(t)
			if got := must(i.Verify(ctx, token.Access, raw))(t).Fresh(now.at); got != want {
				t.Errorf("%v ahead: got fresh %t, want %t", ahead, got, want)
			}
		}
	})
	t.Run("I06 negative", func(t *testing.T) {
		i, _ := issuer(t, nil)
		_, err := i.AccessToken(ctx, token.Grant{Subject: "u", FreshFor: -1})
		wantText(t, err, "FreshFor")
	})
}

func TestClaims(t *testing.T) {
	t.Run("I07 hook and argument are merged, the argument wins, on both kinds", func(t *testing.T) {
		i, _ := issuer(t, func(c *token.Config) {
			c.Claims = func(context.Context, token.Grant) (map[string]any, error) {
				return map[string]any{"a": "hook", "b": "hook"}, nil
			}
		})
		mine := map[string]any{"b": "mine", "c": "mine"}
		p := must(i.Pair(ctx, token.Grant{Subject: "u", Claims: mine}))(t)
		for kind, raw := range map[token.Kind]string{token.Access: p.AccessToken, token.Refresh: p.RefreshToken} {
			if got := object(t, verified(t, i, kind, raw)); got["a"] != "hook" || got["b"] != "mine" || got["c"] != "mine" {
				t.Errorf("%s: got %v, want a hook, b and c mine", kind, got)
			}
		}
		if len(mine) != 2 {
			t.Errorf("the caller's map became %v", mine)
		}
	})
	t.Run("I07 a hook that fails", func(t *testing.T) {
		down := errors.New("down")
		i, _ := issuer(t, func(c *token.Config) {
			c.Claims = func(context.Context, token.Grant) (map[string]any, error) { return nil, down }
		})
		_, err := i.Pair(ctx, token.Grant{Subject: "u"})
		wantErr(t, err, down)
	})
	t.Run("CLM-6 what the package writes cannot be overridden", func(t *testing.T) {
		var hook map[string]any
		i, _ := issuer(t, func(c *token.Config) {
			c.Claims = func(context.Context, token.Grant) (map[string]any, error) { return hook, nil }
		})
		for _, name := range []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "sid", "client_id", "auth_time", "roles", "permissions",
			"ver", "pol", "csrf", "fresh_until", "session_exp", "access_aud", "SUB", "Exp", "i\u017fs"} {
			hook = nil
			_, err := i.AccessToken(ctx, token.Grant{Subject: "u", Claims: map[string]any{name: "x"}})
			wantText(t, err, fmt.Sprintf("claim %q", name))
			hook = map[string]any{name: "x"}
			_, err = i.Pair(ctx, token.Grant{Subject: "u"})
			wantText(t, err, fmt.Sprintf("claim %q", name))
		}
	})
	t.Run("headers", func(t *testing.T) {
		i, _ := issuer(t, nil)
		raw := must(i.AccessToken(ctx, token.Grant{Subject: "u", Header: map[string]any{"tenant": "acme"}}))(t)
		var got map[string]any
		if err := header(t, raw).Decode(&got); err != nil || got["tenant"] != "acme" || got["typ"] != "at+jwt" {
			t.Errorf("got header %v (%v), want tenant acme and typ at+jwt", got, err)
		}
		for _, name := range []string{"alg", "typ", "kid", "crit", "jwk", "jku", "x5u", "b64", "zip"} {
			_, err := i.AccessToken(ctx, token.Grant{Subject: "u", Header: map[string]any{name: "x"}})
			wantText(t, err, fmt.Sprintf("%q", name))
		}
	})
	t.Run("I10 audience without name", func(t *testing.T) {
		i, _ := issuer(t, nil)
		_, err := i.AccessToken(ctx, token.Grant{Subject: "u", Audience: []string{""}})
		wantText(t, err, "audience")
	})
	t.Run("I10 claims that are not JSON", func(t *testing.T) {
		i, _ := issuer(t, nil)
		_, err := i.AccessToken(ctx, token.Grant{Subject: "u", Claims: map[string]any{"f": func() {}}})
		wantText(t, err, `"f"`)
	})
	t.Run("I11 required claims", func(t *testing.T) {
		i, _ := issuer(t, func(c *token.Config) {
			c.Require = []string{"tenant", "plan", "auth_time"}
			c.Claims = func(context.Context, token.Grant) (map[string]any, error) {
				return map[string]any{"tenant": "acme", "plan": nil}, nil
			}
		})
		_, err := i.AccessToken(ctx, token.Grant{Subject: "u"})
		wantErr(t, err, jwt.ErrMissing)
		wantText(t, err, "plan, auth_time")
		raw := must(i.AccessToken(ctx, token.Grant{Subject: "u", Fresh: true, Claims: map[string]any{"plan": "free"}}))(t)
		verified(t, i, token.Access, raw)
		lax, _ := issuer(t, nil)
		refused(t, i, token.Access, must(lax.AccessToken(ctx, token.Grant{Subject: "u"}))(t), jwt.ErrMissing)
	})
}

func TestVerify(t *testing.T) {
	i, _ := issuer(t, nil)
	sign := func(change func(*jwt.Claims)) string {
		now := newClock().at
		c := jwt.Claims{Issuer: iss, Subject: "u", Audience: []string{"shop"}, ID: "x", IssuedAt: now, ExpiresAt: now.Add(time.Hour)}
		change(&c)
		return must(jwt.SignClaims(secretKey(t, "k1"), jwt.Header{Type: "at+jwt"}, c))(t)
	}
	for _, c := range []struct {
		name string
		raw  string
		want error
	}{
		{"good", sign(func(*jwt.Claims) {}), nil},
		{"malformed", "a.b", jwt.ErrMalformed},
		{"of another issuer", sign(func(c *jwt.Claims) { c.Issuer = iss + "/" }), jwt.ErrIssuer},
		{"for another audience", sign(func(c *jwt.Claims) { c.Audience = []string{"shop2"} }), jwt.ErrAudience},
		{"without exp", sign(func(c *jwt.Claims) { c.ExpiresAt = time.Time{} }), jwt.ErrMissing},
		{"without jti", sign(func(c *jwt.Claims) { c.ID = "" }), jwt.ErrMissing},
		{"without sub", sign(func(c *jwt.Claims) { c.Subject = "" }), jwt.ErrMissing},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.want != nil {
				refused(t, i, token.Access, c.raw, c.want)
				return
			}
			verified(t, i, token.Access, c.raw)
		})
	}
	t.Run("a refresh token that is for the API and not for the issuer", func(t *testing.T) {
		now := newClock().at
		raw := must(jwt.SignClaims(secretKey(t, "k1"), jwt.Header{Type: "rt+jwt"}, jwt.Claims{
			Issuer: iss, Subject: "u", Audience: []string{"shop"}, ID: "x", SessionID: "s", IssuedAt: now, ExpiresAt: now.Add(time.Hour),
		}))(t)
		refused(t, i, token.Refresh, raw, jwt.ErrAudience)
	})
	t.Run("claims are in order of their registration", func(t *testing.T) {
		raw := must(i.Pair(ctx, token.Grant{Subject: "u", Audience: []string{"x"}, Claims: map[string]any{"z": 1, "a": 1}}))(t).RefreshToken
		payload := string(must(jwt.Verify(raw, secretKey(t, "k1")))(t).Payload())
		var at []int
		for _, name := range []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "sid", "a", "access_aud", "session_exp", "z"} {
			at = append(at, strings.Index(payload, `"`+name+`":`))
		}
		if !slices.IsSorted(at) || at[0] < 0 {
			t.Errorf("got %s", payload)
		}
	})
}
