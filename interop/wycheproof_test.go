package interop_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"runtime"
	"strings"
	"testing"

	"github.com/c2sp/wycheproof"

	"github.com/jotgate/jotgate/jwt"
)

// group is a group of vectors that share a key. Each file fills only the fields of its kind.
type group struct {
	Comment string
	Tests   []vector

	Private, Public      json.RawMessage // a JWK or a JWK Set
	PublicKeyPEM         string
	PublicKeyJWK, KeyJWK json.RawMessage
	TagSize              int // bits
}

type vector struct {
	TcID            int
	Comment, Result string

	JWS, JWE text

	Key, Msg, Tag, Sig hexed
}

// text is a text, or any other value as it stands in the file: a few tokens are JSON objects.
type text string

func (s *text) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, (*string)(s)) != nil {
		*s = text(b)
	}
	return nil
}

type hexed []byte

func (h *hexed) UnmarshalText(b []byte) (err error) {
	*h, err = hex.DecodeString(string(b))
	return err
}

// wyche reads the groups of a file of Wycheproof.
func wyche(t *testing.T, name string) []group {
	t.Helper()
	b, err := fs.ReadFile(wycheproof.TestVectors, name+"_test.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ TestGroups []group }
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return file.TestGroups
}

// override is our answer where it is not the file's.
type override struct {
	accept bool
	why    string
}

const (
	question = "a literal ? stands in the base64url text (RFC 7515 §2)"
	lostPad  = "the padding was lost when the file was made: the text equals that of 357, which is valid"
	otherAlg = "the JWK is for PS256, the token says PS384, and a key is bound to one algorithm (RFC 8725 §3.1)"
	noSuch   = "the JWK is for ES521, which no registry knows; as ES512 it is accepted"
	sequence = "the secret is the bytes 00 01 02 …, which a guesser tries; only NewInsecureKey takes it"
)

// overrides must be exactly where we differ. RSA keys with the fingerprint of ROCA are refused, so those need none.
var overrides = map[string]map[int]override{
	"json_web_signature": {
		346: {false, otherAlg}, 350: {false, otherAlg},
		347: {false, noSuch}, 351: {false, noSuch},
		367: {true, lostPad}, 370: {true, lostPad},
		372: {false, question}, 373: {false, question},
	},
	"json_web_key": {13: {false, sequence}, 14: {false, sequence}, 15: {false, sequence}},
}

// TestTokens holds every JWS of Wycheproof against its result. The counts see to it that no vector vanishes.
func TestTokens(t *testing.T) {
	for _, c := range []struct {
		id, file       string
		jws, jwe       int
		accepted, jwks int // jwks: groups whose keys are a set
	}{
		{"A29", "json_web_signature", 401, 0, 42, 0},
		{"A30", "json_web_key", 26, 0, 2, 25},
		{"A30", "json_web_crypto", 49, 34, 4, 2},
	} {
		t.Run(c.id+" "+c.file, func(t *testing.T) {
			var jws, jwe, accepted, sets int
			for _, g := range wyche(t, c.file) {
				if isSet(g.key()) {
					sets++
				}
				for _, v := range g.Tests {
					switch {
					case v.JWE != "":
						jwe++
					case g.check(t, c.file, v):
						accepted++
						fallthrough
					default:
						jws++
					}
				}
			}
			if jws != c.jws || jwe != c.jwe || accepted != c.accepted || sets != c.jwks {
				t.Errorf("got %d JWS, %d JWE, %d accepted, %d sets, want %d, %d, %d, %d",
					jws, jwe, accepted, sets, c.jws, c.jwe, c.accepted, c.jwks)
			}
		})
	}
}

// check tells whether the token was accepted.
func (g group) check(t *testing.T, file string, v vector) bool {
	t.Helper()
	want, why := v.Result == "valid", "the file says "+v.Result
	if o, ok := overrides[file][v.TcID]; ok {
		if o.accept == want {
			t.Errorf("%d: the file agrees with the override %q", v.TcID, o.why)
		}
		want, why = o.accept, o.why
	}
	_, err := g.verify(t, string(v.JWS))
	if got := err == nil; got != want {
		t.Errorf("%d %s %q: got accepted %t (%v), want %t: %s", v.TcID, g.Comment, v.Comment, got, err, want, why)
	}
	return err == nil
}

// key returns the JWK or JWK Set to verify with.
func (g group) key() []byte {
	if g.Public != nil {
		return g.Public
	}
	return g.Private
}

func (g group) verify(t *testing.T, raw string) ([]byte, error) {
	t.Helper()
	k, err := keyFor(t, g.key(), raw)
	if err != nil {
		return nil, err
	}
	return verify(t, raw, k)
}

// zeros is the key of a group that is about base64 and not about keys. We import it only where danger is spelled.
const zeros = `"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"`

// keyFor chooses the token's key as a guard does.
func keyFor(t *testing.T, jwk []byte, raw string) (jwt.Key, error) {
	t.Helper()
	if isSet(jwk) {
		u, err := jwt.Parse(raw)
		if err != nil {
			return jwt.Key{}, err
		}
		s, err := jwt.ParseKeySet(jwk)
		if err != nil {
			return jwt.Key{}, err
		}
		return s.Key(context.Background(), "", u.Header().KeyID, u.Header().Algorithm)
	}
	k, err := jwt.ParseJWK(jwk)
	if !strings.Contains(string(jwk), zeros) {
		return k, err
	}
	if err == nil {
		t.Error("a secret of 32 zero bytes: got a key, want an error")
	}
	return jwt.NewInsecureKey(jwt.HS256, "", make([]byte, 32))
}

func isSet(jwk []byte) bool {
	var set struct{ Keys []json.RawMessage }
	return json.Unmarshal(jwk, &set) == nil && set.Keys != nil
}

// verify takes both ways through package jwt, which must come to the same end.
func verify(t *testing.T, raw string, k jwt.Key) ([]byte, error) {
	t.Helper()
	fast, err := jwt.Verify(raw, k)
	var slow jwt.Verified
	u, slowErr := jwt.Parse(raw)
	if slowErr == nil {
		slow, slowErr = u.Verify(k)
	}
	if (err == nil) != (slowErr == nil) || string(fast.Payload()) != string(slow.Payload()) {
		t.Errorf("%q: Verify says %q, %v; Parse and Verify say %q, %v", raw, fast.Payload(), err, slow.Payload(), slowErr)
	}
	return fast.Payload(), err
}

// TestOverrides shows that the reasons of the overrides hold: without what they name, the file and we agree.
func TestOverrides(t *testing.T) {
	groups, texts := numbered(wyche(t, "json_web_signature"))
	for _, id := range []int{367, 370} {
		if texts[id] != texts[357] {
			t.Errorf("%d: got %s, want the text of 357", id, texts[id])
		}
	}
	for _, id := range []int{372, 373} {
		if !strings.Contains(texts[id], "?") {
			t.Errorf("%d: got no ? in %s", id, texts[id])
		}
	}
	for id, names := range map[int][2]string{346: {"PS256", "PS384"}, 350: {"PS256", "PS384"}, 347: {"ES521", "ES512"}, 351: {"ES521", "ES512"}} {
		jwk := strings.Replace(string(groups[id].key()), names[0], names[1], 1)
		if _, err := (group{Public: []byte(jwk)}).verify(t, texts[id]); err != nil {
			t.Errorf("%d with a JWK for %s: %v", id, names[1], err)
		}
	}
	secret := make([]byte, 65)
	for i := range secret {
		secret[i] = byte(i)
	}
	_, texts = numbered(wyche(t, "json_web_key"))
	for id, alg := range map[int]string{13: jwt.HS256, 14: jwt.HS384, 15: jwt.HS512} {
		if _, err := verify(t, texts[id], must(jwt.NewInsecureKey(alg, "", secret))(t)); err != nil {
			t.Errorf("%d with an insecure key: %v", id, err)
		}
	}
}

// numbered returns group and token of each test.
func numbered(list []group) (groups map[int]group, texts map[int]string) {
	groups, texts = map[int]group{}, map[int]string{}
	for _, g := range list {
		for _, v := range g.Tests {
			groups[v.TcID], texts[v.TcID] = g, string(v.JWS)
		}
	}
	return groups, texts
}

// TestEncrypted refuses every JWE of Wycheproof, and cheaply.
func TestEncrypted(t *testing.T) {
	t.Run("A13 every JWE of Wycheproof", func(t *testing.T) {
		k := must(jwt.GenerateKey(jwt.HS256, ""))(t)
		n := 0
		for _, file := range []string{"json_web_encryption", "json_web_crypto"} {
			for _, g := range wyche(t, file) {
				for _, v := range g.Tests {
					if v.JWE != "" {
						n++
						refusedCheaply(t, string(v.JWE), k)
					}
				}
			}
		}
		if n != 173 {
			t.Errorf("got %d JWE, want 173", n)
		}
	})
}

// refusedCheaply wants raw refused both ways with less than 64 KiB allocated.
func refusedCheaply(t *testing.T, raw string, k jwt.Key) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := jwt.Parse(raw)
	_, err2 := jwt.Verify(raw, k)
	runtime.ReadMemStats(&after)
	if err == nil || err2 == nil {
		t.Errorf("%.80s…: got accepted", raw)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 64<<10 {
		t.Errorf("%.80s…: got %d bytes allocated, want at most 64 KiB", raw, n)
	}
}

// must hands on a result whose error would make the test pointless.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
