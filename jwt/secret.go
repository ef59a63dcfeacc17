package jwt

import (
	"bytes"
	"slices"
	"strings"
)

// guessable tells whether a guesser would find a secret before long. It is if
//
//   - it is published as a sample;
//   - it repeats a piece that is shorter than want;
//   - most of its bytes continue a sequence, as in abcdef, 9876 or aaaa;
//   - the words that samples are made of leave fewer than 8 different bytes of it.
//
// No random secret is any of this. The likeliest would be 32 random bytes in hex, with less than half of the 16 digits:
// once in 10^19 times.
func guessable(b []byte, want int) bool {
	unit := b[:period(b)]
	return len(unit) < want || slices.Contains(published, string(bytes.TrimSpace(unit))) || continues(unit) || distinct(withoutWords(unit)) < 8
}

// period returns the length of the shortest piece that b repeats, the last time perhaps not to its end; len(b) if there
// is none.
func period(b []byte) int {
	for p := 1; p <= len(b)/2; p++ {
		if bytes.Equal(b[p:], b[:len(b)-p]) {
			return p
		}
	}
	return len(b)
}

// continues tells whether more than half of the bytes differ from the one before them as that one from its own.
func continues(b []byte) bool {
	n := 0
	for i := 2; i < len(b); i++ {
		if b[i]-b[i-1] == b[i-1]-b[i-2] {
			n++
		}
	}
	return 2*n > len(b)
}

func distinct(b []byte) (n int) {
	var met [256]bool
	for _, c := range b {
		if !met[c] {
			met[c] = true
			n++
		}
	}
	return n
}

func withoutWords(b []byte) []byte { return []byte(words.Replace(strings.ToLower(string(b)))) }

// words takes out what the samples of documentations and tools are made of: "your-256-bit-secret",
// "super-secret-jwt-token-with-at-least-32-characters-long" and their like. A longer word stands before its beginning.
var words = strings.NewReplacer(blanked(`secret password changeme change insecure default example sample test demo private
	signing symmetric secure super ultra jwt hmac sha token keyboard key auth access refresh string valid random
	minimum least which your this that with must should please replace here production develop dev
	characters character chars bytes byte bits bit long very not use for the and my me is at in to be of or it
	256 384 512 32 48 64 qwertyuiop qwerty asdfghjkl zxcvbnm 1234567890 123456789 12345678 1234567 123456 12345 1234`)...)

// blanked pairs each word with nothing.
func blanked(list string) (pairs []string) {
	for word := range strings.FieldsSeq(list) {
		pairs = append(pairs, word, "")
	}
	return pairs
}

// published are samples that look random.
var published = []string{
	"09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7", // FastAPI's tutorial
	"192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf", // Flask's documentation
	"404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970", // Spring Boot tutorials
	"yXzB0lEGphwTYfKenExHmNqMmpFJJRjI",                                 // a guide to Flask with PyJWT
}
