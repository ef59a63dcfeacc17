package jwt_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"testing"

	"github.com/jotgate/jotgate/jwt"
)

// usual are claims of the size that APIs use: nine names, three permissions, 283 bytes.
func usual() jwt.Claims {
	return jwt.Claims{
		Issuer: "https://id.example.com", Subject: "0192d8f4-7c1e-7b9a-9d2e-0c8c2b1f6a55", Audience: []string{"https://api.example.com"},
		ExpiresAt: at(900), NotBefore: at(0), IssuedAt: at(0), ID: "0192d8f4-7c1e-7b9a-9d2e-1c8c2b1f6a56",
		Permissions: []string{"orders:read", "orders:write", "customers:read"}, Extra: map[string]any{"type": "access"},
	}
}

var usualPolicy = jwt.Policy{
	Now: at(1), Issuers: []string{"https://id.example.com"}, Audiences: []string{"https://api.example.com"}, Types: []string{"at+jwt"},
}

// primitives are what a signature costs without a token around it.
type primitives struct {
	key  jwt.Key
	sign func(input []byte) []byte
	ok   func(input, sig []byte) bool
}

func primitivesOf(tb testing.TB, alg string) primitives {
	tb.Helper()
	var p primitives
	var material any
	switch alg {
	case jwt.HS256:
		secret := secret32
		mac, sum := hmac.New(sha256.New, secret), make([]byte, 0, 32)
		material = secret
		p.sign = func(input []byte) []byte { mac.Reset(); mac.Write(input); return mac.Sum(sum[:0]) }
		p.ok = func(input, sig []byte) bool { return hmac.Equal(p.sign(input), sig) }
	case jwt.ES256:
		k := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(tb)
		material = k
		p.sign = func(input []byte) []byte {
			h := sha256.Sum256(input)
			s, _ := ecdsa.SignASN1(rand.Reader, k, h[:])
			return s
		}
		p.ok = func(input, sig []byte) bool {
			h := sha256.Sum256(input)
			return ecdsa.VerifyASN1(&k.PublicKey, h[:], sig)
		}
	case jwt.EdDSA:
		public, k, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			tb.Fatal(err)
		}
		material = k
		p.sign = func(input []byte) []byte { return ed25519.Sign(k, input) }
		p.ok = func(input, sig []byte) bool { return ed25519.Verify(public, input, sig) }
	case jwt.RS256:
		k := must(rsa.GenerateKey(rand.Reader, 2048))(tb)
		material = k
		p.sign = func(input []byte) []byte {
			h := sha256.Sum256(input)
			s, _ := rsa.SignPKCS1v15(nil, k, crypto.SHA256, h[:])
			return s
		}
		p.ok = func(input, sig []byte) bool {
			h := sha256.Sum256(input)
			return rsa.VerifyPKCS1v15(&k.PublicKey, crypto.SHA256, h[:], sig) == nil
		}
	}
	p.key = must(jwt.NewKey(alg, "", material))(tb)
	return p
}

var benched = []string{jwt.HS256, jwt.ES256, jwt.EdDSA, jwt.RS256}

// verifyAll is the whole way from the text to accepted claims.
func verifyAll(raw string, k jwt.Key) error {
	v, err := jwt.Verify(raw, k)
	if err != nil {
		return err
	}
	c, err := v.Claims()
	if err != nil {
		return err
	}
	return usualPolicy.Check(v.Header(), c)
}

// verifyStepwise is the same for a caller who has to look the key up first.
func verifyStepwise(raw string, k jwt.Key) error {
	u, err := jwt.Parse(raw)
	if err != nil {
		return err
	}
	v, err := u.Verify(k)
	if err != nil {
		return err
	}
	c, err := v.Claims()
	if err != nil {
		return err
	}
	return usualPolicy.Check(v.Header(), c)
}

var ways = map[string]func(string, jwt.Key) error{"jwt": verifyAll, "stepwise": verifyStepwise}

func BenchmarkVerify(b *testing.B) {
	for _, alg := range benched {
		p := primitivesOf(b, alg)
		raw := must(jwt.SignClaims(p.key, jwt.Header{Type: "at+jwt"}, usual()))(b)
		input := []byte(raw[:bytes.LastIndexByte([]byte(raw), '.')])
		sig := p.sign(input)
		b.Run(alg+"/raw", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !p.ok(input, sig) {
					b.Fatal("raw signature refused")
				}
			}
		})
		for name, verify := range ways {
			b.Run(alg+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := verify(raw, p.key); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkSign(b *testing.B) {
	claims := usual()
	for _, alg := range benched {
		p := primitivesOf(b, alg)
		raw := must(jwt.SignClaims(p.key, jwt.Header{Type: "at+jwt"}, claims))(b)
		input := []byte(raw[:bytes.LastIndexByte([]byte(raw), '.')])
		b.Run(alg+"/raw", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.sign(input)
			}
		})
		b.Run(alg+"/jwt", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := jwt.SignClaims(p.key, jwt.Header{Type: "at+jwt"}, claims); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkClaims(b *testing.B) {
	payload := must(usual().MarshalJSON())(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := jwt.ParseClaims(payload); err != nil {
			b.Fatal(err)
		}
	}
}
