package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// environment has these variables and no others of the program, until the test ends.
func environment(t *testing.T, pairs ...string) {
	t.Helper()
	for _, name := range []string{"ADDR", "LOG_CONFIG", "JWT_SECRET_KEY", "INSECURE_WEAK_KEY", "MONGODB_HOST", "MONGODB_USER", "MONGODB_PASSWORD", "MONGODB_DATABASE"} {
		t.Setenv(name, "") // remembers what to restore
		os.Unsetenv(name)
	}
	for i := 0; i < len(pairs); i += 2 {
		t.Setenv(pairs[i], pairs[i+1])
	}
}

func TestSettings(t *testing.T) {
	t.Run("E15 quotes, comments, and the real environment first", func(t *testing.T) {
		environment(t, "ADDR", "127.0.0.1:2")
		s, err := loadSettings(write(t, ".env", "# secrets\nJWT_SECRET_KEY=\"a # b\" # the key\nMONGODB_DATABASE='one'\nADDR=127.0.0.1:1\n"))
		if err != nil {
			t.Fatal(err)
		}
		if s.JWTSecretKey != "a # b" || s.Database != "one" || s.Addr != "127.0.0.1:2" {
			t.Errorf("got key %q, database %q, address %q", s.JWTSecretKey, s.Database, s.Addr)
		}
	})
	t.Run("no file", func(t *testing.T) {
		environment(t, "JWT_SECRET_KEY", secret)
		s, err := loadSettings(filepath.Join(t.TempDir(), ".env"))
		if err != nil || s.Addr != "127.0.0.1:5000" || s.MongoURL != "mongodb://127.0.0.1:27017/" {
			t.Errorf("got %v %s %s, want the defaults", err, s.Addr, s.MongoURL)
		}
	})
	for name, text := range map[string]string{"no key": "ADDR=:1\n", "a file that is none": "JWT_SECRET_KEY\n"} {
		t.Run(name, func(t *testing.T) {
			environment(t)
			if s, err := loadSettings(write(t, ".env", text)); err == nil || s.Addr != "" {
				t.Errorf("want an error, got %v", err)
			}
		})
	}
	t.Run("a weak key", func(t *testing.T) {
		for weak, fault := range map[string]bool{"": true, "1": false} {
			environment(t, "JWT_SECRET_KEY", "super-secret", "INSECURE_WEAK_KEY", weak)
			s, err := loadSettings("")
			if err != nil {
				t.Fatal(err)
			}
			db, err := openDatabase(s)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Client().Disconnect(t.Context())
			if _, err := newApp(s, db, slog.New(slog.DiscardHandler)); (err != nil) != fault {
				t.Errorf("INSECURE_WEAK_KEY=%s: got %v", weak, err)
			}
		}
	})
}

func TestMongoURL(t *testing.T) {
	const user, password = "a@b", "p:/?#[]@!$&'()*+,;=% ü"
	o := options.Client().ApplyURI(mongoURL("127.0.0.1:27018", user, password))
	if err := o.Validate(); err != nil {
		t.Fatal(err)
	}
	if o.Auth.Username != user || o.Auth.Password != password || o.Hosts[0] != "127.0.0.1:27018" {
		t.Errorf("got %s, %s at %s", o.Auth.Username, o.Auth.Password, o.Hosts)
	}
	const whole = "mongodb+srv://a:b@db.example.com/?retryWrites=true"
	if got := mongoURL(whole, "x", "y"); got != whole {
		t.Errorf("got %s, want %s", got, whole)
	}
}

func TestLog(t *testing.T) {
	out := filepath.Join(t.TempDir(), "made", "app.log")
	config := func(level, format string) string {
		return write(t, "logger.json", `{"handlers":[{"output":"`+out+`","level":"`+level+`","format":"`+format+`"}]}`)
	}
	for _, format := range []string{"json", "text"} {
		log, err := openLog(config("WARN", format))
		if err != nil {
			t.Fatal(err)
		}
		log.Info("quiet")
		log.Warn("loud")
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(text); strings.Contains(got, "quiet") || !strings.Contains(got, `"msg":"loud"`) || !strings.Contains(got, "msg=loud") {
		t.Errorf("got\n%s", got)
	}
	for name, file := range map[string]string{
		"no file":           "nowhere.json",
		"no JSON":           write(t, "logger.json", "{"),
		"an unknown member": write(t, "logger.json", `{"version":1}`),
		"no such level":     config("LOUD", "text"),
		"no such format":    config("INFO", "xml"),
	} {
		if log, err := openLog(file); err == nil || log != nil {
			t.Errorf("%s: want an error, got none", name)
		}
	}
	for _, shipped := range []string{"config/logger.json", "config/console.json"} {
		t.Run(shipped, func(t *testing.T) {
			text, err := os.ReadFile(shipped)
			if err != nil {
				t.Fatal(err)
			}
			t.Chdir(t.TempDir())
			if _, err := openLog(write(t, "logger.json", string(text))); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestASCII(t *testing.T) {
	const want = `{"error":"\"<&>\" \n \u007f \u00e9 \u5c3e\u4e38 \ud83c\udfa4 \u2028"}`
	if got, err := asciiJSON(failure("\"<&>\" \n \x7f é 尾丸 🎤 \u2028")); err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}
