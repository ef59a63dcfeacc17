package jwt_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jotgate/jotgate/jwt"
)

var (
	secret32  = []byte("DVWqyfkrFAZd6-6X_yZl-DcI08WoHmiX")
	secret64  = []byte("PtYgjmUhBel31iEl2hpChYgCfrL1spNxnyVmihA_2O76UMFxFkM_R5Kjp1vRt-1f")
	edPrivate = ed25519.NewKeyFromSeed(secret32)
	rsa2048   = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })
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

func at(seconds int64) time.Time { return time.Unix(1_800_000_000+seconds, 0).UTC() }

// privateKeys has one key for each algorithm, all of kid "k".
var privateKeys = sync.OnceValues(func() (map[string]jwt.Key, error) {
	keys := make(map[string]jwt.Key)
	for _, alg := range jwt.Algorithms() {
		var material any
		var err error
		switch alg[:2] {
		case "HS":
			material = secret64
		case "RS", "PS":
			material, err = rsa2048()
		case "ES":
			var k jwt.Key
			if k, err = jwt.GenerateKey(alg, "k"); err == nil {
				keys[alg] = k
				continue
			}
		default:
			material = edPrivate
		}
		if err != nil {
			return nil, err
		}
		if keys[alg], err = jwt.NewKey(alg, "k", material); err != nil {
			return nil, err
		}
	}
	return keys, nil
})

func privateKey(tb testing.TB, alg string) jwt.Key {
	tb.Helper()
	return must(privateKeys())(tb)[alg]
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// forged returns a token over any header and payload bytes, signed by edPrivate.
func forged(header, payload string) string {
	input := b64([]byte(header)) + "." + b64([]byte(payload))
	return input + "." + b64(ed25519.Sign(edPrivate, []byte(input)))
}

// forgedHS is forged with HMAC-SHA-256.
func forgedHS(secret []byte, header, payload string) string {
	input := b64([]byte(header)) + "." + b64([]byte(payload))
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(input))
	return input + "." + b64(mac.Sum(nil))
}

func edKey(tb testing.TB, kid string) jwt.Key {
	tb.Helper()
	return must(jwt.NewKey(jwt.EdDSA, kid, edPrivate))(tb)
}

// wantErr checks an error's kind.
func wantErr(tb testing.TB, got, want error) {
	tb.Helper()
	if !errors.Is(got, want) {
		tb.Errorf("got error %v, want %v", got, want)
	}
}

// refusedToken checks that a token is refused on both ways, with the expected kind of error and nothing beside it.
func refusedToken(tb testing.TB, raw string, k jwt.Key, want error) {
	tb.Helper()
	v, err := jwt.Verify(raw, k)
	wantErr(tb, err, want)
	if !reflect.ValueOf(v).IsZero() {
		tb.Errorf("Verify returned %v beside an error", v)
	}
	u, err := jwt.Parse(raw)
	if err == nil {
		v, err = u.Verify(k)
	}
	wantErr(tb, err, want)
	if err != nil && !reflect.ValueOf(v).IsZero() {
		tb.Errorf("Unverified.Verify returned %v beside an error", v)
	}
}

// accepted checks that a token is accepted on both ways and returns it.
func accepted(tb testing.TB, raw string, k jwt.Key) jwt.Verified {
	tb.Helper()
	u := must(jwt.Parse(raw))(tb)
	stepwise := must(u.Verify(k))(tb)
	v := must(jwt.Verify(raw, k))(tb)
	if !reflect.DeepEqual(v, stepwise) {
		tb.Errorf("Verify got %+v, Parse and Verify %+v", v, stepwise)
	}
	return v
}

func segments(raw string) (header, payload, sig string) {
	s := strings.Split(raw, ".")
	return s[0], s[1], s[2]
}

// standard signs and verifies by the standard library alone, as RFC 7518 and RFC 8037 say.
type standard struct {
	hash    crypto.Hash
	private any
}

func (s standard) digest(input string) []byte {
	h := s.hash.New()
	h.Write([]byte(input))
	return h.Sum(nil)
}

func (s standard) sign(tb testing.TB, alg, input string) []byte {
	tb.Helper()
	switch k := s.private.(type) {
	case []byte:
		mac := hmac.New(s.hash.New, k)
		mac.Write([]byte(input))
		return mac.Sum(nil)
	case *rsa.PrivateKey:
		if alg[0] == 'P' {
			return must(rsa.SignPSS(rand.Reader, k, s.hash, s.digest(input), &rsa.PSSOptions{SaltLength: s.hash.Size()}))(tb)
		}
		return must(rsa.SignPKCS1v15(nil, k, s.hash, s.digest(input)))(tb)
	case *ecdsa.PrivateKey:
		r, t, err := ecdsa.Sign(rand.Reader, k, s.digest(input))
		if err != nil {
			tb.Fatal(err)
		}
		size := (k.Params().BitSize + 7) / 8
		sig := make([]byte, 2*size)
		r.FillBytes(sig[:size])
		t.FillBytes(sig[size:])
		return sig
	}
	return ed25519.Sign(s.private.(ed25519.PrivateKey), []byte(input))
}
