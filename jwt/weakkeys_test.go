package jwt_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	crypto "crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/jotgate/jotgate/jwt"
)

// weakPoints are encodings of Ed25519 public keys that nobody may have: the eight points of small order, under which
// signatures are made without a private key, in every encoding; other y that are not reduced; and no points at all.
var weakPoints = map[string]string{
	"order 1":                        "01" + strings.Repeat("00", 31),
	"order 1, sign set":              "01" + strings.Repeat("00", 30) + "80",
	"order 1, not reduced":           "ee" + strings.Repeat("ff", 30) + "7f",
	"order 1, not reduced, sign set": "ee" + strings.Repeat("ff", 31),
	"order 2":                        "ec" + strings.Repeat("ff", 30) + "7f",
	"order 2, sign set":              "ec" + strings.Repeat("ff", 31),
	"order 4":                        strings.Repeat("00", 32),
	"order 4, negative":              strings.Repeat("00", 31) + "80",
	"order 4, not reduced":           "ed" + strings.Repeat("ff", 30) + "7f",
	"order 4, not reduced, negative": "ed" + strings.Repeat("ff", 31),
	"order 8 a":                      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"order 8 a, negative":            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
	"order 8 b":                      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"order 8 b, negative":            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
	"y = p+3":                        "f0" + strings.Repeat("ff", 30) + "7f", // 3 is the y of a point of large order
	"y = 2^255-1":                    strings.Repeat("ff", 31) + "7f",
	"off the curve, y = 2":           "02" + strings.Repeat("00", 31),
	"off the curve, y = 7":           "07" + strings.Repeat("00", 31),
}

func TestWeakEd25519Keys(t *testing.T) {
	for name, point := range weakPoints {
		t.Run(name, func(t *testing.T) {
			x := ed25519.PublicKey(must(hex.DecodeString(point))(t))
			jwk := fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","kid":"k","x":%q}`, b64(x))
			refusedJWK(t, []byte(jwk))
			_, err := jwt.ParseKeySet(setOf([]byte(jwk)))
			wantErr(t, err, jwt.ErrKey)
			for _, alg := range []string{jwt.EdDSA, jwt.Ed25519} {
				_, err = jwt.NewKey(alg, "", x)
				wantErr(t, err, jwt.ErrKey)
				_, err = jwt.NewKey(alg, "", ed25519.PrivateKey(slices.Concat(secret32, x)))
				wantErr(t, err, jwt.ErrKey)
				_, err = jwt.ParsePEM(alg, "", pemText(t, "PUBLIC KEY", must(x509.MarshalPKIXPublicKey(x))(t), nil))
				wantErr(t, err, jwt.ErrKey)
			}
		})
	}
	// Around the encodings that are refused lie good ones.
	for _, point := range []string{"03" + strings.Repeat("00", 31), "04" + strings.Repeat("00", 31), "04" + strings.Repeat("00", 30) + "80"} {
		must(jwt.NewKey(jwt.EdDSA, "", ed25519.PublicKey(must(hex.DecodeString(point))(t))))(t)
	}
	for i := range 1000 {
		seed := slices.Clone(secret32)
		seed[0], seed[1] = byte(i), byte(i>>8)
		must(jwt.NewKey(jwt.EdDSA, "", ed25519.NewKeyFromSeed(seed).Public()))(t)
	}
}

// guessable are secrets that are long enough and that everybody knows, or nearly so.
var guessable = []string{
	"a-string-secret-at-least-256-bits-long",
	"a-valid-string-secret-that-is-at-least-384-bits-long",
	"a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long",
	strings.Repeat("your-256-bit-secret", 2),
	strings.Repeat("your-384-bit-secret", 4)[:50],
	strings.Repeat("your-512-bit-secret", 4) + "\n",
	"your-256-bit-secret!!!!!!!!!!!!!",
	"your-super-secret-jwt-token-with-at-least-32-characters-long",
	"YOUR_SUPER_SECRET_JWT_KEY_CHANGE_IN_PRODUCTION",
	"changeme000000000000000000000000",
	"please change me, this is my secret key",
	"changemechangemechangemechangeme",
	"secret12345678901234567890123456",
	"09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
	"09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7\n",
	"404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970",
	"abcdefghijklmnopqrstuvwxyz0123456789",
	"0123456789abcdef0123456789abcdef",
	"0123456789ABCDEFGHIJKLMNOPQRSTUV",
	"zyxwvutsrqponmlkjihgfedcba987654",
	"qwertyuiopasdfghjklzxcvbnm123456",
	string(slices.Concat(counted(0, 1), counted(200, 3))),
	string(counted(7, 5)),
	strings.Repeat("K7f_2mQ!", 4),
	strings.Repeat("x7Jx-2mQw9Zr4Tn8", 2) + "x7J",
}

// counted returns 32 bytes that grow by step.
func counted(from, step byte) []byte {
	b := make([]byte, 32)
	for i := range b {
		b[i] = from + byte(i)*step
	}
	return b
}

// A random secret is never taken for one that can be guessed, nor for a key of another kind, however it is written.
func TestRandomSecretsPass(t *testing.T) {
	const rounds = 10_000
	for alg, size := range map[string]int{jwt.HS256: 32, jwt.HS384: 48, jwt.HS512: 64} {
		t.Run(alg, func(t *testing.T) {
			t.Parallel()
			random, b := rand.NewChaCha8([32]byte(secret32)), make([]byte, size)
			for range rounds {
				_, _ = random.Read(b)
				must(jwt.NewKey(alg, "", b))(t)
			}
			for range rounds / 10 {
				_, _ = random.Read(b)
				for _, text := range []string{hex.EncodeToString(b), b64(b), base64.StdEncoding.EncodeToString(b) + "\n", letters(b)} {
					must(jwt.NewKey(alg, "", []byte(text)))(t)
				}
			}
		})
	}
}

// letters writes b as lower-case letters.
func letters(b []byte) string {
	out := make([]byte, len(b))
	for i := range b {
		out[i] = 'a' + b[i]%26
	}
	return string(out)
}

// furtherTexts are forms of keys that are met where a secret is asked for: bare, without armour, and wrapped.
func furtherTexts(t *testing.T) map[string][]byte {
	t.Helper()
	rsaKey, ecKey := must(rsa2048())(t), must(ecdsa.GenerateKey(elliptic.P256(), crypto.Reader))(t)
	point := must(ecKey.PublicKey.Bytes())(t)
	texts := map[string][]byte{
		"EC point":          point,
		"PKCS1 private":     x509.MarshalPKCS1PrivateKey(rsaKey),
		"SEC 1 private":     must(x509.MarshalECPrivateKey(ecKey))(t),
		"secp256k1 SPKI":    spki(t, asn1.ObjectIdentifier{1, 3, 132, 0, 10}),
		"encrypted PKCS8":   must(asn1.Marshal(struct{ Algorithm, Data any }{struct{ ID asn1.ObjectIdentifier }{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}}, secret64}))(t),
		"ssh with options":  []byte(`command="x",no-pty ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7 someone@example`),
		"ssh blob alone":    []byte("AAAAC3NzaC1lZDI1NTE5AAAAIKYEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
		"ssh ecdsa in list": []byte("# keys\n@cert-authority *.example ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTY=\n"),
		"ssh sk":            []byte("from=\"10.0.0.1\" sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIA=="),
		"SSH2":              []byte("---- BEGIN SSH2 PUBLIC KEY ----\nAAAAB3NzaC1yc2EAAAADAQABAAABgQC7\n---- END SSH2 PUBLIC KEY ----"),
		"JWK with escapes":  []byte(`{ "k\u0074y" : "OKP", "crv":"Ed25519", "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }`),
		"JWK list":          []byte(`[{"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]`),
		"JWK after BOM":     []byte("\ufeff" + `{"e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd"}`),
		"JWK cut off":       []byte(`{"keys":[{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd`),
		"certificate map":   []byte(`{"2026-01":"-----BE"}` + strings.Repeat(" ", 40)),
	}
	for name, k := range map[string]any{"rsa": rsaKey, "ec": ecKey, "ed": edPrivate} {
		texts[name+" PKCS8"] = must(x509.MarshalPKCS8PrivateKey(k))(t)
	}
	for name, k := range map[string]any{"rsa": &rsaKey.PublicKey, "ec": &ecKey.PublicKey, "ed": edPrivate.Public()} {
		texts[name+" SPKI"] = must(x509.MarshalPKIXPublicKey(k))(t)
	}
	for name, b := range maps.Clone(texts) {
		for how, text := range map[string]string{
			"base64": base64.StdEncoding.EncodeToString(b), "base64 unpadded": base64.RawStdEncoding.EncodeToString(b), "base64url": b64(b),
			"base64url padded": base64.URLEncoding.EncodeToString(b), "hex": hex.EncodeToString(b), "HEX": strings.ToUpper(hex.EncodeToString(b)),
			"PEM body": string(pemBody(b)),
		} {
			texts[name+" in "+how] = []byte(text)
		}
		if !json.Valid(bytes.TrimPrefix(b, []byte("\ufeff"))) { // any text behind JSON makes it something else
			texts[name+" and more"] = slices.Concat(b, []byte("\n#"))
		}
	}
	return texts
}

// pemBody is b in base64, broken into lines.
func pemBody(b []byte) []byte {
	lines := strings.Split(string(pem.EncodeToMemory(&pem.Block{Type: "X", Bytes: b})), "\n")
	return []byte(strings.Join(lines[1:len(lines)-2], "\r\n"))
}
