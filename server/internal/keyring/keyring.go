// Package keyring holds the keys that sign access tokens: one active, and those retired that still verify what they
// signed. Their private parts rest in the store, encrypted with the master key.
package keyring

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/server/internal/store"
)

// Ring signs and verifies. It is safe for concurrent use.
type Ring struct {
	active    jwt.Key
	verifying []entry // newest first, the active key among them
	now       func() time.Time
}

type entry struct {
	key   jwt.Key
	set   *jwt.KeySet // of it alone: it knows the names of its algorithm
	until time.Time   // when a retired key stops verifying; zero: active
}

// Config is what Open needs.
type Config struct {
	Keys      store.Keys
	Master    Master
	Algorithm string
	// TokenLife is how long a retired key goes on verifying: the longest life of a token that it signed.
	TokenLife time.Duration
	Now       func() time.Time
}

// Open reads the key ring. It makes the first key; and where the active key is of another algorithm than the configured
// one, it makes a new one and retires the old, whose tokens live on. A key that does not open under the master key stops
// the start with its kid: it is never replaced in silence.
func Open(ctx context.Context, c Config) (*Ring, error) {
	for range 3 { // another process may be first; then its key is ours too
		ring, active, err := read(ctx, c)
		if err != nil {
			return nil, err
		}
		if !ring.active.IsZero() && ring.active.Algorithm() == c.Algorithm {
			return ring, nil
		}
		if err := makeKey(ctx, c, active); err != nil && !errors.Is(err, store.ErrKeyExists) {
			return nil, err
		}
	}
	return nil, errors.New("key ring: other servers keep activating keys of another algorithm; give all of them the same `algorithm`")
}

func read(ctx context.Context, c Config) (_ *Ring, active string, _ error) {
	rows, err := c.Keys.Keys(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("reading the key ring: %w", err)
	}
	ring := &Ring{now: c.Now}
	for _, row := range slices.Backward(rows) {
		key, err := unseal(c.Master, row)
		if err != nil {
			return nil, "", err
		}
		set, err := jwt.NewKeySet(key)
		if err != nil {
			return nil, "", fmt.Errorf("signing key %s: %w", row.ID, err)
		}
		e := entry{key: key, set: set}
		if row.State == store.KeyActive {
			ring.active, active = key, row.ID
		} else {
			e.until = row.RetiredAt.Add(c.TokenLife)
		}
		ring.verifying = append(ring.verifying, e)
	}
	ring.dropOtherKind()
	return ring, active, nil
}

// dropOtherKind keeps secrets and key pairs apart: a set that verifies with both invites key confusion, so changing
// from one kind to the other ends the tokens of the old kind.
func (r *Ring) dropOtherKind() {
	r.verifying = slices.DeleteFunc(r.verifying, func(e entry) bool {
		return e.key.Symmetric() != r.active.Symmetric()
	})
}

func unseal(m Master, row store.Key) (jwt.Key, error) {
	plain, err := m.open(row.Sealed, sealName(row.ID, row.Algorithm))
	if err != nil {
		return jwt.Key{}, fmt.Errorf("signing key %s does not open: its row was changed, or this is not the master key that sealed it; restore both from the same backup", row.ID)
	}
	key, err := jwt.ParseJWK(plain)
	if err != nil {
		return jwt.Key{}, fmt.Errorf("signing key %s: %w", row.ID, err)
	}
	if key.ID() != row.ID || key.Algorithm() != row.Algorithm {
		return jwt.Key{}, fmt.Errorf("signing key %s: the sealed key is %s with %s, the row says %s", row.ID, key.ID(), key.Algorithm(), row.Algorithm)
	}
	return key, nil
}

func sealName(kid, alg string) string { return "jotgate signing key 1 " + kid + " " + alg }

func makeKey(ctx context.Context, c Config, replaces string) error {
	key, err := jwt.GenerateKey(c.Algorithm, "")
	if err != nil {
		return fmt.Errorf("making a signing key: %w", err)
	}
	private, err := key.PrivateJWK()
	if err != nil {
		return fmt.Errorf("making a signing key: %w", err)
	}
	now := c.Now()
	row := store.Key{
		ID: key.ID(), Algorithm: c.Algorithm, State: store.KeyActive, CreatedAt: now,
		Sealed: c.Master.seal(private, sealName(key.ID(), c.Algorithm)),
	}
	e := store.Event{
		ID: uuid.Must(uuid.NewV7()).String(), At: now, Action: "key.activate",
		Actor: "server", Target: key.ID(), Result: store.ResultOK, Detail: c.Algorithm,
	}
	return c.Keys.ActivateKey(ctx, row, replaces, e)
}

// Sign returns a token signed with the active key.
func (r *Ring) Sign(typ string, c jwt.Claims) (string, error) {
	return jwt.SignClaims(r.active, jwt.Header{Type: typ}, c)
}

// Key finds a verifying key by exact kid; every key of ours has one. It is the guard's key source.
func (r *Ring) Key(ctx context.Context, iss, kid, alg string) (jwt.Key, error) {
	for _, e := range r.verifying {
		if e.key.ID() == kid && r.verifies(e) {
			return e.set.Key(ctx, iss, kid, alg)
		}
	}
	return jwt.Key{}, jwt.ErrUnknownKey
}

func (r *Ring) verifies(e entry) bool { return e.until.IsZero() || r.now().Before(e.until) }

// JWKS returns the JWK Set (RFC 7517 §5) of the keys that verify now, newest first. A ring that signs with a shared
// secret publishes none.
func (r *Ring) JWKS() ([]byte, error) {
	set := struct {
		Keys []json.RawMessage `json:"keys"`
	}{Keys: []json.RawMessage{}}
	for _, e := range r.verifying {
		if e.key.Symmetric() || !r.verifies(e) {
			continue
		}
		jwk, err := e.key.PublicJWK()
		if err != nil {
			return nil, fmt.Errorf("publishing key %s: %w", e.key.ID(), err)
		}
		set.Keys = append(set.Keys, jwk)
	}
	return json.Marshal(set)
}

// Algorithm returns what the active key signs with.
func (r *Ring) Algorithm() string { return r.active.Algorithm() }
