package server_test

import (
	"context"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwks"
	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/server"
	"github.com/jotgate/jotgate/server/internal/keyring"
	"github.com/jotgate/jotgate/server/internal/store"
)

// TestForeignForms holds what is no JWS, and what is nearly one of ours, against GET /v1/me.
func TestForeignForms(t *testing.T) {
	g := newGate(t)
	for _, c := range []struct {
		name string
		run  func(gate)
	}{
		{"A13 every JWE of Wycheproof", gate.a13},
		{"A14 what is dear to open", gate.a14},
		{"A28 long header, long or unprintable kid", gate.a28},
		{"B05 ECDSA signatures outside the rules", gate.b05},
		{"B12 no kid, with one key and with two", gate.b12}, // last: it starts another server
	} {
		t.Run(c.name, func(t *testing.T) { c.run(g.on(t)) })
	}
	if n := g.errorsIn(); n > 0 {
		t.Errorf("log: got %d errors, want none: no bad token is a fault of ours", n)
	}
}

// wycheproof reads a file of the vectors that interop is built with.
func wycheproof(t *testing.T, name string) []byte {
	t.Helper()
	cmd := exec.Command("go", "mod", "download", "-json", "github.com/c2sp/wycheproof")
	cmd.Dir, cmd.Env = filepath.Join("..", "interop"), append(os.Environ(), "GOWORK=off")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b, err := os.ReadFile(filepath.Join(into[struct{ Dir string }](t, answer{Body: string(out)}).Dir, "testvectors_v1", name+"_test.json"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (g gate) a13() {
	n := 0
	for _, name := range []string{"json_web_encryption", "json_web_crypto"} {
		var file struct {
			TestGroups []struct {
				Tests []struct {
					TcID int
					JWE  any // a few are objects
				}
			}
		}
		if err := json.Unmarshal(wycheproof(g.t, name), &file); err != nil {
			g.t.Fatal(err)
		}
		for _, group := range file.TestGroups {
			for _, v := range group.Tests {
				jwe, whole := v.JWE.(string)
				if v.JWE == nil {
					continue
				}
				if !whole {
					jwe = text(v.JWE)
				}
				n++
				g.refuses(fmt.Sprint(name, " ", v.TcID), jwe)
			}
		}
	}
	if n != 173 {
		g.t.Errorf("got %d JWE, want 173", n)
	}
}

func (g gate) a14() {
	for name, header := range map[string]string{
		"PBES2 with 2^31-1 rounds": `{"alg":"PBES2-HS256+A128KW","enc":"A128CBC-HS256","p2s":"c2FsdHNhbHQ","p2c":2147483647}`,
		"zip":                      `{"alg":"dir","enc":"A128GCM","zip":"DEF"}`,
	} {
		jwe := encode64(header) + ".." + encode64("0123456789ab") + "." + strings.Repeat("A", 1024) + "." + encode64("0123456789abcdef")
		jws := g.sign(header, text(g.claims))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		g.refuses(name+", encrypted", jwe)
		g.refuses(name+", signed", jws)
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
			g.t.Errorf("%s: got %d bytes allocated by client and server, want less than 1 MiB", name, got)
		}
	}
}

func (g gate) a28() {
	fill := 2048 - len(text(with(g.header, map[string]any{"x": ""})))
	g.accepts("a header of 2048 bytes", g.head(map[string]any{"x": strings.Repeat("x", fill)}))
	g.refuses("a header of 2049 bytes", g.head(map[string]any{"x": strings.Repeat("x", fill+1)}))
	kid := g.header["kid"].(string)
	for _, forged := range []string{strings.Repeat("k", 129), "\x00", "\n", "😀", "\n{\"level\":\"ERROR\",\"msg\":\"fake\"}", kid + "\r\n", "\u2028", "\x1b[31m"} {
		g.refuses(fmt.Sprintf("kid %.10q", forged), g.head(map[string]any{"kid": forged}))
	}
	for line := range strings.Lines(g.Log.String()) {
		if l := into[struct{ Msg string }](g.t, answer{Body: line}); l.Msg == "fake" || strings.Contains(line, "kkkkkkkk") {
			g.t.Errorf("log: got %q, want no line and no kid of a stranger's", line)
		}
	}
}

// b05 also shows that what is revoked is the token, whichever of its two signatures it shows.
func (g gate) b05() {
	n := g.node.on(g.t)
	token := n.logIn("ann").Access
	at := strings.LastIndexByte(token, '.') + 1
	sig := unbase64(g.t, token[at:])
	order, r, s := elliptic.P256().Params().N, new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])
	pair := func(r, s *big.Int) string {
		return token[:at] + encode64(string(r.FillBytes(make([]byte, 32)))+string(s.FillBytes(make([]byte, 32))))
	}
	der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	if err != nil {
		g.t.Fatal(err)
	}
	g.refuses("r = s = 0", pair(new(big.Int), new(big.Int)))
	g.refuses("r = s = n", pair(order, order))
	g.refuses("DER", token[:at]+encode64(string(der)))
	twin := pair(r, new(big.Int).Sub(order, s))
	g.accepts("the other s", twin)
	n.done("POST", "/v1/logout", twin, nil)
	g.refuses("the token after its twin's log-out", token)
	g.refuses("the twin", twin)
}

func (g gate) b12() {
	none := map[string]any{"kid": nil}
	g.refuses("one key", g.head(none))
	g.Clock.Add(time.Second)
	two := g.node.on(g.t).restart(func(s *server.Settings) { s.Algorithm = "ES384" })
	checkPublished(two, false, keyOf(g.t, two.logIn("ann")).Kid, g.header["kid"].(string))
	g.node = two
	g.accepts("two keys, the token names one", g.good)
	g.refuses("two keys", g.head(none))
}

// own signs for a server whose algorithm is another than the forger's own.
type own struct {
	gate
	private []byte // the JWK
}

func newOwn(t *testing.T, algorithm string) own {
	s := profile(t)
	s.Algorithm = algorithm
	n := start(t, s)
	n.signUp("ann")
	good := n.logIn("ann").Access
	o := own{gate: gate{node: n, t: t, good: good}}
	parts := strings.Split(good, ".")
	o.header, o.claims = into[map[string]any](t, answer{Body: string(unbase64(t, parts[0]))}), into[map[string]any](t, answer{Body: string(unbase64(t, parts[1]))})
	o.private = stolenKey(t, n, o.header["kid"].(string))
	return o
}

// as signs the claims under another name of an algorithm.
func (o own) as(alg string, sign func(input string) ([]byte, error)) string {
	o.t.Helper()
	input := encode64(text(with(o.header, map[string]any{"alg": alg}))) + "." + encode64(text(o.claims))
	sig, err := sign(input)
	if err != nil {
		o.t.Fatal(err)
	}
	return input + "." + encode64(string(sig))
}

func TestOtherAlgorithmOfTheKey(t *testing.T) {
	t.Run("B08 RS256 key, other algorithm in the header", func(t *testing.T) {
		o := newOwn(t, "RS256")
		jwk := into[struct{ N, E, D, P, Q string }](t, answer{Body: string(o.private)})
		number := func(s string) *big.Int { return new(big.Int).SetBytes(unbase64(t, s)) }
		key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: number(jwk.N), E: int(number(jwk.E).Int64())}, D: number(jwk.D), Primes: []*big.Int{number(jwk.P), number(jwk.Q)}}
		pkcs1 := func(h crypto.Hash) func(string) ([]byte, error) {
			return func(input string) ([]byte, error) { return rsa.SignPKCS1v15(rand.Reader, key, h, digest(h, input)) }
		}
		pss := func(h crypto.Hash) func(string) ([]byte, error) {
			return func(input string) ([]byte, error) {
				return rsa.SignPSS(rand.Reader, key, h, digest(h, input), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
			}
		}
		o.accepts("RS256", o.as("RS256", pkcs1(crypto.SHA256)))
		o.refuses("RS512", o.as("RS512", pkcs1(crypto.SHA512)))
		o.refuses("PS256", o.as("PS256", pss(crypto.SHA256)))
		o.refuses("PS512", o.as("PS512", pss(crypto.SHA512)))
		o.refuses("RS256 that is PS256", o.as("RS256", pss(crypto.SHA256)))
		o.refuses("RS256 over SHA-512", o.as("RS256", pkcs1(crypto.SHA512)))
	})
	for _, name := range []string{"EdDSA", "Ed25519"} {
		t.Run("B23 a key for "+name, func(t *testing.T) {
			o := newOwn(t, name)
			key := ed25519.NewKeyFromSeed(unbase64(t, into[struct{ D string }](t, answer{Body: string(o.private)}).D))
			sign := func(input string) ([]byte, error) { return ed25519.Sign(key, []byte(input)), nil }
			for _, alg := range []string{"EdDSA", "Ed25519"} {
				o.accepts(alg, o.as(alg, sign))
			}
			for _, alg := range []string{"Ed448", "ES256K", "eddsa", "ed25519"} {
				o.refuses(alg, o.as(alg, sign))
			}
		})
	}
}

func digest(h crypto.Hash, input string) []byte {
	if h == crypto.SHA512 {
		sum := sha512.Sum512([]byte(input))
		return sum[:]
	}
	sum := sha256.Sum256([]byte(input))
	return sum[:]
}

// TestWeakKeys: what should never have become a key stops the start, with its name and without its value.
func TestWeakKeys(t *testing.T) {
	n := start(t, profile(t))
	n.stop()
	master, err := keyring.LoadMaster(filepath.Join(n.Settings().Data, "master.key"), false)
	if err != nil {
		t.Fatal(err)
	}
	planted := func(t *testing.T, jwk map[string]any) server.Settings {
		s := profile(t)
		copyFile(t, filepath.Join(n.Settings().Data, "master.key"), filepath.Join(s.Data, "master.key"))
		if err := s.Resolve("127.0.0.1:8000"); err != nil {
			t.Fatal(err)
		}
		plant(t, s, master, jwk)
		return s
	}
	for name, jwk := range weakJWKs(t) {
		t.Run("B06 "+name, func(t *testing.T) { cannotOpen(t, planted(t, jwk), "signing key planted: ") })
	}
	t.Run("B06 but not for its being planted", func(t *testing.T) {
		start(t, planted(t, rsaJWK(t, 2048, 65537))).signUp("ann")
	})
	t.Run("B07 master keys that a guesser finds", func(t *testing.T) {
		file := filepath.Join(n.Settings().Data, "master.key")
		for _, secret := range []string{
			"secret", "changeme", "super-secret", strings.Repeat("a", 16), strings.Repeat("a", 32), strings.Repeat("A", 43), // 32 zeros
			base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("a", 32))), base64.RawURLEncoding.EncodeToString([]byte("super-secret-jwt-token-with-at-l")),
		} {
			if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			srv, err := server.Open(context.Background(), n.Settings(), options(newClock(), io.Discard))
			if err == nil {
				srv.Close()
				t.Fatalf("%q: got a server, want none", secret)
			}
			if said := strings.ReplaceAll(err.Error(), n.Settings().Data, ""); !strings.Contains(said, "/master.key") || strings.Contains(said, secret) {
				t.Errorf("%q: got %q, want the file's name and not what is in it", secret, err)
			}
		}
	})
}

// weakJWKs are keys that would sign, each with what is wrong with it as its name.
func weakJWKs(t *testing.T) map[string]map[string]any {
	t.Helper()
	// The least that Go makes is 1024 bits, and only with this setting; such a key is what the case is about.
	t.Setenv("GODEBUG", "rsa1024min=0")
	bytes := func(n int) string { return encode64(strings.Repeat("\x01\x7f", n)[:n]) }
	return map[string]map[string]any{
		"RSA of 1024 bits":         rsaJWK(t, 1024, 65537),
		"RSA with e = 1":           rsaJWK(t, 2048, 1),
		"RSA with e = 3":           rsaJWK(t, 2048, 3),
		"a point off the curve":    {"kty": "EC", "crv": "P-256", "alg": "ES256", "x": bytes(32), "y": bytes(32), "d": bytes(32)},
		"Ed25519 of 31 bytes":      {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "x": bytes(31), "d": bytes(31)},
		"a secret of 31 bytes":     {"kty": "oct", "alg": "HS256", "k": encode64(rand.Text() + "12345")},
		"a secret of no byte":      {"kty": "oct", "alg": "HS256", "k": ""},
		"a secret of 32 times one": {"kty": "oct", "alg": "HS256", "k": encode64(strings.Repeat("a", 32))},
	}
}

// rsaJWK makes a key that is whole, with this exponent.
func rsaJWK(t *testing.T, bits int, exponent int64) map[string]any {
	t.Helper()
	one, e, d := big.NewInt(1), big.NewInt(exponent), (*big.Int)(nil)
	var n, p, q, p1, q1 *big.Int
	for d == nil { // until the exponent has an inverse
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		n, p, q = key.N, key.Primes[0], key.Primes[1]
		p1, q1 = new(big.Int).Sub(p, one), new(big.Int).Sub(q, one)
		d = new(big.Int).ModInverse(e, new(big.Int).Mul(p1, q1))
	}
	number := func(n *big.Int) string { return encode64(string(n.Bytes())) }
	return map[string]any{
		"kty": "RSA", "alg": "RS256", "n": number(n), "e": number(e), "d": number(d), "p": number(p), "q": number(q),
		"dp": number(new(big.Int).Mod(d, p1)), "dq": number(new(big.Int).Mod(d, q1)), "qi": number(new(big.Int).ModInverse(q, p)),
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// plant puts a key into a new database as the server would, sealed with its master key.
func plant(t *testing.T, s server.Settings, master keyring.Master, jwk map[string]any) {
	t.Helper()
	jwk["kid"] = "planted"
	alg := jwk["alg"].(string)
	block, err := aes.NewCipher(master.Derive("signing keys at rest"))
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	st, err := server.OpenStore(t.Context(), s, server.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	k := store.Key{
		ID: "planted", Algorithm: alg, State: store.KeyActive, CreatedAt: time.Now(),
		Sealed: aead.Seal(nil, nil, []byte(text(jwk)), []byte("jotgate signing key 1 planted "+alg)),
	}
	if err := st.ActivateKey(t.Context(), k, "", store.Event{ID: "planted", At: time.Now(), Action: "key.create", Result: store.ResultOK}); err != nil {
		t.Fatal(err)
	}
}

// issuer is a server that other programs verify the tokens of, at an address that outlives a restart.
type issuer struct {
	*node
	front   *httptest.Server
	current atomic.Pointer[http.Handler]
	asked   atomic.Int64                            // requests for the key set
	spoil   atomic.Pointer[func(set string) string] // what becomes of the key set on its way
}

func newIssuer(t *testing.T) *issuer {
	i := new(issuer)
	i.front = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.asked.Add(1)
		answer := httptest.NewRecorder()
		(*i.current.Load()).ServeHTTP(answer, r)
		w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
		w.Header().Set("Cache-Control", answer.Header().Get("Cache-Control"))
		set := answer.Body.String()
		if spoil := i.spoil.Load(); spoil != nil {
			set = (*spoil)(set)
		}
		fmt.Fprint(w, set)
	}))
	t.Cleanup(i.front.Close)
	s := profile(t)
	s.PublicURL, s.Audience = i.front.URL, "orders"
	i.serve(start(t, s))
	i.signUp("ann")
	return i
}

func (i *issuer) serve(n *node) {
	i.node = n
	h := n.Handler()
	i.current.Store(&h)
}

// keys is the key set as another program knows it.
func (i *issuer) keys() *jwks.Source {
	i.t.Helper()
	s, err := jwks.New(jwks.Config{URL: i.front.URL + "/.well-known/jwks.json", Issuer: i.front.URL, Now: i.Clock.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() { s.Close() })
	return s
}

// verifier is a guard of another program.
func (i *issuer) verifier(keys jotgate.KeySource, others ...string) *jotgate.Guard {
	i.t.Helper()
	g, err := jotgate.New(jotgate.Config{
		Issuer: i.front.URL, Issuers: others, Audience: "orders", Keys: keys, Now: i.Clock.Now, Leeway: leeway, CacheBytes: -1, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		i.t.Fatal(err)
	}
	return g
}

// TestOtherPrograms verify a server's tokens by what it publishes.
func TestOtherPrograms(t *testing.T) {
	t.Run("B13 the other issuer's key under the same kid", func(t *testing.T) {
		a, b := newIssuer(t), newIssuer(t)
		good, theirs := a.logIn("ann").Access, b.logIn("ann").Access
		forger := newForger(t, b.node, theirs)
		mine, other := keyOf(t, tokens{Access: good}).Kid, keyOf(t, tokens{Access: theirs}).Kid
		rename := func(set string) string { return strings.ReplaceAll(set, other, mine) }
		b.spoil.Store(&rename)
		guard := a.verifier(jwks.Sources{a.front.URL: a.keys(), b.front.URL: b.keys()}, b.front.URL)
		forger.header["kid"] = mine
		wants(t, guard, "a's own", good, nil)
		wants(t, guard, "b's own under the same kid", forger.claim(nil), nil)
		wants(t, guard, "a's name, signed by b", forger.claim(map[string]any{"iss": a.front.URL}), jwt.ErrSignature)
	})
	t.Run("B15 flood of random kids", func(t *testing.T) {
		i := newIssuer(t)
		good := i.logIn("ann").Access
		forger := newForger(t, i.node, good)
		guard := i.verifier(i.keys())
		wants(t, guard, "before", good, nil)
		for range 10_000 { // in ten seconds
			wants(t, guard, "random kid", forger.head(map[string]any{"kid": rand.Text()}), jwt.ErrUnknownKey)
			i.Clock.Add(time.Millisecond)
		}
		wants(t, guard, "after", good, nil)
		if got := i.asked.Load(); got > 2 {
			t.Errorf("the issuer was asked %d times, want once for its keys and once for all that it does not know", got)
		}
	})
	t.Run("B18 a key that the issuer removed", func(t *testing.T) {
		i := newIssuer(t)
		forger := newForger(t, i.node, i.logIn("ann").Access)
		long := forger.claim(map[string]any{"exp": i.Clock.Now().Add(24 * time.Hour).Unix()}) // so that its own end does not hide the key's
		guard := i.verifier(i.keys())
		wants(t, guard, "at first", long, nil)
		i.serve(i.restart(func(s *server.Settings) { s.Algorithm = "EdDSA" }))
		i.Clock.Add(accessTTL + leeway) // the old key has had its time
		if kid := keyOf(t, tokens{Access: long}).Kid; strings.Contains(i.call("GET", "/.well-known/jwks.json", "", nil).Body, kid) {
			t.Fatalf("key set: got the old key %s", kid)
		}
		i.Clock.Add(time.Hour) // more than any set is kept
		wants(t, guard, "removed", long, jwt.ErrUnknownKey)
		wants(t, guard, "the new key", i.logIn("ann").Access, nil)
	})
}

// wants a token accepted, or refused for this cause.
func wants(t *testing.T, g *jotgate.Guard, what, token string, cause error) {
	t.Helper()
	_, err := g.Check(t.Context(), token, jotgate.Rule{})
	if !errors.Is(err, cause) || (err == nil) != (cause == nil) {
		t.Fatalf("%s: got %v, want %v", what, err, cause)
	}
}

// TestProvedInTheLibrary: some rows are about the library's parts and not about a server that runs; each is a test there.
func TestProvedInTheLibrary(t *testing.T) {
	for _, row := range []struct{ name, file, test string }{
		{"A25 fuzz target of tokens", "jwt/fuzz_test.go", "func FuzzParse("},
		{"A25 fuzz target of JWKs", "jwt/fuzz_test.go", "func FuzzJWK("},
		{"A25 fuzz target of claims", "jwt/fuzz_test.go", "func FuzzClaims("},
		{"A25 fuzz target of cookies", "cookies_test.go", "func FuzzCookieHeader("},
		{"A25 fuzz target of X-Forwarded-For", "server/internal/api/client_test.go", "func FuzzForwarded("},
		{"A25 fuzz target of cursors", "server/accept_keys_test.go", "func FuzzCursor("},
		{"A29 JWS of Wycheproof", "interop/wycheproof_test.go", `\{"A29", "json_web_signature", 401,`},
		{"A30 keys of Wycheproof", "interop/wycheproof_test.go", `\{"A30", "json_web_key", 26,`},
		{"A30 keys and tokens of Wycheproof", "interop/wycheproof_test.go", `\{"A30", "json_web_crypto", 49,`},
		{"B04 primitives of Wycheproof", "interop/primitive_test.go", `"B04 `},
		{"B16 key sets that are hostile or broken", "jwks/jwks_test.go", `"B16 of 200 MiB`},
		{"B16 redirects and slow issuers", "jwks/network_test.go", `"B16 301`},
	} {
		t.Run(row.name, func(t *testing.T) {
			source, err := os.ReadFile(filepath.Join("..", row.file))
			if err != nil {
				t.Fatal(err)
			}
			if !regexp.MustCompile(strings.ReplaceAll(row.test, "(", `\(`)).Match(source) {
				t.Errorf("%s: got no %s", row.file, row.test)
			}
		})
	}
}

// FuzzCursor: whatever stands in a cursor, a page is a page or a refusal.
func FuzzCursor(f *testing.F) {
	n := start(f, profile(f))
	admin := n.admin().Access
	for _, s := range []string{"", "01997a3e-6f0a-7c31-9a56-2f4f3f2f6c11", "' OR 1=1--", "\x00", "%", "{\"$gt\":\"\"}", "-1", strings.Repeat("z", 65), "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, after string) {
		n := n.on(t)
		for _, path := range []string{"/v1/users", "/v1/audit"} {
			r := n.request("GET", path, admin, nil)
			q := r.URL.Query()
			q.Set("after", after)
			if r.URL.RawQuery = q.Encode(); len(r.URL.RawQuery) > 4096 {
				return // the limit of a URL has its own test
			}
			a := n.send(r)
			if a.Status != 200 && a.Status != 422 && a.Status != 400 {
				t.Errorf("%s after %q: got %d %s, want a page or a refusal", path, after, a.Status, a.Body)
			}
		}
	})
}
