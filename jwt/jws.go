package jwt

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// Bounds of a token, in bytes. They are checked before anything else is looked at.
const (
	MaxToken  = 8 << 10
	MaxHeader = 2 << 10 // of the decoded header
)

// Unverified is a token whose form is right and whose signature nobody has checked. Its claims cannot be read.
type Unverified struct {
	header  Header
	input   string // what was signed: header and payload as they were sent
	payload string
	sig     string
}

// Verified is a token whose signature was checked. Its claims have not been judged: see [Policy].
type Verified struct {
	header  Header
	payload string
}

// Parse checks the form of a compact JWS (RFC 7515 §7.1): at most [MaxToken] bytes, three segments of strict base64url, a
// header that names a supported algorithm and asks for nothing that is refused. The payload may be empty and need not
// be JSON. An error wraps [ErrMalformed] or [ErrAlgorithm].
func Parse(raw string) (Unverified, error) { return parse(raw, Key{}) }

// ParseLikely is Parse, and faster for a token of likely: a header in one of the forms that tokens of this key usually
// have is recognised by comparison and not parsed. Any other token is parsed as well; which key verifies it is still to
// be decided.
func ParseLikely(raw string, likely Key) (Unverified, error) { return parse(raw, likely) }

// Verify is Parse and [Unverified.Verify] in one step. It is the fastest way when the key is known beforehand: see
// [ParseLikely].
func Verify(raw string, k Key) (Verified, error) {
	u, err := parse(raw, k)
	if err != nil {
		return Verified{}, err
	}
	return u.Verify(k)
}

// parse decodes all segments before it reads any JSON, and into one allocation.
func parse(raw string, k Key) (Unverified, error) {
	header, payload, sig, err := split(raw)
	if err != nil {
		return Unverified{}, err
	}
	input := raw[:len(header)+1+len(payload)]
	h, usual := k.usual(header)
	if usual {
		header = ""
	}
	var stack [1 << 10]byte
	blob, n, err := decodeAll(stack[:0], header, payload, sig)
	if err != nil {
		return Unverified{}, err
	}
	if !usual {
		if h, err = parseHeader(blob[:n[0]]); err != nil {
			return Unverified{}, err
		}
	}
	return Unverified{header: h, input: input, payload: blob[n[0]:n[1]], sig: blob[n[1]:]}, nil
}

// split finds the three segments without allocating, whatever raw is.
func split(raw string) (header, payload, sig string, err error) {
	if len(raw) > MaxToken {
		return "", "", "", fmt.Errorf("%w: %d bytes, want at most %d", ErrMalformed, len(raw), MaxToken)
	}
	header, rest, _ := strings.Cut(raw, ".")
	payload, sig, two := strings.Cut(rest, ".")
	if !two || strings.Contains(sig, ".") {
		return "", "", "", fmt.Errorf("%w: want 3 segments, got %d", ErrMalformed, strings.Count(raw, ".")+1)
	}
	if header == "" || sig == "" {
		return "", "", "", fmt.Errorf("%w: header or signature is empty", ErrMalformed)
	}
	if len(header) > base64.RawURLEncoding.EncodedLen(MaxHeader) {
		return "", "", "", fmt.Errorf("%w: header of more than %d bytes", ErrMalformed, MaxHeader)
	}
	return header, payload, sig, nil
}

// decodeAll decodes the segments one behind the other; n tells where the first two end.
func decodeAll(buf []byte, header, payload, sig string) (blob string, n [2]int, err error) {
	var ok bool
	if buf, ok = decode(buf, header); !ok {
		return "", n, fmt.Errorf("%w: header: want unpadded base64url", ErrMalformed)
	}
	n[0] = len(buf)
	if buf, ok = decode(buf, payload); !ok {
		return "", n, fmt.Errorf("%w: payload: want unpadded base64url", ErrMalformed)
	}
	n[1] = len(buf)
	if buf, ok = decode(buf, sig); !ok {
		return "", n, fmt.Errorf("%w: signature: want unpadded base64url", ErrMalformed)
	}
	return string(buf), n, nil
}

// Header returns what the token says about itself; with it the key is chosen, and nothing else should be.
func (u Unverified) Header() Header { return u.header }

// String tells header and length, so that logs do not show tokens.
func (u Unverified) String() string { return describe("unverified", u.header, len(u.payload)) }

// Verify checks the signature. The header's algorithm must be the key's, which is compared before any cryptography is
// done: [ErrAlgorithm]. A signature that does not match is [ErrSignature].
func (u Unverified) Verify(k Key) (Verified, error) {
	if k.IsZero() {
		return Verified{}, fmt.Errorf("%w: no key", ErrKey)
	}
	if !k.accepts(u.header.Algorithm) {
		return Verified{}, fmt.Errorf("%w: want %s, got %q", ErrAlgorithm, k.Algorithm(), u.header.Algorithm)
	}
	if !k.k.verifies(u.input, u.sig) {
		return Verified{}, ErrSignature
	}
	return Verified{u.header, u.payload}, nil
}

// Header returns the header, which the signature covers.
func (v Verified) Header() Header { return v.header }

// String tells header and length, so that logs do not show claims.
func (v Verified) String() string { return describe("verified", v.header, len(v.payload)) }

func describe(state string, h Header, payload int) string {
	return fmt.Sprintf("%s token: alg %s, typ %q, kid %q, payload of %d bytes", state, h.Algorithm, h.Type, h.KeyID, payload)
}

// Payload returns a copy of the payload.
func (v Verified) Payload() []byte { return []byte(v.payload) }

// Claims reads the payload as [ParseClaims] does.
func (v Verified) Claims() (Claims, error) { return readClaims(v.payload, nil) }
