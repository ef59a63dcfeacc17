package transcript_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jotgate/jotgate/examples/internal/transcript"
)

func answers(t *testing.T) *transcript.Session {
	t.Helper()
	n := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		w.Header().Set("X-Sent", r.Header.Get("X-Sent"))
		w.WriteHeader(201)
		fmt.Fprintf(w, "{\"n\":%d,\"path\":%q}\n", n, r.URL.Path)
	}))
	t.Cleanup(s.Close)
	return &transcript.Session{URL: s.URL, Values: map[string]string{}}
}

// play returns the first difference.
func play(t *testing.T, text string) error {
	t.Helper()
	list, err := transcript.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	s := answers(t)
	for _, e := range list {
		if err := s.Play(e); err != nil {
			return err
		}
	}
	return nil
}

func TestPlay(t *testing.T) {
	const good = `
# A first one.
> GET /a
> X-Sent: x
< 201
< X-Sent: x
< WWW-Authenticate:
<
< {"n":«n»,"path":"/a"}
<

> GET /«n»
< 201
<
< {"n":2,"path":"/1"}
<
`
	if err := play(t, good); err != nil {
		t.Error(err)
	}
	for name, change := range map[string][2]string{
		"status":                     {"< 201", "< 200"},
		"header":                     {"< X-Sent: x", "< X-Sent: y"},
		"header that must be absent": {"< WWW-Authenticate:", "< Date:"},
		"body":                       {`"path":"/a"`, `"path":"/b"`},
		"a line break too few":       {"\"/a\"}\n<\n", "\"/a\"}\n"},
		"a name keeps its value":     {`{"n":2,"path"`, `{"n":«n»,"path"`},
	} {
		if err := play(t, strings.Replace(good, change[0], change[1], 1)); err == nil {
			t.Errorf("%s: want a difference, got none", name)
		}
	}
}

func TestParse(t *testing.T) {
	for _, text := range []string{"GET /", "> GET /", "< 200", "> GET\n< 200", "> GET /\n< ok", "> GET /\n> x\n< 200", "> GET /\n< 200\n< x"} {
		if list, err := transcript.Parse(text); err == nil || list != nil {
			t.Errorf("%q: want an error, got %v", text, list)
		}
	}
}
