package jwks

import (
	"context"
	"fmt"

	"github.com/jotgate/jotgate/jwt"
)

// Keys is what a guard takes as its KeySource.
type Keys interface {
	// Key returns the key of that issuer, kid and algorithm. Its errors are those of [Source.Key].
	Key(ctx context.Context, iss, kid, alg string) (jwt.Key, error)
}

var (
	_ Keys = (*Source)(nil)
	_ Keys = Sources(nil)
)

// Sources answers for several issuers, each by the keys that stand under its exact iss: a kid of one never finds a key of
// another. It must not be changed once it is in use.
//
//	jwks.Sources{"https://id.example": remote, "https://me.example": ownKeySet}
type Sources map[string]Keys

// Key asks the source of iss; an issuer that is not there is jwt.ErrUnknownKey.
func (s Sources) Key(ctx context.Context, iss, kid, alg string) (jwt.Key, error) {
	keys, ok := s[iss]
	if !ok {
		return jwt.Key{}, fmt.Errorf("%w: no key source for issuer %.128q", jwt.ErrUnknownKey, iss)
	}
	return keys.Key(ctx, iss, kid, alg)
}
