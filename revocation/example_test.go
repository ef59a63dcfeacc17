package revocation_test

import (
	"context"
	"fmt"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/revocation"
)

// A user logs out, and his access token dies before it expires.
func Example() {
	const issuer = "https://auth.example.com"
	key, err := jwt.GenerateKey(jwt.ES256, "2026-01")
	if err != nil {
		fmt.Println(err)
		return
	}
	keys, err := jwt.NewKeySet(key)
	if err != nil {
		fmt.Println(err)
		return
	}
	dead := revocation.NewSet()
	guard, err := jotgate.New(jotgate.Config{Issuer: issuer, Audience: "orders", Keys: keys, Revocations: dead})
	if err != nil {
		fmt.Println(err)
		return
	}
	expires := time.Now().Add(15 * time.Minute)
	token, err := jwt.SignClaims(key, jwt.Header{Type: "at+jwt"}, jwt.Claims{
		Issuer: issuer, Subject: "u1", SessionID: "s1", Audience: []string{"orders"}, ExpiresAt: expires,
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	id, err := guard.Check(context.Background(), token, jotgate.Rule{})
	fmt.Println(id.Subject(), err)

	dead.Add(revocation.Record{
		Kind: revocation.Session, Key: revocation.KeyOf(revocation.Session, issuer, "s1"),
		ExpiresAt: expires, Reason: revocation.ReasonLogout,
	})
	_, err = guard.Check(context.Background(), token, jotgate.Rule{})
	fmt.Println(err)
	// Output:
	// u1 <nil>
	// token_revoked: token revoked: logout
}
