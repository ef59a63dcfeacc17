package jotgate_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/jotgate/jotgate"
)

func TestPermits(t *testing.T) {
	for _, c := range []struct {
		held []string
		want string
		ok   bool
	}{
		{[]string{"orders:read"}, "orders:read", true},
		{[]string{"orders:read"}, "orders:write", false},
		{[]string{"orders:read"}, "Orders:read", false},
		{[]string{"orders:read"}, "orders:rea", false},
		{[]string{"orders:read"}, "orders:reader", false},
		{[]string{"a", "b", "orders:read"}, "orders:read", true},
		{nil, "orders:read", false},
		{[]string{"admin"}, "admin", true},
		// a star in held stands for exactly one part
		{[]string{"orders:*"}, "orders:read", true},
		{[]string{"orders:*"}, "orders", false},
		{[]string{"orders:*"}, "orders:read:own", false},
		{[]string{"orders:*"}, "ordersx:read", false},
		{[]string{"*:read"}, "orders:read", true},
		{[]string{"*:read"}, "orders:write", false},
		{[]string{"*:read"}, "read", false},
		{[]string{"*"}, "admin", true},
		{[]string{"*"}, "orders:read", false},
		{[]string{"*:*"}, "orders:read", true},
		{[]string{"*:*"}, "admin", false},
		{[]string{"a:*:c"}, "a:b:c", true},
		{[]string{"a:*:c"}, "a:b:d", false},
		{[]string{"a:*:c"}, "a:b:b:c", false},
		// a star in want is a grant, which only a star covers
		{[]string{"orders:read"}, "orders:*", false},
		{[]string{"orders:*"}, "orders:*", true},
		{[]string{"*:read"}, "*:read", true},
		{[]string{"*:*"}, "orders:*", true},
		{[]string{"orders:*"}, "*:*", false},
		{[]string{"orders:*"}, "*:read", false},
		// a star among letters is a letter like any other; nothing is not a part
		{[]string{"orders:re*"}, "orders:read", false},
		{[]string{""}, "", false},
		{[]string{"*"}, "", false},
		{[]string{"orders:*"}, "orders:", false},
		{[]string{":*"}, ":read", false},
		{[]string{"orders:"}, "orders:", false},
		{[]string{"*:*"}, "::", false},
	} {
		if got := jotgate.Permits(c.held, c.want); got != c.ok {
			t.Errorf("Permits(%q, %q): want %v, got %v", c.held, c.want, c.ok, got)
		}
	}
}

func TestCheckPermission(t *testing.T) {
	for _, good := range []string{"a", "*", "orders:read", "orders:*", "*:*", "a:b:c:d", "v1.2:A_b-c", strings.Repeat("x", 100)} {
		if err := jotgate.CheckPermission(good); err != nil {
			t.Errorf("%q: want nil, got %v", good, err)
		}
	}
	for bad, says := range map[string]string{
		"":                       "empty",
		":":                      `part ""`,
		"orders:":                `part ""`,
		":read":                  `part ""`,
		"a::b":                   `part ""`,
		"orders:re*":             `part "re*"`,
		"orders:**":              `part "**"`,
		"orders read":            `part "orders read"`,
		"orders:lesen\n":         `part "lesen\n"`,
		"größe:lesen":            `part "größe"`,
		"a/b":                    `part "a/b"`,
		"a,b":                    `part "a,b"`,
		strings.Repeat("x", 101): "101 bytes; at most 100",
	} {
		if err := jotgate.CheckPermission(bad); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: want an error with %s, got %v", bad, says, err)
		}
	}
}

var permissionForm = regexp.MustCompile(`\A(\*|[A-Za-z0-9_.-]+)(:(\*|[A-Za-z0-9_.-]+))*\z`)

func FuzzCheckPermission(f *testing.F) {
	for _, s := range []string{"orders:read", "*:*", "a::b", "re*", "", "a\n", "\xff", strings.Repeat("a:", 60)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want := len(s) <= 100 && permissionForm.MatchString(s)
		if err := jotgate.CheckPermission(s); (err == nil) != want {
			t.Errorf("%q: want well-formed %v, got %v", s, want, err)
		}
	})
}

// covers is the rule of Permits, said once more in another way.
func covers(held, want string) bool {
	h, w := strings.Split(held, ":"), strings.Split(want, ":")
	for i := range h {
		if i >= len(w) || h[i] == "" || w[i] == "" || h[i] != w[i] && h[i] != "*" {
			return false
		}
	}
	return len(h) == len(w)
}

func FuzzPermits(f *testing.F) {
	f.Add("orders:read", "orders:read", "a:b")
	f.Add("orders:*", "orders:read", "*:*")
	f.Add("a:*:c", "a:b:c", "a:*")
	f.Add("", "a::", ":")
	f.Fuzz(func(t *testing.T, a, b, want string) {
		if got, expect := jotgate.Permits([]string{a, b}, want), covers(a, want) || covers(b, want); got != expect {
			t.Errorf("Permits(%q, %q, %q): want %v, got %v", a, b, want, expect, got)
		}
		// who may grant b may also grant all that b allows
		if jotgate.Permits([]string{a}, b) && jotgate.Permits([]string{b}, want) && !jotgate.Permits([]string{a}, want) {
			t.Errorf("%q covers %q, which covers %q: want the first to cover the last", a, b, want)
		}
		if jotgate.CheckPermission(a) == nil && !jotgate.Permits([]string{a}, a) {
			t.Errorf("%q: want it to cover itself", a)
		}
	})
}
