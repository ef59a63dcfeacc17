// Package flama makes a guard that speaks the dialect of Flama's JWTs (1.7 and 2): tokens that it issued verify, padding
// and all, and clients get the statuses and bodies that they know.
//
//	settings := flama.Settings{Secret: secret, InsecureOptionalExpiry: true}
//	config, err := flama.Config(settings)
//	guard, err := jotgate.New(config)
//	mux.Handle("GET /private/info/", guard.Require("my-permission-name")(info)) // tags={"permissions": […]}
//	issuer, err := flama.NewIssuer(settings)
//	token, err := issuer.Encode(map[string]any{"iss": "vortico", "id": user.ID, "permissions": granted})
//
// An Identity has as its subject the claim sub, or id of data; as its permissions those of data.permissions and of all
// roles in data.roles. Permissions are those that jotgate.CheckPermission takes. A "*" in one is a name to Flama and would
// be a wildcard here, so such permissions are left out.
//
//	secret          Secret       header_prefix   HeaderPrefix
//	header_key      HeaderKey    cookie_key      CookieKey
//
// # What differs
//
//   - Answers do not repeat the token.
//   - A key verifies one algorithm, Algorithm; the token does not choose among three.
//   - The secret must be one: sixteen NULs, as in a published guide, equal the empty secret to HMAC, and everyone can sign.
//     Such and other weak secrets need InsecureWeakKey.
//   - exp is required unless InsecureOptionalExpiry is set, and a token is dead at exp and not a second later.
//   - Padding must be correct, no more and no less. Bytes outside the alphabet are refused.
//   - Unsafe requests with the token in the cookie are refused with 403 unless InsecureSkipCSRF is set: the tokens hold no
//     proof that a page of yours sent them.
//   - RefreshTokenComponent is a second guard with a HeaderKey and CookieKey of its own; as there, nothing but the place tells
//     its tokens from access tokens. Paths are not ignored by pattern: put the guard on the routes that need it.
//   - data, permissions and roles of other types grant nothing; they are no failed requests.
//   - What the library has no words for (503) comes in its shape.
package flama

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/profile/internal/pyjwt"
)

// Settings of Flama's JWTComponent. Zero fields have its defaults.
type Settings struct {
	Secret       []byte // required
	Algorithm    string // HS256, HS384 or HS512; "": HS256
	HeaderKey    string // "": Authorization. From 1.8 on Flama's default is access_token
	HeaderPrefix string // compared with case; "": Bearer
	CookieKey    string // "": flama_authentication
	Compact      bool   // tokens are issued without spaces in their JSON, as from 2.0 on; both verify

	// InsecureOptionalExpiry accepts tokens without exp, which live for ever. Flama adds none.
	InsecureOptionalExpiry bool
	// InsecureSkipCSRF lets every page that a user visits act as the user, where the token stands in the cookie.
	InsecureSkipCSRF bool
	// InsecureWeakKey accepts a secret that is short, published or all zero. Who guesses it is any user.
	InsecureWeakKey bool

	// Now is the clock. Nil: time.Now.
	Now func() time.Time
}

func (s Settings) filled() Settings {
	s.HeaderKey, s.HeaderPrefix = pyjwt.Or(s.HeaderKey, "Authorization"), pyjwt.Or(s.HeaderPrefix, "Bearer")
	s.CookieKey = pyjwt.Or(s.CookieKey, "flama_authentication")
	if s.Now == nil {
		s.Now = time.Now
	}
	return s
}

func (s Settings) keys() (jwt.Key, *jwt.KeySet, error) {
	if s.Algorithm != "" && !strings.HasPrefix(s.Algorithm, "HS") {
		return jwt.Key{}, nil, fmt.Errorf("flama: Algorithm: %q; Flama has HS256, HS384 and HS512", s.Algorithm)
	}
	key, set, err := pyjwt.Keys{Algorithm: s.Algorithm, Secret: string(s.Secret), Insecure: s.InsecureWeakKey}.Make()
	if err != nil {
		return jwt.Key{}, nil, fmt.Errorf("flama: %w", err)
	}
	return key, set, nil
}

// Config returns what to make the guard from. It is yours to change.
func Config(s Settings) (jotgate.Config, error) {
	_, keys, err := s.keys()
	if err != nil {
		return jotgate.Config{}, err
	}
	s = s.filled()
	return jotgate.Config{
		Keys: keys, Leeway: -1, Now: s.Now, Types: []string{"JWT"}, FirstWins: true,
		Parse: parse, Read: read, Foreign: pyjwt.Foreign("csrf"), Answer: s.answer,
		Locations: []jotgate.Location{
			{Header: http.CanonicalHeaderKey(s.HeaderKey), Schemes: []string{s.HeaderPrefix}, ExactScheme: true, Demand: true},
			{Cookie: s.CookieKey, CSRF: jotgate.CSRF{InsecureSkip: s.InsecureSkipCSRF}},
		},
		InsecureSkipIssuer: true, InsecureSkipAudience: true, InsecureOptionalExpiry: s.InsecureOptionalExpiry,
	}, nil
}

// parse names the fault as Flama does.
func parse(raw string) (jwt.Unverified, error) {
	u, err := jwt.ParsePadded(raw)
	switch {
	case err == nil:
		return u, nil
	case strings.Count(raw, ".") < 2:
		return jwt.Unverified{}, &pyjwt.Fault{Text: "Not enough segments", Err: err}
	case errors.Is(err, jwt.ErrAlgorithm):
		return jwt.Unverified{}, &pyjwt.Fault{Text: "Unsupported algorithm", Err: err}
	}
	return jwt.Unverified{}, &pyjwt.Fault{Text: "Wrong token format", Err: err}
}

func read(h jwt.Header, c jwt.Claims) (jotgate.Traits, error) {
	claims, err := pyjwt.Read(h, c)
	if err != nil {
		return jotgate.Traits{}, err
	}
	var data pyjwt.Claims
	_ = json.Unmarshal(claims["data"], &data) // of another type it holds nothing
	var roles map[string][]string
	if json.Unmarshal(data["roles"], &roles) != nil {
		roles = nil
	}
	t := jotgate.Traits{Subject: c.Subject, TokenID: c.ID, Permissions: data.Texts("permissions"), Roles: slices.Sorted(maps.Keys(roles))}
	if t.Subject == "" {
		t.Subject, _ = data.Name("id")
	}
	for _, role := range t.Roles {
		t.Permissions = append(t.Permissions, roles[role]...)
	}
	t.Permissions = slices.DeleteFunc(t.Permissions, func(p string) bool { return strings.Contains(p, "*") })
	return t, nil
}

func (s Settings) answer(r *jotgate.Refusal) jotgate.Answer {
	status, detail := s.words(r)
	body, _ := pyjwt.JSON(pyjwt.Object{ // texts and a number always marshal
		{Name: "status_code", Value: status}, {Name: "detail", Value: detail}, {Name: "error", Value: nil},
	}, pyjwt.Unicode)
	h := http.Header{}
	r.Header(h)
	h.Del("WWW-Authenticate")
	h.Set("Content-Type", "application/json")
	return jotgate.Answer{Status: status, Header: h, Body: body}
}

func (s Settings) words(r *jotgate.Refusal) (int, any) {
	exception := func(status int, name, text string) (int, any) {
		return status, pyjwt.Object{{Name: "error", Value: name}, {Name: "description", Value: text}}
	}
	var form *jotgate.FormError
	var fault *pyjwt.Fault
	switch {
	case r.Code == jotgate.CodeMissing:
		return r.Status, http.StatusText(r.Status)
	case r.Code == jotgate.CodeForbidden:
		return r.Status, "Insufficient permissions"
	case errors.As(r, &form) && strings.HasPrefix(form.Location, "header "):
		return exception(400, "JWTException", "Authentication header must be '"+s.HeaderKey+": "+s.HeaderPrefix+" <token>'")
	case errors.As(r, &fault):
		return exception(r.Status, "JWTDecodeException", fault.Text)
	case errors.As(r, &form):
		return exception(r.Status, "JWTDecodeException", "Wrong token format")
	case errors.Is(r, jwt.ErrMalformed):
		return exception(r.Status, "JWTDecodeException", "Wrong payload format")
	case errors.Is(r, jwt.ErrAlgorithm):
		return exception(r.Status, "JWTDecodeException", "Unsupported algorithm")
	case r.Code == jotgate.CodeInvalid, r.Code == jotgate.CodeExpired:
		return exception(r.Status, "JWTValidateException", claimsText(r))
	}
	return r.Status, r.Detail
}

// claimsText names all claims at fault.
func claimsText(r *jotgate.Refusal) string {
	_, proved := r.Claims()
	if !proved {
		return "Signature verification failed"
	}
	var names []string
	if errors.Is(r, jwt.ErrExpired) || errors.Is(r, jwt.ErrMissing) {
		names = append(names, "exp")
	}
	for _, name := range []string{"nbf", "iat"} {
		if strings.Contains(r.Error(), jwt.ErrNotYetValid.Error()+": "+name) {
			names = append(names, name)
		}
	}
	if names == nil {
		return "Invalid token"
	}
	return "Invalid claims (" + strings.Join(names, ", ") + ")"
}

// Issuer issues tokens as Flama does.
type Issuer struct {
	s   Settings
	key jwt.Key
}

// NewIssuer checks the settings.
func NewIssuer(s Settings) (*Issuer, error) {
	key, _, err := s.keys()
	if err != nil {
		return nil, err
	}
	return &Issuer{s.filled(), key}, nil
}

var registered = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti"}

// Encode signs claims, a struct or map that encoding/json writes as an object. Registered claims stay where they are, all
// others join those under data; those that are null are left out; iat is now unless it is given. The order is by name,
// and under data as encoding/json has it.
func (i *Issuer) Encode(claims any) (string, error) {
	var all, data pyjwt.Object
	if err := all.Update(claims); err != nil {
		return "", fmt.Errorf("claims: %w", err)
	}
	payload := pyjwt.Object{{Name: "iat", Value: i.s.Now().Unix()}}
	for _, m := range all {
		value, _ := m.Value.(json.RawMessage) // Update makes no other
		switch null := bytes.Equal(value, []byte("null")); {
		case m.Name == "data" && !null:
			if err := data.Update(value); err != nil {
				return "", fmt.Errorf("data: %w", err)
			}
		case slices.Contains(registered, m.Name) && !null:
			payload.Set(m.Name, value)
		}
	}
	for _, m := range all {
		if m.Name != "data" && !slices.Contains(registered, m.Name) {
			data.Set(m.Name, m.Value)
		}
	}
	payload.Set("data", data)
	payload.Sort()
	return i.sign(payload)
}

func (i *Issuer) sign(payload pyjwt.Object) (string, error) {
	form := pyjwt.Spaced
	if i.s.Compact {
		form = pyjwt.Compact
	}
	header, err := pyjwt.JSON(pyjwt.Object{{Name: "alg", Value: i.key.Algorithm()}, {Name: "typ", Value: "JWT"}}, form)
	if err != nil {
		return "", err
	}
	body, err := pyjwt.JSON(payload, form)
	if err != nil {
		return "", err
	}
	return jwt.SignSpelled(i.key, string(header), body, true)
}
