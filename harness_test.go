package jotgate_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/revocation"
)

const (
	issuer   = "https://id.example"
	audience = "orders"
)

var (
	noon   = time.Unix(1_800_000_000, 0).UTC()
	secret = []byte("k7Jx-2mQw9Zr4Tn8Vb1Yc6Hd3Gf5Ls0P")
)

// gate is a guard with all that stands around it: its key, what it holds for dead, and what it logs.
type gate struct {
	*jotgate.Guard
	key  jwt.Key
	dead *revocation.Set
	log  *logbook
}

func newGate(tb testing.TB, change ...func(*jotgate.Config)) gate {
	tb.Helper()
	g := gate{key: newKey(tb, jwt.HS256, "k1"), dead: revocation.NewSet(), log: &logbook{}}
	c := jotgate.Config{
		Issuer: issuer, Audience: audience, Keys: newKeySet(tb, g.key), Revocations: g.dead,
		Now: func() time.Time { return noon }, Logger: g.log.logger(),
	}
	for _, f := range change {
		f(&c)
	}
	g.Guard = newGuard(tb, c)
	return g
}

func newGuard(tb testing.TB, c jotgate.Config) *jotgate.Guard {
	tb.Helper()
	guard, err := jotgate.New(c)
	if err != nil {
		tb.Fatal(err)
	}
	return guard
}

func newKey(tb testing.TB, alg, kid string) jwt.Key {
	tb.Helper()
	k, err := jwt.NewKey(alg, kid, secret)
	if alg != jwt.HS256 {
		k, err = jwt.GenerateKey(alg, kid)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func newKeySet(tb testing.TB, keys ...jwt.Key) *jwt.KeySet {
	tb.Helper()
	set, err := jwt.NewKeySet(keys...)
	if err != nil {
		tb.Fatal(err)
	}
	return set
}

// claims are those of a good token, changed.
func claims(change ...func(*jwt.Claims)) jwt.Claims {
	c := jwt.Claims{
		Issuer: issuer, Subject: "u1", Audience: []string{audience}, ID: "t1", ClientID: "app", SessionID: "s1",
		IssuedAt: noon.Add(-time.Minute), ExpiresAt: noon.Add(15 * time.Minute), AuthTime: noon.Add(-10 * time.Minute),
		Roles: []string{"user"}, Permissions: []string{"orders:read"}, UserVersion: 3, PolicyVersion: 7,
	}
	for _, f := range change {
		f(&c)
	}
	return c
}

func sign(tb testing.TB, k jwt.Key, h jwt.Header, c jwt.Claims) string {
	tb.Helper()
	raw, err := jwt.SignClaims(k, h, c)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// token signs an access token for g.
func (g gate) token(tb testing.TB, change ...func(*jwt.Claims)) string {
	tb.Helper()
	return sign(tb, g.key, jwt.Header{Type: "at+jwt"}, claims(change...))
}

// raw signs a payload that no Claims could write.
func (g gate) raw(tb testing.TB, h jwt.Header, payload string) string {
	tb.Helper()
	raw, err := jwt.Sign(g.key, h, []byte(payload))
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// refusal checks that a raw token is refused, and that nothing but the refusal comes back.
func (g gate) refusal(tb testing.TB, raw string, rule jotgate.Rule) *jotgate.Refusal {
	tb.Helper()
	id, err := g.Check(tb.Context(), raw, rule)
	var r *jotgate.Refusal
	if !errors.As(err, &r) {
		tb.Fatalf("error: want a *Refusal, got %v", err)
	}
	if !id.IsZero() {
		tb.Errorf("identity beside an error: want nobody, got %q", id.Subject())
	}
	return r
}

// identity checks that a raw token passes.
func (g gate) identity(tb testing.TB, raw string, rule jotgate.Rule) jotgate.Identity {
	tb.Helper()
	id, err := g.Check(tb.Context(), raw, rule)
	if err != nil {
		tb.Fatalf("want an identity, got %v", err)
	}
	return id
}

// get asks h with these Authorization headers.
func get(h http.Handler, authorization ...string) *http.Response {
	r := httptest.NewRequest(http.MethodGet, "/orders", nil)
	if len(authorization) > 0 {
		r.Header["Authorization"] = authorization
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(tb testing.TB, r *http.Response) string {
	tb.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

func wantStatus(tb testing.TB, r *http.Response, want int) {
	tb.Helper()
	if r.StatusCode != want {
		tb.Errorf("status: want %d, got %d: %s", want, r.StatusCode, body(tb, r))
	}
}

// whoami answers with the subject, "nobody" for none.
var whoami = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	id, ok := jotgate.From(r.Context())
	if !ok {
		_, _ = io.WriteString(w, "nobody")
		return
	}
	_, _ = io.WriteString(w, id.Subject())
})

// discard is for what is measured or fuzzed.
var discard = slog.New(slog.DiscardHandler)

// logbook keeps what is logged at every level.
type logbook struct {
	mu    sync.Mutex
	bytes bytes.Buffer
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bytes.Write(b)
}

func (l *logbook) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bytes.String()
}

// last returns the attributes of the last line.
func (l *logbook) last(tb testing.TB) map[string]any {
	tb.Helper()
	lines := strings.Split(strings.TrimSpace(l.String()), "\n")
	var m map[string]any
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &m); err != nil {
		tb.Fatalf("log line %q: %v", lines[len(lines)-1], err)
	}
	return m
}

// sessionOf is the record that ends session s1 of an issuer.
func sessionOf(iss string) revocation.Record {
	return revocation.Record{Kind: revocation.Session, Key: revocation.KeyOf(revocation.Session, iss, "s1"), Reason: revocation.ReasonLogout}
}
