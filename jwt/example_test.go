package jwt_test

import (
	"context"
	"fmt"
	"time"

	"github.com/jotgate/jotgate/jwt"
)

// A token is made, and goes the whole way back to claims that a policy accepts.
func Example() {
	key, err := jwt.GenerateKey(jwt.ES256, "2026-01")
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Unix(1_800_000_000, 0)
	raw, err := jwt.SignClaims(key, jwt.Header{Type: "at+jwt"}, jwt.Claims{
		Issuer: "https://id.example", Subject: "u1", Audience: []string{"orders"}, ExpiresAt: now.Add(15 * time.Minute),
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	keys, err := jwt.NewKeySet(key.Public())
	if err != nil {
		fmt.Println(err)
		return
	}
	claims, err := check(context.Background(), keys, raw, now)
	fmt.Println(claims.Subject, err)
	_, err = check(context.Background(), keys, raw, now.Add(time.Hour))
	fmt.Println(err)
	// Output:
	// u1 <nil>
	// token expired at 2027-01-15T08:15:00Z
}

func check(ctx context.Context, keys *jwt.KeySet, raw string, now time.Time) (jwt.Claims, error) {
	u, err := jwt.Parse(raw)
	if err != nil {
		return jwt.Claims{}, err
	}
	key, err := keys.Key(ctx, "https://id.example", u.Header().KeyID, u.Header().Algorithm)
	if err != nil {
		return jwt.Claims{}, err
	}
	v, err := u.Verify(key)
	if err != nil {
		return jwt.Claims{}, err
	}
	c, err := v.Claims()
	if err != nil {
		return jwt.Claims{}, err
	}
	p := jwt.Policy{Now: now, Issuers: []string{"https://id.example"}, Audiences: []string{"orders"}, Types: []string{"at+jwt"}}
	return c, p.Check(v.Header(), c)
}

// A key set for publication holds public parts only.
func ExampleKeySet_MarshalJSON() {
	key, err := jwt.ParseJWK([]byte(`{"kty":"OKP","crv":"Ed25519","kid":"a",
		"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	keys, err := jwt.NewKeySet(key)
	if err != nil {
		fmt.Println(err)
		return
	}
	set, err := keys.MarshalJSON()
	fmt.Println(string(set), err)
	// Output:
	// {"keys":[{"kty":"OKP","kid":"a","use":"sig","alg":"EdDSA","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]} <nil>
}
