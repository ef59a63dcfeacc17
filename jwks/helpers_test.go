package jwks_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jotgate/jotgate/jwks"
	"github.com/jotgate/jotgate/jwt"
)

const iss = "https://id.example"

var ctx = context.Background()

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

// private has one private key a kid, made when first asked for.
var private = func() func(testing.TB, string) jwt.Key {
	var mu sync.Mutex
	keys := make(map[string]jwt.Key)
	return func(tb testing.TB, kid string) jwt.Key {
		mu.Lock()
		defer mu.Unlock()
		if keys[kid].IsZero() {
			keys[kid] = must(jwt.GenerateKey(jwt.EdDSA, kid))(tb)
		}
		return keys[kid]
	}
}()

// set is what an issuer publishes who has these keys.
func set(tb testing.TB, kids ...string) string {
	tb.Helper()
	var keys []jwt.Key
	for _, kid := range kids {
		keys = append(keys, private(tb, kid))
	}
	return string(must(must(jwt.NewKeySet(keys...))(tb).MarshalJSON())(tb))
}

// issuer publishes a set. Its HTTP is the real one over connections in memory, so that it can live in a bubble where
// time is ours.
type issuer struct {
	mu           sync.Mutex
	body         string
	header       http.Header
	answer       http.HandlerFunc // instead of body and header
	requests     atomic.Int64
	inside, most atomic.Int64 // how many requests at a time

	conns chan net.Conn
	done  chan struct{}
}

func newIssuer(tb testing.TB, kids ...string) *issuer {
	p := &issuer{conns: make(chan net.Conn), done: make(chan struct{})}
	if len(kids) > 0 {
		p.body = set(tb, kids...)
	}
	server := &http.Server{Handler: p}
	go server.Serve(p)
	tb.Cleanup(func() { server.Close() })
	return p
}

func (p *issuer) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *issuer) Close() error   { close(p.done); return nil }
func (p *issuer) Addr() net.Addr { return &net.TCPAddr{} }

func (p *issuer) transport() *http.Transport {
	return &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		near, far := net.Pipe()
		select {
		case p.conns <- far:
			return near, nil
		case <-p.done:
			return nil, errors.New("connection refused")
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}}
}

func (p *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.requests.Add(1)
	n := p.inside.Add(1)
	defer p.inside.Add(-1)
	for most := p.most.Load(); n > most && !p.most.CompareAndSwap(most, n); most = p.most.Load() {
	}
	p.mu.Lock()
	body, header, answer := p.body, p.header, p.answer
	p.mu.Unlock()
	if answer != nil {
		answer(w, r)
		return
	}
	for name, values := range header {
		w.Header()[name] = values
	}
	w.Write([]byte(body))
}

func (p *issuer) publish(body string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.body, p.answer = body, nil
}

// fail has the issuer answer differently; nil: as before.
func (p *issuer) fail(answer http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// hangs is an issuer that accepts and never answers.
func hangs(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// source reads from p, never jitters, and keeps its log.
func (p *issuer) source(tb testing.TB, change func(*jwks.Config)) (*jwks.Source, *buffer) {
	tb.Helper()
	log := new(buffer)
	c := jwks.Config{
		URL: "http://localhost/keys", Issuer: iss, Transport: p.transport(), InsecureAnyAddress: true,
		Random: func() float64 { return 0 },
		Logger: slog.New(slog.NewTextHandler(log, nil)),
	}
	if change != nil {
		change(&c)
	}
	s := must(jwks.New(c))(tb)
	tb.Cleanup(func() { s.Close() })
	return s, log
}

// buffer is a log that is read while it is written.
type buffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// wantKey asks for a key and checks what comes: the key of that kid if want is nil, else an error of that kind.
func wantKey(tb testing.TB, s jwks.Keys, kid string, want error) {
	tb.Helper()
	k, err := s.Key(ctx, iss, kid, jwt.EdDSA)
	if !errors.Is(err, want) {
		tb.Errorf("kid %q: got error %v, want %v", kid, err, want)
	}
	if want == nil && k.ID() != kid {
		tb.Errorf("kid %q: got %v", kid, k)
	}
	if want != nil && !k.IsZero() {
		tb.Errorf("kid %q: got %v beside an error", kid, k)
	}
}

// wantOutage asks for a key and checks that the answer is a failure of ours, which a guard answers with 503.
func wantOutage(tb testing.TB, s jwks.Keys, kid string) {
	tb.Helper()
	k, err := s.Key(ctx, iss, kid, jwt.EdDSA)
	if err == nil || errors.Is(err, jwt.ErrUnknownKey) || errors.Is(err, jwt.ErrAlgorithm) || !k.IsZero() {
		tb.Errorf("kid %q: got %v and error %v, want no key and an error that is not the token's fault", kid, k, err)
	}
}

func (p *issuer) wantRequests(tb testing.TB, want int64) {
	tb.Helper()
	if got := p.requests.Load(); got != want {
		tb.Errorf("got %d requests, want %d", got, want)
	}
}

// took tells how long f took.
func took(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

// inBubble runs a test where time passes only when everyone waits.
func inBubble(t *testing.T, name string, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}
