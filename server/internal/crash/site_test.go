package crash_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate/internal/pgtest"
)

// site is a server as its operator sees it: a data folder, a database, a port, and a process that comes and goes.
type site struct {
	data           string
	store          string // setting; "" is SQLite in data
	driver, source string // the database, for reading past the server
	addr           string
	process        *exec.Cmd
	said           *bytes.Buffer // by the process, whole once it has ended
	slowest        time.Duration // of all starts
}

// onSQLite is a site whose database lies in its folder.
func onSQLite(dir string) *site {
	return &site{data: dir, driver: "sqlite", source: fileURL(filepath.Join(dir, "jotgate.db"), "ro")}
}

// onPostgres is a site whose database outlives the server. It may take its time: the machine may be busy with other tests.
func onPostgres(t *testing.T) *site {
	u, err := url.Parse(pgtest.Start(t).Database(t))
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("statement_timeout", "20s")
	u.RawQuery = q.Encode()
	return &site{data: t.TempDir(), store: u.String(), driver: "pgx", source: u.String()}
}

func fileURL(path, mode string) string {
	return "file:" + path + "?mode=" + mode + "&_pragma=busy_timeout(5000)"
}

// readyWithin is promised for every start after a crash.
const readyWithin = 5 * time.Second

// start starts the server where it was and waits until it is ready.
func (s *site) start(t *testing.T) {
	t.Helper()
	if s.addr == "" {
		s.addr = freeAddress(t)
	}
	s.said = new(bytes.Buffer)
	s.process = exec.Command(binary, "serve", "--data", s.data, "--listen", s.addr, "--limits", "off", "--log-level", "warn",
		"--access-ttl", "2h", "--refresh-grace", "60s") // so that only the server's word makes a token stop working
	if s.store != "" {
		s.process.Args = append(s.process.Args, "--store", s.store)
	}
	s.process.Stdout, s.process.Stderr = io.Discard, s.said
	begin := time.Now()
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	for !s.ready() {
		if time.Since(begin) > readyWithin {
			s.kill(t)
			t.Fatalf("not ready %v after the start; the server said: %s", readyWithin, s.said)
		}
		time.Sleep(time.Millisecond)
	}
	s.slowest = max(s.slowest, time.Since(begin))
}

func (s *site) ready() bool {
	a, err := s.client().call("GET", "/readyz", "", nil)
	return err == nil && a.status == http.StatusOK
}

// kill ends the process as no program can catch.
func (s *site) kill(t *testing.T) {
	t.Helper()
	if err := s.process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = s.process.Wait() // "signal: killed"
}

// end is for the end of a test: there may be a process or none.
func (s *site) end(t *testing.T) {
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
	if t.Failed() {
		t.Logf("the last server said: %s", s.said)
	}
}

func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// client has connections of its own: those of a killed server die with it.
func (s *site) client() client {
	return client{"http://" + s.addr, &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{}}}
}

type client struct {
	base string
	http *http.Client
}

// answer is what the server said, of whatever shape.
type answer struct {
	status       int
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	SessionID    string `json:"session_id"`
	Reason       string `json:"reason"`
	Code         string `json:"code"`
}

type body map[string]string

// call returns an error when there was no whole answer: then nobody knows what the server did.
func (c client) call(method, path, token string, in body) (answer, error) {
	var out answer
	req, err := c.request(method, path, token, in)
	if err != nil {
		return out, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return out, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return out, err
	}
	out.status = resp.StatusCode
	if strings.Contains(resp.Header.Get("Content-Type"), "json") {
		err = json.Unmarshal(text, &out)
	}
	return out, err
}

func (c client) request(method, path, token string, in body) (*http.Request, error) {
	var b io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		b = bytes.NewReader(text)
	}
	req, err := http.NewRequest(method, c.base+path, b)
	if err != nil {
		return nil, err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return req, nil
}
