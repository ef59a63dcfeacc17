package password_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/jotgate/jotgate/password"
)

// Published vectors, in the forms of those who would store them.
const (
	// RFC 6070 (SHA-1) and the same inputs with other digests, RFC 7914 §11 and §12
	werkzeugSHA1   = "pbkdf2:sha1:4096$salt$4b007901b765489abead49d926f721d065a429c1"
	werkzeugSHA256 = "pbkdf2:sha256:4096$salt$c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a"
	werkzeugSHA512 = "pbkdf2:sha512:4096$salt$d197b1b33db0143e018b12f3d1d1479e6cdebdcc97c5c0f87f6902e072f457b5143f30602641b3d55cd335988cb36b84376060ecd532e039b742a239434af2d5"
	werkzeugScrypt = "scrypt:16384:8:1$SodiumChloride$7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
	scryptLanes    = "scrypt:1024:8:16$NaCl$fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"

	// Django's tests/auth_tests/test_hashers.py
	djangoSHA256 = "pbkdf2_sha256$390000$seasalt$8xBlGd3jVgvJ+92hWPxi5ww0uuAuAnKgC45eudxro7c="
	djangoSHA1   = "pbkdf2_sha1$390000$seasalt2$aDapRanzW8aHTz97v2TcfHzWD+I="
	djangoScrypt = "scrypt$16384$seasalt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz71m0ldQESkXFRkdVCBhhY8mx7rQwite/Pw=="
	djangoArgon2 = "argon2$argon2id$v=19$m=102400,t=2,p=8$Y041dExhNkljRUUy$TMa6A8fPJhCAUXRhJXCXdw"

	// pyca/bcrypt's tests/test_bcrypt.py, the second from crypt_blowfish
	bcrypt2b = "$2b$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm"
	bcrypt2a = "$2a$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq"
	bcrypt2y = "$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e"
)

func TestVerifyForeign(t *testing.T) {
	for _, c := range []struct{ name, stored, pw string }{
		{"bcrypt 2b", bcrypt2b, "Kk4DQuMMfZL9o"},
		{"bcrypt 2a, byte above 127", bcrypt2a, "\xa3"},
		{"bcrypt 2y, bytes above 127", bcrypt2y, "\xff\xff\xa3"},
		{"Werkzeug PBKDF2 SHA-1", werkzeugSHA1, "password"},
		{"Werkzeug PBKDF2 SHA-256", werkzeugSHA256, "password"},
		{"Werkzeug PBKDF2 SHA-512", werkzeugSHA512, "password"},
		{"Werkzeug PBKDF2 without a number", "pbkdf2:sha256$salt$505112a590be61ac9d3a235bf0a8eecea40e54652ec0e3c257c227c9aa5e664c", "password"},
		{"Werkzeug scrypt", werkzeugScrypt, "pleaseletmein"},
		{"scrypt with 16 lanes", scryptLanes, "password"},
		{"Django PBKDF2 SHA-256", djangoSHA256, "lètmein"},
		{"Django PBKDF2 SHA-1", djangoSHA1, "lètmein"},
		{"Django scrypt", djangoScrypt, "lètmein"},
		{"argon2i", "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA", "password"},
		{"Django argon2i", "argon2$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$YC9+jJCrQhs5R6db7LlN8Q", "secret"},
		{"Django argon2id", djangoArgon2, "secret"},
		{"Django bcrypt", "bcrypt$" + bcrypt2b, "Kk4DQuMMfZL9o"},
		{"Django bcrypt_sha256, long", "bcrypt_sha256$$2b$04$z6UZ4R7.3E/Db0OKekWr7OD6pb/gv.oQIguQ7WbpGNZ3QxwA/dH6W", strings.Repeat("x", 100)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if ok, err := password.Verify(c.pw, c.stored); !ok || err != nil {
				t.Errorf("got %v, %v, want true", ok, err)
			}
			if ok, err := password.Verify(c.pw+"x", c.stored); ok || err != nil {
				t.Errorf("another password: got %v, %v, want false", ok, err)
			}
			if !password.NeedsUpgrade(c.stored, cheap) {
				t.Error("NeedsUpgrade: got false, want true")
			}
		})
	}
}

// What these algorithms take for the same as another password is refused.
func TestVerifyForeignExact(t *testing.T) {
	for _, c := range []struct{ name, stored, pw string }{
		{"F05 NUL and repetition, bcrypt", bcrypt2b, "Kk4DQuMMfZL9o\x00Kk4DQuMMfZL9o"},
		{"F05 NUL behind, PBKDF2", werkzeugSHA256, "password\x00"},
		{"F05 NUL behind, scrypt", werkzeugScrypt, "pleaseletmein\x00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if ok, err := password.Verify(c.pw, c.stored); ok || err != nil {
				t.Errorf("got %v, %v, want false", ok, err)
			}
		})
	}
	t.Run("F06 U19 bcrypt sees 72 bytes", func(t *testing.T) {
		all := strings.Repeat("z", 72)
		row := "$2b$04$qyOg.iUb3S.PFW/C55n4H..khBY1KDZTcwmVYKAUr8OeZL6bYRsiS" // of python-bcrypt 3.2.2
		if ok, err := password.Verify(all, row); !ok || err != nil {
			t.Errorf("72 bytes: got %v, %v, want true", ok, err)
		}
		for _, more := range []string{"1", "12345678", "12345679"} {
			if ok, err := password.Verify(all+more, row); ok || err != nil {
				t.Errorf("72 bytes and %q: got %v, %v, want false", more, ok, err)
			}
		}
	})
}

func TestForeignUnusable(t *testing.T) {
	const secret = "hunter2hunter2" // stands for what an error must not show
	hex64 := strings.Repeat("0", 64)
	hex128 := hex64 + hex64
	for _, c := range []struct{ name, stored, words string }{
		{"argon2i corrupt", "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$" + secret, "corrupt"},
		{"argon2i hostile memory", "$argon2i$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA", "memory"},
		{"argon2i 1.0", "$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ", "not of version 1.3"},
		{"argon2d", "$argon2d$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$" + secret, "neither argon2id"},
		{"argon2id without version", "$argon2id$m=65536,t=2,p=1$c29tZXNhbHQ$" + secret, "not of version 1.3"},

		{"bcrypt 2x", "$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e", "want $2a$, $2b$ or $2y$"},
		{"bcrypt 2", "$2$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e", "want $2a$, $2b$ or $2y$"},
		{"bcrypt hostile cost", "$2b$31" + bcrypt2b[6:], "cost: want 4 to 16, got 31"},
		{"bcrypt cost 17", "$2b$17" + bcrypt2b[6:], "cost: want 4 to 16, got 17"},
		{"bcrypt cost 3", "$2b$03" + bcrypt2b[6:], "cost: want 4 to 16, got 3"},
		{"bcrypt one digit of cost", "$2b$4" + bcrypt2b[6:], "two digits"},
		{"bcrypt truncated", bcrypt2b[:59], "53 characters"},
		{"bcrypt, something behind", bcrypt2b + "e", "53 characters"},
		{"bcrypt, line break behind", bcrypt2b + "\n", "53 characters"},
		{"bcrypt, another alphabet", bcrypt2b[:59] + "+", "53 characters"},
		{"Django, another prehash", "bcrypt_sha512$" + bcrypt2b, "not Django's"},

		{"PBKDF2 hostile iterations", "pbkdf2:sha256:999999999$salt$" + hex64, "want at most 5000000, got 999999999"},
		{"PBKDF2 one iteration too many", "pbkdf2:sha256:5000001$salt$" + hex64, "want at most 5000000, got 5000001"},
		{"PBKDF2 iterations beyond int", "pbkdf2:sha256:18446744073709551617$salt$" + hex64, "far out of bounds"},
		{"PBKDF2 no iteration", "pbkdf2:sha256:0$salt$" + hex64, "far out of bounds"},
		{"PBKDF2 negative", "pbkdf2:sha256:-1$salt$" + hex64, "form"},
		{"PBKDF2 leading zero", "pbkdf2:sha256:01$salt$" + hex64, "form"},
		{"PBKDF2 MD5", "pbkdf2:md5:1000$salt$" + hex64[:32], "want sha1, sha256 or sha512"},
		{"PBKDF2 short key", "pbkdf2:sha256:1000$salt$" + hex64[:40], "want 32 bytes"},
		{"PBKDF2 long key", "pbkdf2:sha256:1000$salt$" + hex64 + "00", "want 32 bytes"},
		{"PBKDF2 half a byte", "pbkdf2:sha256:1000$salt$" + hex64[1:], "want 32 bytes"},
		{"PBKDF2 capitals", "pbkdf2:sha256:1000$salt$" + strings.Repeat("A", 64), "form"},
		{"PBKDF2 no salt", "pbkdf2:sha256:1000$$" + hex64, "form"},
		{"PBKDF2 truncated", "pbkdf2:sha256:1000$salt", "form"},
		{"PBKDF2 without a digest", "pbkdf2$salt$" + hex64, "form"},
		{"Django PBKDF2 hostile iterations", "pbkdf2_sha256$999999999" + djangoSHA256[20:], "want at most 5000000"},
		{"Django PBKDF2 without a number", "pbkdf2_sha256$" + djangoSHA256[21:], "form"},
		{"Django PBKDF2 unused bits", strings.Replace(djangoSHA256, "c=", "d=", 1), "want 32 bytes"},
		{"Django PBKDF2 without padding", strings.TrimSuffix(djangoSHA256, "="), "want 32 bytes"},

		{"scrypt too much memory", "scrypt:524288:8:1$salt$" + hex128, "memory: want at most 268435456 bytes, got 536870912"},
		{"scrypt hostile", "scrypt:536870912:99:99$salt$" + hex128, "memory: want at most"},
		{"scrypt too many lanes", "scrypt:262144:8:3$salt$" + hex128, "p: want at most 2, got 3"},
		{"scrypt N of no power", "scrypt:32767:8:1$salt$" + hex128, "want a power of two"},
		{"scrypt N of 1", "scrypt:1:8:1$salt$" + hex128, "want a power of two"},
		{"scrypt blocks beyond reason", "scrypt:2:1000:1$salt$" + hex128, "far out of bounds"},
		{"scrypt short key", "scrypt:32768:8:1$salt$" + hex64, "form"},
		{"scrypt two numbers", "scrypt:32768:8$salt$" + hex128, "form"},
		{"Django scrypt too much memory", strings.Replace(djangoScrypt, "16384", "524288", 1), "memory: want at most"},
		{"Django scrypt unused bits", strings.Replace(djangoScrypt, "w==", "x==", 1), "corrupt key"},

		{"Werkzeug plain", "plain$$" + secret, "never hashed"},
		{"Werkzeug MD5", "md5$salt$" + secret, "fast hash"},
		{"Werkzeug MD5 without salt", "md5$$" + secret, "fast hash"},
		{"Werkzeug SHA-1", "sha1$salt$" + secret, "fast hash"},
		{"Werkzeug SHA-256", "sha256$salt$" + secret, "fast hash"},
		{"Django, no password", "!" + secret, "no form"},
		{"a password", secret, "no form"},
		{"very long salt", "pbkdf2:sha256:1000$" + strings.Repeat("s", 1<<20) + "$" + hex64, "longer than 256 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ok, err := password.Verify(secret, c.stored)
			if ok || !errors.Is(err, password.ErrHash) {
				t.Fatalf("got %v, %v, want an error that wraps ErrHash", ok, err)
			}
			if !strings.Contains(err.Error(), c.words) || strings.Contains(err.Error(), secret) {
				t.Errorf("got %q, want it to say %q and to show nothing of the hash", err, c.words)
			}
			if !password.NeedsUpgrade(c.stored, cheap) {
				t.Error("NeedsUpgrade: got false, want true")
			}
		})
	}
}

// What stands at a bound is still read. Nothing is computed here: it would take seconds.
func TestForeignBounds(t *testing.T) {
	hex64 := strings.Repeat("0", 64)
	for _, stored := range []string{
		"$2b$16" + bcrypt2b[6:],
		"pbkdf2:sha256:5000000$salt$" + hex64,
		"scrypt:262144:8:2$salt$" + hex64 + hex64,
		"scrypt:2:99:99$salt$" + hex64 + hex64,
		"pbkdf2:sha256:1000$" + strings.Repeat("s", 172) + "$" + hex64,
	} {
		if err := password.Parse(stored); err != nil {
			t.Errorf("%s: got %v, want it to be read", stored, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		bcrypt2a, bcrypt2b, bcrypt2y, "bcrypt$" + bcrypt2b, "bcrypt_sha256$" + bcrypt2b, "$2b$31" + bcrypt2b[6:], "$2x" + bcrypt2b[3:],
		werkzeugSHA1, werkzeugSHA256, werkzeugSHA512, werkzeugScrypt, scryptLanes, "pbkdf2:sha256" + werkzeugSHA256[18:],
		djangoSHA1, djangoSHA256, djangoScrypt, djangoArgon2, "pbkdf2:sha256:5000001" + werkzeugSHA256[18:],
		"scrypt:536870912:8:1" + werkzeugScrypt[16:], "$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$YC9+jJCrQhs5R6db7LlN8Q",
		"$argon2id$v=19$", "$argon2i$v=19$", "plain$$hunter2", "md5$$c21f969b5f03d33d43e04f8f136e7682", "sha1$seasalt$cff36ea83f5706ce9aa7454e63e431fc726b2dc8",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, stored string) {
		err := password.Parse(stored)
		if err != nil && !errors.Is(err, password.ErrHash) {
			t.Errorf("%q: got %v, want ErrHash", stored, err)
		}
		if err == nil && !bearable(stored) {
			t.Errorf("%q: got it read, want a refusal", stored)
		}
	})
}

// bearable finds the numbers of a stored hash in its own way, and says whether they are within bounds.
func bearable(stored string) bool {
	parts := strings.Split(stored, "$")
	method := strings.FieldsFunc(parts[0], func(r rune) bool { return r == ':' || r == '_' })
	switch {
	case len(stored) > 256:
		return false
	case strings.Contains(parts[0]+parts[1], "argon2"):
		return true // FuzzParseArgon2id looks at these
	case parts[0] == "" || method[0] == "bcrypt":
		return between(parts[len(parts)-2], 4, 16)
	case method[0] == "pbkdf2" && strings.Contains(parts[0], ":"):
		return len(method) == 2 || between(method[2], 1, 5_000_000)
	case method[0] == "pbkdf2":
		return between(parts[1], 1, 5_000_000)
	case strings.Contains(parts[0], ":"):
		return affordable(method[1], method[2], method[3])
	}
	return affordable(parts[1], parts[3], parts[4])
}

func between(text string, least, most int) bool {
	n, err := strconv.Atoi(text)
	return err == nil && n >= least && n <= most
}

// affordable holds the parameters of scrypt against 256 MiB, and 512 MiB for all lanes.
func affordable(n, r, p string) bool {
	for memory := 128 << 1; memory <= 256<<20; memory += memory { // for each N in turn, with r of 1
		if n == strconv.Itoa(memory/128) {
			size, err := strconv.Atoi(r)
			return err == nil && between(r, 1, 256<<20/memory) && between(p, 1, 512<<20/memory/size)
		}
	}
	return false
}
