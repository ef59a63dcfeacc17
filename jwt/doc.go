// Package jwt reads and writes signed JSON Web Tokens (RFC 7519) in the compact form (RFC 7515), and the keys that sign
// them. It knows no HTTP, no store and no clock.
//
// A token takes one way through the package, and each stop is a type of its own:
//
//	raw ─ Parse ─▶ Unverified ─ Verify(Key) ─▶ Verified ─ Claims ─▶ Claims ─ Policy.Check ─▶ accepted
//
//	u, err := jwt.Parse(raw)                                             // form
//	k, err := keys.Key(ctx, issuer, u.Header().KeyID, u.Header().Algorithm)
//	v, err := u.Verify(k)                                                // signature
//	c, err := v.Claims()                                                 // content
//	err = jwt.Policy{Now: time.Now(), Audiences: []string{"orders"}}.Check(v.Header(), c)
//
// What it promises:
//
//   - The key decides the algorithm. Every [Key] is bound to one, which the header must name; "none" cannot be had.
//   - Claims cannot be reached before the signature was checked. An error comes with the zero value, never with half a
//     token.
//   - One spelling: whatever is accepted is strict unpadded base64url and strict JSON, without duplicate names. Headers
//     that bring their own key, or ask for an extension, are refused.
//   - Input is bounded ([MaxToken], [MaxHeader]) before anything is done with it, and no input makes it panic.
//   - No error or log text holds a token, a secret or a private key.
//
// JWE, the JSON serialisations, detached payloads, compression and algorithms of one's own are not offered.
package jwt
