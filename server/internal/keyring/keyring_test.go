package keyring_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/server/internal/keyring"
	"github.com/jotgate/jotgate/server/internal/store"
	"github.com/jotgate/jotgate/server/internal/store/sqlstore"
)

// bench is a data folder with a store and a clock.
type bench struct {
	t      *testing.T
	dir    string
	store  *sqlstore.Store
	master keyring.Master
	now    time.Time
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, dir: t.TempDir(), now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	st, err := sqlstore.Open(t.Context(), "sqlite:"+b.database(), store.Options{Issuer: "x", TokenLife: time.Minute, Now: func() time.Time { return b.now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	b.store = st
	if b.master, err = keyring.LoadMaster(b.masterFile(), true); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) database() string   { return filepath.Join(b.dir, "jotgate.db") }
func (b *bench) masterFile() string { return filepath.Join(b.dir, "master.key") }

func (b *bench) open(alg string) (*keyring.Ring, error) {
	return keyring.Open(context.Background(), keyring.Config{
		Keys: b.store, Master: b.master, Algorithm: alg, TokenLife: 15 * time.Minute, Now: func() time.Time { return b.now },
	})
}

func (b *bench) mustOpen(alg string) *keyring.Ring {
	b.t.Helper()
	ring, err := b.open(alg)
	if err != nil {
		b.t.Fatal(err)
	}
	return ring
}

func (b *bench) sign(r *keyring.Ring) string {
	b.t.Helper()
	token, err := r.Sign("at+jwt", jwt.Claims{Issuer: "x", ExpiresAt: b.now.Add(time.Minute)})
	if err != nil {
		b.t.Fatal(err)
	}
	return token
}

// verify returns nil when the ring has the token's key and the signature is right.
func verify(r *keyring.Ring, token string) error {
	parsed, err := jwt.Parse(token)
	if err != nil {
		return err
	}
	key, err := r.Key(context.Background(), "", parsed.Header().KeyID, parsed.Header().Algorithm)
	if err != nil {
		return err
	}
	_, err = parsed.Verify(key)
	return err
}

func published(t *testing.T, r *keyring.Ring) []map[string]any {
	t.Helper()
	b, err := r.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal(b, &set); err != nil {
		t.Fatal(err)
	}
	return set.Keys
}

func TestFirstKeyIsMadeOnce(t *testing.T) {
	b := newBench(t)
	token := b.sign(b.mustOpen(jwt.ES256))
	again := b.mustOpen(jwt.ES256)
	if err := verify(again, token); err != nil {
		t.Errorf("after reopening: %v", err)
	}
	if keys := published(t, again); len(keys) != 1 {
		t.Errorf("published keys: got %d, want 1", len(keys))
	}
}

func TestEveryAlgorithmSigns(t *testing.T) {
	for _, alg := range jwt.Algorithms() {
		if testing.Short() && strings.HasSuffix(alg, "512") {
			continue
		}
		t.Run(alg, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			ring := b.mustOpen(alg)
			if err := verify(b.mustOpen(alg), b.sign(ring)); err != nil {
				t.Error(err)
			}
			if ring.Algorithm() != alg {
				t.Errorf("algorithm: got %s, want %s", ring.Algorithm(), alg)
			}
		})
	}
}

func TestAnotherAlgorithmRetiresTheOldKey(t *testing.T) {
	b := newBench(t)
	old := b.sign(b.mustOpen(jwt.ES256))
	b.now = b.now.Add(time.Second)
	ring := b.mustOpen(jwt.EdDSA)
	if err := verify(ring, old); err != nil {
		t.Errorf("a token of the retired key, within its life: %v", err)
	}
	if keys := published(t, ring); len(keys) != 2 || keys[0]["alg"] != "EdDSA" {
		t.Errorf("published: got %v, want the new key before the old", keys)
	}
	b.now = b.now.Add(15 * time.Minute)
	if err := verify(ring, old); !errors.Is(err, jwt.ErrUnknownKey) {
		t.Errorf("when the last token of the retired key is over: got %v, want %v", err, jwt.ErrUnknownKey)
	}
	if keys := published(t, ring); len(keys) != 1 {
		t.Errorf("published: got %d keys, want 1", len(keys))
	}
}

func TestSecretsAndKeyPairsDoNotMix(t *testing.T) {
	b := newBench(t)
	old := b.sign(b.mustOpen(jwt.ES256))
	ring := b.mustOpen(jwt.HS256)
	if err := verify(ring, old); !errors.Is(err, jwt.ErrUnknownKey) {
		t.Errorf("a token of a key pair beside a secret: got %v, want %v", err, jwt.ErrUnknownKey)
	}
	if keys := published(t, ring); len(keys) != 0 {
		t.Errorf("published: got %v, want nothing: a secret is never published", keys)
	}
}

func TestPublishedKeysHaveNoPrivatePart(t *testing.T) {
	for _, alg := range []string{jwt.ES256, jwt.RS256, jwt.EdDSA} {
		b := newBench(t)
		for _, key := range published(t, b.mustOpen(alg)) {
			for _, member := range []string{"d", "p", "q", "dp", "dq", "qi", "k"} {
				if _, has := key[member]; has {
					t.Errorf("%s: member %q is published", alg, member)
				}
			}
			if key["use"] != "sig" || key["kid"] == "" || key["alg"] != alg {
				t.Errorf("%s: got %v; want use, kid and alg", alg, key)
			}
		}
	}
}

// What lies on the disk holds no private key in any form that could be used without the master key.
func TestL01NothingUsableAtRest(t *testing.T) {
	b := newBench(t)
	b.mustOpen(jwt.RS256)
	b.mustOpen(jwt.ES256)
	_ = b.store.Close()
	for _, path := range []string{b.database(), b.database() + "-wal"} {
		content, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		for _, mark := range []string{"PRIVATE KEY", `"d":`, `"k":`} {
			if bytes.Contains(content, []byte(mark)) {
				t.Errorf("%s contains %q", filepath.Base(path), mark)
			}
		}
	}
}

// tamper runs one statement on the database behind the store's back.
func (b *bench) tamper(statement string, args ...any) {
	b.t.Helper()
	db, err := sql.Open("sqlite", b.database())
	if err != nil {
		b.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement, args...); err != nil {
		b.t.Fatal(err)
	}
}

func TestL02ChangedKeysStopTheStart(t *testing.T) {
	prepare := func(t *testing.T) (*bench, []store.Key) {
		b := newBench(t)
		b.mustOpen(jwt.ES256)
		b.mustOpen(jwt.EdDSA)
		keys, err := b.store.Keys(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return b, keys
	}
	stops := func(t *testing.T, b *bench, kid string) {
		t.Helper()
		before, _ := b.store.Keys(t.Context())
		if _, err := b.open(jwt.EdDSA); err == nil || !strings.Contains(err.Error(), kid) {
			t.Errorf("got %v; want an error that names key %s", err, kid)
		}
		if after, _ := b.store.Keys(t.Context()); len(after) != len(before) {
			t.Errorf("keys: got %d, want %d: none is minted in silence", len(after), len(before))
		}
	}
	t.Run("bit flipped", func(t *testing.T) {
		b, keys := prepare(t)
		sealed := bytes.Clone(keys[0].Sealed)
		sealed[len(sealed)/2] ^= 1
		b.setSealed(keys[0].ID, sealed)
		stops(t, b, keys[0].ID)
	})
	t.Run("nonce flipped", func(t *testing.T) {
		b, keys := prepare(t)
		sealed := bytes.Clone(keys[1].Sealed)
		sealed[0] ^= 1
		b.setSealed(keys[1].ID, sealed)
		stops(t, b, keys[1].ID)
	})
	t.Run("rows swapped", func(t *testing.T) {
		b, keys := prepare(t)
		b.setSealed(keys[0].ID, keys[1].Sealed)
		b.setSealed(keys[1].ID, keys[0].Sealed)
		stops(t, b, "signing key")
	})
	t.Run("cut short", func(t *testing.T) {
		b, keys := prepare(t)
		b.setSealed(keys[0].ID, keys[0].Sealed[:5])
		stops(t, b, keys[0].ID)
	})
	t.Run("another master key", func(t *testing.T) {
		b, _ := prepare(t)
		other, err := keyring.LoadMaster(filepath.Join(t.TempDir(), "master.key"), true)
		if err != nil {
			t.Fatal(err)
		}
		b.master = other
		stops(t, b, "signing key")
	})
}

func (b *bench) setSealed(kid string, sealed []byte) {
	b.t.Helper()
	b.tamper(`UPDATE keys SET sealed = $1 WHERE id = $2`, sealed, kid)
}

func TestL08MasterKeyFile(t *testing.T) {
	t.Run("made for the owner alone, whatever the umask", func(t *testing.T) {
		old := syscall.Umask(0)
		defer syscall.Umask(old)
		path := filepath.Join(t.TempDir(), "master.key")
		if _, err := keyring.LoadMaster(path, true); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("mode: got %04o, want 0600", mode)
		}
	})
	t.Run("refused when others may read it", func(t *testing.T) {
		for _, mode := range []os.FileMode{0o640, 0o604, 0o660, 0o777} {
			path := filepath.Join(t.TempDir(), "master.key")
			if _, err := keyring.LoadMaster(path, true); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			if _, err := keyring.LoadMaster(path, true); err == nil || !strings.Contains(err.Error(), "chmod 600") {
				t.Errorf("mode %04o: got %v; want a refusal that says chmod 600", mode, err)
			}
		}
	})
	t.Run("never made beside keys that another one sealed", func(t *testing.T) {
		if _, err := keyring.LoadMaster(filepath.Join(t.TempDir(), "master.key"), false); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("got %v, want %v", err, os.ErrNotExist)
		}
	})
	t.Run("not a key", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "master.key")
		if err := os.WriteFile(path, []byte("changeme\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := keyring.LoadMaster(path, true); err == nil || strings.Contains(err.Error(), "changeme") {
			t.Errorf("got %v; want a refusal that does not repeat the content", err)
		}
	})
}

func TestKeysAreFoundByExactKid(t *testing.T) {
	b := newBench(t)
	ring := b.mustOpen(jwt.ES256)
	kid := published(t, ring)[0]["kid"].(string)
	for name, wrong := range map[string]string{
		"none": "", "prefix": kid[:10], "suffix": kid[10:], "longer": kid + "x", "other case": strings.ToLower(kid),
	} {
		if _, err := ring.Key(t.Context(), "", wrong, jwt.ES256); !errors.Is(err, jwt.ErrUnknownKey) {
			t.Errorf("%s: got %v, want %v", name, err, jwt.ErrUnknownKey)
		}
	}
	if _, err := ring.Key(t.Context(), "", kid, jwt.HS256); !errors.Is(err, jwt.ErrAlgorithm) {
		t.Errorf("another algorithm: got %v, want %v", err, jwt.ErrAlgorithm)
	}
}
