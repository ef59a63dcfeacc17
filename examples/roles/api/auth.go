package api

import (
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/jotgate/jotgate/examples/roles/services"
)

// maxBody is longer than any e-mail and password.
const maxBody = 4096

// auth is the log-in: a token for an e-mail and a password.
func auth(provider *services.AuthProvider, tokens services.JWTHandler) gin.HandlerFunc {
	return func(c *gin.Context) {
		email, password, ok := credentials(c)
		if !ok {
			say(c, http.StatusBadRequest, "Email or password missing")
			return
		}
		user, err := provider.Authenticate(c.Request.Context(), email, password)
		if errors.Is(err, services.ErrCredentials) {
			say(c, http.StatusBadRequest, "Invalid credentials")
			return
		}
		if err != nil {
			log.Printf("log-in: %v", err)
			c.Header("Retry-After", "1")
			say(c, http.StatusServiceUnavailable, "Please try again")
			return
		}
		token, err := tokens.Generate(user)
		if err != nil {
			log.Printf("log-in: %v", err)
			say(c, http.StatusInternalServerError, "No token can be made")
			return
		}
		reply(c, answer{Data: token, Status: http.StatusOK})
	}
}

// credentials reads the body. It is false where one of the two is missing, or the body is no object that holds them.
func credentials(c *gin.Context) (email, password string, ok bool) {
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))
	if err != nil {
		return "", "", false
	}
	var in struct{ Email, Password string }
	if err := json.Unmarshal(body, &in); err != nil {
		return "", "", false
	}
	return in.Email, in.Password, in.Email != "" && in.Password != ""
}
