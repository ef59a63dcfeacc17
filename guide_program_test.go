package jotgate_test

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/profile/fastapijwtauth"
	"github.com/jotgate/jotgate/profile/flama"
	"github.com/jotgate/jotgate/profile/flaskjwt"
	"github.com/jotgate/jotgate/profile/flaskjwtextended"
	"github.com/jotgate/jotgate/profile/pyjwtguard"
)

// A movedFrom is a page that tells users of another library how to move, and how to make the tokens that they have.
type movedFrom struct {
	settings any    // of the profile; nil: there is none
	path     string // what the page's table of answers is about
	before   string // the header up to the token
	token    func(secret string, now func() time.Time) (string, error)
}

var guides = map[string]movedFrom{
	"from-flask-jwt": {flaskjwt.Settings{}, "/protected", "Authorization: JWT ", func(secret string, now func() time.Time) (string, error) {
		i, err := flaskjwt.NewIssuer(flaskjwt.Settings{SecretKey: secret, Now: now})
		if err != nil {
			return "", err
		}
		return i.Issue(1)
	}},
	"from-flask-jwt-extended": {flaskjwtextended.Settings{}, "/protected", "Authorization: Bearer ", func(secret string, now func() time.Time) (string, error) {
		i, err := flaskjwtextended.NewIssuer(flaskjwtextended.Settings{SecretKey: secret, Now: now})
		if err != nil {
			return "", err
		}
		return i.Access(flaskjwtextended.Token{Identity: "joe"})
	}},
	"from-fastapi-jwt-auth": {fastapijwtauth.Settings{}, "/user", "Authorization: Bearer ", func(secret string, now func() time.Time) (string, error) {
		i, err := fastapijwtauth.NewIssuer(fastapijwtauth.Settings{SecretKey: secret, Now: now})
		if err != nil {
			return "", err
		}
		return i.Access(fastapijwtauth.Token{Subject: "joe"})
	}},
	"from-flama": {flama.Settings{}, "/private/info/", "Authorization: Bearer ", func(secret string, now func() time.Time) (string, error) {
		i, err := flama.NewIssuer(flama.Settings{Secret: []byte(secret), Now: now})
		if err != nil {
			return "", err
		}
		return i.Encode(map[string]any{"id": "joe", "permissions": []string{"my-permission-name"}, "exp": now().Add(time.Hour).Unix()})
	}},
	"from-pyjwt": {pyjwtguard.Settings{}, "/api/protected_route_user", "Authorization: Bearer ", func(secret string, now func() time.Time) (string, error) {
		i, err := pyjwtguard.NewIssuer(pyjwtguard.Settings{SecretKey: secret, Now: now})
		if err != nil {
			return "", err
		}
		return i.Issue(map[string]any{"email": "joe@example.com", "roles": []string{"user"}}, time.Hour)
	}},
	"from-golang-jwt": {nil, "/orders", "Authorization: Bearer ", func(secret string, now func() time.Time) (string, error) {
		key, err := jwt.NewKey(jwt.HS256, "", []byte(secret))
		if err != nil {
			return "", err
		}
		return jwt.SignClaims(key, jwt.Header{Type: "JWT"}, jwt.Claims{Subject: "joe", Issuer: "shop", ExpiresAt: now().Add(time.Hour)})
	}},
}

// serve is the test beside a program of the guide that hands it to us: it prints where its app is, and serves until its
// input ends.
const serve = `package main

import (
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"testing"
)

func TestServe(t *testing.T) {
	app, err := newApp(os.Getenv("SECRET_KEY"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(app)
	defer server.Close()
	fmt.Println(server.URL)
	_, _ = io.Copy(io.Discard, os.Stdin)
}
`

// The program of each page answers as the page says, to the shell and by its table, and the page has every setting.
func TestGuidePrograms(t *testing.T) {
	dir := guideModule(t)
	for name, guide := range guides {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join("docs", "guide", name+".md"))
			must(t, err)
			run(t, dir, "test", "-c", "-o", filepath.Join(dir, name+".exe"), "./"+name+"/program")
			secret := "a secret that " + strings.Repeat("nobody guesses ", 3) + name
			url := start(t, filepath.Join(dir, name+".exe"), secret)
			hasSettings(t, guide.settings, string(text))
			replayShell(t, url, string(text))
			answersAsListed(t, guide, url, secret, string(text))
		})
	}
}

// start starts the program and returns its address. It ends with the test.
func start(t *testing.T, program, secret string) string {
	cmd := exec.Command(program, "-test.run=TestServe")
	cmd.Env = append(os.Environ(), "SECRET_KEY="+secret)
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = in.Close() // which ends it
		if err := cmd.Wait(); err != nil {
			t.Errorf("the program: %v", err)
		}
	})
	lines := bufio.NewReader(out)
	url, err := lines.ReadString('\n')
	must(t, err)
	go func() { _, _ = io.Copy(io.Discard, lines) }() // ends with the program
	return strings.TrimSpace(url)
}

func hasSettings(t *testing.T, settings any, text string) {
	if settings == nil {
		return
	}
	for _, field := range reflect.VisibleFields(reflect.TypeOf(settings)) {
		if field.Name != "Now" && !strings.Contains(text, "`"+field.Name+"`") {
			t.Errorf("the setting %s is not on the page", field.Name)
		}
	}
}

var (
	consoleBlock = regexp.MustCompile("(?ms)^```console\n(.*?)^```$")
	answerRow    = regexp.MustCompile("(?m)^\\| (.+?) \\| (\\d{3}) \\| `(.*)` \\|$")
)

// replayShell runs the commands of a page in one shell, against our address. In the output that the page shows, … stands
// for anything.
func replayShell(t *testing.T, url, text string) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("skipped: there is no sh to run the page's commands")
	}
	const end = "\x1e"
	script := "set -eu\n"
	var commands, want []string
	for _, block := range consoleBlock.FindAllStringSubmatch(text, -1) {
		for line := range strings.Lines(block[1]) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				script += strings.ReplaceAll(command, "http://127.0.0.1:5000", url) + "printf '" + end + "'\n"
				commands, want = append(commands, command), append(want, "")
			} else {
				want[len(want)-1] += line
			}
		}
	}
	cmd := exec.Command(sh, "-c", script)
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	got := strings.Split(string(out), end)
	if err != nil || len(commands) < 4 || len(got) != len(commands)+1 {
		t.Fatalf("%d commands: %v\n%s", len(commands), err, out)
	}
	for i, command := range commands {
		pattern := strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(want[i])), "…", ".*")
		if shown := strings.TrimSpace(strings.ReplaceAll(got[i], "\r", "")); !regexp.MustCompile("^" + pattern + "$").MatchString(shown) {
			t.Errorf("$ %swant %sgot  %s", command, want[i], shown)
		}
	}
}

// answersAsListed sends what the rows of the table of answers say: nothing, a header, or a token of some kind.
func answersAsListed(t *testing.T, guide movedFrom, url, secret, text string) {
	rows := answerRow.FindAllStringSubmatch(text, -1)
	if len(rows) < 4 {
		t.Errorf("want a table of at least four answers, got %q", rows)
	}
	for _, row := range rows {
		status, err := strconv.Atoi(row[2])
		must(t, err)
		r, err := http.NewRequest(http.MethodGet, url+guide.path, nil)
		must(t, err)
		if name, value, ok := strings.Cut(guide.header(t, row[1], secret), ": "); ok {
			r.Header.Set(name, value)
		}
		if got, body := ask(t, r); got != status || body != row[3] {
			t.Errorf("%s: want %d %s, got %d %s", row[1], status, row[3], got, body)
		}
	}
}

// header is what a row says that a client sends.
func (m movedFrom) header(t *testing.T, sends, secret string) string {
	issue := func(secret string, age time.Duration) string {
		token, err := m.token(secret, func() time.Time { return time.Now().Add(-age) })
		must(t, err)
		return token
	}
	switch sends {
	case "nothing":
		return ""
	case "a good token":
		return m.before + issue(secret, 0)
	case "an expired token":
		return m.before + issue(secret, 3*time.Hour)
	case "a token that another secret signed":
		return m.before + issue(strings.ToUpper(secret), 0)
	}
	header := strings.Trim(sends, "`")
	if header == sends {
		t.Errorf("nobody knows how to send %q", sends)
	}
	return strings.ReplaceAll(header, "TOKEN", issue(secret, 0))
}

func ask(t *testing.T, r *http.Request) (int, string) {
	w, err := http.DefaultClient.Do(r)
	must(t, err)
	defer w.Body.Close()
	body, err := io.ReadAll(w.Body)
	must(t, err)
	return w.StatusCode, strings.TrimSpace(string(body))
}
