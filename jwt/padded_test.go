package jwt_test

import (
	"encoding/base64"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/jotgate/jotgate/jwt"
)

// Tokens of Flama's own tests and of a guide to it: the key is sixteen zero bytes.
var flamaTokens = []string{
	"eyJhbGciOiAiSFMyNTYiLCAidHlwIjogIkpXVCJ9.eyJkYXRhIjogeyJmb28iOiAiYmFyIn0sICJpYXQiOiAwfQ==.J3zdedMZSFNOimstjJat0V28rM_b1UU62XCp9dg_5kg=",
	"eyJhbGciOiAiSFMyNTYiLCAidHlwIjogIkpXVCJ9.eyJkYXRhIjogeyJpZCI6ICI0OTdmNmVjYS02Mjc2LTQ5OTMtYmZlYi01M2NiYmJiYTZmMDgiLCAicGVybWlzc2lvbnMiOiBbIm15LXBlcm1pc3Npb24tbmFtZSJdfSwgImlhdCI6IDE3MjU5ODk5NzQsICJpc3MiOiAidm9ydGljbyJ9.vwwgqahgtALckMAzQHWpNDNwhS8E4KAGwNiFcqEZ_04=",
}

func zeroKey(tb testing.TB) jwt.Key {
	tb.Helper()
	k, err := jwt.NewInsecureKey(jwt.HS256, "", make([]byte, 16))
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func TestPadded(t *testing.T) {
	k := zeroKey(t)
	raw := flamaTokens[0]
	header, payload, sig := segments(raw)
	for name, bad := range map[string]string{
		"C23 payload without padding":    header + "." + strings.TrimRight(payload, "=") + "." + sig,
		"C23 signature without padding":  strings.TrimRight(raw, "="),
		"C23 half the padding":           strings.Replace(raw, "==.", "=.", 1),
		"C23 too much padding":           strings.Replace(raw, "==.", "===.", 1),
		"C23 four more signs":            raw + "====",
		"C23 padding of a whole segment": header + "====." + payload + "." + sig,
		"C23 padding inside":             "e=" + raw[2:],
		"C23 line end":                   strings.Replace(raw, ".", "\n.", 1),
		"C23 other alphabet":             strings.Replace(raw, "_", "/", 1),
		"C23 padding alone":              "====." + payload + "." + sig,
		"unused low bits":                strings.Replace(raw, "kg=", "kh=", 1),
		"two segments":                   header + "." + payload,
		"four segments":                  raw + ".",
		"no signature":                   header + "." + payload + ".",
		"header is no JSON":              "AAAA." + payload + "." + sig,
		"too long":                       header + "." + strings.Repeat("A", jwt.MaxToken) + "." + sig,
	} {
		t.Run(name, func(t *testing.T) {
			if u, err := jwt.ParsePadded(bad); !errors.Is(err, jwt.ErrMalformed) || !reflect.ValueOf(u).IsZero() {
				t.Errorf("got %v, %v, want the zero token and ErrMalformed", u, err)
			}
		})
	}
	t.Run("C23 padding in strict mode", func(t *testing.T) {
		if _, err := jwt.Parse(raw); !errors.Is(err, jwt.ErrMalformed) {
			t.Errorf("got %v, want ErrMalformed", err)
		}
	})
	u, err := jwt.ParsePadded(header + "." + strings.Replace(payload, "YmFy", "YmFz", 1) + "." + sig)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := u.Verify(k); !errors.Is(err, jwt.ErrSignature) {
		t.Errorf("changed payload: got %v, want ErrSignature", err)
	}
}

func TestSignSpelled(t *testing.T) {
	k := zeroKey(t)
	t.Run("I14 byte for byte", func(t *testing.T) {
		for _, raw := range flamaTokens {
			v := must(must(jwt.ParsePadded(raw))(t).Verify(k))(t)
			got, err := jwt.SignSpelled(k, `{"alg": "HS256", "typ": "JWT"}`, v.Payload(), true)
			if err != nil || got != raw {
				t.Errorf("got %s, %v, want %s", got, err, raw)
			}
		}
	})
	t.Run("C17 a header in the order that it is given", func(t *testing.T) {
		for _, header := range []string{`{"typ":"JWT","alg":"HS256"}`, `{"z":1,"alg":"HS256","a":[ 2 ],"typ":"JWT"}`} {
			raw := must(jwt.SignSpelled(k, header, []byte(`{"a":1}`), false))(t)
			accepted(t, raw, k)
			if head, _, _ := segments(raw); head != b64([]byte(header)) {
				t.Errorf("got %s, want %s", head, b64([]byte(header)))
			}
		}
	})
	named, err := jwt.NewInsecureKey(jwt.HS256, "k1", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		key    jwt.Key
		header string
		want   error
	}{
		{"no key", jwt.Key{}, `{"alg":"HS256"}`, jwt.ErrKey},
		{"C18 another algorithm", k, `{"alg":"HS512"}`, jwt.ErrAlgorithm},
		{"alg none", k, `{"alg":"none"}`, jwt.ErrAlgorithm},
		{"another kid", named, `{"alg":"HS256","kid":"k2"}`, jwt.ErrKey},
		{"what Parse refuses", k, `{"alg":"HS256","crit":["b64"]}`, jwt.ErrMalformed},
		{"no JSON", k, `alg`, jwt.ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			if raw, err := jwt.SignSpelled(c.key, c.header, []byte("{}"), false); !errors.Is(err, c.want) || raw != "" {
				t.Errorf("got %q, %v, want %v", raw, err, c.want)
			}
		})
	}
	for name, size := range map[string][2]int{"header": {jwt.MaxHeader, 0}, "token": {0, jwt.MaxToken}} {
		header := `{"alg":"HS256","x":"` + strings.Repeat("x", size[0]) + `"}`
		if raw, err := jwt.SignSpelled(k, header, make([]byte, size[1]), true); err == nil || raw != "" {
			t.Errorf("%s too long: got %q, %v, want an error", name, raw, err)
		}
	}
}

// What is accepted has one spelling, so signing the same header and payload gives the same first two segments.
func FuzzParsePadded(f *testing.F) {
	for _, raw := range flamaTokens {
		f.Add(raw)
	}
	f.Add("eyJhbGciOiJIUzI1NiJ9.e30=.AAAA")
	f.Add("eyJhbGciOiJIUzI1NiJ9.e30.AAAA")
	f.Add("====.====.====")
	k := zeroKey(f)
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := jwt.ParsePadded(raw)
		if err != nil {
			if !reflect.ValueOf(u).IsZero() {
				t.Errorf("%q: a token beside %v", raw, err)
			}
			return
		}
		for s := range strings.SplitSeq(raw, ".") {
			if len(s)%4 != 0 {
				t.Errorf("accepted the segment %q", s)
			}
		}
		if strings.Contains(raw, "=") {
			if _, err := jwt.Parse(raw); err == nil {
				t.Errorf("Parse accepts the padded %q", raw)
			}
		}
		if v, err := u.Verify(k); err == nil {
			segment, _, _ := segments(raw)
			header, err := base64.URLEncoding.DecodeString(segment)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := jwt.SignSpelled(k, string(header), v.Payload(), true); err != nil || got != raw {
				t.Errorf("got %s, %v, want %s", got, err, raw)
			}
		}
	})
}
