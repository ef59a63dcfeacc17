package interop_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/jotgate/jotgate/jwt"
)

// TestChanged changes the text of a token after it was signed. No other text than the one that was signed is a token,
// whichever byte changes, unused bits of base64 included.
func TestChanged(t *testing.T) {
	for _, alg := range []string{jwt.HS256, jwt.RS256, jwt.PS256, jwt.ES256, jwt.ES512, jwt.EdDSA} {
		t.Run("K09 "+alg+" changed", func(t *testing.T) {
			r := seeded(t)
			p := newPair(t, alg, "k1")
			raw := must(jwt.SignJSON(p.key, jwt.Header{Type: "JWT"}, randomClaims(r)))(t)
			for range 500 {
				changed := mutated(r, raw, tokenPieces)
				if _, err := verify(t, changed, p.verifier()); (err == nil) != (changed == raw) {
					t.Errorf("%s: got accepted %t", changed, err == nil)
				}
			}
		})
	}
}

// tokenPieces are put into tokens, jsonPieces into headers and payloads.
var (
	tokenPieces = []string{".", "..", "=", "==", "+", "/", "-", "_", "A", "\n", " ", "\x00", "e30", "W10", "{}", "\u00e9"}
	jsonPieces  = []string{
		`{`, `}`, `[`, `]`, `,`, `:`, `"`, `\`, ` `, "\n", "\x00", "\xff", "\xc0\xaf", "\xed\xa0\x80", "\ufeff", "\u2028", `{}`, `[]`, `""`,
		`null`, `true`, `0`, `-0`, `01`, `1.`, `.5`, `-1`, `1e3`, `1E+3`, `1e999`, `9007199254740993`, `1.5`, `NaN`, `0x10`,
		`\u0065`, `\ud83d\ude00`, `\ud800`, `\u0000`, `\x41`, `\/`,
		`"alg":"HS256",`, `"alg":"none",`, `"ALG":"none",`, `"\u0061lg":"HS256",`, `"alg":null,`, `"typ":1,`, `"typ":null,`, `"kid":"k",`, `"kid":{},`,
		`"crit":["exp"],`, `"crit":[],`, `"crit":null,`, `"b64":true,`, `"b64":false,`, `"zip":"DEF",`, `"jwk":{},`, `"jku":"",`, `"x5c":[],`, `"x":1,`, `"cty":"JWT",`,
		`"exp":1,`, `"exp":"1",`, `"Exp":1,`, `"\u0065xp":1,`, `"exp":null,`, `"exp":1e999,`, `"exp":1.5e9,`, `"sub":"eve",`, `"SUB":"eve",`, `"sub":null,`, `"sub":1,`,
		`"aud":[],`, `"aud":[1],`, `"aud":null,`, `"iss":["a"],`, `"a":{"a":{"a":[[[{}]]]}},`, `"a":1,"a":2,`, `"y":{"b":1,"b":2},`,
	}
)

// mutated returns text with one to three changes.
func mutated(r *rand.Rand, text string, pieces []string) string {
	for range 1 + r.IntN(3) {
		i := r.IntN(len(text) + 1)
		j := min(len(text), i+1+r.IntN(4))
		switch r.IntN(8) {
		case 0: // cut out
			text = text[:i] + text[j:]
		case 1: // double
			text = text[:j] + text[i:]
		case 2: // flip a bit
			if i < len(text) {
				text = text[:i] + string([]byte{text[i] ^ 1<<r.IntN(8)}) + text[i+1:]
			}
		case 3: // replace
			text = text[:i] + pick(r, pieces...) + text[j:]
		case 4: // put in
			text = text[:i] + pick(r, pieces...) + text[i:]
		default: // put in where members of an object begin, if it is one
			i = strings.IndexAny(text, "{,") + 1
			text = text[:i] + pick(r, pieces...) + text[i:]
		}
	}
	return text
}

// seal signs any header and payload under HS256, well formed or not.
func seal(key []byte, header, payload string, enc *base64.Encoding) string {
	input := enc.EncodeToString([]byte(header)) + "." + enc.EncodeToString([]byte(payload))
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(input))
	return input + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// encodings begins with the right one.
var encodings = []*base64.Encoding{base64.RawURLEncoding, base64.URLEncoding, base64.RawStdEncoding}

// alone says why we accept what no peer accepts.
var alone = []struct {
	why  string
	fits func(header, payload string) bool
}{
	{
		"a number in a header parameter that nobody reads is beyond float64; JSON has no such bound (RFC 8259 §6), peers convert every value",
		func(header, _ string) bool { return strings.Contains(header, "1e999") },
	},
}

// tally counts what became of tokens.
type tally struct {
	accepted, stricter int // stricter: refused by us and accepted by a peer
	excuses            map[string]bool
}

// TestSealed changes header or payload before they are signed, so that every reader gets to read them. What we accept,
// at least one peer accepts, and reads the same; a signature that a peer finds right is right for us.
func TestSealed(t *testing.T) {
	r := seeded(t)
	p := newPair(t, jwt.HS256, "")
	n := tally{excuses: map[string]bool{}}
	for range 15_000 {
		header, payload := `{"alg":"HS256","typ":"JWT","kid":"k1"}`, string(must(json.Marshal(randomClaims(r)))(t))
		if r.IntN(3) == 0 {
			header = mutated(r, header, jsonPieces)
		} else {
			payload = mutated(r, payload, jsonPieces)
		}
		n.judge(t, p, header, payload, encodings[max(0, r.IntN(20)-17)])
	}
	if len(n.excuses) != len(alone) {
		t.Errorf("reasons that were met: got %v, want all of %d", n.excuses, len(alone))
	}
	if n.accepted < 1000 || n.stricter < 1000 {
		t.Errorf("got %d accepted and %d refused that a peer accepts, want 1000 each to learn something", n.accepted, n.stricter)
	}
	t.Logf("%d accepted, %d refused that a peer accepts", n.accepted, n.stricter)
}

// judge puts one token before us and the peers.
func (n *tally) judge(t *testing.T, p pair, header, payload string, enc *base64.Encoding) {
	t.Helper()
	raw := seal(p.private.([]byte), header, payload, enc)
	claims, err := read(t, raw, p.key)
	others := readers(p, raw)
	switch {
	case err == nil:
		n.accepted++
		compare(t, payload, claims, others)
		if len(others) == 0 {
			n.excuse(t, header, payload)
		}
	case len(others) > 0:
		n.stricter++
		if !errors.Is(err, jwt.ErrMalformed) && !errors.Is(err, jwt.ErrAlgorithm) {
			t.Errorf("%q %q: got %v, but %d peers accept it", header, payload, err, len(others))
		}
	}
}

// readers returns what the peers that accept the token read in it.
func readers(p pair, raw string) map[string]map[string]any {
	list := map[string]map[string]any{}
	for _, peer := range peers {
		if m, err := peer.verify(p.alg, p.public, raw); err == nil {
			list[peer.name] = m
		}
	}
	return list
}

// excuse wants a reason for a token that we accept alone.
func (n *tally) excuse(t *testing.T, header, payload string) {
	t.Helper()
	for _, a := range alone {
		if a.fits(header, payload) {
			n.excuses[a.why] = true
			return
		}
	}
	t.Errorf("%q %q: accepted by us alone", header, payload)
}

// read verifies and reads the claims.
func read(t *testing.T, raw string, k jwt.Key) (jwt.Claims, error) {
	t.Helper()
	payload, err := verify(t, raw, k)
	if err != nil {
		return jwt.Claims{}, err
	}
	return jwt.ParseClaims(payload)
}

// compare wants the claims that we accept to be read alike by all peers that read them.
func compare(t *testing.T, payload string, claims jwt.Claims, others map[string]map[string]any) {
	t.Helper()
	for name, m := range others {
		if err := disagree(claims, m); err != nil {
			t.Errorf("%q: we and %s: %v", payload, name, err)
		}
		if want, err := decoded([]byte(payload)); err != nil || !reflect.DeepEqual(m, want) {
			t.Errorf("%q: %s reads %v, want %v, %v", payload, name, m, want, err)
		}
	}
}
