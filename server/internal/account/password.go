package account

import (
	"context"
	"errors"
	"strings"

	"github.com/jotgate/jotgate/password"
	"github.com/jotgate/jotgate/server/internal/store"
)

// ChangePassword replaces the password of a logged-in user, who proves the current one. All other sessions end; keep,
// the session that asks, lives.
func (s *Service) ChangePassword(ctx context.Context, userID, keep, current, next string, c Client) error {
	user, err := s.proveAgain(ctx, userID, keep, current, c)
	if err != nil {
		return err
	}
	hash, err := s.newHash(ctx, "new_password", next, user.Username, user.Email)
	if err != nil {
		return err
	}
	return s.Store.SetPassword(ctx, userID, user.PasswordHash, hash, keep, s.Event(c, "user.password", userID, userID))
}

// Reauthenticate proves the password again and returns an access token that says so; refresh tokens stay as they are.
func (s *Service) Reauthenticate(ctx context.Context, userID, sid, pass string, c Client) (Tokens, error) {
	user, err := s.proveAgain(ctx, userID, sid, pass, c)
	if err != nil {
		return Tokens{}, err
	}
	sess, access, err := s.Store.Reauthenticate(ctx, sid, user.PasswordHash, s.Now(), s.Event(c, "user.reauthenticate", userID, sid))
	if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrDisabled) {
		return Tokens{}, ErrPassword
	}
	if err != nil {
		return Tokens{}, err
	}
	return s.issue(sess, access, c)
}

// newHash checks a new password against the policy, with the names of its owner, and hashes it.
func (s *Service) newHash(ctx context.Context, field, pass, name, mail string) (string, error) {
	local, _, _ := strings.Cut(mail, "@")
	if err := s.Password.Check(pass, name, local); err != nil {
		var broken *password.PolicyError
		if errors.As(err, &broken) {
			return "", &FieldError{Field: field, Code: broken.Code, Detail: sentence(broken.Error())}
		}
		return "", err
	}
	hash, err := s.Hasher.Hash(ctx, s.Password.Normalize(pass))
	return hash, hashError(err)
}

// sentence makes one of an error's text.
func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] + "." }
