package token

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jotgate/jotgate/jwt"
)

// ring holds the keys of the issuer, each in a set of its own: jwt.KeySet decides what a key may be used for, and keys of
// different kinds may stand side by side while one replaces the other.
type ring struct {
	issuer string
	sets   map[string]*jwt.KeySet // by kid
}

func newRing(c Config) (*ring, []error) {
	r := &ring{c.Issuer, make(map[string]*jwt.KeySet)}
	var faults []error
	if c.Key.IsZero() && c.KeyFor == nil {
		faults = append(faults, errors.New("Key: none; make one with jwt.NewKey or jwt.GenerateKey"))
	}
	if !c.Key.IsZero() && !c.Key.CanSign() {
		faults = append(faults, fmt.Errorf("Key: %v cannot sign; want a private key or a secret", c.Key))
	}
	if !c.Key.IsZero() {
		faults = append(faults, r.add("Key", c.Key, c.InsecureKeys))
	}
	for n, k := range c.Previous {
		faults = append(faults, r.add(fmt.Sprintf("Previous[%d]", n), k, c.InsecureKeys))
	}
	return r, slices.DeleteFunc(faults, func(err error) bool { return err == nil })
}

func (r *ring) add(setting string, k jwt.Key, insecure bool) error {
	if err := weakness(k); err != nil && !insecure {
		return fmt.Errorf("%s: %w", setting, err)
	}
	if _, twice := r.sets[k.ID()]; twice {
		return fmt.Errorf("%s: kid %q is taken; tokens could not tell the two keys apart", setting, k.ID())
	}
	if public := k.Public(); !public.IsZero() {
		k = public // what only verifies needs no private part
	}
	set, err := jwt.NewKeySet(k)
	if err != nil {
		return fmt.Errorf("%s: %w", setting, err)
	}
	r.sets[k.ID()] = set
	return nil
}

// Key implements KeySource.
func (r *ring) Key(ctx context.Context, iss, kid, alg string) (jwt.Key, error) {
	set, ok := r.sets[kid]
	if !ok || iss != r.issuer {
		return jwt.Key{}, fmt.Errorf("%w: kid %.128q of issuer %.128q", jwt.ErrUnknownKey, kid, iss)
	}
	return set.Key(ctx, iss, kid, alg)
}

// Keys returns the keys that verify the issuer's tokens: a jotgate.KeySource that answers for Config.Issuer only.
func (i *Issuer) Keys() KeySource { return i.keys }

// JWKS returns the public keys of Key and Previous as a JWK Set (RFC 7517 §5), for other programs to verify with. Secrets
// are left out; where nothing else is there, or a key has no kid beside others, there is an error.
func (i *Issuer) JWKS() ([]byte, error) {
	var keys []jwt.Key
	for _, k := range append([]jwt.Key{i.config.Key}, i.config.Previous...) {
		if public := k.Public(); !public.IsZero() {
			keys = append(keys, public)
		}
	}
	set, err := jwt.NewKeySet(keys...)
	if err != nil {
		return nil, fmt.Errorf("public keys of the issuer: %w", err)
	}
	return set.MarshalJSON()
}

// weakness says why a guesser would find the key, without saying the key. It does not matter how the key was made.
func weakness(k jwt.Key) error {
	thumbprint, err := k.Thumbprint()
	if err != nil {
		return err
	}
	if slices.Contains(publishedKeys, thumbprint) {
		return errors.New("this key is published as a sample; make one of your own with jwt.GenerateKey")
	}
	if !k.Symmetric() {
		return nil
	}
	secret, err := secretOf(k)
	if err == nil {
		_, err = jwt.NewKey(k.Algorithm(), "", secret) // it may have come in through jwt.NewInsecureKey
	}
	return err
}

func secretOf(k jwt.Key) ([]byte, error) {
	text, err := k.PrivateJWK()
	if err != nil {
		return nil, err
	}
	var params struct{ K string }
	if err := json.Unmarshal(text, &params); err != nil {
		return nil, err
	}
	return base64.RawURLEncoding.DecodeString(params.K)
}

// publishedKeys are the thumbprints (RFC 7638) of sample keys whose private part is published.
var publishedKeys = []string{
	"y_x3gCJnL6oKGBBIXScabduwxTVy2Wd2bzRVEUbdUzc", // RFC 7515 A.1, HMAC
	"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U", // RFC 7515 A.3, P-256
	"dHri3SADZkrush5HU_50AoRhcKFryN-PI6jPBtPL55M", // RFC 7520 §3.2, P-521
	"9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI", // RFC 7520 §3.4, RSA
	"RtoRur_1Dir5M4wuOfqNkDYOf9O_4RJ-aHkTA75RLA8", // RFC 7520 §3.5, HMAC
	"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", // RFC 8037 A.1, Ed25519
	"19J8y7Zprt2-QKLjF2I5pVk0OELX6cY2AfaAv1LC_w8", // jwt.io, P-256
}
