package password_test

import (
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/jotgate/jotgate/password"
)

// cheap keeps the tests fast under the race detector; what is tested does not depend on the cost.
var cheap = password.Params{Memory: 64, Time: 1, Threads: 1}

func mustHash(t testing.TB, p password.Params, pw string) string {
	t.Helper()
	phc, err := p.Hash(pw)
	if err != nil {
		t.Fatal(err)
	}
	return phc
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestHash(t *testing.T) {
	t.Run("F01 row of a new password", func(t *testing.T) {
		one, two := mustHash(t, password.Params{}, "correct horse battery"), mustHash(t, password.Params{}, "correct horse battery")
		form := regexp.MustCompile(`^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`)
		if !form.MatchString(one) {
			t.Errorf("form: got %q, want %v", one, form)
		}
		if one == two {
			t.Errorf("two hashes of one password: got the same %q", one)
		}
		if ok, err := password.Verify("correct horse battery", one); !ok || err != nil {
			t.Errorf("Verify: got %v, %v, want true", ok, err)
		}
	})
	t.Run("parameters out of bounds", func(t *testing.T) {
		for _, p := range []password.Params{{Memory: 256<<10 + 1}, {Time: 11}, {Threads: 17}, {Memory: 31, Threads: 4}} {
			if phc, err := p.Hash("x"); err == nil || phc != "" {
				t.Errorf("%+v: got %q, %v, want an error", p, phc, err)
			}
		}
	})
}

// The hashes are those of the test program of the reference implementation (P-H-C/phc-winner-argon2, src/test.c).
func TestVerifyReference(t *testing.T) {
	for _, phc := range []string{
		"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
	} {
		if ok, err := password.Verify("password", phc); !ok || err != nil {
			t.Errorf("%s: got %v, %v, want true", phc, ok, err)
		}
		if ok, err := password.Verify("Password", phc); ok || err != nil {
			t.Errorf("%s with another password: got %v, %v, want false", phc, ok, err)
		}
	}
}

func TestVerifyUnusable(t *testing.T) {
	const salt, key = "c29tc2FsdHNvbWVzYWx0", "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	for name, phc := range map[string]string{
		"F04 garbage":                 "garbage",
		"F04 empty":                   "",
		"F04 hostile parameters":      "$argon2id$v=19$m=4194304,t=100,p=255$" + salt + "$" + key,
		"F04 truncated in parameters": "$argon2id$v=19$m=64,t=1",
		"F04 truncated after salt":    "$argon2id$v=19$m=64,t=1,p=1$" + salt,
		"F04 truncated before key":    "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$",
		"F04 truncated key":           "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$CTFhFdXPJO1aFaMa",
		"another version":             "$argon2id$v=16$m=64,t=1,p=1$" + salt + "$" + key,
		"memory of 2^32 more":         "$argon2id$v=19$m=4294967360,t=1,p=1$" + salt + "$" + key,
		"memory too large":            "$argon2id$v=19$m=262145,t=1,p=1$" + salt + "$" + key,
		"too many passes":             "$argon2id$v=19$m=64,t=11,p=1$" + salt + "$" + key,
		"no pass":                     "$argon2id$v=19$m=64,t=0,p=1$" + salt + "$" + key,
		"too many lanes":              "$argon2id$v=19$m=256,t=1,p=17$" + salt + "$" + key,
		"no lane":                     "$argon2id$v=19$m=64,t=1,p=0$" + salt + "$" + key,
		"short salt":                  "$argon2id$v=19$m=64,t=1,p=1$c29tZQ$" + key,
		"leading zero":                "$argon2id$v=19$m=064,t=1,p=1$" + salt + "$" + key,
		"unused bits":                 "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + strings.TrimSuffix(key, "c") + "d",
		"line break in the key":       "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$\n" + key,
		"something behind":            "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + key + " x",
		"very long":                   "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + strings.Repeat("A", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			var ok bool
			var err error
			n := allocated(func() { ok, err = password.Verify("password", phc) })
			if ok || !errors.Is(err, password.ErrHash) {
				t.Errorf("got %v, %v, want an error that wraps ErrHash", ok, err)
			}
			if n > 1<<20 {
				t.Errorf("allocated: got %d bytes, want at most 1 MiB", n)
			}
			if err != nil && strings.Contains(err.Error(), key) {
				t.Errorf("the error shows the hash: %v", err)
			}
		})
	}
}

func TestVerifyExact(t *testing.T) {
	for name, c := range map[string]struct{ pw, other string }{
		"F05 64 characters":    {strings.Repeat("x", 64), strings.Repeat("x", 63)},
		"F05 1024 bytes":       {strings.Repeat("y", 1024), strings.Repeat("y", 1023)},
		"F05 leading blank":    {" correct horse", "correct horse"},
		"F05 trailing blank":   {"correct horse ", "correct horse"},
		"F05 only blanks":      {strings.Repeat(" ", 15), strings.Repeat(" ", 14)},
		"F05 emoji":            {"🐎🔋📎🐎🔋📎", "🐎🔋📎🐎🔋"},
		"F05 NUL inside":       {"correct\x00horse", "correct\x00mouse"},
		"case":                 {"Correct Horse", "correct horse"},
		"F06 beyond byte 72":   {strings.Repeat("z", 72) + "12345678", strings.Repeat("z", 72) + "12345679"},
		"not normalised twice": {"e\u0301", "\u00e9"},
	} {
		t.Run(name, func(t *testing.T) {
			phc := mustHash(t, cheap, c.pw)
			if ok, err := password.Verify(c.pw, phc); !ok || err != nil {
				t.Errorf("the same password: got %v, %v, want true", ok, err)
			}
			if ok, err := password.Verify(c.other, phc); ok || err != nil {
				t.Errorf("another password: got %v, %v, want false", ok, err)
			}
		})
	}
}

func TestTooLongIsNotHashed(t *testing.T) {
	t.Run("F05 1025 bytes", func(t *testing.T) {
		long, row := strings.Repeat("x", 1025), mustHash(t, password.Params{}, "x")
		n := allocated(func() {
			var refused *password.PolicyError
			if _, err := (password.Params{}).Hash(long); !errors.As(err, &refused) || refused.Code != password.TooLong {
				t.Errorf("Hash: got %v, want %s", err, password.TooLong)
			}
			if ok, err := password.Verify(long, row); ok || err != nil {
				t.Errorf("Verify: got %v, %v, want false", ok, err)
			}
		})
		if n > 1<<20 {
			t.Errorf("allocated: got %d bytes, want far less than a hash", n)
		}
	})
}

func TestNeedsUpgrade(t *testing.T) {
	policy := password.Params{Memory: 128, Time: 2, Threads: 1}
	for _, c := range []struct {
		name string
		phc  string
		want bool
	}{
		{"same", mustHash(t, policy, "x"), false},
		{"stronger", mustHash(t, password.Params{Memory: 256, Time: 3, Threads: 1}, "x"), false},
		{"other lanes", mustHash(t, password.Params{Memory: 128, Time: 2, Threads: 2}, "x"), false},
		{"less memory", mustHash(t, password.Params{Memory: 127, Time: 2, Threads: 1}, "x"), true},
		{"fewer passes", mustHash(t, password.Params{Memory: 128, Time: 1, Threads: 1}, "x"), true},
		{"short salt", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", true},
		{"unknown", "$2b$12$x", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := password.NeedsUpgrade(c.phc, policy); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
	if password.NeedsUpgrade(mustHash(t, password.Params{}, "x"), password.Params{}) {
		t.Error("default hash under the default: got true, want false")
	}
}

func FuzzParseArgon2id(f *testing.F) {
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$c29tc2FsdHNvbWVzYWx0$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$argon2id$v=19$m=+64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPd")
	f.Add("$argon2id$v=19$m=4194304,t=100,p=255$c29tZXNhbHQ$AAAA")
	f.Fuzz(func(t *testing.T, phc string) {
		h, p, err := password.ParseArgon2id(phc)
		if err != nil {
			return
		}
		if got := h.String(); got != phc {
			t.Errorf("printed: got %q, want %q", got, phc)
		}
		if p.Memory > 256<<10 || p.Time < 1 || p.Time > 10 || p.Threads < 1 || p.Threads > 16 {
			t.Errorf("%q: parameters out of bounds were taken: %+v", phc, p)
		}
	})
}

func ExampleVerify() {
	phc, err := password.Params{}.Hash("correct horse battery staple")
	if err != nil {
		panic(err)
	}
	ok, err := password.Verify("correct horse battery staple", phc)
	fmt.Println(ok, err)
	// Output: true <nil>
}
