package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jotgate/jotgate/server/internal/store"
)

// inviteTTL is how long an invite can be used.
const inviteTTL = time.Hour

// Registration is what a new user says of themselves.
type Registration struct {
	Username string
	Email    string
	Password string
	Invite   string
}

// SignUp makes an account with the default role.
func (s *Service) SignUp(ctx context.Context, r Registration, c Client) (store.User, error) {
	if s.Config.Signup == SignupClosed {
		return store.User{}, ErrSignupClosed
	}
	if s.Config.Signup == SignupInvite && r.Invite == "" {
		return store.User{}, ErrInvite
	}
	if err := s.take("signup", c); err != nil {
		return store.User{}, err
	}
	u := store.NewUser{}
	if s.Config.Signup == SignupInvite {
		u.Invite = hashCode(r.Invite)
	}
	return s.create(ctx, u, r, s.DefaultRoles(), "", "user.signup", c)
}

// CreateUser makes an account with these roles on behalf of actor.
func (s *Service) CreateUser(ctx context.Context, actor string, r Registration, roles []string, c Client) (store.User, error) {
	roles = slices.Clone(roles)
	slices.Sort(roles)
	return s.create(ctx, store.NewUser{}, r, slices.Compact(roles), actor, "user.create", c)
}

// FirstAdmin makes the first admin with the set-up code, once for ever.
func (s *Service) FirstAdmin(ctx context.Context, code string, r Registration, c Client) (store.User, error) {
	if err := s.allow("set-up from "+c.AddrKey, perAccount); err != nil {
		return store.User{}, err
	}
	done, err := s.Store.SetupDone(ctx)
	if err != nil {
		return store.User{}, err
	}
	if done {
		return store.User{}, store.ErrSetupDone
	}
	u, err := s.create(ctx, store.NewUser{Setup: hashCode(code)}, r, []string{store.RoleAdmin}, "", "setup.admin", c)
	if errors.Is(err, store.ErrCode) {
		e := s.Event(c, "setup.admin", "", "")
		e.Result = store.ResultFail
		return store.User{}, errors.Join(err, s.Store.Append(ctx, e))
	}
	return u, err
}

func (s *Service) create(ctx context.Context, u store.NewUser, r Registration, roles []string, actor, action string, c Client) (store.User, error) {
	if err := identify(&u.User, r); err != nil {
		return store.User{}, err
	}
	hash, err := s.newHash(ctx, "password", r.Password, u.Username, u.Email)
	if err != nil {
		return store.User{}, err
	}
	u.ID, u.PasswordHash, u.Roles, u.Version = NewID(), hash, roles, 1
	u.CreatedAt = s.Now().UTC().Truncate(time.Millisecond)
	u.UpdatedAt = u.CreatedAt
	if actor == "" {
		actor = u.ID
	}
	if err := s.Store.CreateUser(ctx, u, s.Event(c, action, actor, u.ID)); err != nil {
		return store.User{}, err
	}
	return u.User, nil
}

// identify fills in the names of a new user, of which there is at least one.
func identify(u *store.User, r Registration) error {
	if r.Username == "" && r.Email == "" {
		return &FieldError{Field: "username", Code: "name_missing", Detail: "Want a user name, an e-mail address, or both."}
	}
	var bad *FieldError
	if r.Username != "" {
		if u.Username, u.UsernameKey, bad = username(r.Username); bad != nil {
			return bad
		}
	}
	if r.Email != "" {
		if u.Email, u.EmailKey, bad = email(r.Email); bad != nil {
			return bad
		}
	}
	return nil
}

// Rename is a change of names by their owner: nil keeps. It needs the current password.
type Rename struct{ Username, Email *string }

// Rename changes the names of a logged-in user, who proves the password.
func (s *Service) Rename(ctx context.Context, userID, sid, pass string, n Rename, c Client) (store.User, error) {
	patch, err := Patch(n)
	if err != nil {
		return store.User{}, err
	}
	if _, err := s.proveAgain(ctx, userID, sid, pass, c); err != nil {
		return store.User{}, err
	}
	return s.Store.PatchUser(ctx, userID, patch, s.Event(c, "user.update", userID, userID))
}

// Patch folds new names for the store.
func Patch(n Rename) (store.UserPatch, error) {
	var p store.UserPatch
	if n.Username != nil {
		shown, key, bad := username(*n.Username)
		if bad != nil {
			return p, bad
		}
		p.Username, p.UsernameKey = &shown, &key
	}
	if n.Email != nil {
		shown, key, bad := email(*n.Email)
		if bad != nil {
			return p, bad
		}
		p.Email, p.EmailKey = &shown, &key
	}
	return p, nil
}

// DefaultRoles are those of a new user.
func (s *Service) DefaultRoles() []string {
	if s.Config.DefaultRole == "" {
		return nil
	}
	return []string{s.Config.DefaultRole}
}

// Invite makes a code that lets one person sign up within the hour.
func (s *Service) Invite(ctx context.Context, actor string, c Client) (code string, until time.Time, _ error) {
	code, until = rand.Text(), s.Now().Add(inviteTTL)
	err := s.Store.CreateInvite(ctx, hashCode(code), until, s.Event(c, "invite.create", actor, ""))
	return code, until, err
}

// OpenSetup makes a new set-up code, the only valid one. done: an admin exists or existed, and there is no code.
func (s *Service) OpenSetup(ctx context.Context) (code string, done bool, _ error) {
	code = rand.Text()
	err := s.Store.OpenSetup(ctx, hashCode(code))
	if errors.Is(err, store.ErrSetupDone) {
		return "", true, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("making a set-up code: %w", err)
	}
	return code, false, nil
}

// hashCode hashes a code of 130 random bits: such a code cannot be guessed, so a plain hash keeps it.
func hashCode(code string) []byte {
	sum := sha256.Sum256([]byte(strings.ToUpper(strings.TrimSpace(code))))
	return sum[:]
}
