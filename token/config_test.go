package token_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/token"
)

func TestConfig(t *testing.T) {
	es := must(jwt.GenerateKey(jwt.ES256, "e"))(t)
	for _, c := range []struct {
		name   string
		change func(*token.Config)
		want   string
	}{
		{"no issuer", func(c *token.Config) { c.Issuer = "" }, "Issuer: empty"},
		{"no audience", func(c *token.Config) { c.Audience = nil }, "Audience: empty"},
		{"I10 an audience without name", func(c *token.Config) { c.Audience = []string{"a", ""} }, "Audience: an empty name"},
		{"K18 no secret", func(c *token.Config) { c.Key = jwt.Key{} }, "Key: none"},
		{"K19 private key missing", func(c *token.Config) { c.Key = es.Public() }, "Key: ES256 public key \"e\" cannot sign"},
		{"two keys of one kid", func(c *token.Config) { c.Previous = []jwt.Key{c.Key} }, `Previous[0]: kid "k1" is taken`},
		{"a previous key that is none", func(c *token.Config) { c.Previous = []jwt.Key{{}} }, "Previous[0]"},
		{"K22 only KeyFor", func(c *token.Config) {
			c.Key, c.KeyFor = jwt.Key{}, func(context.Context, token.Grant) (jwt.Key, error) { return es, nil }
		}, "KeyFor and Lookup"},
		{"K22 KeyFor beside Key", func(c *token.Config) {
			c.KeyFor = func(context.Context, token.Grant) (jwt.Key, error) { return es, nil }
			c.Lookup = must(jwt.NewKeySet(es))(t)
		}, "KeyFor: want no Key"},
		{"V05 a denylist that is nil", func(c *token.Config) { c.Denylist = (*token.Memory)(nil) }, "Denylist: a nil *token.Memory"},
		{"access without end", func(c *token.Config) { c.AccessLifetime = token.Forever }, "AccessLifetime: Forever: needs InsecureForever"},
		{"negative lifetime", func(c *token.Config) { c.AccessLifetime = -time.Hour }, "AccessLifetime: want at least 1s"},
		{"lifetime below a second", func(c *token.Config) { c.RefreshLifetime = time.Millisecond }, "RefreshLifetime: want at least 1s"},
		{"refresh longer than the session", func(c *token.Config) { c.RefreshLifetime = 91 * 24 * time.Hour }, "RefreshLifetime: want at most"},
		{"refresh shorter than access", func(c *token.Config) { c.RefreshLifetime = time.Minute }, "lifetime of the access token"},
		{"leeway", func(c *token.Config) { c.Leeway = 2 * time.Minute }, "Leeway: want at most 1m0s"},
		{"grace", func(c *token.Config) { c.RefreshGrace = 2 * time.Minute }, "RefreshGrace: want at most 1m0s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := token.Config{Issuer: iss, Audience: []string{"shop"}, Key: secretKey(t, "k1")}
			c.change(&config)
			i, err := token.New(config)
			if wantText(t, err, c.want); i != nil {
				t.Errorf("got an issuer beside the error")
			}
		})
	}
	t.Run("every fault is named", func(t *testing.T) {
		_, err := token.New(token.Config{Leeway: time.Hour})
		wantText(t, err, "Issuer:", "Audience:", "Key:", "Leeway:")
	})
	t.Run("K19 a secret for an asymmetric algorithm", func(t *testing.T) {
		_, err := jwt.NewKey(jwt.ES256, "", secret)
		wantErr(t, err, jwt.ErrKey)
	})
	t.Run("K19 the public key is derived", func(t *testing.T) {
		i, _ := issuer(t, func(c *token.Config) { c.Key = es })
		raw := must(i.AccessToken(ctx, token.Grant{Subject: "u"}))(t)
		verified(t, i, token.Access, raw)
		if k := must(i.Keys().Key(ctx, iss, "e", jwt.ES256))(t); k.CanSign() {
			t.Errorf("the source gives away %v", k)
		}
	})
	t.Run("I10 unknown algorithm", func(t *testing.T) {
		_, err := jwt.NewKey("hs256", "", secret)
		wantErr(t, err, jwt.ErrKey)
	})
}

func TestGuessableKeys(t *testing.T) {
	for _, s := range []string{
		"secret", "super-secret", "Ill never tell", "changeme", "your-256-bit-secret", "\x00", "a",
		strings.Repeat("\x00", 16), strings.Repeat("\x00", 32), strings.Repeat("a", 16), strings.Repeat("a", 32),
		"yXzB0lEGphwTYfKenExHmNqMmpFJJRjI", "yXzB0lEGphwTYfKenExHmNqMmpFJJRjI\n", "a-string-secret-at-least-256-bits-long",
		"09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
		strings.Repeat("super-secret", 4), strings.Repeat("0123456789abcdef", 4), "0123456789abcdefg0123456789abcdefg", string(secret[:31]),
	} {
		t.Run("B07 "+strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "NUL"), "?"), func(t *testing.T) {
			c := token.Config{Issuer: iss, Audience: []string{"shop"}, Key: must(jwt.NewInsecureKey(jwt.HS256, "k", []byte(s)))(t)}
			_, err := token.New(c)
			wantText(t, err, "Key: ")
			if len(s) > len("secret") && strings.Contains(err.Error(), s) { // the word itself is in every message
				t.Errorf("the error shows the secret: %v", err)
			}
			c.Key, c.Previous = secretKey(t, "good"), []jwt.Key{c.Key}
			_, err = token.New(c)
			wantText(t, err, "Previous[0]: ")
			c.InsecureKeys = true
			must(token.New(c))(t)
		})
	}
	t.Run("B07 empty", func(t *testing.T) {
		_, err := jwt.NewInsecureKey(jwt.HS256, "", nil)
		wantErr(t, err, jwt.ErrKey)
	})
	t.Run("B07 published key pair", func(t *testing.T) {
		k := must(jwt.ParseJWK([]byte(`{"kty":"OKP","crv":"Ed25519","kid":"any","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
			"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`)))(t)
		_, err := token.New(token.Config{Issuer: iss, Audience: []string{"shop"}, Key: k})
		wantText(t, err, "Key: this key is published")
	})
	t.Run("random keys of all kinds pass", func(t *testing.T) {
		keys := []jwt.Key{must(jwt.NewKey(jwt.RS256, "r", must(rsa.GenerateKey(rand.Reader, 2048))(t)))(t)}
		for _, alg := range []string{jwt.HS256, jwt.HS384, jwt.HS512, jwt.ES256, jwt.ES384, jwt.ES512, jwt.EdDSA} {
			keys = append(keys, must(jwt.GenerateKey(alg, alg))(t))
		}
		for _, k := range keys {
			i, _ := issuer(t, func(c *token.Config) { c.Key = k })
			verified(t, i, token.Access, must(i.AccessToken(ctx, token.Grant{Subject: "u"}))(t))
		}
	})
}

func TestKeys(t *testing.T) {
	t.Run("K21 another secret", func(t *testing.T) {
		i, _ := issuer(t, nil)
		raw := must(i.AccessToken(ctx, token.Grant{Subject: "u"}))(t)
		changed, _ := issuer(t, func(c *token.Config) {
			c.Key = must(jwt.NewKey(jwt.HS256, "k1", bytes.ToUpper(append(secret, secret...))[:37]))(t)
		})
		refused(t, changed, token.Access, raw, jwt.ErrSignature)
	})
	t.Run("previous keys verify, whatever their kind, and never sign", func(t *testing.T) {
		old := must(jwt.NewKey(jwt.HS256, "", secret))(t) // from the time before kids
		before, _ := issuer(t, func(c *token.Config) { c.Key = old })
		raw := must(before.AccessToken(ctx, token.Grant{Subject: "u"}))(t)
		i, _ := issuer(t, func(c *token.Config) {
			c.Key, c.Previous = must(jwt.GenerateKey(jwt.ES256, "new"))(t), []jwt.Key{old}
		})
		verified(t, i, token.Access, raw)
		if h := header(t, must(i.AccessToken(ctx, token.Grant{Subject: "u"}))(t)); h.KeyID != "new" || h.Algorithm != jwt.ES256 {
			t.Errorf("signed with %s key %q, want the new one", h.Algorithm, h.KeyID)
		}
		without, _ := issuer(t, func(c *token.Config) { c.Key = must(jwt.GenerateKey(jwt.ES256, "new"))(t) })
		refused(t, without, token.Access, raw, jwt.ErrUnknownKey)
	})
	t.Run("the source answers for its issuer only", func(t *testing.T) {
		i, _ := issuer(t, nil)
		must(i.Keys().Key(ctx, iss, "k1", jwt.HS256))(t)
		_, err := i.Keys().Key(ctx, "https://other.example", "k1", jwt.HS256)
		wantErr(t, err, jwt.ErrUnknownKey)
		_, err = i.Keys().Key(ctx, iss, "k1", jwt.HS512)
		wantErr(t, err, jwt.ErrAlgorithm)
	})
	t.Run("J13 JWKS has public parts only", func(t *testing.T) {
		i, _ := issuer(t, func(c *token.Config) {
			c.Previous = []jwt.Key{c.Key}
			c.Key = must(jwt.GenerateKey(jwt.EdDSA, "e"))(t)
		})
		text := string(must(i.JWKS())(t))
		if strings.Contains(text, `"d"`) || strings.Contains(text, "oct") || !strings.Contains(text, `"kid":"e"`) {
			t.Errorf("got %s, want the public part of e alone", text)
		}
		hmac, _ := issuer(t, nil)
		_, err := hmac.JWKS()
		wantErr(t, err, jwt.ErrKey)
	})
	t.Run("K22 keys chosen by hooks", func(t *testing.T) {
		keys := map[string]jwt.Key{"acme": must(jwt.GenerateKey(jwt.EdDSA, "acme"))(t), "globex": must(jwt.GenerateKey(jwt.EdDSA, "globex"))(t)}
		var asked []string
		i, _ := issuer(t, func(c *token.Config) {
			c.Key = jwt.Key{}
			c.KeyFor = func(_ context.Context, g token.Grant) (jwt.Key, error) {
				asked = append(asked, "for "+g.Subject)
				return keys[g.ClientID], nil
			}
			c.Lookup = lookup(func(iss, kid, alg string) (jwt.Key, error) {
				asked = append(asked, iss+" "+kid+" "+alg)
				return keys[kid].Public(), nil
			})
		})
		raw := must(i.AccessToken(ctx, token.Grant{Subject: "u", ClientID: "globex"}))(t)
		verified(t, i, token.Access, raw)
		if got, want := strings.Join(asked, ", "), "for u, "+iss+" globex EdDSA"; got != want {
			t.Errorf("the hooks were asked %q, want %q", got, want)
		}
		_, err := i.AccessToken(ctx, token.Grant{Subject: "u", ClientID: "initech"})
		wantText(t, err, "Config.KeyFor")
	})
}

type lookup func(iss, kid, alg string) (jwt.Key, error)

func (f lookup) Key(_ context.Context, iss, kid, alg string) (jwt.Key, error) {
	return f(iss, kid, alg)
}
