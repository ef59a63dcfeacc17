package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jotgate/jotgate/password"
)

// No request makes the program fail, and every answer is JSON in ASCII. TOKEN in the header stands for a good one.
func FuzzRoutes(f *testing.F) {
	s, db := seeded(f)
	s.Hashing = password.Params{Memory: 8, Time: 1}
	e := app(f, s, db, io.Discard)
	good := token(f, s, "user01")

	f.Add("POST", "/auth", "", `{"username":"user01","password":"password01"}`)
	f.Add("POST", "/auth", "", `{"username":"user01","password":"guessed"}`)
	f.Add("POST", "/auth", "", "{\"username\":\"\\u0000$\\ud800\",\"password\":\"\xff\"}")
	f.Add("POST", "/auth", "", `{"username":{"$gt":""},"password":[`)
	f.Add("GET", "/holodules/20201209", "JWT TOKEN", "")
	f.Add("GET", "/holodules/2020120", "JWT TOKEN", "")
	f.Add("GET", "/holodules/2020\x00\xff(*", "jwt TOKEN", "")
	f.Add("GET", "/holodules/20201209", "JWT TOKENx", "")
	f.Add("GET", "/holodules/20201209", "JWT eyJhbGciOiJub25lIn0.eyJpZGVudGl0eSI6InVzZXIwMSJ9.", "")
	f.Add("GET", "/holodules/20201209", "Bearer  TOKEN", "")
	f.Add("HEAD", "/holodules//", "", "")
	f.Add("OPTIONS", "//auth/../\x00", "", "")
	f.Fuzz(func(t *testing.T, method, path, authorization, body string) {
		r, err := http.NewRequest(method, "http://127.0.0.1/", strings.NewReader(body))
		if err != nil {
			return // no method: net/http lets it through to nobody
		}
		r.URL.Path, r.RequestURI = path, path
		r.Header.Set("Authorization", strings.ReplaceAll(authorization, "TOKEN", good))
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("%s %q: got %d %s", method, path, w.Code, w.Body)
		}
		said := w.Body.Bytes()
		if method == http.MethodOptions && len(said) == 0 {
			return
		}
		if !json.Valid(said) || bytes.ContainsFunc(said, func(r rune) bool { return r > 0x7e }) || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s %q: got %s %q, want JSON in ASCII", method, path, w.Header().Get("Content-Type"), said)
		}
	})
}
