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
	return sign(k, h, func(dst []byte) ([]byte, error) { return append(dst, payload...), nil })
}

// SignClaims signs claims.
func SignClaims(k Key, h Header, c Claims) (string, error) { return sign(k, h, c.AppendJSON) }

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

// sign builds the token in memory that belongs to the key; only the finished text is allocated.
func sign(k Key, h Header, payload func([]byte) ([]byte, error)) (string, error) {
	if !k.CanSign() {
		return "", fmt.Errorf("%w: %v cannot sign", ErrKey, k)
	}
	segment, err := k.segment(h)
	if err != nil {
		return "", err
	}
	w := k.k.borrow(segment)
	defer k.k.pool.Put(w)
	if w.sig, err = payload(w.sig[:0]); err != nil {
		return "", err
	}
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
