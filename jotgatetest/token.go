package jotgatetest

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/revocation"
)

// Name names a kind of token.
type Name string

// The tokens. All but Valid are refused where an access token is needed.
const (
	Valid            Name = "valid"
	Expired          Name = "expired" // an hour ago
	NotYet           Name = "not yet" // valid in an hour
	WrongIssuer      Name = "wrong issuer"
	WrongAudience    Name = "wrong audience"
	AlgNone          Name = "alg none"          // unsigned
	KeyConfusion     Name = "key confusion"     // HS256, with the public key as its secret
	WrongSignature   Name = "wrong signature"   // of a key that is not ours, under the kid of ours
	Revoked          Name = "revoked"           // by its jti
	Refresh          Name = "refresh"           // good where a rule asks for a refresh token
	StalePermissions Name = "stale permissions" // older than the last change of what its user may do
)

// refusals are what is told to who sends a token that is not Valid.
var refusals = map[Name]string{
	Expired: jotgate.CodeExpired, NotYet: jotgate.CodeInvalid, WrongIssuer: jotgate.CodeInvalid,
	WrongAudience: jotgate.CodeInvalid, AlgNone: jotgate.CodeInvalid, KeyConfusion: jotgate.CodeInvalid,
	WrongSignature: jotgate.CodeInvalid, Revoked: jotgate.CodeRevoked, Refresh: jotgate.CodeInvalid,
	StalePermissions: jotgate.CodePermissions,
}

// Refused returns the names of all tokens that are refused where an access token is needed, each with the code of its
// refusal.
func Refused() map[Name]string {
	return maps.Clone(refusals)
}

// Token returns a new token of this kind. Each change is made to its claims before it is signed; what the issuer knows of
// a user follows the sub that they leave.
func (i *Issuer) Token(n Name, change ...func(*jwt.Claims)) string {
	i.tb.Helper()
	c := i.claims()
	header := jwt.Header{Type: "at+jwt"}
	now := i.Clock.Now()
	switch n {
	case Expired:
		c.IssuedAt, c.AuthTime, c.ExpiresAt = now.Add(-2*time.Hour), now.Add(-2*time.Hour), now.Add(-time.Hour)
	case NotYet:
		c.NotBefore, c.ExpiresAt = now.Add(time.Hour), now.Add(2*time.Hour)
	case WrongIssuer:
		c.Issuer = "https://somebody-else.test"
	case WrongAudience:
		c.Audience = []string{"another-" + Audience}
	case Refresh:
		header.Type = "rt+jwt"
	}
	for _, f := range change {
		f(&c)
	}
	if c.SessionID == "" {
		c.SessionID = "session-" + c.Subject
	}
	if c.UserVersion == 0 {
		i.mu.Lock()
		c.UserVersion = i.version(c.Subject)
		i.mu.Unlock()
	}
	return i.sign(n, header, c)
}

func (i *Issuer) sign(n Name, h jwt.Header, c jwt.Claims) string {
	i.tb.Helper()
	switch n {
	case AlgNone:
		return i.bare("none", c) + "."
	case KeyConfusion:
		signed := i.bare("HS256", c)
		mac := hmac.New(sha256.New, i.publicPEM())
		mac.Write([]byte(signed))
		return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	case WrongSignature:
		foreign, err := jwt.GenerateKey(jwt.ES256, i.signing().ID())
		check(i.tb, err)
		return i.signWith(foreign, h, c)
	case StalePermissions:
		i.mu.Lock()
		c.UserVersion = i.version(c.Subject) - 1
		i.mu.Unlock()
		i.kill(revocation.User, c.Subject, c.UserVersion+1, revocation.ReasonPermissions)
	case Revoked:
		i.kill(revocation.Token, c.ID, 0, revocation.ReasonLogout)
	case Valid, Expired, NotYet, WrongIssuer, WrongAudience, Refresh:
	default:
		i.tb.Fatalf("token %q: there is none of that name", n)
	}
	return i.signWith(i.signing(), h, c)
}

func (i *Issuer) signWith(k jwt.Key, h jwt.Header, c jwt.Claims) string {
	i.tb.Helper()
	raw, err := jwt.SignClaims(k, h, c)
	check(i.tb, err)
	return raw
}

// claims are those of a valid access token for a quarter of an hour, from a log-in a minute ago.
func (i *Issuer) claims() jwt.Claims {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.tokens++
	now := i.Clock.Now()
	return jwt.Claims{
		Issuer: IssuerName, Subject: i.options.Subject, Audience: []string{Audience},
		ID: fmt.Sprintf("token-%d", i.tokens), ClientID: "client-1", CSRF: fmt.Sprintf("csrf-%d", i.tokens),
		IssuedAt: now, ExpiresAt: now.Add(15 * time.Minute), AuthTime: now.Add(-time.Minute),
		Roles: slices.Clone(i.options.Roles), Permissions: slices.Clone(i.options.Permissions),
	}
}

// bare is what no signer of ours would sign: header and claims of any algorithm.
func (i *Issuer) bare(alg string, c jwt.Claims) string {
	i.tb.Helper()
	header, err := json.Marshal(map[string]string{"alg": alg, "kid": i.signing().ID(), "typ": "at+jwt"})
	check(i.tb, err)
	payload, err := c.MarshalJSON()
	check(i.tb, err)
	return base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(payload)
}

func (i *Issuer) publicPEM() []byte {
	i.tb.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	der, err := x509.MarshalPKIXPublicKey(i.key.Public())
	check(i.tb, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}
