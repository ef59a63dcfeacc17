package server_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// gate is a server with a user, a good token and a forger, for one case.
type gate struct {
	*node
	t *testing.T
	forger
	good string
}

func newGate(t *testing.T) gate {
	n := start(t, profile(t))
	n.signUp("ann")
	good := n.logIn("ann").Access
	g := gate{n, t, newForger(t, n, good), good}
	g.accepts("the token itself", good)
	return g
}

// on is the gate for a subtest.
func (g gate) on(t *testing.T) gate {
	g.t = t
	return g
}

func (g gate) accepts(what, token string) {
	g.t.Helper()
	if got := g.me(token); got != http.StatusOK {
		g.t.Errorf("%s: got %d, want 200", what, got)
	}
}

func (g gate) refuses(what, token string) {
	g.t.Helper()
	a := g.call("GET", "/v1/me", token, nil)
	if a.Status != http.StatusUnauthorized || !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Bearer") {
		g.t.Errorf("%s: got %d %q, want 401 with a challenge", what, a.Status, a.Header.Get("WWW-Authenticate"))
	}
}

// TestTokens holds the cases of form, keys and claims against GET /v1/me. Forged tokens are signed with the server's own
// key wherever the case is about something else than the signature.
func TestTokens(t *testing.T) {
	g := newGate(t)
	for _, c := range []struct {
		name string
		run  func(gate)
	}{
		{"A01 a fresh token", gate.a01},
		{"A02 no Authorization", gate.a02},
		{"A03 schemes", gate.a03},
		{"A04 unused low bits changed", gate.a04},
		{"A05 padding", gate.a05},
		{"A06 the other alphabet", gate.a06},
		{"A07 blanks and controls inside", gate.a07},
		{"A08 wrong number of segments", gate.a08},
		{"A09 dots", gate.a09},
		{"A16 a claim twice", gate.a16},
		{"A20 crit", gate.a20},
		{"A21 header bytes", gate.a21},
		{"A23 a token elsewhere", gate.a23},
		{"B01 alg none", gate.b01},
		{"B02 public key as secret", gate.b02},
		{"B09 a key in the header", gate.b09},
		{"B11 kid corpus", gate.b11},
		{"C02 no exp", gate.c02},
		{"C03 from the future", gate.c03},
		{"C04 forms of exp", gate.c04},
		{"C06 iss", gate.c06},
		{"C07 aud", gate.c07},
		{"C10 typ", gate.c10},
		{"C01 the last second", gate.c01}, // last: it moves the clock
	} {
		t.Run(c.name, func(t *testing.T) { c.run(g.on(t)) })
	}
	if n := g.errorsIn(); n > 0 {
		t.Errorf("log: got %d errors, want none: no bad token is a fault of ours", n)
	}
}

func (g gate) a01() {
	a := g.call("GET", "/v1/me", g.good, nil)
	got := into[struct {
		ID, Username       string
		Roles, Permissions []string
		CreatedAt          time.Time `json:"created_at"`
	}](g.t, a)
	if got.ID != g.claims["sub"] || got.Username != "ann" || !slices.Equal(got.Roles, []string{"user"}) || got.Permissions == nil || got.CreatedAt.IsZero() {
		g.t.Errorf("me: got %d %s, want 200 and ann", a.Status, a.Body)
	}
}

func (g gate) a02() {
	a := g.call("GET", "/v1/me", "", nil)
	if got := a.Header.Get("WWW-Authenticate"); a.Status != http.StatusUnauthorized || got != "Bearer" {
		g.t.Errorf("got %d, WWW-Authenticate %q; want 401, Bearer and no error", a.Status, got)
	}
}

func (g gate) a03() {
	for _, c := range []struct {
		value string
		want  int
	}{
		{"Bearer", 401},
		{"Bearer ", 401},
		{"Bearer  " + g.good, 401}, // RFC 6750 §2.1 has one blank
		{"bearer " + g.good, 200},
		{"BEARER " + g.good, 200},
		{"Token " + g.good, 401},
		{"Basic " + base64.StdEncoding.EncodeToString([]byte("ann:"+pass)), 401},
		{g.good, 401},
	} {
		if got := g.meHeader(c.value); got != c.want {
			g.t.Errorf("%.12q: got %d, want %d", c.value, got, c.want)
		}
	}
}

func (g gate) a04() {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(g.good) - 1
	forged := g.good[:last] + string(alphabet[strings.IndexByte(alphabet, g.good[last])+1])
	sig := func(token string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(token[strings.LastIndexByte(token, '.')+1:])
		if err != nil {
			g.t.Fatal(err)
		}
		return b
	}
	if !bytes.Equal(sig(forged), sig(g.good)) {
		g.t.Fatalf("%q and %q: want the same bytes", forged[last], g.good[last])
	}
	g.refuses("next letter", forged)
}

func (g gate) a05() {
	for i := range 3 {
		for _, pad := range []string{"=", "=="} {
			parts := strings.Split(g.good, ".")
			parts[i] += pad
			g.refuses(fmt.Sprintf("segment %d with %s", i+1, pad), strings.Join(parts, "."))
		}
	}
}

func (g gate) a06() {
	for _, c := range []struct{ extra, letters, others string }{
		{"~~~", "-", "+"},
		{"???", "_", "/"},
	} {
		token := g.head(map[string]any{"x": "  " + c.extra, "y": " " + c.extra, "z": c.extra})
		header, rest, _ := strings.Cut(token, ".")
		if !strings.Contains(header, c.letters) {
			g.t.Fatalf("header %q: want one with %q", header, c.letters)
		}
		g.accepts("base64url with "+c.letters, token)
		forged := strings.ReplaceAll(header, c.letters, c.others)
		g.refuses("signed as base64url, sent with "+c.others, forged+"."+rest)
		payload, _, _ := strings.Cut(rest, ".")
		g.refuses("signed with "+c.others, forged+"."+payload+"."+encode64(g.signature(forged+"."+payload)))
	}
}

func (g gate) a07() {
	for _, c := range []string{" ", "\t", "\n", "\r", "\x00", "\u00a0"} {
		for i := range 10 {
			at := 1 + i*(len(g.good)-2)/9
			if got := g.meHeader("Bearer " + g.good[:at] + c + g.good[at:]); got != 400 && got != 401 {
				g.t.Errorf("%q at %d: got %d, want 400 or 401", c, at, got)
			}
		}
	}
}

func (g gate) a08() {
	parts := strings.Split(g.good, ".")
	h, p, s := parts[0], parts[1], parts[2]
	for _, token := range []string{h + "." + p, h, g.good + ".", ".", "..", "." + p + "." + s, h + ".." + s, h + "." + p + ".", g.good + "." + s, g.good + ".." + s} {
		g.refuses(fmt.Sprintf("%d dots", strings.Count(token, ".")), token)
	}
}

func (g gate) a09() {
	if got := g.meHeader("Bearer " + strings.Repeat(".", 60<<10)); got != http.StatusRequestHeaderFieldsTooLarge {
		g.t.Errorf("60 KiB: got %d, want 431", got)
	}
	dots := strings.Repeat(".", 12<<10) // fits into a header
	before := liveHeap()
	for range 500 {
		g.refuses("12 KiB", dots)
	}
	if grown := liveHeap() - before; grown > 4<<20 {
		g.t.Errorf("heap: grew by %d bytes, want less than 4 MiB", grown)
	}
}

func liveHeap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func (g gate) a16() {
	claims := text(g.claims)
	for _, twice := range []string{`"sub":"admin"`, `"exp":9999999999`, `"roles":["admin"]`, `"x":1,"x":2`} {
		g.refuses(twice+" before", g.sign(text(g.header), "{"+twice+","+claims[1:]))
		g.refuses(twice+" after", g.sign(text(g.header), claims[:len(claims)-1]+","+twice+"}"))
	}
}

func (g gate) a20() {
	for _, extra := range []map[string]any{
		{"crit": []string{"exp"}},
		{"crit": []string{}},
		{"crit": "b64"},
		{"crit": []string{"b64"}, "b64": false},
		{"crit": []string{"x"}, "x": 1},
		{"crit": []string{"x"}},
	} {
		g.refuses(text(extra), g.head(extra))
	}
	g.accepts("an unknown parameter that is not critical", g.head(map[string]any{"x": 1}))
}

func (g gate) a21() {
	header, claims := text(g.header), text(g.claims)
	g.accepts("the same bytes", g.sign(header, claims))
	utf16 := "\xff\xfe"
	for _, b := range []byte(header) {
		utf16 += string([]byte{b, 0})
	}
	for name, bytes := range map[string]string{
		"a byte order mark":    "\ufeff" + header,
		"UTF-16":               utf16,
		"invalid UTF-8 in kid": strings.Replace(header, `"kid":"`, `"kid":"`+"\xff", 1),
		"trailing {}":          header + "{}",
		"trailing letters":     header + "x",
		"an array":             "[" + header + "]",
		"a string":             text(header),
		"null":                 "null",
		"20 deep":              strings.Replace(header, "{", `{"x":`+strings.Repeat("[", 20)+strings.Repeat("]", 20)+",", 1),
		"alg twice":            strings.Replace(header, "{", `{"alg":"none",`, 1),
		"empty":                "",
	} {
		g.refuses(name, g.sign(bytes, claims))
	}
}

func (g gate) a23() {
	form := url.Values{"access_token": {g.good}}.Encode()
	for _, query := range []string{"access_token", "token", "jwt"} {
		if got := g.call("GET", "/v1/me?"+query+"="+g.good, "", nil).Status; got != http.StatusUnauthorized {
			g.t.Errorf("query %s: got %d, want 401", query, got)
		}
	}
	r := g.request("GET", "/v1/me", "", nil)
	r.Header.Set("X-Auth-Token", g.good)
	r.Header.Set("Cookie", "access_token="+g.good+"; __Host-jotgate="+g.good)
	if got := g.send(r).Status; got != http.StatusUnauthorized {
		g.t.Errorf("other headers: got %d, want 401", got)
	}
	for kind, want := range map[string]int{"application/x-www-form-urlencoded": 415, "application/json": 401} {
		r := g.request("POST", "/v1/me/reauthenticate", "", form)
		r.Header.Set("Content-Type", kind)
		if got := g.send(r).Status; got != want {
			g.t.Errorf("body as %s: got %d, want %d", kind, got, want)
		}
	}
	if strings.Contains(g.Log.String(), g.good[len(g.good)-40:]) {
		g.t.Error("log: got a token")
	}
}

func (g gate) b01() {
	_, rest, _ := strings.Cut(g.good, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	for _, alg := range []any{"none", "None", "NONE", "nOnE", "", nil, json.RawMessage("null"), 5, []string{"none"}, "none ", "es256", "HS256"} {
		header := text(with(g.header, map[string]any{"alg": alg}))
		for what, sig := range map[string]string{"no": "", "the old": signature} {
			g.refuses(fmt.Sprintf("alg %v with %s signature", alg, what), encode64(header)+"."+payload+"."+sig)
		}
		g.refuses(fmt.Sprintf("alg %v signed", alg), g.sign(header, text(g.claims)))
	}
}

func (g gate) b02() {
	a := g.call("GET", "/.well-known/jwks.json", "", nil)
	set := into[struct{ Keys []json.RawMessage }](g.t, a)
	var jwk struct{ X, Y string }
	if err := json.Unmarshal(set.Keys[0], &jwk); err != nil {
		g.t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&g.key.PublicKey)
	if err != nil {
		g.t.Fatal(err)
	}
	point := append([]byte{4}, append(unbase64(g.t, jwk.X), unbase64(g.t, jwk.Y)...)...)
	secrets := map[string][]byte{
		"PEM":           pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}),
		"PEM of PKCS 1": pem.EncodeToMemory(&pem.Block{Type: "EC PUBLIC KEY", Bytes: point}),
		"DER":           der,
		"JWK":           set.Keys[0],
		"JWK Set":       []byte(a.Body),
		"x":             unbase64(g.t, jwk.X),
		"x as text":     []byte(jwk.X),
		"the point":     point,
		"kid":           []byte(g.header["kid"].(string)),
		"nothing":       {},
	}
	for name, secret := range secrets {
		for _, end := range []string{"", "\n"} {
			key := append(bytes.TrimSuffix(bytes.Clone(secret), []byte("\n")), end...)
			for _, kid := range []any{g.header["kid"], nil} {
				header := text(with(g.header, map[string]any{"alg": "HS256", "kid": kid}))
				input := encode64(header) + "." + encode64(text(with(g.claims, map[string]any{"roles": []string{"admin"}})))
				mac := hmac.New(sha256.New, key)
				mac.Write([]byte(input))
				g.refuses(fmt.Sprintf("%s%q as secret, kid %v", name, end, kid), input+"."+encode64(string(mac.Sum(nil))))
			}
		}
	}
}

func (g gate) b09() {
	var visits atomic.Int32
	canary := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	defer canary.Close()
	attacker := g.forger
	var err error
	if attacker.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		g.t.Fatal(err)
	}
	point, err := attacker.key.PublicKey.Bytes()
	if err != nil {
		g.t.Fatal(err)
	}
	jwk := map[string]any{"kty": "EC", "crv": "P-256", "x": encode64(string(point[1:33])), "y": encode64(string(point[33:]))}
	for _, extra := range []map[string]any{
		{"jwk": jwk},
		{"jku": canary.URL + "/jwks.json"},
		{"x5u": canary.URL + "/chain.pem"},
		{"x5c": []string{certificate(g.t, attacker.key)}},
		{},
	} {
		for _, kid := range []any{g.header["kid"], "theirs", nil} {
			extra["kid"] = kid
			g.refuses(fmt.Sprintf("%.30s", text(extra)), attacker.head(extra))
		}
		if extra["kid"] = g.header["kid"]; len(extra) > 1 {
			g.refuses(fmt.Sprintf("%.30s signed by our key", text(extra)), g.head(extra))
		}
	}
	if got := visits.Load(); got != 0 {
		g.t.Errorf("canary: got %d visits, want none", got)
	}
}

// certificate returns a self-signed certificate as x5c holds it.
func certificate(t *testing.T, key *ecdsa.PrivateKey) string {
	t.Helper()
	c := x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "jotgate"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, &c, &c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func (g gate) b11() {
	kid := g.header["kid"].(string)
	flipped := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			return r - 32
		}
		if 'A' <= r && r <= 'Z' {
			return r + 32
		}
		return r
	}, kid)
	for _, forged := range []any{
		"../../../../dev/null", "' OR 1=1--", map[string]any{"$ne": nil}, "*)(uid=*", "file:///etc/passwd", "kid%00x", kid + "\x00",
		kid[:len(kid)-1], kid[1:], kid + "x", "x" + kid, flipped, "", strings.Repeat("k", 1900), nil, 7,
	} {
		g.refuses(fmt.Sprintf("kid %.30v", forged), g.head(map[string]any{"kid": forged}))
	}
	if got := g.meHeader("Bearer " + g.head(map[string]any{"kid": strings.Repeat("k", 64<<10)})); got != http.StatusRequestHeaderFieldsTooLarge {
		g.t.Errorf("kid of 64 KiB: got %d, want 431", got)
	}
}

// in returns a NumericDate so far from now.
func (g gate) in(d time.Duration) int64 { return g.Clock.Now().Add(d).Unix() }

func (g gate) c01() {
	end := time.Unix(int64(g.claims["exp"].(float64)), 0).Add(leeway)
	g.Clock.Add(end.Add(-time.Second).Sub(g.Clock.Now()))
	g.accepts("at exp + leeway - 1 s", g.good)
	g.Clock.Add(time.Second)
	g.refuses("at exp + leeway", g.good)
	if p := into[problem](g.t, g.call("GET", "/v1/me", g.good, nil)); p.Code != "token_expired" {
		g.t.Errorf("code: got %q, want token_expired, so that the client refreshes", p.Code)
	}
}

func (g gate) c02() { g.refuses("no exp", g.claim(map[string]any{"exp": nil})) }

func (g gate) c03() {
	g.refuses("nbf beyond leeway", g.claim(map[string]any{"nbf": g.in(leeway + time.Second)}))
	g.refuses("iat beyond leeway", g.claim(map[string]any{"iat": g.in(leeway + time.Second)}))
	g.accepts("nbf and iat within leeway", g.claim(map[string]any{"nbf": g.in(leeway), "iat": g.in(leeway)}))
	g.accepts("iat ten years old: its age is bounded by exp alone", g.claim(map[string]any{"iat": g.in(-10 * 365 * 24 * time.Hour)}))
}

func (g gate) c04() {
	for _, exp := range []string{
		`"1999999999"`, `null`, `true`, `-1`, `1e400`, `9e99`, `9223372036854775808`, `18446744073709551616`, `[]`, `{}`, `"2099-01-01T00:00:00Z"`, `0`, `9007199254740992`,
	} {
		g.refuses("exp "+exp, g.claim(map[string]any{"exp": json.RawMessage(exp)}))
	}
	for _, exp := range []string{`1.9e9`, `1999999999.5`} {
		g.accepts("exp "+exp, g.claim(map[string]any{"exp": json.RawMessage(exp)}))
	}
}

func (g gate) c06() {
	iss := g.claims["iss"].(string)
	for _, forged := range []any{
		iss + "/", strings.ToUpper(iss[:4]) + iss[4:], iss[:len(iss)-1], iss + "1", iss[1:], "x" + iss, iss + ".example.com", []string{iss}, []string{iss, "x"},
		"", " " + iss, nil, json.RawMessage("null"), 5, strings.Replace(iss, "127.0.0.1", "localhost", 1),
	} {
		g.refuses(fmt.Sprintf("iss %v", forged), g.claim(map[string]any{"iss": forged}))
	}
}

func (g gate) c07() {
	ours := g.claims["aud"].(string)
	for _, forged := range []any{
		"other", nil, "", []string{}, []string{"other"}, ours + " ", ours[:len(ours)-1], ours[1:], ours + "x", []any{ours, 5}, []any{5, ours},
		map[string]any{ours: 1}, json.RawMessage("null"), []any{nil}, []any{[]string{ours}}, true,
	} {
		g.refuses(fmt.Sprintf("aud %v", forged), g.claim(map[string]any{"aud": forged}))
	}
	for _, good := range []any{ours, []string{ours}, []string{"other", ours}} {
		g.accepts(fmt.Sprintf("aud %v", good), g.claim(map[string]any{"aud": good}))
	}
}

func (g gate) c10() {
	for _, good := range []string{"at+JWT", "AT+jwt", "application/at+jwt"} {
		g.accepts("typ "+good, g.head(map[string]any{"typ": good}))
	}
	for _, forged := range []any{"JWT", nil, 5, "", "at+jwt ", "at", "jwt", "application/jwt", "logout+jwt", []string{"at+jwt"}} {
		g.refuses(fmt.Sprintf("typ %v", forged), g.head(map[string]any{"typ": forged}))
	}
}
