package jwt

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"
)

// Sign returns the compact JWS of any payload. The key decides alg and kid: the header may leave them empty, and one that
// says otherwise is refused. The header is written in the order alg, typ, kid, then Extra by name; parameters that Parse
// refuses cannot be set.
func Sign(k Key, h Header, payload []byte) (string, error) {
	w, err := k.begin(h)
	if err != nil {
		return "", err
	}
	defer k.k.pool.Put(w)
	w.sig = append(w.sig[:0], payload...)
	return k.finish(w)
}

// SignClaims signs claims.
func SignClaims(k Key, h Header, c Claims) (string, error) {
	w, err := k.begin(h)
	if err != nil {
		return "", err
	}
	defer k.k.pool.Put(w)
	if w.sig, err = c.AppendJSON(w.sig[:0]); err != nil {
		return "", err
	}
	return k.finish(w)
}

// SignJSON signs what encoding/json makes of claims, which must be an object that ParseClaims accepts: a registered claim
// of a wrong type is an error here and not at the verifier. In a map[string]any, the times exp, nbf, iat and auth_time
// may be given as time.Time and are written as whole seconds; the map is left as it is.
func SignJSON(k Key, h Header, claims any) (string, error) {
	if m, ok := claims.(map[string]any); ok {
		claims = withSeconds(m)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("writing claims: %w", err)
	}
	if _, err := ParseClaims(payload); err != nil {
		return "", fmt.Errorf("claims that no one would accept: %w", err)
	}
	return Sign(k, h, payload)
}

// withSeconds returns m with the registered times as numbers.
func withSeconds(m map[string]any) map[string]any {
	out := maps.Clone(m)
	for _, name := range []string{"exp", "nbf", "iat", "auth_time"} {
		if t, ok := out[name].(time.Time); ok {
			out[name] = t.Unix()
		}
	}
	return out
}

// begin borrows the key's memory and writes the header into it. The payload then goes where the signature will be.
func (k Key) begin(h Header) (*work, error) {
	if !k.CanSign() {
		return nil, fmt.Errorf("%w: %v cannot sign", ErrKey, k)
	}
	segment, err := k.segment(h)
	if err != nil {
		return nil, err
	}
	return k.k.borrow(segment), nil
}

// finish signs; only the finished text is allocated.
func (k Key) finish(w *work) (string, error) {
	w.input = encode(append(w.input, '.'), w.sig)
	n := len(w.input)
	sig, err := k.k.sign(w)
	if err != nil {
		return "", fmt.Errorf("signing with %v: %w", k, err)
	}
	w.input = encode(append(w.input[:n], '.'), sig)
	if len(w.input) > MaxToken {
		return "", fmt.Errorf("token of %d bytes: want at most %d", len(w.input), MaxToken)
	}
	return string(w.input), nil
}
