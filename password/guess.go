package password

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A list of common passwords says little about long ones: nobody lists "Password2024!!!". So we cross out of a password
// what guessers have lists of, and look at what is left. Case and blanks do not count: they are the first thing varied.

//go:embed common/list.txt
var commonList string

// common is the list, sorted. It is opened by the first check and then takes 290 KB.
var common = sync.OnceValue(func() []string { return strings.Fields(commonList) })

const (
	commonShortest, commonLongest = 8, 20 // of the list, in bytes

	// enough is what a password must weigh when something was crossed out of it: as much as eight letters, since eight
	// characters is the least that a password may have. A digit or sign weighs half a letter (dates, "!!!"), a common
	// password less than two letters, so that a phrase of many words is taken; a name or a row weighs nothing.
	enough       = 16
	letterWeight = 2
	signWeight   = 1
	commonWeight = 3

	shortestName = 3 // in code points; shorter ones occur in any text
	shortestRow  = 6 // like 123456; shorter ones occur in random digits
)

// guessable returns a *PolicyError when little is left of a password that is valid UTF-8 in NFC.
func guessable(password string, words []string) error {
	s, names := fold(password), names(words)
	nameAt := func(s string) (n, weight int) { return longestOf(names, s), 0 }
	knownAt := func(s string) (n, weight int) {
		if n := max(longestOf(names, s), rowAt(s)); n > 0 {
			return n, 0
		}
		return commonAt(s), commonWeight
	}
	if little(s, false, nameAt) {
		return &PolicyError{Code: ContainsName}
	}
	once, repeated := unit(s)
	if little(once, repeated, knownAt) {
		return &PolicyError{Code: Common}
	}
	return nil
}

func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// little reports whether something was crossed out of s and s weighs less than enough. knownAt says how many bytes at the
// beginning of a text are to be crossed out, and what they weigh still.
func little(s string, crossed bool, knownAt func(string) (n, weight int)) bool {
	sum := 0
	for s != "" && sum < enough {
		n, w := knownAt(s)
		if n == 0 {
			n, w = runeAt(s)
		} else {
			crossed = true
		}
		s, sum = s[n:], sum+w
	}
	return crossed && sum < enough
}

func runeAt(s string) (n, weight int) {
	r, n := utf8.DecodeRuneInString(s)
	if r < utf8.RuneSelf && !unicode.IsLetter(r) {
		return n, signWeight
	}
	return n, letterWeight
}

// names returns the words and the runs of letters in them, folded: "Ada.Lovelace7" is also Ada and Lovelace.
func names(words []string) (found []string) {
	for _, w := range words {
		w = fold(norm.NFC.String(w))
		parts := strings.FieldsFunc(w, func(r rune) bool { return !unicode.IsLetter(r) })
		found = append(append(found, w), parts...)
	}
	return slices.DeleteFunc(found, func(w string) bool { return utf8.RuneCountInString(w) < shortestName })
}

// longestOf measures the longest of the words that s begins with.
func longestOf(words []string, s string) (n int) {
	for _, w := range words {
		if len(w) > n && strings.HasPrefix(s, w) {
			n = len(w)
		}
	}
	return n
}

// commonAt measures the longest common password that s begins with.
func commonAt(s string) int {
	for n := min(len(s), commonLongest); n >= commonShortest; n-- {
		if _, found := slices.BinarySearch(common(), s[:n]); found {
			return n
		}
	}
	return 0
}

// rowAt measures the row that s begins with: one character again and again, 123…, cba…. It may look at bytes: in UTF-8,
// six bytes that follow one another so are ASCII.
func rowAt(s string) int {
	for _, step := range []int{0, 1, -1} {
		n := 1
		for n < len(s) && int(s[n]) == int(s[n-1])+step {
			n++
		}
		if n >= shortestRow {
			return n
		}
	}
	return 0
}

// unit returns what s repeats, at least twice: abc for abcabcab, or s itself.
func unit(s string) (once string, repeated bool) {
	for n := 1; n <= len(s)/2; n++ {
		if strings.HasPrefix(s, s[n:]) {
			return s[:n], true
		}
	}
	return s, false
}
