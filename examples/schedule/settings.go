package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/joho/godotenv"

	"github.com/jotgate/jotgate/password"
	"github.com/jotgate/jotgate/profile/flaskjwt"
)

// lifetime is JWT_EXPIRATION_DELTA.
const lifetime = 300 * time.Second

// Settings come from the environment, and what it does not have from the file .env.
type Settings struct {
	Addr            string // ADDR
	LogConfig       string // LOG_CONFIG, a file
	JWTSecretKey    string // JWT_SECRET_KEY
	InsecureWeakKey bool   // INSECURE_WEAK_KEY=1
	MongoURL        string // MONGODB_HOST with MONGODB_USER and MONGODB_PASSWORD, or a whole URL in MONGODB_HOST
	Database        string // MONGODB_DATABASE
	Now             func() time.Time
	Hashing         password.Params // zero: the module's default; less is for tests
}

func loadSettings(file string) (Settings, error) {
	if err := godotenv.Load(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Settings{}, fmt.Errorf("%s: cannot be read as lines NAME=value", file) // its own error quotes secrets
	}
	s := Settings{
		Addr:            cmp.Or(os.Getenv("ADDR"), "127.0.0.1:5000"),
		LogConfig:       cmp.Or(os.Getenv("LOG_CONFIG"), "config/logger.json"),
		JWTSecretKey:    os.Getenv("JWT_SECRET_KEY"),
		InsecureWeakKey: os.Getenv("INSECURE_WEAK_KEY") == "1",
		MongoURL:        mongoURL(cmp.Or(os.Getenv("MONGODB_HOST"), "127.0.0.1:27017"), os.Getenv("MONGODB_USER"), os.Getenv("MONGODB_PASSWORD")),
		Database:        cmp.Or(os.Getenv("MONGODB_DATABASE"), "holoduledb"),
		Now:             time.Now,
	}
	if s.JWTSecretKey == "" {
		return Settings{}, errors.New("JWT_SECRET_KEY: not set; openssl rand -base64 32 makes one")
	}
	return s, nil
}

func mongoURL(host, user, password string) string {
	if strings.Contains(host, "://") {
		return host
	}
	u := url.URL{Scheme: "mongodb", Host: host, Path: "/"}
	if user != "" {
		u.User = url.UserPassword(user, password)
	}
	return u.String()
}

// dialect is what the service had in app.config.
func (s Settings) dialect() flaskjwt.Settings {
	return flaskjwt.Settings{
		SecretKey:       s.JWTSecretKey,
		Algorithm:       "HS256",
		Leeway:          -1, // JWT_LEEWAY = 0
		ExpirationDelta: lifetime,
		KeepKeyOrder:    true, // JSON_SORT_KEYS = False
		InsecureWeakKey: s.InsecureWeakKey,
		Now:             s.Now,
	}
}
