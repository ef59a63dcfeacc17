package interop_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/go-jose/go-jose/v4"
	gojwt "github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"

	"github.com/jotgate/jotgate/jwt"
)

// peer is another library. Keys are those of the standard library, []byte for a secret.
type peer struct {
	name   string
	lacks  []string // algorithms it does not know
	sign   func(h jwt.Header, key any, claims map[string]any) (string, error)
	verify func(alg string, key any, raw string) (map[string]any, error)
}

func (p peer) speaks(alg string) bool { return !slices.Contains(p.lacks, alg) }

// peers judge form and signature and leave the claims to whoever asks, as jwt.Verify does.
var peers = []peer{
	{"golang-jwt", []string{jwt.Ed25519}, signGolangJWT, verifyGolangJWT},
	{"jwx", nil, signJWX, verifyJWX},
	{"go-jose", []string{jwt.Ed25519}, signGoJOSE, verifyGoJOSE},
}

func signGolangJWT(h jwt.Header, key any, claims map[string]any) (string, error) {
	token := gojwt.NewWithClaims(gojwt.GetSigningMethod(h.Algorithm), gojwt.MapClaims(claims))
	delete(token.Header, "typ")
	for name, value := range parameters(h) {
		token.Header[name] = value
	}
	return token.SignedString(key)
}

func verifyGolangJWT(alg string, key any, raw string) (map[string]any, error) {
	parser := gojwt.NewParser(gojwt.WithValidMethods([]string{alg}), gojwt.WithoutClaimsValidation(), gojwt.WithJSONNumber())
	claims := gojwt.MapClaims{}
	_, err := parser.ParseWithClaims(raw, claims, func(*gojwt.Token) (any, error) { return key, nil })
	return claims, err
}

func signJWX(h jwt.Header, key any, claims map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	headers := jws.NewHeaders()
	for name, value := range parameters(h) {
		if err := headers.Set(name, value); err != nil {
			return "", err
		}
	}
	alg, _ := jwa.LookupSignatureAlgorithm(h.Algorithm)
	raw, err := jws.Sign(payload, jws.WithKey(alg, key, jws.WithProtectedHeaders(headers)))
	return string(raw), err
}

func verifyJWX(alg string, key any, raw string) (map[string]any, error) {
	a, _ := jwa.LookupSignatureAlgorithm(alg)
	payload, err := jws.Verify([]byte(raw), jws.WithKey(a, key), jws.WithCompact())
	if err != nil {
		return nil, err
	}
	return decoded(payload)
}

func signGoJOSE(h jwt.Header, key any, claims map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	options := &jose.SignerOptions{}
	for name, value := range parameters(h) {
		options.WithHeader(jose.HeaderKey(name), value)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(h.Algorithm), Key: key}, options)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

func verifyGoJOSE(alg string, key any, raw string) (map[string]any, error) {
	signed, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	if err != nil {
		return nil, err
	}
	payload, err := signed.Verify(key)
	if err != nil {
		return nil, err
	}
	return decoded(payload)
}

// parameters are those of h beside alg that are there.
func parameters(h jwt.Header) map[string]any {
	list := map[string]any{}
	if h.Type != "" {
		list["typ"] = h.Type
	}
	if h.KeyID != "" {
		list["kid"] = h.KeyID
	}
	return list
}

// decoded reads claims without rounding their numbers.
func decoded(payload []byte) (claims map[string]any, err error) {
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber()
	if err := d.Decode(&claims); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("something stands behind the claims")
	}
	return claims, nil
}
