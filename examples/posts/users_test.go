package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
)

func testOwnership(t *testing.T) {
	s := start(t, settings(t))
	annID, ann := s.join(t, "ann", "foo")
	bobID, bob := s.join(t, "bob", "foo")
	const content = `{"title": "a title", "body": "a body"}`
	s.want(t, 200, "a title", "POST", path(annID, "/posts"), ann.Access, content)
	for _, route := range []struct{ method, rest, body string }{
		{"GET", "", ""},
		{"PATCH", "", `{"username": "eve"}`},
		{"PUT", "", pair("eve", "foo")},
		{"DELETE", "", ""},
		{"GET", "/posts", ""},
		{"POST", "/posts", content},
		{"GET", "/posts/1", ""},
		{"PUT", "/posts/1", content},
		{"DELETE", "/posts/1", ""},
	} {
		t.Run("U17 another user: "+route.method+" "+route.rest, func(t *testing.T) {
			s.want(t, 403, "Forbidden", route.method, path(annID, route.rest), bob.Access, route.body)
		})
		t.Run("U18 no token: "+route.method+" "+route.rest, func(t *testing.T) {
			s.want(t, 401, "Authorization Required", route.method, path(annID, route.rest), "", route.body)
		})
	}
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		t.Run("another's post under one's own path: "+method, func(t *testing.T) {
			s.want(t, 404, "Not Found", method, path(bobID, "/posts/1"), bob.Access, content)
		})
	}
	t.Run("a body that names the user and the post of another", func(t *testing.T) {
		const evil = `{"user": "1", "post": "1", "username": "bob", "password": "bar", "title": "t", "body": "b"}`
		s.want(t, 200, "bob", "PATCH", path(bobID, ""), bob.Access, evil)
		s.want(t, 200, "bob", "PUT", path(bobID, ""), bob.Access, evil)
		s.want(t, 404, "Not Found", "PUT", path(bobID, "/posts/1"), bob.Access, evil)
		s.want(t, 200, `"username": "bob"`, "POST", path(bobID, "/posts"), bob.Access, evil)
		s.want(t, 200, "b", "POST", path(bobID, "/posts"), bob.Access, `{"user": "x", "post": "x", "title": "t", "body": "b"}`)
		s.login(t, "ann", "foo")
	})
	s.want(t, 200, "a title", "GET", path(annID, "/posts/1"), ann.Access, "")
	s.want(t, 200, "ann", "GET", path(annID, ""), ann.Access, "")
}

func testNames(t *testing.T) {
	s := start(t, settings(t))
	id, in := s.join(t, "ann", "foo")
	t.Run("U15 signing up with a name that is taken", func(t *testing.T) {
		if got := s.want(t, 200, "", "POST", "/signup", "", pair("ann", "bar")); got != "\"Username already exists\"\n" {
			t.Errorf("got %s, want the text of the course", got)
		}
	})
	s.want(t, 409, `"message": "Username already exists"`, "POST", "/users", "", pair("ann", "bar"))
	s.join(t, "bob", "foo")
	s.want(t, 409, "Username already exists", "PATCH", path(id, ""), in.Access, `{"username": "bob"}`)
	s.want(t, 409, "Username already exists", "PUT", path(id, ""), in.Access, pair("bob", "bar"))
	s.login(t, "ann", "foo") // the password has not changed either

	var group sync.WaitGroup
	codes := make([]int, 8)
	for i := range codes {
		group.Go(func() { codes[i] = s.ask("POST", "/users", "", pair("eve", "foo")).Code })
	}
	group.Wait()
	if got, want := strings.Count(fmt.Sprint(codes), "200"), 1; got != want || strings.Count(fmt.Sprint(codes), "409") != 7 {
		t.Errorf("eight want one name: got %v, want one 200 and seven 409", codes)
	}
}

func testUsers(t *testing.T) {
	s := start(t, settings(t))
	id, in := s.join(t, "ann", "foo")
	s.want(t, 200, `"username": "anne"`, "PATCH", path(id, ""), in.Access, `{"username": "anne"}`)
	s.want(t, 200, `"username": "anne"`, "PATCH", path(id, ""), in.Access, `{}`)
	s.login(t, "anne", "foo")
	s.want(t, 200, `"posts": []`, "PUT", path(id, ""), in.Access, pair("ann", "bar"))
	s.login(t, "ann", "bar")
	for body, want := range map[string]string{
		`{"password": "foo"}`:                      `"username"`,
		`{"username": "x"}`:                        `"password"`,
		`{"username": "", "password": "x"}`:        `"username"`,
		`{"username": "a\u0000", "password": "x"}`: `"username"`,
		pair(strings.Repeat("x", 251), "x"):        `"username"`,
		`[]`:                                       "JSON object",
		pair("x", strings.Repeat("\u0958", 300)):   `"password"`, // longer once it is normalised
	} {
		s.want(t, 400, want, "POST", "/users", "", body)
		s.want(t, 400, want, "PUT", path(id, ""), in.Access, body)
	}
	long := strings.Repeat("ж", 500) // longer than bcrypt would read
	s.want(t, 200, "ann", "PATCH", path(id, ""), in.Access, `{"password": "`+long+`"}`)
	s.want(t, 401, "Invalid credentials", "POST", "/auth", "", pair("ann", long[:len(long)-2]))
	s.login(t, "ann", long)
}

func testPosts(t *testing.T) {
	s := start(t, settings(t))
	id, in := s.join(t, "ann", "foo")
	s.want(t, 200, "1", "POST", path(id, "/posts"), in.Access, `{"title": "one", "body": "1"}`)
	s.exec(t, `UPDATE posts SET created = '2016-11-17 01:02:03.456'`)
	s.want(t, 200, "two", "POST", path(id, "/posts"), in.Access, `{"title": "two", "body": "2"}`)
	want := `"created": "Thu, 17 Nov 2016 01:02:03 -0000", ` + "\n"
	s.want(t, 200, want, "GET", path(id, "/posts/1"), in.Access, "")
	s.want(t, 200, want, "PUT", path(id, "/posts/1"), in.Access, `{"title": "uno", "body": "1"}`)
	for _, rest := range []string{"/posts/3", "/posts/999999999", "/posts/0"} {
		s.want(t, 404, "Not Found", "GET", path(id, rest), in.Access, "")
		s.want(t, 404, "Not Found", "PUT", path(id, rest), in.Access, `{"title": "x", "body": "y"}`)
		s.want(t, 404, "Not Found", "DELETE", path(id, rest), in.Access, "")
	}
	for _, body := range []string{`{"title": "x"}`, `{"body": "y"}`, `{"title": "x", "body": 1}`, `null`, ``} {
		s.want(t, 400, "message", "POST", path(id, "/posts"), in.Access, body)
	}
	s.want(t, 204, "", "DELETE", path(id, "/posts/1"), in.Access, "")
	s.want(t, 204, "", "DELETE", path(id, ""), in.Access, "")
	var left int
	if err := s.db.QueryRow(t.Context(), `SELECT count(*) FROM posts`).Scan(&left); err != nil || left != 0 {
		t.Errorf("posts of a user who is gone: got %d, %v, want none", left, err)
	}
}

// flask makes the tables as SQLAlchemy does: what Python sets by itself has no default there.
const flask = `
	CREATE TABLE users (id serial PRIMARY KEY, username text NOT NULL, password text NOT NULL, created timestamp);
	CREATE TABLE posts (id serial PRIMARY KEY, title text NOT NULL, body text NOT NULL, created timestamp,
		user_id integer NOT NULL REFERENCES users (id));
	INSERT INTO users (username, password, created) VALUES
		('matt', '$2b$04$7EqJtq98hPqEX7fNZaFWoOhi5BWX4Z3Q5c0Y6JvVqk9XbOeYqf8bK', '2016-11-17 01:02:03');
	INSERT INTO posts (title, body, created, user_id) VALUES ('First', 'thoughts', '2016-11-17 01:02:03', 1);`

func testTablesOfFlask(t *testing.T) {
	c := settings(t)
	run := func(sql string) {
		t.Helper()
		pool, err := pgxpool.New(t.Context(), c.Database)
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	run(flask + `INSERT INTO users (username, password) VALUES ('matt', 'x')`)
	if _, err := newApp(t.Context(), c); err == nil || !strings.Contains(err.Error(), "users_username") {
		t.Errorf("two of one name: got %v, want an error about users_username", err)
	}
	run(`DELETE FROM users WHERE id = 2`)
	s := start(t, c)
	s.want(t, 200, "matt", "GET", "/users", "", "")
	_, sue := s.join(t, "sue", "foo")
	s.want(t, 200, "-0000", "POST", "/users/3/posts", sue.Access, `{"title": "Hers", "body": "too"}`)
	s.want(t, 204, "", "DELETE", "/users/3", sue.Access, "")
	s.want(t, 200, "matt", "GET", "/users", "", "")
}
