package main

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jotgate/jotgate/password"
)

// errCredentials says that the pair of name and password is wrong, and not which half.
var errCredentials = errors.New("bad username or password")

// users.json stands for your table. Everybody knows the passwords.
//
//go:embed users.json
var usersJSON []byte

type user struct {
	Username string   `json:"username"`
	Roles    []string `json:"roles"`
	Password string   `json:"password"` // hashed
}

type users struct {
	byName map[string]user
	hasher *password.Hasher
}

func newUsers() (*users, error) {
	var list []user
	if err := json.Unmarshal(usersJSON, &list); err != nil {
		return nil, fmt.Errorf("users.json: %w", err)
	}
	u := &users{map[string]user{}, password.NewHasher(password.Params{}, 0, 0)}
	for _, one := range list {
		u.byName[one.Username] = one
	}
	return u, nil
}

// authenticate returns the user of this name and password, or errCredentials. A name that nobody has takes as long as a
// wrong password. Any other error means that nothing is known: too many log in at this moment, or a hash is corrupt.
func (u *users) authenticate(ctx context.Context, name, typed string) (user, error) {
	one, known := u.byName[name]
	if !known {
		return user{}, cmp.Or(u.hasher.VerifyNone(ctx, typed), errCredentials)
	}
	if ok, _, err := u.hasher.LogIn(ctx, typed, one.Password); !ok { // a better hash is not kept: users.json stays as it is
		return user{}, cmp.Or(err, errCredentials)
	}
	return one, nil
}
