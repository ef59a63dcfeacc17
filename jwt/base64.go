package jwt

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
)

// alphabet is that of base64url (RFC 4648 §5).
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// outside marks a byte that is not in it.
const outside = 1 << 24

// sextets gives what a character stands for in each of the four places of a group of 24 bits.
var sextets = func() (t [4][256]uint32) {
	for place := range t {
		for c := range t[place] {
			t[place][c] = outside
		}
		for v, c := range alphabet {
			t[place][c] = uint32(v) << (18 - 6*place)
		}
	}
	return t
}()

// group returns the 24 bits of four characters, and outside among them if one is not in the alphabet.
func group(s string) uint32 {
	return sextets[0][s[0]] | sextets[1][s[1]] | sextets[2][s[2]] | sextets[3][s[3]]
}

// pairs gives the two characters for 12 bits, the first in the low byte.
var pairs = func() (t [1 << 12]uint16) {
	for v := range t {
		t[v] = uint16(alphabet[v>>6]) | uint16(alphabet[v&63])<<8
	}
	return t
}()

// encode appends src in unpadded base64url, six bytes at a time while the eight that it reads are there.
func encode(dst, src []byte) []byte {
	from, n := len(dst), base64.RawURLEncoding.EncodedLen(len(src))
	dst = slices.Grow(dst, n)[:from+n]
	out := dst[from:]
	for len(src) >= 8 && len(out) >= 8 {
		x := binary.BigEndian.Uint64(src)
		binary.LittleEndian.PutUint64(out, uint64(pairs[x>>52])|uint64(pairs[x>>40&0xfff])<<16|
			uint64(pairs[x>>28&0xfff])<<32|uint64(pairs[x>>16&0xfff])<<48)
		src, out = src[6:], out[8:]
	}
	base64.RawURLEncoding.Encode(out, src)
	return dst
}

// decode appends what s encodes, or reports false. Each byte string has exactly one accepted spelling: no padding, no
// white space (encoding/base64 skips line ends), no other alphabet, and the unused low bits of the last character are
// zero.
func decode(dst []byte, s string) ([]byte, bool) {
	from := len(dst)
	dst = slices.Grow(dst, len(s)/4*3+2)[:from+len(s)*6/8]
	out, all := dst[from:], uint32(0)
	for len(s) >= 8 && len(out) >= 8 { // six bytes, and two that the next turn overwrites
		a, b := group(s), group(s[4:])
		all |= a | b
		binary.BigEndian.PutUint64(out, uint64(a)<<40|uint64(b)<<16)
		s, out = s[8:], out[6:]
	}
	for len(s) >= 4 {
		a := group(s)
		all |= a
		out[0], out[1], out[2] = byte(a>>16), byte(a>>8), byte(a)
		s, out = s[4:], out[3:]
	}
	return dst, all < outside && decodeTail(out, s)
}

// decodeTail decodes the last zero to three characters of a segment.
func decodeTail(out []byte, s string) bool {
	switch len(s) {
	case 0:
		return true
	case 2:
		a := sextets[0][s[0]] | sextets[1][s[1]]
		out[0] = byte(a >> 16)
		return a < outside && a&0xffff == 0
	case 3:
		a := sextets[0][s[0]] | sextets[1][s[1]] | sextets[2][s[2]]
		out[0], out[1] = byte(a>>16), byte(a>>8)
		return a < outside && a&0xff == 0
	}
	return false
}
