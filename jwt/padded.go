package jwt

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// ParsePadded is Parse for tokens whose segments keep the padding of base64 (RFC 4648 §5), as Flama writes them. Exactly
// that spelling is accepted: every segment padded to a multiple of four characters and no further. The signature is
// checked over the text as it was sent, padding included.
func ParsePadded(raw string) (Unverified, error) {
	header, payload, sig, err := split(raw)
	if err != nil {
		return Unverified{}, err
	}
	input := raw[:len(header)+1+len(payload)]
	for _, s := range []*string{&header, &payload, &sig} {
		if *s, err = unpad(*s); err != nil {
			return Unverified{}, err
		}
	}
	blob, n, err := decodeAll(nil, header, payload, sig)
	if err != nil {
		return Unverified{}, err
	}
	h, err := parseHeader(blob[:n[0]])
	if err != nil {
		return Unverified{}, err
	}
	return Unverified{header: h, input: input, payload: blob[n[0]:n[1]], sig: blob[n[1]:]}, nil
}

func unpad(s string) (string, error) {
	bare := strings.TrimRight(s, "=")
	if len(s)%4 != 0 || len(s)-len(bare) > 2 {
		return "", fmt.Errorf("%w: want each segment padded to a multiple of 4 characters", ErrMalformed)
	}
	return bare, nil
}

// SignSpelled is Sign with a header that is written as it is given, byte for byte, and with padded segments where padded
// is set: for the dialects of other libraries. The header must be one that Parse accepts, name the key's algorithm and
// not contradict its kid.
func SignSpelled(k Key, header string, payload []byte, padded bool) (string, error) {
	if !k.CanSign() {
		return "", fmt.Errorf("%w: %v cannot sign", ErrKey, k)
	}
	if len(header) > MaxHeader {
		return "", fmt.Errorf("header of %d bytes: want at most %d", len(header), MaxHeader)
	}
	h, err := parseHeader(header)
	if err != nil {
		return "", err
	}
	if _, err := k.complete(h); err != nil {
		return "", err
	}
	if !padded {
		return k.spell(base64.RawURLEncoding, header, payload)
	}
	return k.spell(base64.URLEncoding, header, payload)
}

func (k Key) spell(e *base64.Encoding, header string, payload []byte) (string, error) {
	w := k.k.borrow(e.EncodeToString([]byte(header)) + ".")
	defer k.k.pool.Put(w)
	w.input = e.AppendEncode(w.input, payload)
	n := len(w.input)
	sig, err := k.k.sign(w)
	if err != nil {
		return "", fmt.Errorf("signing with %v: %w", k, err)
	}
	if w.input = e.AppendEncode(append(w.input[:n], '.'), sig); len(w.input) > MaxToken {
		return "", fmt.Errorf("token of %d bytes: want at most %d", len(w.input), MaxToken)
	}
	return string(w.input), nil
}
