package jwks_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/jotgate/jotgate/jwks"
	"github.com/jotgate/jotgate/jwt"
)

// A verifier reads the keys of its issuer, which stands here on loopback.
func ExampleNew() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=300")
		fmt.Fprint(w, `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"2026-01","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`)
	}))
	defer server.Close()

	keys, err := jwks.New(jwks.Config{URL: server.URL, Issuer: "https://id.example"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer keys.Close()
	fmt.Println(keys.Key(context.Background(), "https://id.example", "2026-01", jwt.EdDSA))
	_, err = keys.Key(context.Background(), "https://id.example", "2025-12", jwt.EdDSA)
	fmt.Println(err)
	// Output:
	// EdDSA public key "2026-01" <nil>
	// unknown key: kid "2025-12"
}

func BenchmarkKey(b *testing.B) {
	s, _ := newIssuer(b, "a", "b", "c").source(b, nil)
	wantKey(b, s, "a", nil)
	for name, kid := range map[string]string{"known": "a", "unknown": "x"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					s.Key(ctx, iss, kid, jwt.EdDSA)
				}
			})
		})
	}
}
