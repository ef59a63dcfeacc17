package jwt

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// ParsePEM reads a public key (SPKI, PKCS #1) or private key (PKCS #8, PKCS #1, SEC 1) in PEM. It must be the only key in
// the text, and not encrypted. Every error wraps [ErrKey].
func ParsePEM(alg, kid string, text []byte) (Key, error) {
	m, err := readPEM(text)
	if err != nil {
		return Key{}, fmt.Errorf("%w: PEM: %w", ErrKey, err)
	}
	return NewKey(alg, kid, m)
}

func readPEM(text []byte) (any, error) {
	block, rest := pem.Decode(text)
	if block != nil && block.Type == "EC PARAMETERS" { // openssl ecparam writes the curve's name before the key
		block, rest = pem.Decode(rest)
	}
	if block == nil {
		return nil, errors.New("no PEM block found")
	}
	if len(bytes.TrimSpace(rest)) > 0 {
		return nil, errors.New("want nothing after the key")
	}
	if block.Headers["DEK-Info"] != "" {
		return nil, errors.New("the key is encrypted; decrypt it first")
	}
	return readBlock(block)
}

func readBlock(block *pem.Block) (any, error) {
	switch block.Type {
	case "PUBLIC KEY":
		return x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		return x509.ParsePKCS1PublicKey(block.Bytes)
	case "PRIVATE KEY":
		return x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		return x509.ParseECPrivateKey(block.Bytes)
	}
	return nil, fmt.Errorf("%.40q: want a public or private key", block.Type)
}
