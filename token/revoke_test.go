package token_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/token"
)

var (
	_ jotgate.Revocations = (*token.Revocations)(nil)
	_ jotgate.KeySource   = (token.KeySource)(nil)
)

func TestFreshAgeIsTheGuards(t *testing.T) {
	if token.FreshAge != jotgate.FreshAge {
		t.Errorf("token says %v, the guard %v: want one", token.FreshAge, jotgate.FreshAge)
	}
}

// guardOf is how an API uses an issuer.
func guardOf(tb testing.TB, i *token.Issuer, now *clock) *jotgate.Guard {
	tb.Helper()
	return must(jotgate.New(jotgate.Config{
		Issuer: iss, Audience: "shop", Keys: i.Keys(), Revocations: must(i.Revocations())(tb), Now: now.Now, Logger: slog.New(slog.DiscardHandler),
	}))(tb)
}

// status is what a route answers.
func status(h http.Handler, raw string) int {
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer "+raw)
	h.ServeHTTP(w, r)
	return w.Code
}

func TestRevoke(t *testing.T) {
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {})
	t.Run("V03 an access token: refused on every route, and its refresh token works", func(t *testing.T) {
		i, now := issuer(t, nil)
		g := guardOf(t, i, now)
		routes := map[string]http.Handler{
			"required": g.Require()(ok), "optional": g.Optional()(ok), "fresh": g.Need(jotgate.Rule{MaxAge: jotgate.FreshAge})(ok),
		}
		p := must(i.Pair(ctx, token.Grant{Subject: "u", Fresh: true}))(t)
		for name, h := range routes {
			if got := status(h, p.AccessToken); got != http.StatusOK {
				t.Errorf("%s before: got %d, want 200", name, got)
			}
		}
		if err := i.Revoke(ctx, p.AccessToken); err != nil {
			t.Fatal(err)
		}
		for name, h := range routes {
			if got := status(h, p.AccessToken); got != http.StatusUnauthorized {
				t.Errorf("%s after: got %d, want 401", name, got)
			}
		}
		refused(t, i, token.Access, p.AccessToken, token.ErrRevoked)
		next := refreshed(t, i, p.RefreshToken)
		if got := status(routes["required"], next.AccessToken); got != http.StatusOK {
			t.Errorf("its successor: got %d, want 200", got)
		}
		if got := status(routes["required"], next.RefreshToken); got != http.StatusUnauthorized {
			t.Errorf("a refresh token on a route: got %d, want 401", got)
		}
	})
	t.Run("a refresh token takes its session with it", func(t *testing.T) {
		i, now := issuer(t, nil)
		p := must(i.Pair(ctx, token.Grant{Subject: "u"}))(t)
		next := refreshed(t, i, p.RefreshToken)
		if err := i.Revoke(ctx, next.RefreshToken); err != nil {
			t.Fatal(err)
		}
		for _, raw := range []string{p.AccessToken, next.AccessToken} {
			refused(t, i, token.Access, raw, token.ErrRevoked)
		}
		now.pass(time.Hour)
		notRefreshed(t, i, next.RefreshToken, token.ErrRevoked)
	})
	t.Run("by id and by session", func(t *testing.T) {
		i, _ := issuer(t, nil)
		p := must(i.Pair(ctx, token.Grant{Subject: "u"}))(t)
		if err := i.RevokeID(ctx, verified(t, i, token.Access, p.AccessToken).ID); err != nil {
			t.Fatal(err)
		}
		refused(t, i, token.Access, p.AccessToken, token.ErrRevoked)
		p = refreshed(t, i, p.RefreshToken)
		if err := i.RevokeSession(ctx, p.SessionID); err != nil {
			t.Fatal(err)
		}
		refused(t, i, token.Access, p.AccessToken, token.ErrRevoked)
		wantText(t, i.RevokeID(ctx, ""), "empty id")
	})
	t.Run("expired, twice, for another API, without end", func(t *testing.T) {
		list := new(token.Memory)
		i, now := issuer(t, func(c *token.Config) { c.Denylist, c.InsecureForever = list, true })
		list.Now = now.Now
		for _, g := range []token.Grant{{Audience: []string{"other"}}, {Lifetime: token.Forever}} {
			g.Subject = "u"
			raw := must(i.AccessToken(ctx, g))(t)
			if err := errors.Join(i.Revoke(ctx, raw), i.Revoke(ctx, raw)); err != nil {
				t.Error(err)
			}
		}
		raw := must(i.AccessToken(ctx, token.Grant{Subject: "u"}))(t)
		now.pass(365 * 24 * time.Hour)
		if err := i.Revoke(ctx, raw); err != nil {
			t.Error(err)
		}
		list.Add(ctx, "x", now.Now().Add(time.Hour))
		if got := list.Len(); got != 2 {
			t.Errorf("%d entries, want x and the token without end", got)
		}
	})
	t.Run("what is not ours", func(t *testing.T) {
		i, _ := issuer(t, nil)
		other, _ := issuer(t, func(c *token.Config) { c.Key = must(jwt.GenerateKey(jwt.HS256, "k1"))(t) })
		wantErr(t, i.Revoke(ctx, must(other.AccessToken(ctx, token.Grant{Subject: "u"}))(t)), jwt.ErrSignature)
		if err := i.RevokeID(ctx, "x"); err != nil {
			t.Fatal(err)
		}
		v, err := must(i.Revocations())(t).Check(ctx, jwt.Ref{Issuer: "https://other.example", TokenID: "x"})
		if err != nil || v.Dead {
			t.Errorf("got %+v, %v for another issuer's token, want alive", v, err)
		}
	})
	t.Run("V05 without a denylist", func(t *testing.T) {
		i, _ := issuer(t, func(c *token.Config) { c.Denylist = nil })
		_, err := i.Revocations()
		p := must(i.Pair(ctx, token.Grant{Subject: "u"}))(t)
		for _, err := range []error{err, i.Revoke(ctx, p.AccessToken), i.RevokeID(ctx, "x"), i.RevokeSession(ctx, "x")} {
			wantText(t, err, "Config.Denylist")
		}
	})
	t.Run("a denylist that cannot answer is our failure", func(t *testing.T) {
		down := errors.New("connection refused")
		list := &broken{Memory: new(token.Memory)}
		i, now := issuer(t, func(c *token.Config) { c.Denylist = list })
		p := must(i.Pair(ctx, token.Grant{Subject: "u"}))(t)
		list.err = down
		refused(t, i, token.Access, p.AccessToken, down)
		notRefreshed(t, i, p.RefreshToken, down)
		wantErr(t, i.Revoke(ctx, p.AccessToken), down)
		if got := status(guardOf(t, i, now).Require()(ok), p.AccessToken); got != http.StatusServiceUnavailable {
			t.Errorf("got %d, want 503", got)
		}
		list.err = nil
		for after := range 4 { // whatever the call at which it breaks, the token is not lost
			list.err, list.after = down, after
			notRefreshed(t, i, p.RefreshToken, down)
			list.err = nil
		}
		refreshed(t, i, p.RefreshToken)
	})
}

// broken fails when told to, after so many calls that succeed.
type broken struct {
	*token.Memory
	err   error
	after int
}

func (b *broken) fails() error {
	if b.after--; b.after < 0 {
		return b.err
	}
	return nil
}

func (b *broken) Add(ctx context.Context, id string, until time.Time) (bool, error) {
	if err := b.fails(); err != nil {
		return false, err
	}
	return b.Memory.Add(ctx, id, until)
}

func (b *broken) Any(ctx context.Context, ids ...string) (bool, error) {
	if err := b.fails(); err != nil {
		return false, err
	}
	return b.Memory.Any(ctx, ids...)
}

func TestMemory(t *testing.T) {
	add := func(t *testing.T, m *token.Memory, id string, until time.Time) bool {
		t.Helper()
		return must(m.Add(ctx, id, until))(t)
	}
	has := func(t *testing.T, m *token.Memory, ids ...string) bool {
		t.Helper()
		return must(m.Any(ctx, ids...))(t)
	}
	t.Run("V10 entries leave when their tokens have expired, and no others", func(t *testing.T) {
		now := newClock()
		m := &token.Memory{Now: now.Now}
		for n := range 100 {
			add(t, m, fmt.Sprint(n), now.Now().Add(time.Duration((n*37)%100+1)*time.Second))
		}
		add(t, m, "ever", time.Time{})
		now.pass(50 * time.Second)
		add(t, m, "new", now.Now().Add(time.Second))
		if got := m.Len(); got != 52 {
			t.Errorf("%d entries, want 50, the one for ever and the new one", got)
		}
		for n := range 100 {
			if got, want := has(t, m, fmt.Sprint(n)), (n*37)%100+1 > 50; got != want {
				t.Errorf("entry %d: got there %t, want %t", n, got, want)
			}
		}
		if !has(t, m, "nothing", "ever") || has(t, m, "nothing") || has(t, m) {
			t.Error("Any: want true if one is there, else false")
		}
	})
	t.Run("one that is there stays as it is", func(t *testing.T) {
		now := newClock()
		m := &token.Memory{Now: now.Now}
		if !add(t, m, "x", now.Now().Add(time.Minute)) || add(t, m, "x", now.Now().Add(time.Hour)) {
			t.Error("want added once")
		}
		now.pass(time.Minute)
		if has(t, m, "x") || !add(t, m, "x", now.Now().Add(time.Minute)) {
			t.Error("want it gone, and then added anew")
		}
	})
	t.Run("full: an error, and what is dead stays dead", func(t *testing.T) {
		now := newClock()
		m := &token.Memory{Now: now.Now, Max: 2}
		add(t, m, "a", now.Now().Add(time.Minute))
		add(t, m, "b", now.Now().Add(time.Hour))
		added, err := m.Add(ctx, "c", now.Now().Add(time.Hour))
		if wantText(t, err, "full"); added || !has(t, m, "a") || !has(t, m, "b") {
			t.Error("want c refused, a and b kept")
		}
		now.pass(time.Minute)
		add(t, m, "c", now.Now().Add(time.Hour))
	})
	t.Run("the zero value, by the real clock", func(t *testing.T) {
		var m token.Memory
		if has(t, &m, "x") || !add(t, &m, "x", time.Now().Add(time.Hour)) || !has(t, &m, "x") {
			t.Error("want x there once added")
		}
	})
}
