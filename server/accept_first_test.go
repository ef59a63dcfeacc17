package server_test

import (
	"net/http"
	"testing"
)

func TestFirstLight(t *testing.T) {
	n := start(t, profile(t))
	t.Run("A01 with a fresh token", func(t *testing.T) {
		id := n.signUp("ann")
		tok := n.logIn("ann")
		a := n.call("GET", "/v1/me", tok.Access, nil)
		got := into[struct {
			ID, Username string
			Roles        []string
		}](t, a)
		if a.Status != http.StatusOK || got.ID != id || got.Username != "ann" || len(got.Roles) != 1 || got.Roles[0] != "user" {
			t.Errorf("me: got %d %s, want 200 and ann", a.Status, a.Body)
		}
	})
}
