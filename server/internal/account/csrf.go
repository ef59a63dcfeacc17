package account

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
)

// csrf is what a page proves with that a session in cookies is its own. It stays the same as long as the session lives,
// so that no refresh in one tab outdates what another tab has read, and it is kept nowhere.
func (s *Service) csrf(sid string) string {
	m := hmac.New(sha256.New, s.CSRF)
	m.Write([]byte(sid))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:16])
}

// CSRFOf returns the claim csrf of the session that a refresh token belongs to. ErrToken for what is no token of ours.
func (s *Service) CSRFOf(refresh string) (string, error) {
	sid, _, err := refreshCodec{s.Refresh}.decode(refresh)
	if err != nil {
		return "", ErrToken
	}
	return s.csrf(sid), nil
}
