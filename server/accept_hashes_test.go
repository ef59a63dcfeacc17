package server_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/jotgate/jotgate/server"
	"github.com/jotgate/jotgate/server/internal/store"
)

// foreignHashes are of pass, as other programs made them.
var foreignHashes = []struct{ name, hash string }{
	{"bcrypt", "$2b$05$UJobcgRd3raCVrYN.FBev.OOfcCjbW6hBBejT87.K.0PyDNa1csCe"},
	{"scrypt of Werkzeug", "scrypt:1024:8:1$seasaltseasalt$a4b7c23ec9f72224736eb7e8192b77a9898124f93181f830a27dd41473dcad5f56e8e9c7ea55a947d337d0b2468ce3f3f6a4d4ffe2051f9596f721fd9ae5ca48"},
	{"PBKDF2 of Werkzeug", "pbkdf2:sha256:1000$Yf7ST8qGYTOU6J15$0432f3669c04aec7c0eee6f58dc40427ddef03c90d63b2eb6cf2d6314cac8c20"},
	{"PBKDF2 of old Werkzeug", "pbkdf2:sha1:1000$5WaRIQCkUne12ijE$77ea2639797b150439eaa165d4b3d29a47292bc2"},
	{"PBKDF2 of Django", "pbkdf2_sha256$1000$seasalt$n9QK4uGOYlOhEEvjSMt/Njyk8NsJGvfJSVFSYSjnGwY="},
	{"argon2i", "$argon2i$v=19$m=64,t=3,p=1$c2Vhc2FsdHNlYXNhbHQxMg$W2QAozW9mixB5Mp1YK7QKKZHpuzHj9aEFy+gm9SQPNw"},
	{"argon2id with less memory", "$argon2id$v=19$m=32,t=2,p=2$c2Vhc2FsdHNlYXNhbHQxMg$b4whwhGMfp3W2uSpk72jvOqkeTPYunrT0w8DVCixnVk"},
}

// rows is the table of users, as an import would write it.
type rows struct {
	*node
	store.Store
}

// plant puts a hash into a user's row.
func (r rows) plant(id, hash string) {
	r.t.Helper()
	if err := r.UpgradeHash(r.t.Context(), id, r.hash(id), hash); err != nil {
		r.t.Fatal(err)
	}
}

func (r rows) hash(id string) string {
	r.t.Helper()
	u, err := r.User(r.t.Context(), id)
	if err != nil {
		r.t.Fatal(err)
	}
	return u.PasswordHash
}

// upgraded wants a row with today's cost, and returns it.
func (r rows) upgraded(id string) string {
	r.t.Helper()
	hash := r.hash(id)
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=64,t=1,p=1$") {
		r.t.Errorf("row: got %.12q…, want argon2id with today's cost", hash)
	}
	return hash
}

func (r rows) tryLogIn(name, password string) answer {
	return r.call("POST", "/v1/login", "", body{"username": name, "password": password})
}

// TestForeignHashes: users whose hashes another program made log in, and their rows become ours.
func TestForeignHashes(t *testing.T) {
	onStores(t, func(t *testing.T, s server.Settings) {
		n := start(t, s)
		all := rows{n, openStore(t, n)}
		for _, c := range foreignHashes {
			t.Run("F02 "+c.name, func(t *testing.T) { rows{n.on(t), all.Store}.comesBack(c.hash) })
		}
		t.Run("F02 eight at once", func(t *testing.T) { rows{n.on(t), all.Store}.comeBackTogether(foreignHashes[2].hash) })
		t.Run("F02 proved again", func(t *testing.T) { rows{n.on(t), all.Store}.provesAgain(foreignHashes[0].hash) })
		t.Run("F02 F07 hashed and typed decomposed", func(t *testing.T) { rows{n.on(t), all.Store}.decomposed() })
		for name, hash := range map[string]string{
			"garbage": "garbage", "empty": "", "truncated": "$argon2id$v=19$m=64,t=1", "unhashed": "plain$$" + pass,
			"hostile parameters": "$argon2id$v=19$m=4194304,t=100,p=255$c29tc2FsdHNvbWVzYWx0$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
			"hostile iterations": "pbkdf2:sha256:999999999" + foreignHashes[2].hash[18:], "hostile cost": "$2b$31" + foreignHashes[0].hash[6:],
		} {
			t.Run("F04 "+name, func(t *testing.T) { rows{n.on(t), all.Store}.staysOut(hash) })
		}
	})
}

func (r rows) comesBack(hash string) {
	name, id := r.newUser()
	r.plant(id, hash)
	r.wants(r.tryLogIn(name, pass+" no"), 401, "invalid_credentials")
	if got := r.hash(id); got != hash {
		r.t.Errorf("row after a wrong password: got another hash, want %.12q… as it was", hash)
	}
	first := r.logIn(name)
	ours := r.upgraded(id)
	r.logIn(name)
	if r.hash(id) != ours {
		r.t.Error("row after the second log-in: got another hash, want the first one of ours")
	}
	if a := r.refresh(first.Refresh); a.Status != 200 {
		r.t.Errorf("the session that upgraded: got %d, want 200", a.Status)
	}
}

// comeBackTogether: each of several log-ins makes a better hash, one is kept, all are let in.
func (r rows) comeBackTogether(hash string) {
	name, id := r.newUser()
	for range 5 {
		r.plant(id, hash)
		parallel(8, func(int) { r.logIn(name) })
		r.upgraded(id)
	}
}

func (r rows) provesAgain(hash string) {
	name, id := r.newUser()
	tok := r.logIn(name)
	r.plant(id, hash)
	r.want(200, "POST", "/v1/me/reauthenticate", tok.Access, body{"password": pass})
	r.upgraded(id)
	r.plant(id, hash)
	r.done("PUT", "/v1/me/password", tok.Access, body{"current_password": pass, "new_password": pass + " 2"})
	r.upgraded(id)
	r.wants(r.tryLogIn(name, pass), 401, "invalid_credentials")
}

func (r rows) decomposed() {
	name, id := r.newUser()
	r.plant(id, "pbkdf2:sha256:1000$z9jYzR6HHKceIQqM$8db477bab19ee7f5ab4aea96850b13c0019ddcf22957825714e5ae0af2a81d41")
	for _, pw := range []string{"canary ba\u0308ttery staple", "canary b\u00e4ttery staple"} {
		if a := r.tryLogIn(name, pw); a.Status != 200 {
			r.t.Errorf("%+q: got %d, want 200", pw, a.Status)
		}
		r.upgraded(id)
	}
}

// staysOut: a row that cannot be used refuses like a wrong password, alarms, and harms nobody else.
func (r rows) staysOut(hash string) {
	name, id := r.newUser()
	other, _ := r.newUser()
	r.plant(id, hash)
	r.wants(r.tryLogIn(name, pass), 401, "invalid_credentials")
	if alarm := `"level":"ERROR","msg":"stored password hash cannot be used: the user cannot log in","user":"` + id; !strings.Contains(r.Log.String(), alarm) {
		r.t.Errorf("log: got no alarm for user %s, want one", id)
	}
	r.logIn(other)
}

// newUser signs somebody up under a name of the test's.
func (r rows) newUser() (name, id string) {
	name = "u" + strings.ToLower(rand.Text()[:12])
	return name, r.signUp(name)
}
