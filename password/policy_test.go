package password_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/jotgate/jotgate/password"
)

func TestCheck(t *testing.T) {
	service := password.Policy{Words: []string{"Jotgate"}}
	user := []string{"ada", "ada.lovelace1815", "x7y8z9w0"} // names as in a user name, an e-mail address, a handle
	for _, c := range []struct{ name, pw, want string }{
		{"F05 64 characters", "the quick brown fox jumps over the lazy dog and eats one old hat", ""},
		{"F05 only blanks", strings.Repeat(" ", 15), ""},
		{"F05 emoji", "🐎🔋📎🧲🐎🧵📎🔋🐎🧲🧵🧵🔋🐎📎", ""},
		{"F05 NUL inside", "correct\x00horse batt", ""},
		{"F05 1024 bytes", strings.Repeat("ab cd ef gh ij km", 60) + "wxyz", ""},
		{"F05 1025 bytes", strings.Repeat("ab cd ef gh ij km", 60) + "vwxyz", password.TooLong},
		{"too long once normalised", strings.Repeat("\u0958", 341), password.TooLong}, // NFC writes two code points for it
		{"not UTF-8", "correct horse \xff battery", password.NotUTF8},

		{"F08 top of the list", "1qaz2wsx3edc4rfv", password.Common},
		{"F08 local part and year", "Ada.Lovelace1815-2024", password.ContainsName},
		{"F08 part of the local part and year", "lovelace 2024!!", password.ContainsName},
		{"F08 service name repeated", "jotgateJOTGATEjotgate", password.ContainsName},
		{"F08 14 characters", "k7#pq2mzx9!tyw", password.TooShort},
		{"user name and eight digits", "adaada-20240131", password.ContainsName},
		{"name without a word in it", "x7y8z9w0-1234567", password.ContainsName},
		{"name in a long text", "jotgate guards my garden", ""},
		{"common and year", "Sunshine2024!!!", password.Common},
		{"two common", "football baseball", password.Common},
		{"three common and one word", "showgirl navigate overlook punk", ""},
		{"common and name", "jotgatepassword", password.Common},
		{"common word twice", "passwordpassword", password.Common},
		{"short word again and again", "abcabcabcabcabc", password.Common},
		{"short word with blanks", "dragon dragon dragon", password.Common},
		{"long text twice", "correct horse correct horse", ""},
		{"one character", "aaaaaaaaaaaaaaa", password.Common},
		{"one character and year", "aaaaaaaaaaaa2024", password.Common},
		{"digits in a row", "123456789012345", password.Common},
		{"letters in a row", "abcdefghijklmno", password.Common},
		{"downwards", "ponmlkjihgfedcba", password.Common},
		{"keyboard row", "qwertyuiopasdfgh", password.Common},
		{"common in a long text", "computer engines weave flowers", ""},

		{"F09 lower case only", "vqjxkwzrnmplthgfbydc", ""},
		{"F09 digits only", "83017462950174839265", ""},
		{"words", "correct horse battery staple", ""},
		{"15 code points, decomposed", "zwo\u0308lf mo\u0308wen am", password.TooShort},
		{"15 code points, composed", "zw\u00f6lf m\u00f6wen am x", ""},
		{"other script", "вчера шёл дождь и снег", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := code(t, service.Check(c.pw, user...)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// code returns the code of a refusal, "" for none.
func code(t *testing.T, err error) string {
	t.Helper()
	var refused *password.PolicyError
	if err != nil && !errors.As(err, &refused) {
		t.Fatalf("got %v, want a *PolicyError", err)
	}
	if refused == nil {
		return ""
	}
	return refused.Code
}

func TestCheckMin(t *testing.T) {
	for _, c := range []struct {
		name string
		min  int
		pw   string
		want int // least length named by the refusal, 0 for none
	}{
		{"default refuses 14", 0, "k7#pq2mzx9!tyw", 15},
		{"default takes 15", 0, "k7#pq2mzx9!tywh", 0},
		{"F08 8 characters with the floor", 8, "k7#pq2mz", 0},
		{"7 characters with the floor", 8, "k7#pq2m", 8},
		{"below the floor", 4, "k7#pq2m", 8},
		{"20", 20, "k7#pq2mzx9!tywh", 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := password.Policy{Min: c.min}.Check(c.pw)
			var refused *password.PolicyError
			if errors.As(err, &refused) != (c.want > 0) {
				t.Fatalf("got %v, want a refusal: %v", err, c.want > 0)
			}
			if refused != nil && (refused.Code != password.TooShort || refused.Min != c.want) {
				t.Errorf("got %+v, want too short, at least %d", refused, c.want)
			}
		})
	}
}

func TestCheckLeavesWordsAlone(t *testing.T) {
	words := append(make([]string, 0, 8), "ada")
	password.Policy{Words: []string{"jotgate"}}.Check("correct horse battery staple", words...)
	if got := words[:2][1]; got != "" {
		t.Errorf("beyond the caller's words: got %q, want it untouched", got)
	}
}

func TestNormalize(t *testing.T) {
	p := password.Policy{}
	t.Run("F07 composed at sign-up, decomposed at log-in", func(t *testing.T) {
		phc := mustHash(t, cheap, p.Normalize("caf\u00e9 au lait, s'il vous pla\u00eet"))
		if ok, err := password.Verify(p.Normalize("cafe\u0301 au lait, s'il vous plai\u0302t"), phc); !ok || err != nil {
			t.Errorf("got %v, %v, want true", ok, err)
		}
	})
	for _, same := range []string{" Correct  Horse\t", "ﬁve ﬁgs", "a\x00b", "Ａ"} {
		if got := p.Normalize(same); got != same {
			t.Errorf("got %q, want %q as it is", got, same)
		}
	}
}

func TestCommonList(t *testing.T) {
	list := password.CommonList()
	if len(list) < 10_000 || !slices.IsSorted(list) {
		t.Errorf("got %d entries, sorted: %v, want at least 10000, sorted", len(list), slices.IsSorted(list))
	}
	for _, pw := range list {
		if len(pw) < 8 || len(pw) > 20 || strings.ToLower(pw) != pw {
			t.Errorf("%q: want 8 to 20 bytes in lower case", pw)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if err := (password.Policy{}).Check("correct horse battery staple", "ada.lovelace"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckWorst(b *testing.B) {
	pw := strings.Repeat("football1baseball2", 56) + "jumping"
	for b.Loop() {
		if err := (password.Policy{}).Check(pw, "ada.lovelace"); err == nil {
			b.Fatal("taken")
		}
	}
}
