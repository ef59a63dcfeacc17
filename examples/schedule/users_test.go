package main

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"golang.org/x/crypto/bcrypt"

	"github.com/jotgate/jotgate/password"
)

func login(name, password string) string {
	return fmt.Sprintf(`{"username":%q,"password":%q}`, name, password)
}

func stored(t *testing.T, db *mongo.Database, name string) (document map[string]any) {
	t.Helper()
	if err := db.Collection("users").FindOne(t.Context(), bson.D{{Key: "username", Value: name}}).Decode(&document); err != nil {
		t.Fatal(err)
	}
	return document
}

func TestPasswords(t *testing.T) {
	s, db := seeded(t)
	s.Hashing = password.Params{Memory: 8, Time: 1}
	e := app(t, s, db, io.Discard)
	const ok = `OK {"access_token":"`
	const refused = `Unauthorized {"status_code":401,"error":"Bad Request","description":"Invalid credentials"}`

	t.Run("a wrong password changes nothing", func(t *testing.T) {
		if got := ask(e, "POST", "/auth", "", login("user01", "guessed")); got != refused {
			t.Errorf("got %s, want %s", got, refused)
		}
		if got := stored(t, db, "user01")["password"]; got != "password01" {
			t.Errorf("password: got %v, want password01", got)
		}
	})
	t.Run("eight log-ins at once make one hash", func(t *testing.T) {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if got := ask(e, "POST", "/auth", "", login("user01", "password01")); !strings.HasPrefix(got, ok) {
					t.Errorf("got %s, want %s…", got, ok)
				}
			})
		}
		all.Wait()
		first := stored(t, db, "user01")
		if hash, _ := first["password_hash"].(string); !strings.HasPrefix(hash, "$argon2id$") || first["password"] != nil || first["id"] != "1" {
			t.Errorf("got %v, want a hash, no password, and the rest as it was", first)
		}
		if got := ask(e, "POST", "/auth", "", login("user01", "password01")); !strings.HasPrefix(got, ok) {
			t.Errorf("afterwards: got %s, want %s…", got, ok)
		}
		if got := ask(e, "POST", "/auth", "", login("user01", "guessed")); got != refused {
			t.Errorf("another password: got %s, want %s", got, refused)
		}
		if last := stored(t, db, "user01"); last["password_hash"] != first["password_hash"] {
			t.Error("a log-in changed a hash that was good")
		}
	})
	t.Run("a late log-in does not undo a new password", func(t *testing.T) {
		u := users{db.Collection("users"), password.NewHasher(s.Hashing, 0, 0), slog.New(slog.DiscardHandler)}
		found, err := u.find(t.Context(), "user02")
		if err != nil {
			t.Fatal(err)
		}
		change := bson.D{{Key: "$set", Value: bson.D{{Key: "password", Value: "another"}}}}
		if _, err := db.Collection("users").UpdateByID(t.Context(), found.Key, change); err != nil {
			t.Fatal(err)
		}
		if err := u.prove(t.Context(), found, "password02"); err != nil {
			t.Fatal(err)
		}
		if got := stored(t, db, "user02"); got["password"] != "another" || got["password_hash"] != nil {
			t.Errorf("got %v, want the new password", got)
		}
	})
	t.Run("hashes of other frameworks", func(t *testing.T) {
		hash, err := bcrypt.GenerateFromPassword([]byte("password03"), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		for name, hash := range map[string]string{"user03": string(hash), "user04": "md5$broken", "user05": ""} {
			document := bson.D{{Key: "username", Value: name}, {Key: "password", Value: ""}, {Key: "password_hash", Value: hash}}
			if _, err := db.Collection("users").InsertOne(t.Context(), document); err != nil {
				t.Fatal(err)
			}
		}
		if got := ask(e, "POST", "/auth", "", login("user03", "password03")); !strings.HasPrefix(got, ok) {
			t.Errorf("bcrypt: got %s, want %s…", got, ok)
		}
		if got, _ := stored(t, db, "user03")["password_hash"].(string); !strings.HasPrefix(got, "$argon2id$") {
			t.Errorf("bcrypt: stays %s after a log-in", got)
		}
		for _, name := range []string{"user04", "user05"} {
			if got := ask(e, "POST", "/auth", "", login(name, "x")); got != refused {
				t.Errorf("%s: got %s, want %s", name, got, refused)
			}
		}
	})
	t.Run("usernames differ", func(t *testing.T) {
		if _, err := db.Collection("users").InsertOne(t.Context(), bson.D{{Key: "username", Value: "user01"}}); !mongo.IsDuplicateKeyError(err) {
			t.Errorf("a second user01: got %v, want a duplicate key", err)
		}
	})
	for name, body := range map[string]string{
		"nothing":          ``,
		"no object":        `[]`,
		"null":             `null`,
		"three members":    `{"username":"user01","password":"password01","more":""}`,
		"other members":    `{"name":"user01","password":"password01"}`,
		"a number":         `{"username":"user01","password":1}`,
		"empty":            `{"username":"user01","password":""}`,
		"text after it":    login("user01", "password01") + "x",
		"a long password":  login("user01", strings.Repeat("x", 1025)),
		"more than 4 KiB":  login("user01", "password01") + strings.Repeat(" ", 5000),
		"an operator":      `{"username":{"$ne":""},"password":{"$ne":""}}`,
		"bytes of no text": "{\"username\":\"\xff\",\"password\":\"\xff\\u0000\"}",
	} {
		t.Run("U02 "+name, func(t *testing.T) {
			if got := ask(e, "POST", "/auth", "", body); got != refused {
				t.Errorf("got %s, want %s", got, refused)
			}
		})
	}
}
