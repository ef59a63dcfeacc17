//go:build !race

package jwt_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jotgate/jotgate/jwt"
)

// The race detector allocates too and makes sync.Pool forget at random, so these bounds are held without it.
func TestAllocations(t *testing.T) {
	for _, alg := range benched {
		p := primitivesOf(t, alg)
		raw := must(jwt.SignClaims(p.key, jwt.Header{Type: "at+jwt"}, usual()))(t)
		input := []byte(raw[:len(raw)-1-len(sigOf(raw))])
		sig := append([]byte(nil), p.sign(input)...)
		base := testing.AllocsPerRun(50, func() { p.ok(input, sig) })
		extra := 3.0
		if alg == jwt.HS256 {
			extra = 2
		}
		for name, verify := range ways {
			got := testing.AllocsPerRun(50, func() {
				if err := verify(raw, p.key); err != nil {
					t.Fatal(err)
				}
			})
			if got > base+extra {
				t.Errorf("%s %s: %v allocations, want at most %v and %v", alg, name, got, base, extra)
			}
		}
	}
	p := primitivesOf(t, jwt.HS256)
	claims := usual()
	claims.Extra = nil
	if got := testing.AllocsPerRun(50, func() { must(jwt.SignClaims(p.key, jwt.Header{Type: "at+jwt"}, claims)) }); got > 3 {
		t.Errorf("sign HS256: %v allocations, want at most 3", got)
	}
}

func sigOf(raw string) string {
	_, _, sig := segments(raw)
	return sig
}

// Until its signature is checked, a token must not cost more than its own length, whatever its header says.
func TestHeadersAreCheap(t *testing.T) {
	fill := func(head string, piece func(i int) string) string {
		var b strings.Builder
		for i := 0; b.Len() < jwt.MaxHeader-100; i++ {
			b.WriteString("," + piece(i))
		}
		return head + b.String()[1:]
	}
	for name, header := range map[string]string{
		"many names":         fill(`{"alg":"HS256",`, func(i int) string { return fmt.Sprintf(`"%d":1`, i) }) + `}`,
		"many escaped names": fill(`{"alg":"HS256",`, func(i int) string { return fmt.Sprintf(`"\u%04x":1`, 0x100+i) }) + `}`,
		"many objects":       fill(`{"alg":"HS256","x":[`, func(int) string { return "{}" }) + `]}`,
		"many numbers":       fill(`{"alg":"HS256","x":[`, func(int) string { return "1" }) + `]}`,
		"deep":               fill(`{"alg":"HS256","x":[`, func(int) string { return strings.Repeat("[", 13) + strings.Repeat("]", 13) }) + `]}`,
		"long kid":           `{"alg":"HS256","kid":"` + strings.Repeat(`\u0041`, 300) + `"}`,
		"unknown algorithm":  `{"alg":"` + strings.Repeat("x", 1900) + `"}`,
		"duplicate at last":  fill(`{"alg":"HS256",`, func(i int) string { return fmt.Sprintf(`"%d":1`, i) }) + `,"0":1}`,
	} {
		raw := forgedHS(nil, header, strings.Repeat("x", 3700))
		if len(raw) > jwt.MaxToken {
			t.Fatalf("%s: the token has %d bytes", name, len(raw))
		}
		parse := func() { _, _ = jwt.Parse(raw) }
		if got := testing.AllocsPerRun(20, parse); got > 30 {
			t.Errorf("%s: %v allocations, want at most 30", name, got)
		}
		if got := allocated(parse); got > 20<<10 {
			t.Errorf("%s: allocated %d bytes, want at most 20 KiB", name, got)
		}
	}
}
