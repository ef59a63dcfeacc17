package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"

	"github.com/jotgate/jotgate/bench/internal/report"
	"github.com/jotgate/jotgate/jwt"
)

// target is what ours must reach beside raw.
type target struct {
	ratio  float64 // at most so many times raw; 0: not asked
	beyond float64 // or at most so many nanoseconds more; 0: not asked
	allocs int64   // at most so many more than raw
	bytes  int64   // at most; 0: not asked
	words  string
}

var (
	verifyHMAC   = target{ratio: 3.5, allocs: 2, bytes: 640, words: "≤ 3.5 · ≤ 2 allocs, ≤ 640 B"}
	verifyPublic = target{beyond: 2000, allocs: 3, words: "≤ raw + 2 µs, raw + 3 allocs"}
	signHMAC     = target{ratio: 3.5, allocs: 3, words: "≤ 3.5 · ≤ 3"}
	signPrivate  = target{ratio: 1.08, allocs: 1 << 62, words: "≤ 1.08"}
)

func (t target) met(i, raw *item) bool {
	return (t.ratio == 0 || i.over(raw) <= t.ratio) && (t.beyond == 0 || i.beyond(raw) <= t.beyond) &&
		i.alloc-raw.alloc <= t.allocs && (t.bytes == 0 || i.bytes <= t.bytes)
}

// tokens prints what verifying and signing costs, beside the bare signature over the same bytes.
func tokens(p plan) error {
	head := []string{"tokens", "raw"}
	for _, l := range append(peerLibraries(), ourJWT(), ourGuard()) {
		head = append(head, l.name)
	}
	head = append(head, "ours must", "jwt", "guard")
	var rows [][]string
	for _, work := range []struct {
		alg    string
		target target
	}{{jwt.HS256, verifyHMAC}, {jwt.ES256, verifyPublic}, {jwt.EdDSA, verifyPublic}, {jwt.RS256, verifyPublic}} {
		row, err := verifyRow(p, work.alg, work.target)
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	for _, work := range []struct {
		alg    string
		target target
	}{{jwt.HS256, signHMAC}, {jwt.ES256, signPrivate}, {jwt.EdDSA, signPrivate}} {
		row, err := signRow(p, work.alg, work.target)
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	printTable("Tokens in process: times raw · allocations · bytes, of one operation", head, rows)
	return nil
}

func verifyRow(p plan, alg string, must target) ([]string, error) {
	k, t, err := keyAndToken(alg)
	if err != nil {
		return nil, err
	}
	raw, err := rawVerify(k, t.text)
	if err != nil {
		return nil, err
	}
	items := []*item{{name: "raw", op: raw}}
	for _, l := range append(peerLibraries(), ourJWT(), ourGuard()) {
		verify, err := l.verifier(k)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.name, err)
		}
		items = append(items, &item{name: l.name, op: func() error { _, err := verify(t); return err }})
	}
	if err := inTurns(p, items); err != nil {
		return nil, err
	}
	return tokenRow("verify "+alg, items, must, 2), nil
}

func signRow(p plan, alg string, must target) ([]string, error) {
	k, t, err := keyAndToken(alg)
	if err != nil {
		return nil, err
	}
	items := []*item{{name: "raw", op: rawSign(k, t.text)}}
	for _, l := range append(peerLibraries(), ourJWT()) {
		sign, err := l.signer(k)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.name, err)
		}
		items = append(items, &item{name: l.name, op: func() error { _, err := sign(); return err }})
	}
	if err := inTurns(p, items); err != nil {
		return nil, err
	}
	return tokenRow("sign "+alg, items, must, 1), nil
}

func keyAndToken(alg string) (key, token, error) {
	k, err := newKey(alg)
	if err != nil {
		return key{}, token{}, err
	}
	text, err := issue(k)
	return k, newToken(text), err
}

// tokenRow has the raw item first and ours last, in the columns of the head: a guard does not sign.
func tokenRow(name string, items []*item, must target, ours int) []string {
	raw, rest := items[0], items[1:]
	row := []string{name, fmt.Sprintf("1 (%s) · %d · %s B", nanoseconds(raw.ns()), raw.alloc, report.Thousands(raw.bytes))}
	for _, i := range rest {
		cell := fmt.Sprintf("%.3g · %d · %s B", i.over(raw), i.alloc, report.Thousands(i.bytes))
		if must.beyond > 0 {
			cell = fmt.Sprintf("%.2f, %s more · %d · %s B", i.over(raw), nanoseconds(i.beyond(raw)), i.alloc, report.Thousands(i.bytes))
		}
		row = append(row, cell)
	}
	row = append(row, make([]string, 2-ours)...)
	row = append(row, must.words)
	for _, i := range rest[len(rest)-ours:] {
		row = append(row, met(must.met(i, raw)))
	}
	return append(row, make([]string, 2-ours)...)
}

func nanoseconds(ns float64) string {
	if math.Abs(ns) < 1000 {
		return fmt.Sprintf("%.0f ns", ns)
	}
	return fmt.Sprintf("%.1f µs", ns/1000)
}

var errSignature = errors.New("signature refused")

// rawVerify is the signature alone, over bytes that were taken apart before.
func rawVerify(k key, text string) (func() error, error) {
	end := strings.LastIndexByte(text, '.')
	input := []byte(text[:end])
	sig, err := base64.RawURLEncoding.DecodeString(text[end+1:])
	if err != nil {
		return nil, err
	}
	switch public := k.public.(type) {
	case *ecdsa.PublicKey:
		r, s := new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])
		if sig, err = asn1.Marshal(struct{ R, S *big.Int }{r, s}); err != nil {
			return nil, err
		}
		return func() error {
			sum := sha256.Sum256(input)
			return refusedUnless(ecdsa.VerifyASN1(public, sum[:], sig))
		}, nil
	case ed25519.PublicKey:
		return func() error { return refusedUnless(ed25519.Verify(public, input, sig)) }, nil
	case *rsa.PublicKey:
		return func() error {
			sum := sha256.Sum256(input)
			return rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], sig)
		}, nil
	}
	mac, sum := hmac.New(sha256.New, k.public.([]byte)), make([]byte, 0, sha256.Size)
	return func() error {
		mac.Reset()
		mac.Write(input)
		return refusedUnless(hmac.Equal(mac.Sum(sum), sig))
	}, nil
}

func refusedUnless(ok bool) error {
	if !ok {
		return errSignature
	}
	return nil
}

func rawSign(k key, text string) func() error {
	input := []byte(text[:strings.LastIndexByte(text, '.')])
	switch private := k.private.(type) {
	case *ecdsa.PrivateKey:
		return func() error {
			sum := sha256.Sum256(input)
			_, err := ecdsa.SignASN1(rand.Reader, private, sum[:])
			return err
		}
	case ed25519.PrivateKey:
		return func() error { ed25519.Sign(private, input); return nil }
	}
	mac, sum := hmac.New(sha256.New, k.private.([]byte)), make([]byte, 0, sha256.Size)
	return func() error {
		mac.Reset()
		mac.Write(input)
		mac.Sum(sum)
		return nil
	}
}
