package account

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/revocation"
	"github.com/jotgate/jotgate/server/internal/store"
)

// LogOut ends the session that token belongs to: an access token, expired or not, or any refresh token that the session
// ever had. A session that has ended is success again. ErrToken for what is no token of ours.
func (s *Service) LogOut(ctx context.Context, token string, c Client) error {
	sid, err := s.sessionOf(ctx, token)
	if err != nil {
		return errors.Join(s.take("logout", c), err)
	}
	_, err = s.Store.EndSessions(ctx, store.Select{ID: sid}, revocation.ReasonLogout, s.Event(c, "session.logout", "", sid))
	return err
}

func (s *Service) sessionOf(ctx context.Context, token string) (string, error) {
	if strings.HasPrefix(token, refreshPrefix) {
		sid, _, err := refreshCodec{s.Refresh}.decode(token)
		if err != nil {
			return "", ErrToken
		}
		return sid, nil
	}
	claims, err := s.ownToken(ctx, token)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrToken, err)
	}
	if claims.SessionID == "" {
		return "", ErrToken
	}
	return claims.SessionID, nil
}

// ownToken verifies an access token of ours in all but its expiry and audience: whoever holds it may end its session.
func (s *Service) ownToken(ctx context.Context, token string) (jwt.Claims, error) {
	parsed, err := jwt.Parse(token)
	if err != nil {
		return jwt.Claims{}, err
	}
	header := parsed.Header()
	key, err := s.Ring.Key(ctx, s.Config.Issuer, header.KeyID, header.Algorithm)
	if err != nil {
		return jwt.Claims{}, err
	}
	proved, err := parsed.Verify(key)
	if err != nil {
		return jwt.Claims{}, err
	}
	claims, err := proved.Claims()
	if err != nil {
		return jwt.Claims{}, err
	}
	policy := jwt.Policy{
		Types: []string{"at+jwt"}, Issuers: append([]string{s.Config.Issuer}, s.Config.PreviousIssuers...),
		Now: s.Now(), InsecureSkipExpiry: true, InsecureSkipAudience: true,
	}
	return claims, policy.Check(header, claims)
}

// EndSession ends one session of a user. store.ErrNotFound for a session of somebody else, as for none.
func (s *Service) EndSession(ctx context.Context, actor, userID, sid string, c Client) error {
	sess, err := s.Store.Session(ctx, sid)
	if err != nil {
		return err
	}
	if sess.UserID != userID {
		return store.ErrNotFound
	}
	_, err = s.Store.EndSessions(ctx, store.Select{User: userID, ID: sid}, revocation.ReasonEnded, s.Event(c, "session.end", actor, sid))
	return err
}

// EndSessions ends all sessions of a user but keep ("" ends all) and returns how many that were.
func (s *Service) EndSessions(ctx context.Context, actor, userID, keep string, c Client) (int, error) {
	return s.Store.EndSessions(ctx, store.Select{User: userID, Except: keep}, revocation.ReasonEnded, s.Event(c, "session.end", actor, userID))
}

// proveAgain verifies the password of a user who is logged in. The tries count against the session, so that guesses of
// strangers do not keep the owner from changing the password.
func (s *Service) proveAgain(ctx context.Context, userID, sid, pass string, c Client) (store.Access, error) {
	user, err := s.Store.User(ctx, userID)
	if err != nil {
		return store.Access{}, err
	}
	if err := s.allow("session "+sid, perAccount); err != nil {
		return store.Access{}, err
	}
	ok, better, err := s.verify(ctx, user.ID, pass, user.PasswordHash)
	if err != nil {
		return store.Access{}, err
	}
	if !ok {
		e := s.Event(c, "user.reauthenticate", userID, userID)
		e.Result = store.ResultFail
		return store.Access{}, errors.Join(ErrPassword, s.Store.Append(ctx, e))
	}
	return s.upgrade(ctx, user, pass, better)
}
