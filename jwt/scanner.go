package jwt

import (
	"fmt"
	"math/bits"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds nesting; the outermost object is the first level.
const maxDepth = 16

// scanner reads a text that must be exactly one JSON object (RFC 8259) in one pass: valid UTF-8, no byte order mark,
// nothing after the object, no name twice at the first level in whatever spelling, no lone surrogates. The first fault
// sticks: after it next reports false and the readers return zero values. The usual loop is
//
//	z := scanner{s: text}
//	for z.next() {
//		switch z.name {
//		case "exp": … = z.date()
//		default: z.skip()
//		}
//	}
//	return z.err
//
// Each turn of the loop must read its value. Texts without escapes are parts of s and cost nothing.
type scanner struct {
	s    string
	i    int
	name string // of the current member, unescaped
	err  error
	open bool
	few  bool // the object may have no more than maxFew names
	seen names
}

// fail records the first fault. It quotes nothing of the text, which may come from anyone.
func (z *scanner) fail(want string) {
	if z.err == nil {
		z.err = fmt.Errorf("JSON at byte %d: want %s", z.i, want)
	}
}

// next goes to the next member of the outermost object and reads its name.
func (z *scanner) next() bool {
	if z.err != nil || z.ends() {
		return false
	}
	z.name = z.text()
	if !z.accept(':') {
		z.fail("a colon")
	}
	if z.few && z.seen.n == maxFew {
		z.fail("at most 16 names")
	}
	if z.err == nil && !z.seen.add(z.name) {
		z.fail("each name once")
	}
	return z.err == nil
}

// ends reads what stands between two members and reports whether the object is over.
func (z *scanner) ends() bool {
	first := !z.open
	if first {
		z.begin()
	}
	if z.err == nil && z.accept('}') {
		if z.peek(); z.i != len(z.s) {
			z.fail("nothing after the object")
		}
		return true
	}
	if !first && !z.accept(',') {
		z.fail("a comma or the end of the object")
	}
	return z.err != nil
}

func (z *scanner) begin() {
	z.open = true
	if !utf8.ValidString(z.s) {
		z.fail("UTF-8")
	}
	z.expect('{', "an object")
}

// peek skips white space and returns the next byte, 0 at the end.
func (z *scanner) peek() byte {
	if z.i < len(z.s) && z.s[z.i] > ' ' {
		return z.s[z.i]
	}
	return z.pastSpace()
}

func (z *scanner) pastSpace() byte {
	for z.i < len(z.s) {
		switch c := z.s[z.i]; c {
		case ' ', '\t', '\r', '\n':
			z.i++
		default:
			return c
		}
	}
	return 0
}

func (z *scanner) accept(c byte) bool {
	if z.peek() != c {
		return false
	}
	z.i++
	return true
}

// expect is accept for what must stand here. Hot places spell it out, since it is too large to be inlined.
func (z *scanner) expect(c byte, want string) {
	if !z.accept(c) {
		z.fail(want)
	}
}

// literal reads word if it stands here.
func (z *scanner) literal(word string) bool {
	z.peek()
	if !strings.HasPrefix(z.s[z.i:], word) {
		return false
	}
	z.i += len(word)
	return true
}

// null reads null if it stands here.
func (z *scanner) null() bool { return z.peek() == 'n' && z.literal("null") }

// text reads a string.
func (z *scanner) text() string {
	raw, escaped := z.quoted()
	if escaped && z.err == nil {
		return unescape(raw)
	}
	return raw
}

// texts reads a list of strings and appends them.
func (z *scanner) texts(list []string) []string {
	z.expect('[', "a list of texts")
	for first := true; z.err == nil && !z.accept(']'); first = false {
		if !first {
			z.expect(',', "a comma or the end of the list")
		}
		list = append(list, z.text())
	}
	return list
}

// quoted reads a string and returns what stands between the quotes, and whether there are escapes in it.
func (z *scanner) quoted() (raw string, escaped bool) {
	if !z.accept('"') {
		z.fail("a text")
	}
	for from := z.i; z.err == nil; {
		z.i += plain(z.s[z.i:])
		switch {
		case z.i == len(z.s):
			z.fail("the end of a text")
		case z.s[z.i] == '"':
			z.i++
			return z.s[from : z.i-1], escaped
		case z.s[z.i] == '\\':
			escaped = true
			z.escape()
		default:
			z.fail("no control characters in a text")
		}
	}
	return "", false
}

// plain counts the bytes at the start of s that stand for themselves: all but the quote, the backslash and control
// characters. It looks at eight bytes at a time. x-ones&^x has the high bit of the lowest byte of x that is zero, and
// perhaps of higher ones; x-blanks&^x likewise of the lowest byte below ' '.
func plain(s string) (n int) {
	const ones = 0x0101010101010101
	const blanks, highs = ' ' * ones, 0x80 * ones
	for ; n+8 <= len(s); n += 8 {
		x := word(s[n : n+8])
		quote, slash := x^'"'*ones, x^'\\'*ones
		if found := ((quote-ones)&^quote | (slash-ones)&^slash | (x-blanks)&^x) & highs; found != 0 {
			return n + bits.TrailingZeros64(found)/8
		}
	}
	for n < len(s) && s[n] >= ' ' && s[n] != '"' && s[n] != '\\' {
		n++
	}
	return n
}

// word loads eight bytes; the compiler makes one instruction of it.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// escape checks one escape, or the two that make a surrogate pair.
func (z *scanner) escape() {
	_, n := unescapeRune(z.s[z.i:])
	if n == 0 {
		z.fail("a valid escape")
	}
	z.i += n
}

// unescape resolves the escapes of a text that quoted has checked.
func unescape(raw string) string {
	out := make([]byte, 0, len(raw))
	for len(raw) > 0 {
		if raw[0] != '\\' {
			out, raw = append(out, raw[0]), raw[1:]
			continue
		}
		r, n := unescapeRune(raw)
		out, raw = utf8.AppendRune(out, r), raw[n:]
	}
	return string(out)
}

// unescapeRune resolves the escape at the start of s and returns its length, 0 if it is none. Lone surrogates are none:
// they encode no character (RFC 8259 §8.2).
func unescapeRune(s string) (r rune, n int) {
	const letters, meant = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	if len(s) < 2 {
		return 0, 0
	}
	if i := strings.IndexByte(letters, s[1]); i >= 0 {
		return rune(meant[i]), 2
	}
	first, ok := codeUnit(s)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(first) {
		return first, 6
	}
	second, _ := codeUnit(s[6:])
	if r = utf16.DecodeRune(first, second); r == utf8.RuneError {
		return 0, 0
	}
	return r, 12
}

// codeUnit reads \uXXXX at the start of s.
func codeUnit(s string) (u rune, ok bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	for i := 2; i < 6; i++ {
		digit := strings.IndexByte("0123456789abcdef", s[i]|0x20)
		if digit < 0 || s[i] < '0' {
			return 0, false
		}
		u = u<<4 | rune(digit)
	}
	return u, true
}

// number reads a number and returns its text.
func (z *scanner) number() string {
	z.peek()
	from := z.i
	z.one('-')
	if !z.one('0') && z.digits() == 0 {
		z.fail("a number")
	}
	if z.one('.') && z.digits() == 0 {
		z.fail("digits after the point")
	}
	if z.one('e') || z.one('E') {
		_ = z.one('+') || z.one('-')
		if z.digits() == 0 {
			z.fail("digits of the exponent")
		}
	}
	return z.s[from:z.i]
}

// one reads c if it is the next byte.
func (z *scanner) one(c byte) bool {
	if z.i < len(z.s) && z.s[z.i] == c {
		z.i++
		return true
	}
	return false
}

func (z *scanner) digits() (n int) {
	s := z.s[z.i:]
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	z.i += n
	return n
}

// skip reads a value of any kind and returns its text.
func (z *scanner) skip() string {
	z.peek()
	from := z.i
	z.value(1)
	return z.s[from:z.i]
}

// value checks a value inside a container of the given level.
func (z *scanner) value(level int) {
	switch c := z.peek(); {
	case c == '"':
		z.quoted()
	case c == '{', c == '[':
		z.container(level + 1)
	case c == '-', '0' <= c && c <= '9':
		z.number()
	case !z.literal("true") && !z.literal("false") && !z.null():
		z.fail("a value")
	}
}

func (z *scanner) container(level int) {
	if level > maxDepth {
		z.fail("at most 16 levels")
		return
	}
	end := byte(']')
	if z.s[z.i] == '{' {
		end = '}'
	}
	z.i++
	for first := true; z.err == nil && !z.accept(end); first = false {
		if !first {
			z.expect(',', "a comma or the end")
		}
		if end == '}' {
			z.quoted()
			z.expect(':', "a colon")
		}
		z.value(level)
	}
}

// maxFew is how many names are remembered without allocating.
const maxFew = 16

// names is a set that costs nothing for the dozen names of a usual token and stays linear for hostile ones.
type names struct {
	filter uint64 // a bit for each name met: a clear bit means new
	n      int
	few    [maxFew]string
	many   map[string]struct{}
}

// add reports whether name is new.
func (s *names) add(name string) bool {
	bit := uint64(1)
	if n := len(name); n > 0 {
		bit <<= (uint(name[0])*7 + uint(name[n-1])*13 + uint(name[n/2])*3 + uint(n)) % 64
	}
	if s.filter&bit != 0 && s.has(name) {
		return false
	}
	s.filter |= bit
	if s.n < len(s.few) {
		s.few[s.n] = name
		s.n++
		return true
	}
	if s.many == nil {
		s.many = make(map[string]struct{})
	}
	s.many[name] = struct{}{}
	return true
}

func (s *names) has(name string) bool {
	for i := range s.n {
		if s.few[i] == name {
			return true
		}
	}
	_, ok := s.many[name]
	return ok
}
