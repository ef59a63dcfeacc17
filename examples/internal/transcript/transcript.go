// Package transcript replays a file of requests against a running program and compares its answers, byte for byte.
//
// A transcript reads as a session does:
//
//	# What anybody may know.
//	> GET /public/info/
//	< 200
//	< Content-Type: application/json
//	<
//	< {"public":true}
//
// A request is a method and a path, then headers, then after an empty line the body. An answer is a status, the headers that
// matter (one without a value must be absent), and after an empty line the body; without that line the body is empty. A
// body that ends with a line break ends with an empty line. «name» in an answer stands for what changes from run to run: it
// matches any text, keeps it, and stands for the same text from then on, in requests too. «_» keeps nothing.
package transcript

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// Exchange is a request and the answer it should have.
type Exchange struct {
	Line   int // of the request in the file
	Method string
	Path   string
	Header http.Header
	Body   string

	Status     int
	WantHeader http.Header // "" means absent
	WantBody   string
}

// Parse reads a transcript.
func Parse(text string) ([]Exchange, error) {
	var list []Exchange
	var request, answer []string
	begin := 0
	flush := func() error {
		if len(request) == 0 && len(answer) == 0 {
			return nil
		}
		e, err := exchange(request, answer)
		if err != nil {
			return fmt.Errorf("line %d: %w", begin, err)
		}
		e.Line = begin
		list = append(list, e)
		request, answer = nil, nil
		return nil
	}
	for n, line := range strings.Split(text, "\n") {
		mark, rest, _ := strings.Cut(line, " ")
		switch {
		case mark == ">":
			if len(answer) > 0 {
				if err := flush(); err != nil {
					return nil, err
				}
			}
			if len(request) == 0 {
				begin = n + 1
			}
			request = append(request, rest)
		case mark == "<":
			answer = append(answer, rest)
		case line != "" && !strings.HasPrefix(line, "#"):
			return nil, fmt.Errorf("line %d: want >, <, # or nothing at its beginning, got %q", n+1, line)
		}
	}
	return list, flush()
}

func exchange(request, answer []string) (e Exchange, err error) {
	if len(request) == 0 || len(answer) == 0 {
		return e, errors.New("want a request and its answer")
	}
	var ok bool
	if e.Method, e.Path, ok = strings.Cut(request[0], " "); !ok {
		return e, fmt.Errorf("want a method and a path, got %q", request[0])
	}
	if e.Status, err = strconv.Atoi(answer[0]); err != nil {
		return e, fmt.Errorf("want a status, got %q", answer[0])
	}
	if e.Header, e.Body, err = message(request[1:]); err != nil {
		return e, err
	}
	e.WantHeader, e.WantBody, err = message(answer[1:])
	return e, err
}

func message(lines []string) (h http.Header, body string, err error) {
	h = http.Header{}
	for i, line := range lines {
		if line == "" {
			return h, strings.Join(lines[i+1:], "\n"), nil
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, "", fmt.Errorf("want a header, got %q", line)
		}
		h.Add(name, strings.TrimSpace(value))
	}
	return h, "", nil
}

// Session replays exchanges against one address.
type Session struct {
	URL    string            // without a slash at its end
	Values map[string]string // what «name» stands for
}

// Play sends the request and returns an error that says both sides of every difference.
func (s *Session) Play(e Exchange) error {
	r, err := http.NewRequest(e.Method, s.URL+s.filled(e.Path), strings.NewReader(s.filled(e.Body)))
	if err != nil {
		return err
	}
	for name, values := range e.Header {
		for _, v := range values {
			r.Header.Add(name, s.filled(v))
		}
	}
	a, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil {
		return err
	}
	return s.compare(e, a, body)
}

func (s *Session) compare(e Exchange, a *http.Response, body []byte) error {
	var faults []error
	if a.StatusCode != e.Status {
		faults = append(faults, fmt.Errorf("status: got %d, want %d", a.StatusCode, e.Status))
	}
	for name, want := range e.WantHeader {
		if got := strings.Join(a.Header.Values(name), "\n"); !s.match(strings.Join(want, "\n"), got) {
			faults = append(faults, fmt.Errorf("header %s: got %q, want %q", name, got, want))
		}
	}
	if !s.match(e.WantBody, string(body)) {
		faults = append(faults, fmt.Errorf("body: got\n%s\nwant\n%s", bytes.TrimSuffix(body, []byte("\n")), s.filled(e.WantBody)))
	}
	return errors.Join(faults...)
}

var volatile = regexp.MustCompile(`«[A-Za-z_0-9]+»`)

// filled puts in what is known.
func (s *Session) filled(text string) string {
	return volatile.ReplaceAllStringFunc(text, func(name string) string {
		if v, known := s.Values[bare(name)]; known {
			return v
		}
		return name
	})
}

func bare(name string) string { return strings.Trim(name, "«»") }

// match keeps what the new names in want stand for.
func (s *Session) match(want, got string) bool {
	want = s.filled(want)
	var pattern strings.Builder
	var names []string
	end := 0
	for _, at := range volatile.FindAllStringIndex(want, -1) {
		pattern.WriteString(regexp.QuoteMeta(want[end:at[0]]) + "(.+?)")
		names = append(names, bare(want[at[0]:at[1]]))
		end = at[1]
	}
	found := regexp.MustCompile(`(?s)\A` + pattern.String() + regexp.QuoteMeta(want[end:]) + `\z`).FindStringSubmatch(got)
	if found == nil {
		return false
	}
	for i, name := range names {
		if name != "_" {
			s.Values[name] = found[i+1]
		}
	}
	return true
}
