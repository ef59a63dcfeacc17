// Package token issues access and refresh JWTs for programs that log their users in themselves and run no Jotgate
// server.
//
//	key, err := jwt.NewKey(jwt.HS256, "2026-01", secret) // openssl rand -base64 64, from the environment
//	issuer, err := token.New(token.Config{
//		Issuer: "https://shop.example", Audience: []string{"shop"}, Key: key, Denylist: new(token.Memory),
//	})
//	pair, err := issuer.Pair(ctx, token.Grant{Subject: user.ID, Permissions: user.Permissions, Fresh: true}) // after log-in
//	pair, err = issuer.Refresh(ctx, pair.RefreshToken)
//	err = issuer.Revoke(ctx, pair.RefreshToken) // log-out
//
// The tokens are for a guard, in this program or another:
//
//	dead, err := issuer.Revocations()
//	guard, err := jotgate.New(jotgate.Config{
//		Issuer: "https://shop.example", Audience: "shop", Keys: issuer.Keys(), Revocations: dead,
//	})
//
// # The trip of a token
//
//	Grant ─ hooks ─▶ claims ─ Key ─▶ token … Verify: form, signature, policy, denylist ─▶ Token
//
// Access tokens carry typ at+jwt (RFC 9068) and the audience of the API, refresh tokens typ rt+jwt and the issuer itself
// as their audience, so that neither passes as the other, not even at a verifier that forgets to look at one of the two.
//
// # What it promises
//
//   - Every token has sub, iat, nbf, a random jti of 128 bits, and exp unless an option named Insecure permits otherwise.
//     Claims and headers of the caller's own never replace those that the package writes.
//   - Secrets that are short, repeat themselves or were published, and published sample keys of any kind, are refused by
//     New. This knows the samples that get copied most, not all of them.
//   - Keys of Previous verify and never sign. A key is found by its exact kid; none is tried.
//   - With a Denylist refresh tokens are single-use: of two callers with one token, one moves the session on. Within
//     RefreshGrace the other receives the same successor (the same jti), so tabs and lost answers log nobody out. Later
//     use means that the token is in two hands: the session ends, for both.
//
// # What it cannot promise
//
// A JWT is valid wherever its key is, until it expires. Without a Denylist nothing here is single-use and nothing can be
// revoked: [Issuer.Refresh] then answers a new access token beside the refresh token that was presented, and who steals
// that one can do the same, unseen, until it expires. With a Denylist a token is dead where the Denylist is asked, and
// nowhere else; one that lives in memory forgets with its process and is not shared with other processes. A refresh copies
// what the refresh token says, which may be a month old: a user who was locked out or lost a role keeps it unless Renew
// asks your users' table. The server of this project keeps sessions in a store and has none of these limits.
package token
