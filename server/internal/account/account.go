// Package account walks the trips of a user: sign up, log in, refresh, log out, change the password.
//
//	log-in:  name+password ─limit→ user ─hash (bounded)→ session ─sign→ access + refresh
//	refresh: refresh token ─one compare-and-set→ successor, the same one again within the grace, or the end of the session
//
// Every change of state is one deed of package store. Nothing here knows HTTP.
package account

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/password"
	"github.com/jotgate/jotgate/server/internal/keyring"
	"github.com/jotgate/jotgate/server/internal/limit"
	"github.com/jotgate/jotgate/server/internal/store"
)

// Sign-up modes.
const (
	SignupOpen   = "open"   // everybody
	SignupInvite = "invite" // with a code from an admin
	SignupClosed = "closed" // admins make users
)

// DirectClient is the client_id of a log-in with name and password.
const DirectClient = "app"

// Config is the policy of the trips.
type Config struct {
	Issuer          string
	PreviousIssuers []string
	Audience        string   // of tokens that ask for no resource
	Audiences       []string // that a log-in may ask for besides
	FormerAudiences []string // that Audience had as its names; sessions for them go on with Audience
	AccessTTL       time.Duration
	IdleTTL         time.Duration
	AbsoluteTTL     time.Duration
	Grace           time.Duration
	Signup          string
	DefaultRole     string // "" for none
	Limits          bool
}

// Service walks the trips. All fields are set; it is safe for concurrent use.
type Service struct {
	Config   Config
	Store    store.Store
	Ring     *keyring.Ring
	Hasher   *password.Hasher
	Password password.Policy
	Limiter  *limit.Limiter
	Refresh  []byte // key of refresh tokens
	CSRF     []byte // key of the claims csrf
	Now      func() time.Time
	Logger   *slog.Logger
}

// Client is where a request came from.
type Client struct {
	IP        string
	AddrKey   string // what limits count by: IP, or the /64 of it
	UserAgent string
	RequestID string
	Cookies   bool // keeps its tokens in cookies
}

// Tokens is the answer to a log-in or a refresh.
type Tokens struct {
	Access        string
	AccessExpires time.Duration
	Refresh       string
	RefreshUntil  time.Duration // until the session idles out
	SessionID     string
	CSRF          string // the claim csrf of a client's that keeps its tokens in cookies
}

// NewID returns a UUIDv7: unguessable enough to be an id, never a secret.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// Event starts the audit row of a deed.
func (s *Service) Event(c Client, action, actor, target string) store.Event {
	return store.Event{
		ID: NewID(), At: s.Now(), Action: action, Actor: actor, Target: target, Result: store.ResultOK,
		IP: c.IP, UserAgent: c.UserAgent, RequestID: c.RequestID,
	}
}

// limitRule is a burst and what comes after.
var (
	perAddress = limit.Rule{Burst: 20, Every: 3 * time.Second}
	perAccount = limit.Rule{Burst: 5, Every: time.Minute}       // from one address
	inAll      = limit.Rule{Burst: 50, Every: 10 * time.Minute} // at one account, from everywhere
)

// take counts one try from an address before anything is verified, so that parallel guesses cannot slip by.
func (s *Service) take(what string, c Client) error {
	return s.allow(what+" from "+c.AddrKey, perAddress)
}

// takeAccount counts one guess at a password. All names of one account share its buckets; a name that nobody has gets
// some too, so that limits do not tell who exists. A stranger exhausts the first bucket of their own address only; the
// second, for guesses from many addresses, is wide.
func (s *Service) takeAccount(id string, c Client) error {
	if err := s.allow("account "+id+" from "+c.AddrKey, perAccount); err != nil {
		return err
	}
	return s.allow("account "+id, inAll)
}

func (s *Service) allow(key string, r limit.Rule) error {
	if !s.Config.Limits {
		return nil
	}
	if ok, after := s.Limiter.Allow(key, r); !ok {
		return &LimitedError{after}
	}
	return nil
}

// settle forgets the guesses at an account after the right password. The address keeps its count of log-ins.
func (s *Service) settle(id string, c Client) {
	if s.Config.Limits {
		s.Limiter.Clear("account " + id + " from " + c.AddrKey)
		s.Limiter.Clear("account " + id)
	}
}

// audience returns what to issue for where a session was started for name, and "" when nothing is issued for it any
// more.
func (s *Service) audience(name string) string {
	switch {
	case name == s.Config.Audience || slices.Contains(s.Config.FormerAudiences, name):
		return s.Config.Audience
	case slices.Contains(s.Config.Audiences, name):
		return name
	}
	return ""
}

// issue signs an access token for a session, as of now.
func (s *Service) issue(sess store.Session, a store.Access, c Client) (Tokens, error) {
	now, csrf := s.Now(), ""
	if c.Cookies {
		csrf = s.csrf(sess.ID)
	}
	life := min(s.Config.AccessTTL, sess.ExpiresAt.Sub(now)) // a token does not outlive its session
	access, err := s.Ring.Sign("at+jwt", jwt.Claims{
		Issuer: s.Config.Issuer, Subject: a.ID, Audience: []string{s.audience(sess.Audience)},
		IssuedAt: now, NotBefore: now, ExpiresAt: now.Add(life),
		ID: rand.Text(), ClientID: sess.ClientID, SessionID: sess.ID, AuthTime: sess.AuthTime,
		Roles: a.Roles, Permissions: a.Permissions, UserVersion: a.Version, PolicyVersion: a.Policy, CSRF: csrf,
	})
	if err != nil {
		return Tokens{}, fmt.Errorf("signing an access token: %w", err)
	}
	refresh, err := refreshCodec{s.Refresh}.encode(sess.ID, sess.Counter)
	if err != nil {
		return Tokens{}, fmt.Errorf("making a refresh token: %w", err)
	}
	return Tokens{
		Access: access, AccessExpires: life,
		Refresh: refresh, RefreshUntil: sess.IdleExpiresAt.Sub(now),
		SessionID: sess.ID, CSRF: csrf,
	}, nil
}

// hashError tells a full queue from a fault of ours.
func hashError(err error) error {
	if errors.Is(err, password.ErrBusy) {
		return ErrBusy
	}
	return err
}

// verify proves a password against a stored hash, and returns a better one where that is due. A hash that cannot be read
// refuses like a wrong password, and alarms.
func (s *Service) verify(ctx context.Context, userID, pass, hash string) (ok bool, better string, err error) {
	ok, better, err = s.Hasher.LogIn(ctx, pass, hash)
	switch {
	case err == nil:
		return ok, better, nil
	case errors.Is(err, password.ErrBusy), ctx.Err() != nil:
		return false, "", hashError(err)
	}
	s.Logger.ErrorContext(ctx, "stored password hash cannot be used: the user cannot log in", "user", userID, "err", err)
	return false, "", nil
}
