package token_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/token"
)

const iss = "https://shop.example"

var (
	ctx    = context.Background()
	secret = []byte("q8Vt2mZr0KxW5yLs7BhN4dJf1GpC9aUe")
)

// must returns the value of a call that has to succeed.
func must[T any](v T, err error) func(testing.TB) T {
	return func(tb testing.TB) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return v
	}
}

func secretKey(tb testing.TB, kid string) jwt.Key {
	tb.Helper()
	return must(jwt.NewKey(jwt.HS256, kid, secret))(tb)
}

// clock is set by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Unix(1_800_000_000, 0).UTC()} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// issuer returns one with a denylist in memory, and its clock.
func issuer(tb testing.TB, change func(*token.Config)) (*token.Issuer, *clock) {
	tb.Helper()
	now := newClock()
	c := token.Config{
		Issuer: iss, Audience: []string{"shop"}, Key: secretKey(tb, "k1"), Now: now.Now, Denylist: &token.Memory{Now: now.Now},
	}
	if change != nil {
		change(&c)
	}
	return must(token.New(c))(tb), now
}

// wantErr checks an error's kind; nil is none.
func wantErr(tb testing.TB, got, want error) {
	tb.Helper()
	if !errors.Is(got, want) {
		tb.Errorf("got error %v, want %v", got, want)
	}
}

// wantText checks that there is an error with these words.
func wantText(tb testing.TB, got error, words ...string) {
	tb.Helper()
	for _, w := range words {
		if got == nil || !strings.Contains(got.Error(), w) {
			tb.Errorf("got error %v, want %q in it", got, w)
		}
	}
}

// verified returns a token that has to be accepted.
func verified(tb testing.TB, i *token.Issuer, kind token.Kind, raw string) jwt.Claims {
	tb.Helper()
	return must(i.Verify(ctx, kind, raw))(tb).Claims
}

// refused checks that a token is refused, and that nothing comes beside the error.
func refused(tb testing.TB, i *token.Issuer, kind token.Kind, raw string, want error) {
	tb.Helper()
	t, err := i.Verify(ctx, kind, raw)
	wantErr(tb, err, want)
	if !reflect.ValueOf(t).IsZero() {
		tb.Errorf("got %+v beside an error", t)
	}
}

func header(tb testing.TB, raw string) jwt.Header {
	tb.Helper()
	return must(jwt.Parse(raw))(tb).Header()
}

// object returns all claims by name.
func object(tb testing.TB, c jwt.Claims) map[string]any {
	tb.Helper()
	var m map[string]any
	if err := c.Decode(&m); err != nil {
		tb.Fatal(err)
	}
	return m
}
