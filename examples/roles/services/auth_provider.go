package services

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jotgate/jotgate/password"
)

// User is what a token holds. Everyone can read a token, so the hash of the password is no part of it.
type User struct {
	Username string   `json:"username"`
	Email    string   `json:"email"`
	Roles    []string `json:"roles"`
}

// ErrCredentials says that the pair of e-mail and password is wrong, and not which half.
var ErrCredentials = errors.New("wrong e-mail or password")

// users.json stands for your table. Everybody knows the passwords.
//
//go:embed users.json
var users []byte

type account struct {
	User
	Password string `json:"password"` // hashed
}

// AuthProvider knows the users.
type AuthProvider struct {
	accounts map[string]account // by e-mail
	hasher   *password.Hasher
}

// NewAuthProvider reads the users.
func NewAuthProvider() (*AuthProvider, error) {
	var list []account
	if err := json.Unmarshal(users, &list); err != nil {
		return nil, fmt.Errorf("users.json: %w", err)
	}
	p := &AuthProvider{map[string]account{}, password.NewHasher(password.Params{}, 0, 0)}
	for _, a := range list {
		p.accounts[a.Email] = a
	}
	return p, nil
}

// Authenticate returns the user of this e-mail and password, or ErrCredentials. An e-mail that nobody has takes as long
// as a wrong password. Any other error means that nothing is known: too many log in at this moment, or a hash is corrupt.
func (p *AuthProvider) Authenticate(ctx context.Context, email, typed string) (User, error) {
	a, known := p.accounts[email]
	if !known {
		if err := p.hasher.VerifyNone(ctx, typed); err != nil {
			return User{}, err
		}
		return User{}, ErrCredentials
	}
	ok, _, err := p.hasher.LogIn(ctx, typed, a.Password) // a better hash is not kept: users.json stays as it is
	if err != nil {
		return User{}, err
	}
	if !ok {
		return User{}, ErrCredentials
	}
	return a.User, nil
}
