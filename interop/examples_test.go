package interop_test

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/jotgate/jotgate/jwt"
)

// joe is the payload of RFC 7515 A.1 to A.3.
const joe = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}"

// TestRFC7515 verifies the examples of appendix A.
func TestRFC7515(t *testing.T) {
	const claims = ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
	hs := `{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}`
	for name, c := range map[string]struct{ jwk, token, payload string }{
		"A.1": {hs, "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9" + claims + "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", joe},
		"A.2": {
			`{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}`,
			"eyJhbGciOiJSUzI1NiJ9" + claims + "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw", joe,
		},
		"A.3": {
			`{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`,
			"eyJhbGciOiJFUzI1NiJ9" + claims + "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q", joe,
		},
		"A.4": {
			`{"kty":"EC","crv":"P-521","x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk","y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"}`,
			"eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn", "Payload",
		},
	} {
		t.Run(name, func(t *testing.T) { verifies(t, []byte(c.jwk), c.token, c.payload) })
	}
	t.Run("A.5 unsecured", func(t *testing.T) {
		if _, err := verify(t, "eyJhbGciOiJub25lIn0"+claims, must(jwt.ParseJWK([]byte(hs)))(t)); err == nil {
			t.Error("got accepted")
		}
	})
}

// verifies wants the payload out of the token, and out of no token with another byte in the signature.
func verifies(t *testing.T, jwk []byte, raw, payload string) {
	t.Helper()
	k := must(jwt.ParseJWK(jwk))(t)
	if got, err := verify(t, raw, k); err != nil || string(got) != payload {
		t.Errorf("got %q, %v, want %q", got, err, payload)
	}
	i := strings.LastIndex(raw, ".") + 1
	flipped := raw[:i] + string(map[bool]byte{true: 'B', false: 'A'}[raw[i] == 'A']) + raw[i+1:]
	if _, err := verify(t, flipped, k); !errors.Is(err, jwt.ErrSignature) {
		t.Errorf("flipped signature: got %v, want ErrSignature", err)
	}
}

// example is a file of the JOSE cookbook.
type example struct {
	Reproducible bool
	Input        struct {
		Payload string
		Alg     text // several, where several sign
		Key     json.RawMessage
	}
	Output struct {
		Compact  string
		JSON     json.RawMessage `json:"json"`
		JSONFlat json.RawMessage `json:"json_flat"`
	}
}

func cookbook(t *testing.T, file string, v any) {
	t.Helper()
	if err := json.Unmarshal(must(os.ReadFile(file))(t), v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// files lists the files of the cookbook that match, of which there must be n.
func files(t *testing.T, pattern string, n int) []string {
	t.Helper()
	list := must(filepath.Glob("testdata/cookbook/" + pattern))(t)
	if len(list) != n {
		t.Fatalf("%s: got %d files, want %d", pattern, len(list), n)
	}
	return list
}

// TestCookbook verifies the compact examples of RFC 7520 §4.1 to §4.4 and RFC 8037 A.4, and signs alike where that is
// possible.
func TestCookbook(t *testing.T) {
	for _, file := range append(files(t, "jws_4_[1-4].*", 4), files(t, "curve25519_jws.json", 1)...) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			var x example
			cookbook(t, file, &x)
			jwk := withAlg(t, x.Input.Key, string(x.Input.Alg))
			verifies(t, jwk, x.Output.Compact, x.Input.Payload)
			k := must(jwt.ParseJWK(jwk))(t)
			if raw := must(jwt.Sign(k, jwt.Header{}, []byte(x.Input.Payload)))(t); x.Reproducible && k.ID() == kidOf(t, x) && raw != x.Output.Compact {
				t.Errorf("signed %s, want %s", raw, x.Output.Compact)
			}
			refused(t, string(x.Output.JSON), k)
			refused(t, string(x.Output.JSONFlat), k)
		})
	}
}

// withAlg writes the algorithm of an example into its key: with RSA it would otherwise be RS256.
func withAlg(t *testing.T, jwk []byte, alg string) []byte {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(jwk, &m); err != nil {
		t.Fatal(err)
	}
	m["alg"] = alg
	return must(json.Marshal(m))(t)
}

func kidOf(t *testing.T, x example) string {
	t.Helper()
	return must(jwt.Parse(x.Output.Compact))(t).Header().KeyID
}

func refused(t *testing.T, raw string, k jwt.Key) {
	t.Helper()
	if raw == "" {
		t.Error("nothing to refuse")
	}
	if payload, err := verify(t, raw, k); err == nil {
		t.Errorf("%.60s…: got %q, want an error", raw, payload)
	}
}

// TestCookbookRefused refuses every form of what is no compact JWS with its payload in it: detached content,
// unprotected headers, several signatures, b64 false, encryption.
func TestCookbookRefused(t *testing.T) {
	k := must(jwt.ParseJWK([]byte(`{"kty":"oct","k":"hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg"}`)))(t) // of §4.5 to §4.7
	list := append(files(t, "jws_4_[5-8].*", 4), append(files(t, "rfc7797_*", 2), append(files(t, "jwe_*", 2), files(t, "*_ecdh-es.json", 1)...)...)...)
	n := 0
	for _, file := range list {
		t.Run(filepath.Base(file), func(t *testing.T) {
			var x example
			cookbook(t, file, &x)
			own, err := jwt.ParseJWK(x.Input.Key)
			if err != nil { // several keys, or one that encrypts
				own = k
			}
			for _, raw := range []string{x.Output.Compact, string(x.Output.JSON), string(x.Output.JSONFlat)} {
				if raw != "" {
					n++
					refused(t, raw, own)
				}
			}
		})
	}
	if n != 22 {
		t.Errorf("got %d texts, want 22", n)
	}
}

// TestCookbookKeys reads and writes the keys of RFC 7520 §3.
func TestCookbookKeys(t *testing.T) {
	for _, file := range files(t, "jwk_3_[1-5].*", 5) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text := must(os.ReadFile(file))(t)
			k := must(jwt.ParseJWK(text))(t)
			write := k.PublicJWK
			if k.CanSign() {
				write = k.PrivateJWK
			}
			var got, want any
			if err := errors.Join(json.Unmarshal(must(write())(t), &got), json.Unmarshal(withAlg(t, text, k.Algorithm()), &want)); err != nil {
				t.Fatal(err)
			}
			if string(must(json.Marshal(got))(t)) != string(must(json.Marshal(want))(t)) {
				t.Errorf("got %v, want %v", got, want)
			}
			if public, err := k.PublicJWK(); bytes.Contains(public, []byte(`"d":`)) || (err != nil) != k.Symmetric() {
				t.Errorf("published: got %s, %v", public, err)
			}
		})
	}
	if _, err := jwt.ParseJWK(must(os.ReadFile(files(t, "jwk_3_6.*", 1)[0]))(t)); !errors.Is(err, jwt.ErrKey) {
		t.Errorf("key for encryption: got %v, want ErrKey", err)
	}
}

// TestBombs refuses what is dear to open before anything is opened.
func TestBombs(t *testing.T) {
	secret := sha256.Sum256([]byte("a secret for this test"))
	k := must(jwt.NewKey(jwt.HS256, "", secret[:]))(t)
	b64 := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	t.Run("A14 PBES2 with 2^31-1 rounds", func(t *testing.T) {
		header := `{"alg":"PBES2-HS256+A128KW","enc":"A128CBC-HS256","p2s":"c2FsdHNhbHQ","p2c":2147483647}`
		for _, rest := range []string{".a2V5.aXY.dGV4dA.dGFn", ".e30.dGFn"} {
			refusedCheaply(t, b64(header)+rest, k)
		}
	})
	t.Run("A14 zip", func(t *testing.T) {
		bomb := strings.Repeat("\x00", 4<<20) // the largest that deflates into a token that is not too long as it is
		e := must(jose.NewEncrypter(jose.A128GCM, jose.Recipient{Algorithm: jose.DIRECT, Key: secret[:16]}, &jose.EncrypterOptions{Compression: jose.DEFLATE}))(t)
		raw := must(must(e.Encrypt([]byte(bomb)))(t).CompactSerialize())(t)
		if len(raw) > jwt.MaxToken {
			t.Errorf("got %d bytes, want a bomb of at most %d", len(raw), jwt.MaxToken)
		}
		refusedCheaply(t, raw, k)
		refusedCheaply(t, seal(secret[:], `{"alg":"HS256","zip":"DEF"}`, deflated(t, bomb), base64.RawURLEncoding), k)
	})
}

func deflated(t *testing.T, s string) string {
	t.Helper()
	var out bytes.Buffer
	w := must(flate.NewWriter(&out, flate.BestCompression))(t)
	if _, err := w.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
