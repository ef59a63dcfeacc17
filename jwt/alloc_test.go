//go:build !race

package jwt_test

import (
	"testing"

	"github.com/jotgate/jotgate/jwt"
)

// The race detector makes sync.Pool forget at random, so these bounds are held without it.
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
	if got := testing.AllocsPerRun(50, func() { must(jwt.SignClaims(p.key, jwt.Header{Type: "at+jwt"}, claims)) }); got > 3 {
		t.Errorf("sign HS256: %v allocations, want at most 3", got)
	}
}

func sigOf(raw string) string {
	_, _, sig := segments(raw)
	return sig
}
