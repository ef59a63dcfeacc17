package server_test

import (
	"bufio"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jotgate/jotgate/server/internal/keyring"
	"github.com/jotgate/jotgate/server/internal/store"
	"github.com/jotgate/jotgate/server/internal/store/sqlstore"
)

// forger signs what it likes with the server's own key, taken out of its database with its master key.
type forger struct {
	key    *ecdsa.PrivateKey
	header map[string]any // of the token it began with
	claims map[string]any
}

// newForger starts from a good token.
func newForger(t *testing.T, n *node, access string) forger {
	t.Helper()
	parts := strings.Split(access, ".")
	f := forger{header: map[string]any{}, claims: map[string]any{}}
	for i, v := range []*map[string]any{&f.header, &f.claims} {
		if err := json.Unmarshal(unbase64(t, parts[i]), v); err != nil {
			t.Fatal(err)
		}
	}
	var jwk struct{ D string }
	if err := json.Unmarshal(stolenKey(t, n, f.header["kid"].(string)), &jwk); err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), unbase64(t, jwk.D))
	if err != nil {
		t.Fatal(err)
	}
	f.key = key
	return f
}

// stolenKey opens a signing key at rest: AES-256-GCM under a key derived from the master key, bound to kid and algorithm.
func stolenKey(t *testing.T, n *node, kid string) []byte {
	t.Helper()
	master, err := keyring.LoadMaster(filepath.Join(n.Settings().Data, "master.key"), false)
	if err != nil {
		t.Fatal(err)
	}
	st := openStore(t, n)
	keys, err := st.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if k.ID != kid {
			continue
		}
		block, err := aes.NewCipher(master.Derive("signing keys at rest"))
		if err != nil {
			t.Fatal(err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := aead.Open(nil, k.Sealed[:12], k.Sealed[12:], []byte("jotgate signing key 1 "+kid+" "+k.Algorithm))
		if err != nil {
			t.Fatal(err)
		}
		return plain
	}
	t.Fatalf("key %s: not among %d", kid, len(keys))
	return nil
}

// openStore opens the server's database beside it.
func openStore(t testing.TB, n *node) store.Store {
	t.Helper()
	st, err := sqlstore.Open(context.Background(), n.Settings().Store, store.Options{Issuer: n.Settings().PublicURL, Now: n.Clock.Now, Patience: patience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

// with returns the claims with changes; a nil takes one away.
func with(claims, changes map[string]any) map[string]any {
	out := maps.Clone(claims)
	for name, v := range changes {
		if v == nil {
			delete(out, name)
		} else {
			out[name] = v
		}
	}
	return out
}

// claim signs the good header over changed claims.
func (f forger) claim(changes map[string]any) string {
	return f.sign(text(f.header), text(with(f.claims, changes)))
}

// head signs a changed header over the good claims.
func (f forger) head(changes map[string]any) string {
	return f.sign(text(with(f.header, changes)), text(f.claims))
}

// sign signs any bytes.
func (f forger) sign(header, payload string) string {
	input := encode64(header) + "." + encode64(payload)
	return input + "." + encode64(f.signature(input))
}

func (f forger) signature(input string) string {
	sum := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, f.key, sum[:])
	if err != nil {
		panic(err) // of a good key and a good source of randomness
	}
	raw := make([]byte, 64)
	r.FillBytes(raw[:32])
	s.FillBytes(raw[32:])
	return string(raw)
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func encode64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func unbase64(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// raw sends bytes as they are, which net/http's client would not, and returns the status of the answer.
func (n *node) raw(request string) int {
	n.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(n.URL, "http://"))
	if err != nil {
		n.t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		n.t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		n.t.Fatalf("%.60q: %v", request, err)
	}
	res.Body.Close()
	return res.StatusCode
}

// meHeader returns the status of GET /v1/me with these bytes as the value of Authorization.
func (n *node) meHeader(authorization string) int {
	n.t.Helper()
	return n.raw("GET /v1/me HTTP/1.1\r\nHost: api\r\nAuthorization: " + authorization + "\r\n\r\n")
}

// errorsIn counts the log's lines of level ERROR.
func (n *node) errorsIn() int { return strings.Count(n.Log.String(), `"level":"ERROR"`) }
