package account

import (
	"strings"
	"testing"
)

func TestUsername(t *testing.T) {
	for name, tt := range map[string]struct{ in, shown, key string }{
		"plain":      {"ann", "ann", "ann"},
		"case":       {"Ann", "Ann", "ann"},
		"signs":      {"a.n-n_1", "a.n-n_1", "a.n-n_1"},
		"full width": {"ａｎｎ", "ann", "ann"},
		"composed":   {"é", "é", "é"},
		"cjk":        {"尾丸", "尾丸", "尾丸"},
	} {
		shown, key, bad := username(tt.in)
		if bad != nil || shown != tt.shown || key != tt.key {
			t.Errorf("%s: username(%q): got %q, %q, %v; want %q, %q", name, tt.in, shown, key, bad, tt.shown, tt.key)
		}
	}
}

func TestUsernameRefused(t *testing.T) {
	for name, in := range map[string]string{
		"blank inside":  "a b",
		"blank before":  " ann",
		"control":       "a\x07b",
		"nul":           "a\x00b",
		"newline":       "a\nb",
		"zero width":    "a\u200bb",
		"bidi override": "a\u202eb",
		"at sign":       "a@b",
		"full-width at": "a＠b",
		"too long":      strings.Repeat("a", maxUsername+1),
		"not UTF-8":     "a\xff",
		"empty":         "",
	} {
		if shown, key, bad := username(in); bad == nil {
			t.Errorf("%s: username(%q): got %q, %q; want a refusal", name, in, shown, key)
		} else if bad.Field != "username" {
			t.Errorf("%s: field: got %q, want username", name, bad.Field)
		}
	}
}

func TestEmail(t *testing.T) {
	for name, tt := range map[string]struct{ in, key string }{
		"plain":      {"ann@example.com", "ann@example.com"},
		"case":       {"Ann@Example.COM", "ann@example.com"},
		"plus":       {"ann+x@example.com", "ann+x@example.com"},
		"full width": {"ａnn@example.com", "ann@example.com"},
		"localhost":  {"root@localhost", "root@localhost"},
	} {
		if _, key, bad := email(tt.in); bad != nil || key != tt.key {
			t.Errorf("%s: email(%q): got %q, %v; want %q", name, tt.in, key, bad, tt.key)
		}
	}
	for name, in := range map[string]string{
		"no at":         "ann",
		"two ats":       "a@b@example.com",
		"quoted":        `"a b"@example.com`,
		"blank":         "a b@example.com",
		"no domain":     "ann@",
		"no local part": "@example.com",
		"no dot":        "ann@example",
		"two dots":      "ann@example..com",
		"header":        "ann@example.com\r\nBcc: x@y.z",
		"too long":      strings.Repeat("a", 250) + "@b.com",
	} {
		if _, key, bad := email(in); bad == nil {
			t.Errorf("%s: email(%q): got %q; want a refusal", name, in, key)
		}
	}
}

func TestLoginKeyIsTheKeyOfSignUp(t *testing.T) {
	for in, want := range map[string]string{
		"ANN": "ann", "ａｎｎ": "ann", "Ann@Example.com": "ann@example.com", "a b": "", "": "",
	} {
		if got := loginKey(in); got != want {
			t.Errorf("loginKey(%q): got %q, want %q", in, got, want)
		}
	}
}

// A name that is shown is the same name again when it is typed the way it is shown.
func FuzzNames(f *testing.F) {
	for _, s := range []string{"ann", "Ann@Example.com", "ａｎｎ", "é", "ß", "İ", "ﬀ", "a\u200bb", "ς"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, fold := range []func(string) (string, string, *FieldError){username, email} {
			shown, key, bad := fold(s)
			if bad != nil {
				if shown != "" || key != "" {
					t.Fatalf("%q: a result beside an error: %q, %q", s, shown, key)
				}
				continue
			}
			if _, again, bad := fold(shown); bad != nil || again != key {
				t.Fatalf("%q is shown as %q, whose key is %q (%v), not %q", s, shown, again, bad, key)
			}
		}
	})
}
