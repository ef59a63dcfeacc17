package token_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/token"
)

// refreshed is a refresh that has to succeed.
func refreshed(tb testing.TB, i *token.Issuer, raw string) token.Pair {
	tb.Helper()
	return must(i.Refresh(ctx, raw))(tb)
}

// notRefreshed is one that must not.
func notRefreshed(tb testing.TB, i *token.Issuer, raw string, want error) {
	tb.Helper()
	p, err := i.Refresh(ctx, raw)
	wantErr(tb, err, want)
	if p != (token.Pair{}) {
		tb.Errorf("got a %v beside an error", p)
	}
}

func TestRefresh(t *testing.T) {
	t.Run("V01 same subject, and the log-in does not become younger", func(t *testing.T) {
		i, now := issuer(t, nil)
		p := must(i.Pair(ctx, token.Grant{Subject: "u", Fresh: true}))(t)
		loggedIn := now.Now()
		now.pass(6 * time.Minute)
		v := must(i.Verify(ctx, token.Access, refreshed(t, i, p.RefreshToken).AccessToken))(t)
		if v.Claims.Subject != "u" || !v.Claims.AuthTime.Equal(loggedIn) || v.Fresh(now.Now()) {
			t.Errorf("got sub %q, auth_time %v, fresh %t; want u, %v, false", v.Claims.Subject, v.Claims.AuthTime, v.Fresh(now.Now()), loggedIn)
		}
	})
	t.Run("V01 with an access token", func(t *testing.T) {
		i, _ := issuer(t, nil)
		notRefreshed(t, i, must(i.Pair(ctx, token.Grant{Subject: "u"}))(t).AccessToken, jwt.ErrType)
	})
	t.Run("I17 claims are copied, but those of the token itself", func(t *testing.T) {
		i, now := issuer(t, nil)
		g := token.Grant{
			Subject: "u", ClientID: "app", Audience: []string{"shop", "other"}, Roles: []string{"r"}, Permissions: []string{"a:b"}, UserVersion: 1,
			PolicyVersion: 2, FreshFor: time.Hour, Claims: map[string]any{"big": json.Number("12345678901234567890"), "list": []int{1}},
		}
		first := must(i.Pair(ctx, g))(t)
		was := verified(t, i, token.Access, first.AccessToken)
		now.pass(time.Minute)
		second := refreshed(t, i, first.RefreshToken)
		is := verified(t, i, token.Access, second.AccessToken)
		if is.ID == was.ID || !is.IssuedAt.Equal(now.Now()) || !is.ExpiresAt.Equal(now.Now().Add(15*time.Minute)) {
			t.Errorf("got jti %q, iat %v, exp %v; want all new", is.ID, is.IssuedAt, is.ExpiresAt)
		}
		var before, after map[string]json.RawMessage
		if err := errors.Join(was.Decode(&before), is.Decode(&after)); err != nil {
			t.Fatal(err)
		}
		for name, value := range before {
			if own := name == "jti" || name == "iat" || name == "exp" || name == "nbf"; !own && string(after[name]) != string(value) {
				t.Errorf("%s: got %s, want %s", name, after[name], value)
			}
		}
		if len(after) != len(before) {
			t.Errorf("got claims %s, want those of %s", after, before)
		}
		third := verified(t, i, token.Access, refreshed(t, i, second.RefreshToken).AccessToken)
		if len(third.Audience) != 2 || object(t, third)["list"] == nil {
			t.Errorf("got %v after two refreshes, want what was granted", object(t, third))
		}
	})
	t.Run("I18 expiry counts from the request", func(t *testing.T) {
		i, now := issuer(t, nil)
		p := must(i.Pair(ctx, token.Grant{Subject: "u"}))(t)
		now.pass(20 * 24 * time.Hour)
		p = refreshed(t, i, p.RefreshToken)
		if c := verified(t, i, token.Access, p.AccessToken); !c.ExpiresAt.Equal(now.Now().Add(15*time.Minute)) || p.ExpiresIn != 900 {
			t.Errorf("got exp %v, want 15 minutes from now", c.ExpiresAt)
		}
		if c := verified(t, i, token.Refresh, p.RefreshToken); !c.ExpiresAt.Equal(now.Now().Add(30 * 24 * time.Hour)) {
			t.Errorf("got exp %v, want 30 days from now", c.ExpiresAt)
		}
	})
	t.Run("the session's end does not move, and no token outlives it", func(t *testing.T) {
		i, now := issuer(t, nil)
		p := must(i.Pair(ctx, token.Grant{Subject: "u"}))(t)
		end := now.Now().Add(90 * 24 * time.Hour)
		for range 89 {
			now.pass(24 * time.Hour)
			p = refreshed(t, i, p.RefreshToken)
		}
		now.pass(24*time.Hour - time.Minute)
		p = refreshed(t, i, p.RefreshToken)
		for kind, raw := range map[token.Kind]string{token.Access: p.AccessToken, token.Refresh: p.RefreshToken} {
			if c := verified(t, i, kind, raw); !c.ExpiresAt.Equal(end) {
				t.Errorf("%s: got exp %v, want %v", kind, c.ExpiresAt, end)
			}
		}
		now.pass(2 * time.Minute)
		notRefreshed(t, i, p.RefreshToken, jwt.ErrExpired)
	})
	t.Run("hooks: the one for claims wins over what was copied", func(t *testing.T) {
		plan := "free"
		i, _ := issuer(t, func(c *token.Config) {
			c.Claims = func(context.Context, token.Grant) (map[string]any, error) { return map[string]any{"plan": plan}, nil }
		})
		p := must(i.Pair(ctx, token.Grant{Subject: "u", Claims: map[string]any{"tenant": "acme"}}))(t)
		plan = "paid"
		got := object(t, verified(t, i, token.Access, refreshed(t, i, p.RefreshToken).AccessToken))
		if got["plan"] != "paid" || got["tenant"] != "acme" {
			t.Errorf("got %v, want plan paid and tenant acme", got)
		}
	})
	t.Run("REF-9 Renew says what the user may have now", func(t *testing.T) {
		gone := errors.New("user disabled")
		disabled := false
		i, _ := issuer(t, func(c *token.Config) {
			c.Renew = func(_ context.Context, g token.Grant) (token.Grant, error) {
				if disabled {
					return g, gone
				}
				g.Roles, g.SessionID = []string{"reader"}, "another"
				return g, nil
			}
		})
		p := must(i.Pair(ctx, token.Grant{Subject: "u", Roles: []string{"admin"}}))(t)
		next := refreshed(t, i, p.RefreshToken)
		c := verified(t, i, token.Access, next.AccessToken)
		if len(c.Roles) != 1 || c.Roles[0] != "reader" || c.SessionID != p.SessionID || next.SessionID != p.SessionID {
			t.Errorf("got roles %q in session %q, want reader in %q", c.Roles, c.SessionID, p.SessionID)
		}
		disabled = true
		notRefreshed(t, i, next.RefreshToken, gone)
		disabled = false
		refreshed(t, i, next.RefreshToken) // and it was not used up
	})
	t.Run("without a denylist the refresh token stays", func(t *testing.T) {
		i, now := issuer(t, func(c *token.Config) { c.Denylist = nil })
		p := must(i.Pair(ctx, token.Grant{Subject: "u"}))(t)
		now.pass(30*24*time.Hour - time.Minute)
		next := refreshed(t, i, p.RefreshToken)
		if next.RefreshToken != p.RefreshToken || next.RefreshExpiresIn != 60 || next.ExpiresIn != 60 {
			t.Errorf("got refresh %d s, access %d s, want the same refresh token and 60 s for both", next.RefreshExpiresIn, next.ExpiresIn)
		}
		verified(t, i, token.Access, next.AccessToken)
	})
}

func TestReuse(t *testing.T) {
	t.Run("V13 V14 the old one is used up", func(t *testing.T) {
		i, now := issuer(t, nil)
		first := must(i.Pair(ctx, token.Grant{Subject: "u"}))(t)
		second := refreshed(t, i, first.RefreshToken)
		refused(t, i, token.Refresh, first.RefreshToken, token.ErrRevoked)
		was, is := verified(t, i, token.Access, first.AccessToken), verified(t, i, token.Refresh, second.RefreshToken)
		if is.ID == was.ID || is.SessionID != was.SessionID {
			t.Errorf("got jti %q in session %q, want a new one in %q", is.ID, is.SessionID, was.SessionID)
		}
		now.pass(10 * time.Second)
		other := must(i.Pair(ctx, token.Grant{Subject: "u"}))(t)
		notRefreshed(t, i, first.RefreshToken, token.ErrReused) // REF-3: the family ends, others stay
		notRefreshed(t, i, second.RefreshToken, token.ErrRevoked)
		refused(t, i, token.Access, second.AccessToken, token.ErrRevoked)
		refreshed(t, i, other.RefreshToken)
	})
	t.Run("REF-4 in its grace it answers the same successor", func(t *testing.T) {
		i, now := issuer(t, nil)
		first := must(i.Pair(ctx, token.Grant{Subject: "u"}))(t)
		a := refreshed(t, i, first.RefreshToken)
		now.pass(9 * time.Second)
		b := refreshed(t, i, first.RefreshToken)
		if x, y := verified(t, i, token.Refresh, a.RefreshToken), verified(t, i, token.Refresh, b.RefreshToken); x.ID != y.ID {
			t.Errorf("got successors %q and %q, want one", x.ID, y.ID)
		}
		refreshed(t, i, b.RefreshToken)
		notRefreshed(t, i, first.RefreshToken, token.ErrReused) // only the immediate predecessor has a grace
	})
	t.Run("V15 REF-5 without grace exactly one of many wins", func(t *testing.T) {
		race(t, -1, func(t *testing.T, i *token.Issuer, pairs []token.Pair, failures int64) {
			if len(pairs) != 1 || failures != 7 {
				t.Fatalf("%d won and %d lost, want 1 and 7", len(pairs), failures)
			}
			refused(t, i, token.Access, pairs[0].AccessToken, token.ErrRevoked) // the token was in eight hands
		})
	})
	t.Run("V15 within the grace all get one successor", func(t *testing.T) {
		race(t, 0, func(t *testing.T, i *token.Issuer, pairs []token.Pair, failures int64) {
			if len(pairs) != 8 {
				t.Fatalf("%d won and %d lost, want 8 and 0", len(pairs), failures)
			}
			for _, p := range pairs {
				if got, want := verified(t, i, token.Refresh, p.RefreshToken).ID, verified(t, i, token.Refresh, pairs[0].RefreshToken).ID; got != want {
					t.Fatalf("got successors %q and %q, want one", got, want)
				}
			}
		})
	})
	t.Run("REF-7 log-out against refresh: nothing lives on", func(t *testing.T) {
		i, _ := issuer(t, nil)
		for range 200 {
			p := must(i.Pair(ctx, token.Grant{Subject: "u"}))(t)
			var next token.Pair
			barrier := make(chan struct{})
			var both sync.WaitGroup
			both.Go(func() { <-barrier; next, _ = i.Refresh(ctx, p.RefreshToken) })
			both.Go(func() {
				<-barrier
				if err := i.Revoke(ctx, p.RefreshToken); err != nil {
					t.Error(err)
				}
			})
			close(barrier)
			both.Wait()
			if next != (token.Pair{}) {
				refused(t, i, token.Access, next.AccessToken, token.ErrRevoked)
				notRefreshed(t, i, next.RefreshToken, token.ErrRevoked)
			}
		}
	})
}

// race has eight callers refresh with one token at the same moment, 200 times.
func race(t *testing.T, grace time.Duration, check func(t *testing.T, i *token.Issuer, pairs []token.Pair, failures int64)) {
	i, _ := issuer(t, func(c *token.Config) { c.RefreshGrace = grace })
	for range 200 {
		raw := must(i.Pair(ctx, token.Grant{Subject: "u"}))(t).RefreshToken
		var failures atomic.Int64
		won := make(chan token.Pair, 8)
		barrier := make(chan struct{})
		var callers sync.WaitGroup
		for range 8 {
			callers.Go(func() {
				<-barrier
				p, err := i.Refresh(ctx, raw)
				if err == nil {
					won <- p
					return
				}
				failures.Add(1)
				wantErr(t, err, token.ErrRevoked)
			})
		}
		close(barrier)
		callers.Wait()
		close(won)
		var pairs []token.Pair
		for p := range won {
			pairs = append(pairs, p)
		}
		check(t, i, pairs, failures.Load())
	}
}
