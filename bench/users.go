package main

import (
	"fmt"
	"sync"

	"github.com/jotgate/jotgate/bench/internal/lean"
)

const password = "plum tree 4711 tram"

// user is somebody with a session.
type user struct {
	name, access, refresh string
}

// sessions signs up n users and logs each in.
func (b *bench) sessions(addr string, n int) ([]user, error) {
	users, errs := make([]user, n), make([]error, n)
	var wait sync.WaitGroup
	for i := range users {
		users[i].name = fmt.Sprintf("user%d", b.users+i)
		wait.Go(func() { errs[i] = users[i].arrive(addr) })
	}
	wait.Wait()
	b.users += n
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return users, nil
}

func (u *user) arrive(addr string) error {
	c, err := lean.Dial(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.Want(201, u.credentials("/v1/signup")); err != nil {
		return err
	}
	answer, err := c.Want(200, u.credentials("/v1/login"))
	if err != nil {
		return err
	}
	if u.access, err = member(answer, "access_token"); err != nil {
		return err
	}
	u.refresh, err = member(answer, "refresh_token")
	return err
}

func (u *user) credentials(path string) []byte {
	return lean.Request("POST", path, "", fmt.Sprintf(`{"username":%q,"password":%q}`, u.name, password))
}

// each gives every user a connection and something to do on it.
func each(addr string, users []user, do func(*lean.Client, *user) error) ([]func() error, func(), error) {
	var ops []func() error
	var open []*lean.Client
	end := func() {
		for _, c := range open {
			c.Close()
		}
	}
	for i := range users {
		c, err := lean.Dial(addr)
		if err != nil {
			end()
			return nil, nil, err
		}
		open = append(open, c)
		ops = append(ops, func() error { return do(c, &users[i]) })
	}
	return ops, end, nil
}
