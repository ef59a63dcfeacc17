package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v5"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/password"
	"github.com/jotgate/jotgate/profile/flaskjwt"
)

// auth is the route /auth.
type auth struct {
	users  users
	guard  *jotgate.Guard
	issuer *flaskjwt.Issuer
	now    func() time.Time
}

// login says the same of everything that is not a username with its password.
func (a auth) login(c *echo.Context) error {
	token, err := a.token(c)
	if errors.Is(err, errCredentials) {
		c.Logger().Warn("log-in refused", "error", err)
		a.guard.Answer(flaskjwt.BadCredentials()).Write(c.Response())
		return nil
	}
	if err != nil {
		return err
	}
	return sendJSON(c, http.StatusOK, map[string]string{"access_token": token})
}

func (a auth) token(c *echo.Context) (string, error) {
	r := c.Request()
	name, secret, ok := credentials(http.MaxBytesReader(c.Response(), r.Body, 4096))
	if !ok {
		return "", errCredentials
	}
	u, err := a.users.authenticate(r.Context(), name, secret)
	if err != nil {
		return "", err
	}
	return a.issuer.Encode(a.payload(u))
}

// credentials reads an object of exactly these two texts.
func credentials(body io.Reader) (name, secret string, ok bool) {
	text, err := io.ReadAll(body)
	var in map[string]string
	if err != nil || json.Unmarshal(text, &in) != nil || len(in) != 2 {
		return "", "", false
	}
	name, secret = in["username"], in["password"]
	return name, secret, name != "" && secret != "" && len(secret) <= password.MaxBytes
}

// payload is the jwt_payload_handler.
func (a auth) payload(u user) any {
	now := a.now()
	return struct {
		Exp      int64  `json:"exp"`
		Iat      int64  `json:"iat"`
		Nbf      int64  `json:"nbf"`
		Identity string `json:"identity"`
	}{now.Add(lifetime).Unix(), now.Unix(), now.Unix(), u.Username}
}
