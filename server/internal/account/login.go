package account

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/jotgate/jotgate/server/internal/store"
)

// LogIn proves name and password and starts a session. resource, if not empty, is the audience to issue for. Whatever
// is wrong with name, password or account ends in ErrCredentials, after the same work.
func (s *Service) LogIn(ctx context.Context, name, pass, resource string, c Client) (Tokens, error) {
	audience := s.audience(cmp.Or(resource, s.Config.Audience))
	if audience == "" {
		return Tokens{}, &FieldError{Field: "resource", Code: "resource_unknown", Detail: "This server issues no tokens for that resource; the setting `audiences` lists those it does."}
	}
	if err := s.take("login", c); err != nil {
		return Tokens{}, err
	}
	user, err := s.prove(ctx, loginKey(name), pass, c)
	if errors.Is(err, ErrCredentials) {
		return Tokens{}, s.refused(ctx, c, user.ID)
	}
	if err != nil {
		return Tokens{}, err
	}
	sess := s.newSession(user.ID, audience, c)
	access, err := s.Store.StartSession(ctx, sess, user.PasswordHash, s.Event(c, "user.login", user.ID, sess.ID))
	if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrDisabled) || errors.Is(err, store.ErrNotFound) {
		return Tokens{}, s.refused(ctx, c, user.ID)
	}
	if err != nil {
		return Tokens{}, err
	}
	s.settle(user.ID, c)
	return s.issue(sess, access, c)
}

// prove finds the user and verifies the password. With ErrCredentials the user is the one whose password it was not,
// for the audit. An unknown name costs the same hash as a known one.
func (s *Service) prove(ctx context.Context, key, pass string, c Client) (store.Access, error) {
	user, err := store.Access{}, store.ErrNotFound
	if key != "" {
		user, err = s.Store.UserByLogin(ctx, key)
	}
	if errors.Is(err, store.ErrNotFound) {
		return store.Access{}, s.refuseNobody(ctx, key, pass, c)
	}
	if err != nil {
		return store.Access{}, err
	}
	if err := s.takeAccount(user.ID, c); err != nil {
		return store.Access{}, err
	}
	if user.Disabled { // as if there were nobody: the time does not tell whether the password was right
		return user, cmp.Or(hashError(s.Hasher.VerifyNone(ctx, pass)), ErrCredentials)
	}
	ok, better, err := s.verify(ctx, user.ID, pass, user.PasswordHash)
	if err != nil {
		return store.Access{}, err
	}
	if !ok {
		return user, ErrCredentials
	}
	return s.upgrade(ctx, user, pass, better)
}

// refuseNobody treats a name that nobody has like a wrong password: the same limit, the same work, the same words.
func (s *Service) refuseNobody(ctx context.Context, key, pass string, c Client) error {
	if err := s.takeAccount("named "+key, c); err != nil {
		return err
	}
	if err := s.Hasher.VerifyNone(ctx, pass); err != nil {
		return hashError(err)
	}
	return ErrCredentials
}

// refused writes the failed log-in down. A database that cannot take the row is a failure of ours.
func (s *Service) refused(ctx context.Context, c Client, userID string) error {
	e := s.Event(c, "user.login", "", userID) // whoever it was, it was not proved
	e.Result = store.ResultFail
	if err := s.Store.Append(ctx, e); err != nil {
		return err
	}
	return ErrCredentials
}

// upgrade stores a better hash of a password that was proved, if there is one. That it cannot never fails a log-in. Of
// several log-ins at once, one stores its own, and the others go on with that.
func (s *Service) upgrade(ctx context.Context, u store.Access, pass, better string) (store.Access, error) {
	if better == "" {
		return u, nil
	}
	if err := s.Store.UpgradeHash(ctx, u.ID, u.PasswordHash, better); err != nil {
		s.Logger.WarnContext(ctx, "password hash not upgraded; the next log-in tries again", "user", u.ID, "err", err)
		return u, nil
	}
	if now, err := s.Store.User(ctx, u.ID); err == nil && now.PasswordHash != better {
		ok, _, err := s.verify(ctx, u.ID, pass, now.PasswordHash)
		if err != nil || !ok { // not the same password: it was changed, and what follows is refused
			return u, err
		}
		return now, nil
	}
	u.PasswordHash = better
	return u, nil
}

func (s *Service) newSession(userID, audience string, c Client) store.Session {
	now := s.Now()
	return store.Session{
		ID: NewID(), UserID: userID, ClientID: DirectClient, Audience: audience, Counter: 1,
		AuthTime: now, CreatedAt: now, LastUsedAt: now,
		IdleExpiresAt: now.Add(min(s.Config.IdleTTL, s.Config.AbsoluteTTL)), ExpiresAt: now.Add(s.Config.AbsoluteTTL),
		UserAgent: c.UserAgent, IP: c.IP,
	}
}

// Rotate turns a refresh token into a new pair. Of all that ever present one token, one rotates; others within the grace
// get the very same successor.
func (s *Service) Rotate(ctx context.Context, token string, c Client) (Tokens, error) {
	sid, counter, err := refreshCodec{s.Refresh}.decode(token)
	if err != nil {
		return Tokens{}, errors.Join(s.take("refresh", c), &GrantError{GrantUnknown})
	}
	r := store.Rotation{SessionID: sid, Counter: counter, Now: s.Now(), Grace: s.Config.Grace, Idle: s.Config.IdleTTL}
	got, err := s.Store.RotateSession(ctx, r, s.Event(c, "session.refresh", "", sid))
	if err != nil {
		return Tokens{}, grantError(err)
	}
	if s.audience(got.Session.Audience) == "" { // the settings no longer name it
		return Tokens{}, &GrantError{GrantEnded}
	}
	return s.issue(got.Session, got.Access, c)
}

func grantError(err error) error {
	switch {
	case errors.Is(err, store.ErrReused):
		return &GrantError{GrantReused}
	case errors.Is(err, store.ErrExpired):
		return &GrantError{GrantExpired}
	case errors.Is(err, store.ErrEnded), errors.Is(err, store.ErrDisabled):
		return &GrantError{GrantEnded}
	case errors.Is(err, store.ErrNotFound):
		return &GrantError{GrantUnknown}
	}
	return fmt.Errorf("rotating: %w", err)
}
