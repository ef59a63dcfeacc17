package jwt

import (
	"crypto"
	"crypto/elliptic"
	_ "crypto/sha256" // links the hashes that the table names
	_ "crypto/sha512"
)

// Names of the algorithms (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2). They are compared byte for byte. An Ed25519 key
// accepts both of its names, whichever it was made with, and signs under the one it was made with.
const (
	HS256   = "HS256"
	HS384   = "HS384"
	HS512   = "HS512"
	RS256   = "RS256"
	RS384   = "RS384"
	RS512   = "RS512"
	PS256   = "PS256"
	PS384   = "PS384"
	PS512   = "PS512"
	ES256   = "ES256"
	ES384   = "ES384"
	ES512   = "ES512"
	EdDSA   = "EdDSA"
	Ed25519 = "Ed25519"
)

// algorithm is one row of the table; there is no other, and none can be added from outside.
type algorithm struct {
	name  string
	kty   string         // the JWK key type that belongs to it (RFC 7517 §4.1)
	hash  crypto.Hash    // 0 for Ed25519, which hashes by itself
	curve elliptic.Curve // ES* only
	pss   bool           // RSA with PSS padding instead of PKCS #1 v1.5
}

var algorithms = [...]algorithm{
	{name: HS256, kty: "oct", hash: crypto.SHA256},
	{name: HS384, kty: "oct", hash: crypto.SHA384},
	{name: HS512, kty: "oct", hash: crypto.SHA512},
	{name: RS256, kty: "RSA", hash: crypto.SHA256},
	{name: RS384, kty: "RSA", hash: crypto.SHA384},
	{name: RS512, kty: "RSA", hash: crypto.SHA512},
	{name: PS256, kty: "RSA", hash: crypto.SHA256, pss: true},
	{name: PS384, kty: "RSA", hash: crypto.SHA384, pss: true},
	{name: PS512, kty: "RSA", hash: crypto.SHA512, pss: true},
	{name: ES256, kty: "EC", hash: crypto.SHA256, curve: elliptic.P256()},
	{name: ES384, kty: "EC", hash: crypto.SHA384, curve: elliptic.P384()},
	{name: ES512, kty: "EC", hash: crypto.SHA512, curve: elliptic.P521()},
	{name: EdDSA, kty: "OKP"},
	{name: Ed25519, kty: "OKP"},
}

// Algorithms returns the names of all supported algorithms, always in the same order.
func Algorithms() []string {
	names := make([]string, len(algorithms))
	for i := range algorithms {
		names[i] = algorithms[i].name
	}
	return names
}

// algorithmNamed returns the row of the table, or nil.
func algorithmNamed(name string) *algorithm {
	for i := range algorithms {
		if algorithms[i].name == name {
			return &algorithms[i]
		}
	}
	return nil
}

// accepts tells whether a token whose header says name may be verified by a key of this algorithm.
func (a *algorithm) accepts(name string) bool {
	return a.name == name || a.kty == "OKP" && (name == EdDSA || name == Ed25519)
}
