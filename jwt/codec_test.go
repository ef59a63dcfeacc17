package jwt_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate/jwt"
)

const edHeader = `{"alg":"EdDSA"}`

func TestLibraryTokenCodec(t *testing.T) {
	hs := must(jwt.NewKey(jwt.HS256, "", secret32))(t)
	good := must(jwt.SignJSON(hs, jwt.Header{}, map[string]any{"a": 1}))(t)
	header, payload, sig := segments(good)

	t.Run("C01 round trip", func(t *testing.T) {
		var got map[string]int
		c := must(accepted(t, good, hs).Claims())(t)
		if err := c.Decode(&got); err != nil || got["a"] != 1 || len(got) != 1 {
			t.Errorf("got %v, %v, want a:1", got, err)
		}
	})
	t.Run("C02 golden token with spaces in its header", func(t *testing.T) {
		const raw = "eyJhbGciOiAiSFMyNTYiLCAidHlwIjogIkpXVCJ9.eyJoZWxsbyI6ICJ3b3JsZCJ9.tvagLDLoaiJKxOKqpBXSEGy7SYSifZhjntgm9ctpyj8"
		k := must(jwt.NewInsecureKey(jwt.HS256, "", []byte("secret")))(t)
		if got, want := string(accepted(t, raw, k).Payload()), `{"hello": "world"}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
	t.Run("C03 text and bytes", func(t *testing.T) {
		b := []byte(good)
		if got, want := accepted(t, string(b), hs), accepted(t, good, hs); !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
	t.Run("C05 too few segments", func(t *testing.T) {
		for _, raw := range []string{"xxx", "", header + "." + payload} {
			refusedToken(t, raw, hs, jwt.ErrMalformed)
		}
	})
	t.Run("C06 four segments", func(t *testing.T) {
		refusedToken(t, good+".x", hs, jwt.ErrMalformed)
		refusedToken(t, good+".", hs, jwt.ErrMalformed)
	})
	t.Run("C07 header is not base64url of JSON", func(t *testing.T) {
		refusedToken(t, "aaaaa.bbbbb.ccccc", hs, jwt.ErrMalformed)
		refusedToken(t, "aaaa.bbbb.cccc", hs, jwt.ErrMalformed)
	})
	t.Run("C09 header is a list or a text", func(t *testing.T) {
		refusedToken(t, forgedHS(secret32, `["alg","HS256"]`, `{}`), hs, jwt.ErrMalformed)
		refusedToken(t, forgedHS(secret32, `"HS256"`, `{}`), hs, jwt.ErrMalformed)
	})
	t.Run("C10 impossible length", func(t *testing.T) {
		refusedToken(t, header+"."+payload+"AAA."+sig, hs, jwt.ErrMalformed)
		refusedToken(t, header+"."+payload+"."+sig[:41], hs, jwt.ErrMalformed)
	})
	t.Run("C11 signed payload is not JSON", func(t *testing.T) {
		v := accepted(t, forgedHS(secret32, `{"alg":"HS256"}`, "hello world"), hs)
		c, err := v.Claims()
		wantErr(t, err, jwt.ErrMalformed)
		if !reflect.ValueOf(c).IsZero() {
			t.Errorf("got claims %v beside an error", c)
		}
	})
	t.Run("C13 claims are not an object", func(t *testing.T) {
		for _, claims := range []any{[]int{1}, "text", 5, nil, true} {
			wantNoToken(t, hs, jwt.Header{}, claims)
		}
	})
	t.Run("C14 claim or header cannot be written", func(t *testing.T) {
		wantNoToken(t, hs, jwt.Header{}, map[string]any{"f": func() {}})
		wantNoToken(t, hs, jwt.Header{}, map[string]any{"n": math.NaN()})
		wantNoToken(t, hs, jwt.Header{Extra: map[string]any{"c": make(chan int)}}, map[string]any{})
	})
	t.Run("C15 times become whole seconds", func(t *testing.T) {
		claims := map[string]any{"exp": at(9).Add(700 * time.Millisecond), "iat": at(1), "nbf": at(2)}
		before := maps.Clone(claims)
		v := accepted(t, must(jwt.SignJSON(hs, jwt.Header{}, claims))(t), hs)
		if got, want := string(v.Payload()), `{"exp":1800000009,"iat":1800000001,"nbf":1800000002}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if !reflect.DeepEqual(claims, before) {
			t.Errorf("the caller's map became %v", claims)
		}
	})
	t.Run("C17 further header parameters, always in the same order", func(t *testing.T) {
		h := jwt.Header{Type: "JWT", KeyID: "x", Extra: map[string]any{"z": "last", "cty": "first", "n": 1.5}}
		raw := must(jwt.Sign(hs, h, []byte("{}")))(t)
		head, _, _ := segments(raw)
		if want := b64([]byte(`{"alg":"HS256","typ":"JWT","kid":"x","cty":"first","n":1.5,"z":"last"}`)); head != want {
			t.Errorf("header: got %s, want %s", head, want)
		}
		var got map[string]any
		want := map[string]any{"alg": "HS256", "typ": "JWT", "kid": "x", "cty": "first", "n": 1.5, "z": "last"}
		if err := accepted(t, raw, hs).Header().Decode(&got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
		if again := must(jwt.Sign(hs, h, []byte("{}")))(t); again != raw {
			t.Errorf("got %s, want %s", again, raw)
		}
	})
	t.Run("C18 header alg contradicts the key", func(t *testing.T) {
		_, err := jwt.Sign(hs, jwt.Header{Algorithm: jwt.HS512}, []byte("{}"))
		wantErr(t, err, jwt.ErrAlgorithm)
	})
	t.Run("C19 algorithm names have one case", func(t *testing.T) {
		_, err := jwt.NewKey("hs256", "", secret32)
		wantErr(t, err, jwt.ErrKey)
		refusedToken(t, forgedHS(secret32, `{"alg":"hs256"}`, `{}`), hs, jwt.ErrAlgorithm)
	})
	t.Run("C21 header without a key", func(t *testing.T) {
		u := must(jwt.Parse(forgedHS([]byte("unknown"), `{"alg":"HS256","kid":"2026-01"}`, `{}`)))(t)
		if got, want := u.Header().KeyID, "2026-01"; got != want {
			t.Errorf("got kid %q, want %q", got, want)
		}
	})
	t.Run("C22 secrets of any bytes", func(t *testing.T) {
		for _, secret := range []string{"clé secrète", "ключ", "\xc2", "31415926535897932384626433832795028841971", "true"} {
			k := must(jwt.NewInsecureKey(jwt.HS256, "", []byte(secret)))(t)
			accepted(t, must(jwt.Sign(k, jwt.Header{}, []byte("{}")))(t), k)
			accepted(t, forgedHS([]byte(secret), `{"alg":"HS256"}`, `{}`), k)
		}
	})
	t.Run("C23 padding, white space and other alphabets", func(t *testing.T) {
		for _, spoil := range []string{"=", "==", " ", "\n", "\r\n", "+", "/", "\x00", "é", "!"} {
			refusedToken(t, header+spoil+"."+payload+"."+sig, hs, jwt.ErrMalformed)
			refusedToken(t, header+"."+payload+spoil+"."+sig, hs, jwt.ErrMalformed)
			refusedToken(t, header+"."+payload+"."+sig+spoil, hs, jwt.ErrMalformed)
			refusedToken(t, spoil+good, hs, jwt.ErrMalformed)
		}
	})
	t.Run("C25 unused low bits of the signature", func(t *testing.T) {
		refusedToken(t, lowBits(good), hs, jwt.ErrMalformed)
	})
	t.Run("C26 claim name twice", func(t *testing.T) {
		_, err := accepted(t, forgedHS(secret32, `{"alg":"HS256"}`, `{"sub":"a","sub":"b"}`), hs).Claims()
		wantErr(t, err, jwt.ErrMalformed)
	})
	t.Run("C27 longer than the limit", func(t *testing.T) {
		refusedToken(t, forgedHS(secret32, `{"alg":"HS256","x":"`+strings.Repeat("x", 8<<10)+`"}`, `{}`), hs, jwt.ErrMalformed)
		refusedToken(t, forgedHS(secret32, `{"alg":"HS256"}`, strings.Repeat("x", 7<<10)), hs, jwt.ErrMalformed)
		if _, err := jwt.Sign(hs, jwt.Header{}, make([]byte, 7<<10)); err == nil {
			t.Error("signed a token that is too long to be read")
		}
	})
	t.Run("C29 detached payload", func(t *testing.T) {
		refusedToken(t, forgedHS(secret32, `{"alg":"HS256","b64":false,"crit":["b64"]}`, `{}`), hs, jwt.ErrMalformed)
		refusedToken(t, forgedHS(secret32, `{"alg":"HS256","b64":false}`, `{}`), hs, jwt.ErrMalformed)
		refusedToken(t, header+".."+sig, hs, jwt.ErrSignature)
	})
	t.Run("C30 compressed payload", func(t *testing.T) {
		refusedToken(t, forgedHS(secret32, `{"alg":"HS256","zip":"DEF"}`, `{}`), hs, jwt.ErrMalformed)
	})
}

// wantNoToken checks that claims cannot be signed.
func wantNoToken(t *testing.T, k jwt.Key, h jwt.Header, claims any) {
	t.Helper()
	if raw, err := jwt.SignJSON(k, h, claims); err == nil || raw != "" {
		t.Errorf("%v: got %q, %v, want an error", claims, raw, err)
	}
}

// lowBits changes the last character of a token by a bit that encodes nothing.
func lowBits(raw string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, raw[len(raw)-1])
	return raw[:len(raw)-1] + alphabet[last+1:last+2]
}

func TestServerTokenParsing(t *testing.T) {
	k := edKey(t, "")
	good := must(jwt.Sign(k, jwt.Header{Type: "JWT"}, []byte(`{"sub":"a"}`)))(t)
	header, payload, sig := segments(good)

	t.Run("A04 unused low bits changed", func(t *testing.T) { refusedToken(t, lowBits(good), k, jwt.ErrMalformed) })
	t.Run("A05 padding", func(t *testing.T) {
		for i := range 3 {
			s := strings.Split(good, ".")
			s[i] += "="
			refusedToken(t, strings.Join(s, "."), k, jwt.ErrMalformed)
		}
	})
	t.Run("A06 the other base64 alphabet", func(t *testing.T) {
		raw := forged(`{"alg":"EdDSA","x":"???>>>"}`, `{"sub":"a"}`)
		accepted(t, raw, k)
		head, rest, _ := strings.Cut(raw, ".")
		other := strings.NewReplacer("-", "+", "_", "/").Replace(head)
		if other == head {
			t.Fatal("the header has no character of the other alphabet")
		}
		refusedToken(t, other+"."+rest, k, jwt.ErrMalformed)
	})
	t.Run("A07 white space and control characters at every place", func(t *testing.T) {
		for _, s := range []string{" ", "\t", "\n", "\r", "\x00", "\u00a0"} {
			for i := range len(good) + 1 {
				refusedToken(t, good[:i]+s+good[i:], k, jwt.ErrMalformed)
			}
		}
	})
	t.Run("A08 other numbers of segments, and empty ones", func(t *testing.T) {
		for _, raw := range []string{
			header + "." + payload, header, good + ".", header + "." + payload + ".", "..", "." + payload + "." + sig, "", ".",
		} {
			refusedToken(t, raw, k, jwt.ErrMalformed)
		}
		refusedToken(t, header+".."+sig, k, jwt.ErrSignature)
		_, err := accepted(t, forged(edHeader, ""), k).Claims() // a JWS may sign nothing, a token may not
		wantErr(t, err, jwt.ErrMalformed)
	})
	t.Run("A09 a mebibyte of dots", func(t *testing.T) {
		dots := strings.Repeat(".", 1<<20)
		if got := allocated(func() { refusedToken(t, dots, k, jwt.ErrMalformed) }); got > 64<<10 {
			t.Errorf("allocated %d bytes, want at most 64 KiB", got)
		}
		short := dots[:jwt.MaxToken]
		if got := allocated(func() { refusedToken(t, short, k, jwt.ErrMalformed) }); got > 64<<10 {
			t.Errorf("within the limit: allocated %d bytes, want at most 64 KiB", got)
		}
	})
	t.Run("A11 JSON serialisation", func(t *testing.T) {
		raw := fmt.Sprintf(`{"payload":%q,"protected":%q,"signature":%q}`, payload, header, sig)
		refusedToken(t, raw, k, jwt.ErrMalformed)
	})
	t.Run("A15 alg twice", func(t *testing.T) {
		refusedToken(t, forged(`{"alg":"EdDSA","kid":"K","alg":"none"}`, `{}`), k, jwt.ErrMalformed)
		refusedToken(t, forged(`{"alg":"none","alg":"EdDSA"}`, `{}`), k, jwt.ErrMalformed)
		refusedToken(t, forged(`{"alg":"EdDSA","\u0061lg":"EdDSA"}`, `{}`), k, jwt.ErrMalformed)
	})
	t.Run("A16 sub twice", func(t *testing.T) {
		for _, payload := range []string{`{"sub":"a","sub":"admin"}`, `{"sub":"a","s\u0075b":"admin"}`, `{"x":1,"x":2}`} {
			_, err := accepted(t, forged(edHeader, payload), k).Claims()
			wantErr(t, err, jwt.ErrMalformed)
		}
	})
	t.Run("A18 names have one case", func(t *testing.T) {
		h := accepted(t, forged(`{"ALG":"none","alg":"EdDSA"}`, `{}`), k).Header()
		if h.Algorithm != jwt.EdDSA {
			t.Errorf("got alg %q, want EdDSA", h.Algorithm)
		}
		c := must(accepted(t, forged(edHeader, `{"EXP":9999999999}`), k).Claims())(t)
		wantErr(t, jwt.Policy{Now: at(0)}.Check(h, c), jwt.ErrMissing)
	})
	t.Run("A20 crit", func(t *testing.T) {
		for _, p := range []string{
			`"crit":["exp"]`, `"crit":[]`, `"crit":"b64"`, `"crit":["b64"],"b64":false`, `"crit":["x"],"x":1`, `"crit":["x"]`,
		} {
			refusedToken(t, forged(`{"alg":"EdDSA",`+p+`}`, `{}`), k, jwt.ErrMalformed)
		}
	})
	t.Run("A21 header is not one UTF-8 JSON object", func(t *testing.T) {
		utf16 := strings.Join(strings.Split(edHeader, ""), "\x00") + "\x00"
		deep := `{"alg":"EdDSA","x":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + "}"
		for _, header := range []string{
			"\ufeff" + edHeader, utf16, `{"alg":"EdDSA","kid":"` + "\xff" + `"}`, edHeader + "{}", `["EdDSA"]`, `"EdDSA"`, "null", deep,
		} {
			refusedToken(t, forged(header, `{}`), k, jwt.ErrMalformed)
		}
	})
	t.Run("A28 long header, long or unprintable kid", func(t *testing.T) {
		long := func(n int) string { return `{"alg":"EdDSA","x":"` + strings.Repeat("x", n-22) + `"}` }
		accepted(t, forged(long(jwt.MaxHeader), `{}`), k)
		refusedToken(t, forged(long(jwt.MaxHeader+1), `{}`), k, jwt.ErrMalformed)
		accepted(t, forged(`{"alg":"EdDSA","kid":"`+strings.Repeat("k", 128)+`"}`, `{}`), k)
		for _, kid := range []string{strings.Repeat("k", 129), `\u0000`, `\n`, "😀", `\ud83d\ude00`, "\x7f"} {
			refusedToken(t, forged(`{"alg":"EdDSA","kid":"`+kid+`"}`, `{}`), k, jwt.ErrMalformed)
		}
	})
}

// allocated returns how many bytes f takes from the heap.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// The text is read as encoding/json reads it wherever both accept it, and more strictly elsewhere.
func TestStrictJSON(t *testing.T) {
	deep := func(n int) string { return `{"x":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + "}" }
	for _, s := range []string{
		`{}`, ` { } `, "\t{\n\"a\" : 1 ,\r\n \"b\":[ ] }\n", `{"a":[1,-0,0.5,1e5,1E+5,1e-5,true,false,null,"x",{},{"b":{"c":[]}}]}`,
		`{"sub":"\"\\\/\b\f\n\r\t\u00e9\u00E9\ud83d\ude00é😀"}`, `{"":1}`, `{"a":{"b":1,"b":2}}`, deep(16), `{"sub":"` + strings.Repeat("ä", 40) + `"}`,
	} {
		c, err := jwt.ParseClaims([]byte(s))
		var want struct{ Sub string }
		if err != nil || json.Unmarshal([]byte(s), &want) != nil || c.Subject != want.Sub {
			t.Errorf("%s: got sub %q, %v, want %q", s, c.Subject, err, want.Sub)
		}
	}
	for _, s := range []string{
		``, ` `, `{`, `}`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,"a":1}`, `{"a":1 "b":2}`, `{"a" 1}`, `{a:1}`, `{'a':1}`, `{"a":1}{}`, `{"a":1}x`, `[]`, `1`,
		`"a"`, `null`, `{"a":01}`, `{"a":1.}`, `{"a":.5}`, `{"a":+1}`, `{"a":-}`, `{"a":1e}`, `{"a":1e+}`, `{"a":0x1}`, `{"a":NaN}`, `{"a":Infinity}`, `{"a":tru}`,
		`{"a":nul}`, `{"a":truee}`, `{"a":[1,]}`, `{"a":[,1]}`, `{"a":[1 2]}`, `{"a":[1}`, `{"a":[`, `{"a":{"b"}}`, `{"a":{"b":1,}}`, `{"a":{1:1}}`, `{"a":"`, `{"a":"x`,
		`{"a":"\`, `{"a":"\x"}`, `{"a":"\u12"}`, `{"a":"\u12g4"}`, `{"a":"\u:::1"}`, `{"a":"\ud800"}`, `{"a":"\udc00"}`, `{"a":"\ud800\u0041"}`, `{"a":"\ud800x"}`,
		"{\"a\":\"\n\"}", "{\"a\":\"\x1f\"}", "{\"a\":\"12345678\x00\"}", "{\"a\":\"\xff\"}", "{\"a\":\"\xed\xa0\x80\"}", "\ufeff{}", "{\"a\":1}\x00", "\x00{}", "{\u00a0}",
		`{"a":1,"a":1}`, `{"a":1,"\u0061":1}`, `{"exp":1,"\u0065xp":1}`, `{"":1,"":2}`, deep(17), `{"a":{"b":[{}` + deep(14) + `]}}`,
	} {
		c, err := jwt.ParseClaims([]byte(s))
		wantErr(t, err, jwt.ErrMalformed)
		if !reflect.ValueOf(c).IsZero() {
			t.Errorf("%q: got claims %v beside an error", s, c)
		}
	}
}

// Names are held apart and found twice however many there are.
func TestManyNames(t *testing.T) {
	var b strings.Builder
	for i := range 500 {
		fmt.Fprintf(&b, `"n%d":0,`, i)
	}
	if _, err := jwt.ParseClaims([]byte(`{` + b.String() + `"last":1}`)); err != nil {
		t.Error(err)
	}
	for _, twice := range []string{"n0", "n15", "n16", "n499"} {
		_, err := jwt.ParseClaims([]byte(`{` + b.String() + `"` + twice + `":1}`))
		wantErr(t, err, jwt.ErrMalformed)
	}
}

// Bytes of every length are written as encoding/base64 writes them, and read back.
func TestEveryLength(t *testing.T) {
	k, b := edKey(t, ""), make([]byte, 200)
	_, _ = rand.NewChaCha8([32]byte(secret32)).Read(b)
	for n := range len(b) {
		raw := must(jwt.Sign(k, jwt.Header{}, b[:n]))(t)
		if _, payload, _ := segments(raw); payload != b64(b[:n]) {
			t.Errorf("%d bytes: got %s, want %s", n, payload, b64(b[:n]))
		}
		if got := accepted(t, raw, k).Payload(); !bytes.Equal(got, b[:n]) {
			t.Errorf("%d bytes: got %x, want %x", n, got, b[:n])
		}
	}
}

// A token of which nobody has checked the signature shows its header and nothing else.
func TestUnverifiedHidesClaims(t *testing.T) {
	kind := reflect.TypeFor[jwt.Unverified]()
	var methods []string
	for m := range kind.NumMethod() {
		methods = append(methods, kind.Method(m).Name)
	}
	if want := []string{"Header", "String", "Verify"}; !reflect.DeepEqual(methods, want) {
		t.Errorf("got methods %v, want %v", methods, want)
	}
	for f := range kind.NumField() {
		if kind.Field(f).IsExported() {
			t.Errorf("field %s is exported", kind.Field(f).Name)
		}
	}
}

// Printing a token shows neither what a bearer could use nor what it claims.
func TestTokensAreNotPrinted(t *testing.T) {
	k := edKey(t, "k")
	raw := must(jwt.Sign(k, jwt.Header{}, []byte(`{"sub":"alice"}`)))(t)
	got := fmt.Sprintf("%v %+v %s", must(jwt.Parse(raw))(t), must(jwt.Verify(raw, k))(t), must(jwt.Parse(raw))(t))
	_, payload, _ := segments(raw)
	if strings.Contains(got, "alice") || strings.Contains(got, payload) || !strings.Contains(got, `kid "k"`) {
		t.Errorf("got %s, want the header alone", got)
	}
}

// One key serves many goroutines.
func TestConcurrentUse(t *testing.T) {
	for _, alg := range []string{jwt.HS256, jwt.RS256, jwt.ES256, jwt.EdDSA} {
		k := privateKey(t, alg)
		for g := range 4 {
			t.Run(fmt.Sprint(alg, " ", g), func(t *testing.T) {
				t.Parallel()
				for i := range 20 {
					payload := fmt.Sprintf(`{"sub":"%d-%d"}`, g, i)
					v := accepted(t, must(jwt.Sign(k, jwt.Header{}, []byte(payload)))(t), k)
					if got := string(v.Payload()); got != payload {
						t.Errorf("got %s, want %s", got, payload)
					}
				}
			})
		}
	}
}

// Every header that a key's tokens usually have is read alike with and without the short cut, and so is any other.
func TestHeaderForms(t *testing.T) {
	for _, kid := range []string{"", "k", `a "quoted" \ kid`} {
		k := edKey(t, kid)
		name := string(must(json.Marshal(kid))(t))
		for _, h := range []string{
			`{"alg":"EdDSA"}`, `{"alg":"EdDSA","typ":"JWT"}`, `{"typ":"JWT","alg":"EdDSA"}`, `{"alg":"EdDSA","typ":"at+jwt","kid":` + name + `}`,
			`{"alg":"EdDSA","kid":` + name + `,"typ":"at+jwt"}`, `{"kid":` + name + `,"alg":"EdDSA"}`, `{"typ":"JWT","alg":"EdDSA","kid":` + name + `}`,
			`{"alg":"Ed25519","typ":"JWT"}`, `{"kid":"other","alg":"EdDSA"}`, `{"alg":"EdDSA","typ":"secevent+jwt"}`, `{ "alg" : "EdDSA" }`,
		} {
			accepted(t, forged(h, `{}`), k)
		}
	}
}

// What Parse would refuse cannot be signed.
func TestSignRefuses(t *testing.T) {
	k, public := edKey(t, "k"), edKey(t, "k").Public()
	for name, h := range map[string]jwt.Header{
		"another kid":      {KeyID: "other"},
		"another name":     {Algorithm: jwt.Ed25519},
		"alg none":         {Algorithm: "none"},
		"control in typ":   {Type: "a\nb"},
		"long typ":         {Type: strings.Repeat("t", 129)},
		"crit":             {Extra: map[string]any{"crit": []string{"x"}, "x": 1}},
		"b64":              {Extra: map[string]any{"b64": false}},
		"jwk":              {Extra: map[string]any{"jwk": map[string]any{}}},
		"jku":              {Extra: map[string]any{"jku": "https://keys.example"}},
		"x5c":              {Extra: map[string]any{"x5c": []string{"MII"}}},
		"alg as extra":     {Extra: map[string]any{"alg": "none"}},
		"kid as extra":     {Extra: map[string]any{"kid": "k"}},
		"too long":         {Extra: map[string]any{"x": strings.Repeat("x", jwt.MaxHeader)}},
		"too deep":         {Extra: map[string]any{"x": json.RawMessage(strings.Repeat("[", 16) + strings.Repeat("]", 16))}},
		"name not UTF-8":   {Extra: map[string]any{"\xff": 1}},
		"text not UTF-8":   {Extra: map[string]any{"x": "\xff"}},
		"cannot be JSON":   {Extra: map[string]any{"x": func() {}}},
		"infinite":         {Extra: map[string]any{"x": math.Inf(1)}},
		"half a surrogate": {Extra: map[string]any{"x": json.RawMessage(`"\ud800"`)}},
	} {
		if raw, err := jwt.Sign(k, h, []byte("{}")); err == nil || raw != "" {
			t.Errorf("%s: got %q, %v, want an error", name, raw, err)
		}
		if raw, err := jwt.SignClaims(k, h, jwt.Claims{}); err == nil || raw != "" {
			t.Errorf("%s: SignClaims got %q, %v, want an error", name, raw, err)
		}
	}
	for _, k := range []jwt.Key{public, {}} {
		_, err := jwt.Sign(k, jwt.Header{}, []byte("{}"))
		wantErr(t, err, jwt.ErrKey)
	}
	refusedToken(t, forged(edHeader, "{}"), jwt.Key{}, jwt.ErrKey)
}

// Until its signature is checked, a token costs a small multiple of its length, whatever its header says.
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
		if got := testing.AllocsPerRun(20, parse); got > 50 {
			t.Errorf("%s: %v allocations, want at most 50", name, got)
		}
		if got := allocated(parse); got > 32<<10 {
			t.Errorf("%s: allocated %d bytes, want at most 32 KiB", name, got)
		}
	}
}

// What a caller does to a header or to what he decoded from it reaches nobody else.
func TestHeadersAreNotShared(t *testing.T) {
	k := edKey(t, "")
	v := accepted(t, forged(`{"alg":"EdDSA","x":"kept"}`, "{}"), k)
	for range 2 {
		h := v.Header()
		var got map[string]any
		if err := h.Decode(&got); err != nil || len(got) != 2 || got["x"] != "kept" || h.Extra != nil {
			t.Fatalf("got %v, %v and Extra %v, want alg and x", got, err, h.Extra)
		}
		got["x"], h.Algorithm, h.Extra = "changed", "none", map[string]any{"x": "changed"}
	}
}

// Decode reads headers as it reads claims: of tokens, of the usual forms, and made by hand.
func TestDecodeHeader(t *testing.T) {
	k := edKey(t, "k")
	type header struct{ Alg, Typ, Kid, Cty string }
	for _, h := range []jwt.Header{
		accepted(t, must(jwt.Sign(k, jwt.Header{Type: "JWT", Extra: map[string]any{"cty": "x"}}, nil))(t), k).Header(),
		{Algorithm: jwt.EdDSA, Type: "JWT", KeyID: "k", Extra: map[string]any{"cty": "x"}},
	} {
		var got header
		if err := h.Decode(&got); err != nil || got != (header{"EdDSA", "JWT", "k", "x"}) {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	var got header
	h := accepted(t, must(jwt.Sign(k, jwt.Header{}, nil))(t), k).Header()
	if err := h.Decode(&got); err != nil || got != (header{Alg: "EdDSA", Kid: "k"}) {
		t.Errorf("usual form: got %+v, %v", got, err)
	}
	wantErr(t, accepted(t, forged(`{"alg":"EdDSA","x":1,"X":2}`, "{}"), k).Header().Decode(&got), jwt.ErrMalformed)
	for _, h := range []jwt.Header{
		{Extra: map[string]any{"crit": 1}}, accepted(t, forged(`{"alg":"EdDSA","cty":5}`, "{}"), k).Header(),
	} {
		if err := h.Decode(&got); err == nil {
			t.Errorf("%+v was decoded", h)
		}
	}
}

// A key without kid may be given one by the header.
func TestSignWithKeyID(t *testing.T) {
	raw := must(jwt.Sign(edKey(t, ""), jwt.Header{KeyID: "given"}, []byte("{}")))(t)
	if got := accepted(t, raw, edKey(t, "")).Header().KeyID; got != "given" {
		t.Errorf("got kid %q, want given", got)
	}
}

// A number in a header parameter that no float64 holds is an error where it is asked for, not rounded to infinity.
func TestHeaderNumberTooLarge(t *testing.T) {
	var got struct{ X float64 }
	h := accepted(t, forged(`{"alg":"EdDSA","x":1e400}`, `{}`), edKey(t, "")).Header()
	if err := h.Decode(&got); err == nil {
		t.Errorf("got %v, want an error", got.X)
	}
}

// No standard has more than a dozen parameters that may stand here.
func TestManyParameters(t *testing.T) {
	params := func(n int) string {
		var b strings.Builder
		for i := 1; i < n; i++ {
			fmt.Fprintf(&b, `,"p%d":0`, i)
		}
		return `{"alg":"EdDSA"` + b.String() + "}"
	}
	accepted(t, forged(params(16), "{}"), edKey(t, ""))
	refusedToken(t, forged(params(17), "{}"), edKey(t, ""), jwt.ErrMalformed)
}
