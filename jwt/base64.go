package jwt

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
)

// outside marks a byte that is not in the base64url alphabet (RFC 4648 §5).
const outside = 0xff

var sextets = func() (t [256]byte) {
	for i := range t {
		t[i] = outside
	}
	for i, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
		t[c] = byte(i)
	}
	return t
}()

// encode appends src in unpadded base64url.
func encode(dst, src []byte) []byte { return base64.RawURLEncoding.AppendEncode(dst, src) }

// decode appends what s encodes, or reports false. Each byte string has exactly one accepted spelling: no padding, no
// white space (encoding/base64 skips line ends), no other alphabet, and the unused low bits of the last character are
// zero.
func decode(dst []byte, s string) ([]byte, bool) {
	from := len(dst)
	dst = slices.Grow(dst, len(s)/4*3+2)[:from+len(s)*6/8]
	out, all := dst[from:], byte(0)
	for len(s) >= 8 && len(out) >= 8 { // six bytes and two that the next turn overwrites
		a, b, c, d := sextets[s[0]], sextets[s[1]], sextets[s[2]], sextets[s[3]]
		e, f, g, h := sextets[s[4]], sextets[s[5]], sextets[s[6]], sextets[s[7]]
		all |= a | b | c | d | e | f | g | h
		binary.BigEndian.PutUint64(out, uint64(a)<<58|uint64(b)<<52|uint64(c)<<46|uint64(d)<<40|
			uint64(e)<<34|uint64(f)<<28|uint64(g)<<22|uint64(h)<<16)
		s, out = s[8:], out[6:]
	}
	for len(s) >= 4 && len(out) >= 3 {
		a, b, c, d := sextets[s[0]], sextets[s[1]], sextets[s[2]], sextets[s[3]]
		all |= a | b | c | d
		out[0], out[1], out[2] = a<<2|b>>4, b<<4|c>>2, c<<6|d
		s, out = s[4:], out[3:]
	}
	if all > 63 {
		return nil, false
	}
	return dst, decodeTail(out, s)
}

// decodeTail decodes the last zero to three characters of a segment.
func decodeTail(out []byte, s string) bool {
	switch len(s) {
	case 0:
		return true
	case 2:
		a, b := sextets[s[0]], sextets[s[1]]
		out[0] = a<<2 | b>>4
		return a|b <= 63 && b&0x0f == 0
	case 3:
		a, b, c := sextets[s[0]], sextets[s[1]], sextets[s[2]]
		out[0], out[1] = a<<2|b>>4, b<<4|c>>2
		return a|b|c <= 63 && c&0x03 == 0
	}
	return false
}
