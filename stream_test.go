package jotgate_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/revocation"
)

// clocked is a gate on the clock of a synctest bubble, and the identity of a token that lives 15 minutes.
func clocked(t *testing.T, change ...func(*jotgate.Config)) (gate, jotgate.Identity) {
	g := newGate(t, append(change, func(c *jotgate.Config) { c.Now = time.Now })...)
	return g, g.identity(t, g.token(t, lives(15*time.Minute)), jotgate.Rule{})
}

func lives(d time.Duration) func(*jwt.Claims) {
	return func(c *jwt.Claims) {
		c.IssuedAt, c.AuthTime, c.ExpiresAt = time.Now(), time.Now(), time.Now().Add(d)
	}
}

// wantOpen checks that a stream is open now, and wantCut why it is not.
func wantOpen(t *testing.T, ctx context.Context) {
	t.Helper()
	synctest.Wait()
	if ctx.Err() != nil {
		t.Fatalf("want the stream open, got %v", context.Cause(ctx))
	}
}

func wantCut(t *testing.T, ctx context.Context, cause error) {
	t.Helper()
	synctest.Wait()
	if !errors.Is(context.Cause(ctx), cause) || ctx.Err() == nil {
		t.Fatalf("want the stream cut: %v; got %v", cause, context.Cause(ctx))
	}
}

// unwatched are revocations that can only be asked.
type unwatched struct{ jotgate.Revocations }

// A bubble does not end while one of its goroutines is left, so each of these also finds leaks.
func TestStream(t *testing.T) {
	other := revocation.Record{Kind: revocation.Session, Key: revocation.KeyOf(revocation.Session, issuer, "s9")}
	poll := func(c *jotgate.Config) { c.Revocations = unwatched{c.Revocations} }
	for _, c := range []struct {
		name string
		play func(*testing.T)
	}{
		{"PRX-7 ends at exp and leeway", func(t *testing.T) {
			g, id := clocked(t)
			ctx, end := g.Stream(t.Context(), id)
			defer end()
			time.Sleep(15*time.Minute + 30*time.Second - time.Nanosecond)
			wantOpen(t, ctx)
			time.Sleep(time.Nanosecond)
			wantCut(t, ctx, jotgate.ErrStreamExpired)
		}},
		{"PRX-7 ends at revocation, at once", func(t *testing.T) {
			g, id := clocked(t)
			ctx, end := g.Stream(t.Context(), id)
			defer end()
			g.dead.Add(other)
			wantOpen(t, ctx)
			g.dead.Add(sessionOf(issuer))
			wantCut(t, ctx, jotgate.ErrStreamRevoked)
		}},
		{"PRX-7 ends at once, revoked already", func(t *testing.T) {
			g, id := clocked(t)
			g.dead.Add(sessionOf(issuer))
			ctx, end := g.Stream(t.Context(), id)
			defer end()
			wantCut(t, ctx, jotgate.ErrStreamRevoked)
		}},
		{"PRX-7 ends at once, expired already", func(t *testing.T) {
			g, id := clocked(t)
			time.Sleep(time.Hour)
			ctx, end := g.Stream(t.Context(), id)
			defer end()
			wantCut(t, ctx, jotgate.ErrStreamExpired)
		}},
		{"PRX-7 ends within a second of a revocation that can only be asked for", func(t *testing.T) {
			g, id := clocked(t, poll)
			ctx, end := g.Stream(t.Context(), id)
			defer end()
			time.Sleep(10*time.Second + time.Millisecond)
			g.dead.Add(sessionOf(issuer))
			wantOpen(t, ctx)
			time.Sleep(time.Second)
			wantCut(t, ctx, jotgate.ErrStreamRevoked)
		}},
		{"PRX-7 ends at once, revoked already, of revocations that can only be asked", func(t *testing.T) {
			g, id := clocked(t, poll)
			g.dead.Add(sessionOf(issuer))
			ctx, end := g.Stream(t.Context(), id)
			defer end()
			wantCut(t, ctx, jotgate.ErrStreamRevoked)
		}},
		{"ends within a second, of revocations that ask more than the set that they embed", func(t *testing.T) {
			dead := &audited{Set: revocation.NewSet()}
			g, id := clocked(t, func(c *jotgate.Config) { c.Revocations = dead })
			ctx, end := g.Stream(t.Context(), id)
			defer end()
			wantOpen(t, ctx)
			dead.banned.Store(true)
			time.Sleep(time.Second)
			wantCut(t, ctx, jotgate.ErrStreamRevoked)
		}},
		{"an outage cuts nobody before exp", func(t *testing.T) {
			down := new(failing)
			g, id := clocked(t, func(c *jotgate.Config) { c.Revocations = down })
			ctx, end := g.Stream(t.Context(), id)
			defer end()
			down.broken.Store(true)
			time.Sleep(15 * time.Minute)
			wantOpen(t, ctx)
			time.Sleep(time.Minute)
			wantCut(t, ctx, jotgate.ErrStreamExpired)
		}},
		{"without revocations ends at exp", func(t *testing.T) {
			g, id := clocked(t, func(c *jotgate.Config) { c.Revocations = nil })
			ctx, end := g.Stream(t.Context(), id)
			defer end()
			time.Sleep(time.Hour)
			wantCut(t, ctx, jotgate.ErrStreamExpired)
		}},
		{"of a token for ever lives until it is revoked", func(t *testing.T) {
			g := newGate(t, func(c *jotgate.Config) { c.Now, c.InsecureOptionalExpiry = time.Now, true })
			id := g.identity(t, g.token(t, lives(0), func(c *jwt.Claims) { c.ExpiresAt = time.Time{} }), jotgate.Rule{})
			ctx, end := g.Stream(t.Context(), id)
			defer end()
			time.Sleep(1000 * time.Hour)
			wantOpen(t, ctx)
			g.dead.Add(sessionOf(issuer))
			wantCut(t, ctx, jotgate.ErrStreamRevoked)
		}},
		{"of nobody ends with the request alone", func(t *testing.T) {
			g, _ := clocked(t)
			ctx, end := g.Stream(t.Context(), jotgate.Identity{})
			time.Sleep(time.Hour)
			wantOpen(t, ctx)
			end()
			wantCut(t, ctx, context.Canceled)
		}},
		{"ends with its request, and by itself", func(t *testing.T) {
			for _, change := range []func(*jotgate.Config){poll, func(*jotgate.Config) {}} {
				g, id := clocked(t, change)
				request, gone := context.WithCancel(t.Context())
				one, end := g.Stream(request, id)
				two, endTwo := g.Stream(request, id)
				end()
				wantCut(t, one, context.Canceled)
				wantOpen(t, two)
				gone()
				wantCut(t, two, context.Canceled)
				endTwo()
			}
		}},
		{"a thousand, and none is left behind", func(t *testing.T) {
			g, id := clocked(t)
			var streams []context.Context
			for range 1000 {
				ctx, end := g.Stream(t.Context(), id)
				defer end()
				streams = append(streams, ctx)
			}
			g.dead.Add(sessionOf(issuer))
			for _, ctx := range streams {
				wantCut(t, ctx, jotgate.ErrStreamRevoked)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) { synctest.Test(t, c.play) })
	}
}

// A WebSocket's handshake by subprotocol: the handler answers with the word, and the stream is cut on log-out.
func TestWebSocketHandshake(t *testing.T) {
	g := at(t, inOffers)
	s := httptest.NewServer(g.Require()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, _ := jotgate.From(r.Context())
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = c.Close() }()
		ctx, end := g.Stream(context.WithoutCancel(r.Context()), id)
		defer end()
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: bearer\r\n\r\n")
		_ = rw.Flush()
		<-ctx.Done()
		_, _ = io.WriteString(c, context.Cause(ctx).Error())
	})))
	defer s.Close()
	token := g.token(t, func(c *jwt.Claims) { c.ExpiresAt = noon.Add(24 * time.Hour) })
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	must(t, err)
	defer func() { _ = c.Close() }()
	_, err = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: bearer, "+token+"\r\n\r\n")
	must(t, err)
	r := bufio.NewReader(c)
	answer, err := http.ReadResponse(r, nil)
	must(t, err)
	t.Run("G17 bearer echoed, never the token", func(t *testing.T) {
		if answer.StatusCode != 101 || answer.Header.Get("Sec-WebSocket-Protocol") != "bearer" {
			t.Fatalf("want 101 with bearer, got %s with %q", answer.Status, answer.Header)
		}
	})
	g.dead.Add(sessionOf(issuer))
	if last, err := io.ReadAll(r); err != nil || !strings.Contains(string(last), "revoked") {
		t.Errorf("want the stream cut for its revocation, got %q and %v", last, err)
	}
}
