package jwt

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Bounds of a JWK Set.
const (
	maxKeySet = 1 << 20 // bytes
	maxKeys   = 1000
)

// KeySet holds the keys of one issuer. It is immutable. Within a set each kid names one key, and secrets never stand
// beside public keys, so that the kind of key which a token can meet is fixed by the issuer.
type KeySet struct {
	keys []Key
	byID map[string]Key
}

// NewKeySet makes a set of at least one key. A key without kid must be alone, since a token could not choose it.
// Every error wraps [ErrKey].
func NewKeySet(keys ...Key) (*KeySet, error) {
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: a key set without keys", ErrKey)
	}
	s := &KeySet{keys: slices.Clone(keys), byID: make(map[string]Key, len(keys))}
	for _, k := range keys {
		if err := s.fits(k); err != nil {
			return nil, fmt.Errorf("%w: key set: %w", ErrKey, err)
		}
		s.byID[k.ID()] = k
	}
	return s, nil
}

func (s *KeySet) fits(k Key) error {
	_, twice := s.byID[k.ID()]
	switch {
	case k.IsZero():
		return errors.New("a zero key")
	case k.ID() == "" && len(s.keys) > 1:
		return errors.New("a key without kid beside others")
	case twice:
		return fmt.Errorf("kid %q twice", k.ID())
	case k.Symmetric() != s.keys[0].Symmetric():
		return errors.New("secrets beside public keys")
	}
	return nil
}

// ParseKeySet reads a JWK Set (RFC 7517 §5) of at most 1 MiB and 1000 keys, to verify with: public keys, or secrets. Keys
// of other kinds (encryption keys, types, curves and algorithms that are not supported) and keys without kid beside
// others are passed over. The whole set fails if a key is broken (not on its curve, too short, at odds with itself), if
// one has its private part in it, which then is private no more, if two have one kid, of whatever kinds they are, and if
// no key is left. Every error wraps [ErrKey].
func ParseKeySet(data []byte) (*KeySet, error) {
	if len(data) > maxKeySet {
		return nil, fmt.Errorf("%w: key set of %d bytes: want at most %d", ErrKey, len(data), maxKeySet)
	}
	texts, err := readKeySet(string(data))
	if err != nil {
		return nil, fmt.Errorf("%w: key set: %w", ErrKey, err)
	}
	var keys []Key
	var kids names
	for i, text := range texts {
		k, err := parsePublic(text, &kids)
		if errors.Is(err, errOtherKind) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("key %d of the set: %w", i, err)
		}
		keys = append(keys, k)
	}
	if len(keys) > 1 {
		keys = slices.DeleteFunc(keys, func(k Key) bool { return k.ID() == "" })
	}
	return NewKeySet(keys...)
}

func parsePublic(text string, kids *names) (Key, error) {
	f, err := readJWK(text)
	if err != nil {
		return Key{}, fmt.Errorf("%w: JWK: %w", ErrKey, err)
	}
	k, err := f.public(kids)
	if err != nil {
		return Key{}, fmt.Errorf("kid %.*q: %w", maxName, f.text["kid"], err)
	}
	return k, nil
}

// public makes a key that others can see. Its kid must not be among kids, to which it is added.
func (f fields) public(kids *names) (Key, error) {
	switch kid := f.text["kid"]; {
	case kid != "" && !kids.add(kid):
		return Key{}, fmt.Errorf("%w: another key of the set has this kid", ErrKey)
	case f.has("d") && f.text["kty"] != "oct":
		return Key{}, fmt.Errorf("%w: a private key where public keys are wanted", ErrKey)
	}
	return f.key()
}

// readKeySet returns the texts of the keys.
func readKeySet(s string) ([]string, error) {
	var keys []string
	z := scanner{s: s}
	for z.next() {
		if z.name == "keys" {
			keys = z.elements(maxKeys)
		} else {
			z.skip()
		}
	}
	return keys, z.err
}

// elements reads a list of at most max values and returns their texts.
func (z *scanner) elements(max int) (list []string) {
	z.expect('[', "a list")
	for z.err == nil && !z.accept(']') {
		if len(list) > 0 {
			z.expect(',', "a comma or the end of the list")
		}
		if list = append(list, z.skip()); len(list) > max {
			z.fail(fmt.Sprintf("a list of at most %d", max))
		}
	}
	return list
}

// Key returns the key that a token's header asks for. The kid must be equal; a token without kid gets a key only from a
// set of one key without kid. It returns ErrUnknownKey when there is none, and ErrAlgorithm when the key is for another
// algorithm. The issuer is ignored: the set belongs to one.
func (s *KeySet) Key(_ context.Context, _, kid, alg string) (Key, error) {
	k, ok := s.byID[kid]
	if !ok {
		return Key{}, fmt.Errorf("%w: kid %.*q", ErrUnknownKey, maxName, kid)
	}
	if !k.accepts(alg) {
		return Key{}, fmt.Errorf("%w: kid %q is for %s, got %.20q", ErrAlgorithm, kid, k.Algorithm(), alg)
	}
	return k, nil
}

// Keys returns the keys in their order.
func (s *KeySet) Keys() []Key { return slices.Clone(s.keys) }

// MarshalJSON returns the public parts as a JWK Set, for publication. A set of secrets has none: error.
func (s *KeySet) MarshalJSON() ([]byte, error) {
	out := []byte(`{"keys":[`)
	for i, k := range s.keys {
		if k.Symmetric() {
			return nil, fmt.Errorf("%w: %v has no public part", ErrKey, k)
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = k.appendJWK(out, false)
	}
	return append(out, `]}`...), nil
}
