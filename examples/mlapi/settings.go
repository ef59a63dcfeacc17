package main

import (
	"cmp"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/jotgate/jotgate/examples/mlapi/iris"
	"github.com/jotgate/jotgate/password"
	"github.com/jotgate/jotgate/profile/flama"
)

// Settings are what the environment says, or a test.
type Settings struct {
	Addr    string
	Tokens  flama.Settings
	Users   map[string]User // by id
	Hasher  *password.Hasher
	Flowers fs.FS // with iris.csv
}

//go:embed sample-users.json
var sampleUsers []byte

// settings takes the guide's key and its user only where INSECURE_SAMPLE_KEY says so: everybody can sign with that key, as
// uuid.UUID(int=0).bytes is to HMAC what no key at all is.
func settings(getenv func(string) string) (s Settings, err error) {
	sample := getenv("INSECURE_SAMPLE_KEY") == "1"
	old := sample || getenv("INSECURE_OLD_TOKENS") == "1"
	key, users := make([]byte, 16), sampleUsers
	if !sample {
		if key, err = base64.StdEncoding.DecodeString(getenv("JWT_SECRET_KEY")); err != nil || len(key) == 0 {
			return s, errors.New("JWT_SECRET_KEY: want what openssl rand -base64 32 prints (or INSECURE_SAMPLE_KEY=1 to try it out)")
		}
		if users, err = os.ReadFile(getenv("USERS")); err != nil {
			return s, fmt.Errorf("USERS: want a file like sample-users.json: %w", err)
		}
	}
	if err = json.Unmarshal(users, &s.Users); err != nil {
		return s, fmt.Errorf("USERS: %w", err)
	}
	s.Flowers = iris.Fisher
	if folder := getenv("FLOWERS"); folder != "" {
		s.Flowers = os.DirFS(folder)
	}
	s.Addr, s.Hasher = cmp.Or(getenv("ADDR"), "127.0.0.1:8000"), password.NewHasher(password.Params{}, 0, 0)
	s.Tokens = flama.Settings{
		Secret: key, CookieKey: "access_token", InsecureWeakKey: old, InsecureOptionalExpiry: old, Now: time.Now,
	}
	return s, nil
}
