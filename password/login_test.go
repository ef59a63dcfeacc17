package password_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jotgate/jotgate/password"
)

// Two forms of one password: ä and ö as one code point each, and as two.
const (
	composed   = "p\u00e4ssw\u00f6rter sind lang"
	decomposed = "pa\u0308sswo\u0308rter sind lang"
)

// Hashes of the two by PBKDF2, as Werkzeug makes them of what it gets.
const (
	ofComposed   = "pbkdf2:sha256:10$salt$26f0b3bcd80005732adf08b3674a576d56b3184ab756d16e52322d510a2a9af0"
	ofDecomposed = "pbkdf2:sha256:10$salt$196446d06f000a770a2f58193755742b45fbdebad4ee80a31f0a4e16cca54721"
)

func TestLogIn(t *testing.T) {
	h := password.NewHasher(cheap, 0, 0)
	weak := mustHash(t, password.Params{Memory: 32, Time: 1, Threads: 1}, composed)
	for _, c := range []struct {
		name, stored, typed string
		ok, better          bool
	}{
		{"own hash", mustHash(t, cheap, composed), composed, true, false},
		{"F07 own hash, typed decomposed", mustHash(t, cheap, composed), decomposed, true, false},
		{"own hash, wrong", mustHash(t, cheap, composed), "wrong", false, false},
		{"weak hash", weak, composed, true, true},
		{"weak hash, wrong", weak, "wrong", false, false},
		{"argon2id of what was typed", mustHash(t, cheap, decomposed), decomposed, true, true},
		{"F02 Werkzeug", ofComposed, composed, true, true},
		{"F02 bcrypt", bcrypt2b, "Kk4DQuMMfZL9o", true, true},
		{"F02 scrypt", werkzeugScrypt, "pleaseletmein", true, true},
		{"F02 Django argon2id, stronger than ours", djangoArgon2, "secret", true, true},
		{"Werkzeug, wrong", ofComposed, "wrong", false, false},
		{"composed there, typed decomposed", ofComposed, decomposed, true, true},
		{"decomposed there and here", ofDecomposed, decomposed, true, true},
		{"decomposed there, typed composed", ofDecomposed, composed, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			ok, better, err := h.LogIn(t.Context(), c.typed, c.stored)
			if ok != c.ok || (better != "") != c.better || err != nil {
				t.Fatalf("got %v, a better hash: %v, %v, want %v, %v", ok, better != "", err, c.ok, c.better)
			}
			if better != "" {
				checkUpgraded(t, h, c.typed, better)
			}
		})
	}
}

// checkUpgraded wants a hash that stays as it is, however the password is typed.
func checkUpgraded(t *testing.T, h *password.Hasher, typed, better string) {
	t.Helper()
	if !strings.HasPrefix(better, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Errorf("better: got %q, want argon2id with the cost of the hasher", better)
	}
	for _, pw := range []string{typed, password.Policy{}.Normalize(typed)} {
		if ok, again, err := h.LogIn(t.Context(), pw, better); !ok || again != "" || err != nil {
			t.Errorf("the next log-in: got %v, %q, %v, want true and nothing better", ok, again, err)
		}
	}
}

func TestLogInUnusable(t *testing.T) {
	h := password.NewHasher(cheap, 0, 0)
	for _, stored := range []string{"garbage", "", "plain$$" + composed, "$2b$31" + bcrypt2b[6:]} {
		if ok, better, err := h.LogIn(t.Context(), composed, stored); ok || better != "" || !errors.Is(err, password.ErrHash) {
			t.Errorf("%q: got %v, %q, %v, want ErrHash", stored, ok, better, err)
		}
	}
}

// Form NFC of this password is longer than MaxBytes, so no hash of ours can be made of it: the old one stays.
func TestLogInWithoutUpgrade(t *testing.T) {
	typed, h := strings.Repeat("\u0958", 341), password.NewHasher(cheap, 0, 0)
	ok, better, err := h.LogIn(t.Context(), typed, "pbkdf2:sha256:10$salt$af1dec27754c0ad7b53f5876a1f07b47c0122b6b73efba5ad7f26170edafca7c")
	if !ok || better != "" || err != nil {
		t.Errorf("got %v, %q, %v, want true and nothing better", ok, better, err)
	}
}
