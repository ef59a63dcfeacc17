package account

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
)

var testCodec = refreshCodec{bytes.Repeat([]byte{7}, 32)}

func mustEncode(t testing.TB, sid string, counter int64) string {
	t.Helper()
	token, err := testCodec.encode(sid, counter)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestRefreshTokenRoundTrip(t *testing.T) {
	sid := uuid.Must(uuid.NewV7()).String()
	for _, n := range []int64{1, 2, 1 << 40} {
		token := mustEncode(t, sid, n)
		gotSID, gotN, err := testCodec.decode(token)
		if err != nil || gotSID != sid || gotN != n {
			t.Errorf("decode: got %s, %d, %v; want %s, %d", gotSID, gotN, err, sid, n)
		}
		if len(token) != refreshSize {
			t.Errorf("size: got %d, want %d", len(token), refreshSize)
		}
	}
}

func TestRefreshTokenIsTheSameEachTime(t *testing.T) {
	sid := uuid.Must(uuid.NewV7()).String()
	if a, b := mustEncode(t, sid, 5), mustEncode(t, sid, 5); a != b {
		t.Errorf("the successor must be computable again: got %s and %s", a, b)
	}
}

// D17: anything but the exact token is no token at all.
func TestD17MutatedRefreshTokens(t *testing.T) {
	token := mustEncode(t, uuid.Must(uuid.NewV7()).String(), 3)
	mutants := map[string]string{
		"truncated by one":  token[:len(token)-1],
		"truncated by half": token[:len(token)/2],
		"one more":          token + "A",
		"case flipped":      refreshPrefix + strings.ToLower(token[len(refreshPrefix):]),
		"padded":            token + "=",
		"percent-encoded":   url.QueryEscape(token + "+"),
		"no prefix":         token[len(refreshPrefix):],
		"other prefix":      "jgv_" + token[len(refreshPrefix):],
		"blank before":      " " + token,
		"newline inside":    token[:20] + "\n" + token[21:],
		"empty":             "",
	}
	for name, m := range mutants {
		if m == token {
			t.Fatalf("%s: the mutant is the token", name)
		}
		if _, _, err := testCodec.decode(m); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestRefreshTokenEveryBitCounts(t *testing.T) {
	token := mustEncode(t, uuid.Must(uuid.NewV7()).String(), 3)
	body, err := base64.RawURLEncoding.DecodeString(token[len(refreshPrefix):])
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(body) * 8 {
		body[i/8] ^= 1 << (i % 8)
		if _, _, err := testCodec.decode(refreshPrefix + base64.RawURLEncoding.EncodeToString(body)); err == nil {
			t.Errorf("bit %d flipped: accepted", i)
		}
		body[i/8] ^= 1 << (i % 8)
	}
}

func TestRefreshTokenOfAnotherKey(t *testing.T) {
	token := mustEncode(t, uuid.Must(uuid.NewV7()).String(), 3)
	other := refreshCodec{bytes.Repeat([]byte{8}, 32)}
	if _, _, err := other.decode(token); err == nil {
		t.Error("accepted under another key")
	}
}

func FuzzRefreshToken(f *testing.F) {
	f.Add(mustEncode(f, "01a20090-63f1-73b2-bbb5-bab1c319920b", 1))
	f.Add("jgr_")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		sid, n, err := testCodec.decode(s)
		if err != nil {
			if sid != "" || n != 0 {
				t.Fatalf("error beside a result: %q, %d", sid, n)
			}
			return
		}
		if again := mustEncode(t, sid, n); again != s {
			t.Fatalf("two spellings of one token: %q and %q", s, again)
		}
	})
}
