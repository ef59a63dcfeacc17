package token_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/token"
)

// A program logs its users in, guards its routes, and logs them out.
func Example() {
	ctx := context.Background()
	key, err := jwt.GenerateKey(jwt.HS256, "2026-01") // yours comes from the environment
	if err != nil {
		fmt.Println(err)
		return
	}
	issuer, err := token.New(token.Config{
		Issuer: "https://shop.example", Audience: []string{"shop"}, Key: key, Denylist: new(token.Memory),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	dead, err := issuer.Revocations()
	if err != nil {
		fmt.Println(err)
		return
	}
	guard, err := jotgate.New(jotgate.Config{
		Issuer: "https://shop.example", Audience: "shop", Keys: issuer.Keys(), Revocations: dead,
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	pair, err := issuer.Pair(ctx, token.Grant{Subject: "42", Permissions: []string{"orders:read"}, Fresh: true})
	fmt.Println(pair.TokenType, pair.ExpiresIn, err)
	who, err := guard.Check(ctx, pair.AccessToken, jotgate.Rule{Permissions: []string{"orders:read"}})
	fmt.Println(who.Subject(), err)

	pair, err = issuer.Refresh(ctx, pair.RefreshToken)
	fmt.Println(pair.TokenType, pair.ExpiresIn, err)

	fmt.Println(issuer.Revoke(ctx, pair.RefreshToken)) // log-out
	_, err = issuer.Verify(ctx, token.Access, pair.AccessToken)
	fmt.Println(errors.Is(err, token.ErrRevoked))
	// Output:
	// Bearer 900 <nil>
	// 42 <nil>
	// Bearer 900 <nil>
	// <nil>
	// true
}

func BenchmarkAccessToken(b *testing.B) {
	for _, alg := range []string{jwt.HS256, jwt.ES256} {
		b.Run(alg, func(b *testing.B) {
			i, _ := issuer(b, func(c *token.Config) { c.Key = must(jwt.GenerateKey(alg, "k"))(b) })
			g := token.Grant{Subject: "0192d8f4-7c1e-7b9a-9d2e-0c8c2b1f6a55", Permissions: []string{"orders:read", "orders:write", "customers:read"}}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := i.AccessToken(ctx, g); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkKey(b *testing.B) {
	i, _ := issuer(b, nil)
	keys := i.Keys()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := keys.Key(ctx, iss, "k1", jwt.HS256); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRevocationsCheck(b *testing.B) {
	i, _ := issuer(b, func(c *token.Config) { c.Denylist = new(token.Memory) })
	dead := must(i.Revocations())(b)
	ref := jwt.Ref{Issuer: iss, TokenID: "AAAAAAAAAAAAAAAAAAAAAA", SessionID: "BBBBBBBBBBBBBBBBBBBBBB"}
	b.ReportAllocs()
	for b.Loop() {
		if v, err := dead.Check(ctx, ref); v.Dead || err != nil {
			b.Fatal(v, err)
		}
	}
}
