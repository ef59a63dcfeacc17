package revocation_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/revocation"
)

const issuer = "https://id.example"

var noon = time.Unix(1_800_000_000, 0).UTC()

// ref names a token of issuer.
func ref(change ...func(*jwt.Ref)) jwt.Ref {
	r := jwt.Ref{
		Issuer: issuer, TokenID: "t1", SessionID: "s1", Subject: "u1", KeyID: "k1", Roles: []string{"user", "editor"},
		UserVersion: 3, PolicyVersion: 7, IssuedAt: noon, ExpiresAt: noon.Add(15 * time.Minute),
	}
	for _, f := range change {
		f(&r)
	}
	return r
}

func record(k revocation.Kind, value string, change ...func(*revocation.Record)) revocation.Record {
	r := revocation.Record{Kind: k, Key: revocation.KeyOf(k, issuer, value), ExpiresAt: noon.Add(time.Hour), Reason: revocation.ReasonLogout}
	for _, f := range change {
		f(&r)
	}
	return r
}

func version(n int64) func(*revocation.Record) {
	return func(r *revocation.Record) { r.Version = n }
}

func verdict(tb testing.TB, s *revocation.Set, t jwt.Ref) jwt.Verdict {
	tb.Helper()
	v, err := s.Check(context.Background(), t)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// Every kind hits what it names and nothing beside it.
func TestSetHits(t *testing.T) {
	without := func(r *jwt.Ref) { r.UserVersion = 0 }
	iat := func(at time.Time) func(*jwt.Ref) { return func(r *jwt.Ref) { r.UserVersion, r.IssuedAt = 0, at } }
	before := func(at time.Time) func(*revocation.Record) {
		return func(r *revocation.Record) { r.Version, r.Before = 4, at }
	}
	for _, c := range []struct {
		name   string
		record revocation.Record
		token  jwt.Ref
		dead   bool
	}{
		{"this token", record(revocation.Token, "t1"), ref(), true},
		{"another token of the session", record(revocation.Token, "t2"), ref(), false},
		{"token without jti", record(revocation.Token, ""), ref(func(r *jwt.Ref) { r.TokenID = "" }), false},
		{"this session", record(revocation.Session, "s1"), ref(func(r *jwt.Ref) { r.TokenID = "t9" }), true},
		{"another session of the user", record(revocation.Session, "s2"), ref(), false},
		{"token without sid", record(revocation.Session, ""), ref(func(r *jwt.Ref) { r.SessionID = "" }), false},
		{"this key", record(revocation.SignKey, "k1"), ref(), true},
		{"another key", record(revocation.SignKey, "k2"), ref(), false},
		{"token without kid", record(revocation.SignKey, ""), ref(func(r *jwt.Ref) { r.KeyID = "" }), false},
		{"user, older version", record(revocation.User, "u1", version(4)), ref(), true},
		{"user, same version", record(revocation.User, "u1", version(3)), ref(), false},
		{"user, newer version", record(revocation.User, "u1", version(2)), ref(), false},
		{"another user", record(revocation.User, "u2", version(4)), ref(), false},
		{"user, version decides and not the time", record(revocation.User, "u1", before(noon.Add(time.Hour))), ref(func(r *jwt.Ref) { r.UserVersion = 4 }), false},
		{"no version, issued before", record(revocation.User, "u1", before(noon)), ref(iat(noon.Add(-time.Second))), true},
		{"no version, issued in the same second", record(revocation.User, "u1", before(noon.Add(900*time.Millisecond))), ref(iat(noon)), true},
		{"no version, issued after", record(revocation.User, "u1", before(noon)), ref(iat(noon.Add(time.Second))), false},
		{"neither version nor time of issue", record(revocation.User, "u1", before(noon)), ref(iat(time.Time{})), true},
		{"no version, record without a time", record(revocation.User, "u1", version(4)), ref(without), false},
		{"role, older policy", record(revocation.Role, "editor", version(8)), ref(), true},
		{"role, same policy", record(revocation.Role, "editor", version(7)), ref(), false},
		{"role that is not held", record(revocation.Role, "admin", version(8)), ref(), false},
		{"role, token without policy version", record(revocation.Role, "user", version(1)), ref(func(r *jwt.Ref) { r.PolicyVersion = 0 }), true},
		{"token without roles", record(revocation.Role, "user", version(8)), ref(func(r *jwt.Ref) { r.Roles = nil }), false},
		{"same value, another kind", record(revocation.Session, "t1"), ref(), false},
		{"same value, another issuer", record(revocation.Token, "t1"), ref(func(r *jwt.Ref) { r.Issuer = issuer + "/" }), false},
		{"unknown kind", record(revocation.Kind(9), "t1"), ref(), false},
		{"kind 0", record(revocation.Kind(0), "t1"), ref(), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := revocation.NewSet()
			if v := verdict(t, s, c.token); v != (jwt.Verdict{}) {
				t.Fatalf("empty set: want alive, got %+v", v)
			}
			s.Add(c.record)
			want := jwt.Verdict{}
			if c.dead {
				want = jwt.Verdict{Dead: true, Reason: revocation.ReasonLogout}
			}
			if v := verdict(t, s, c.token); v != want {
				t.Errorf("want %+v, got %+v", want, v)
			}
		})
	}
}

// randomRecords are few enough things that many of them meet.
func randomRecords(r *rand.Rand, n int) []revocation.Record {
	reasons := []string{"", revocation.ReasonLogout, revocation.ReasonPermissions, revocation.ReasonDisabled}
	list := make([]revocation.Record, n)
	for i := range list {
		k := revocation.Token + revocation.Kind(r.IntN(5))
		list[i] = revocation.Record{
			Kind: k, Key: revocation.KeyOf(k, issuer, fmt.Sprint(r.IntN(3))), Version: int64(r.IntN(4)), Reason: reasons[r.IntN(len(reasons))],
		}
		if r.IntN(3) > 0 {
			list[i].ExpiresAt = noon.Add(time.Duration(r.IntN(100)) * time.Second)
		}
		if r.IntN(2) > 0 {
			list[i].Before = noon.Add(time.Duration(r.IntN(4)) * time.Second)
		}
	}
	return list
}

// answers are what a set says of every token that randomRecords could hit.
func answers(t *testing.T, s *revocation.Set) string {
	t.Helper()
	text := fmt.Sprint(s.Len())
	for value := range 3 {
		v := fmt.Sprint(value)
		text += fmt.Sprint(verdict(t, s, jwt.Ref{Issuer: issuer, TokenID: v}), verdict(t, s, jwt.Ref{Issuer: issuer, SessionID: v}), verdict(t, s, jwt.Ref{Issuer: issuer, KeyID: v}))
		for n := range int64(5) {
			text += fmt.Sprint(verdict(t, s, jwt.Ref{Issuer: issuer, Subject: v, UserVersion: n, IssuedAt: noon.Add(time.Duration(n) * time.Second)}),
				verdict(t, s, jwt.Ref{Issuer: issuer, Roles: []string{v}, PolicyVersion: n}))
		}
	}
	return text
}

// Records may come in any order, twice, and over two sets: the answers are the same at every later time.
func TestUnionDoesNotDependOnOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 200 {
		list := randomRecords(r, 1+r.IntN(30))
		one, other := revocation.NewSet(), revocation.NewSet()
		one.Add(list...)
		again := append(list[:len(list):len(list)], list[:r.IntN(len(list))]...)
		r.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		for _, record := range again {
			other.Add(record)
		}
		for second := 0; second < 200; second += 20 {
			one.Sweep(noon.Add(time.Duration(second) * time.Second))
			other.Sweep(noon.Add(time.Duration(second) * time.Second))
			if a, b := answers(t, one), answers(t, other); a != b {
				t.Fatalf("round %d, second %d: answers differ by order\n%s\n%s\nof %+v", round, second, a, b, list)
			}
		}
	}
}

// What is dead stays dead, whatever is added.
func TestSetOnlyGrows(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	s := revocation.NewSet()
	tokens := []jwt.Ref{
		{Issuer: issuer, TokenID: "0"}, {Issuer: issuer, SessionID: "1"}, {Issuer: issuer, KeyID: "2"},
		{Issuer: issuer, Subject: "0", UserVersion: 1}, {Issuer: issuer, Subject: "1", IssuedAt: noon.Add(time.Second)}, {Issuer: issuer, Roles: []string{"2"}, PolicyVersion: 1},
	}
	was := make([]bool, len(tokens))
	for range 200 {
		s.Add(randomRecords(r, 1)...)
		for i, token := range tokens {
			dead := verdict(t, s, token).Dead
			if was[i] && !dead {
				t.Fatalf("%+v: was dead and is alive again", token)
			}
			was[i] = dead
		}
	}
	for i, dead := range was {
		if !dead {
			t.Errorf("%+v: never died, so it proved nothing", tokens[i])
		}
	}
}

// Of two reasons the client hears the later one, and of one version never that a refresh helps when it does not.
func TestReasonOfTwo(t *testing.T) {
	reason := func(version int64, text string) revocation.Record {
		return record(revocation.User, "u1", func(r *revocation.Record) { r.Version, r.Reason = version, text })
	}
	for _, c := range []struct {
		a, b revocation.Record
		want string
	}{
		{reason(4, revocation.ReasonPermissions), reason(5, revocation.ReasonDisabled), revocation.ReasonDisabled},
		{reason(4, revocation.ReasonDisabled), reason(5, revocation.ReasonPermissions), revocation.ReasonPermissions},
		{reason(4, revocation.ReasonPermissions), reason(4, revocation.ReasonDisabled), revocation.ReasonDisabled},
		{reason(4, revocation.ReasonPermissions), reason(4, ""), revocation.ReasonPermissions},
	} {
		for _, order := range [][]revocation.Record{{c.a, c.b}, {c.b, c.a}} {
			s := revocation.NewSet()
			s.Add(order...)
			if got := verdict(t, s, ref()).Reason; got != c.want {
				t.Errorf("%s then %s: want %s, got %s", order[0].Reason, order[1].Reason, c.want, got)
			}
		}
	}
}

// A record outlives the last token that it could hit by the largest leeway of a guard.
func TestSweep(t *testing.T) {
	s := revocation.NewSet()
	forever := record(revocation.Session, "s2", func(r *revocation.Record) { r.ExpiresAt = time.Time{} })
	s.Add(record(revocation.Session, "s1", func(r *revocation.Record) { r.ExpiresAt = noon }), record(revocation.Token, "t1"), forever)
	for _, c := range []struct {
		at   time.Duration
		want int
	}{{-time.Hour, 3}, {0, 3}, {time.Minute, 3}, {time.Minute + time.Second, 2}, {time.Hour + time.Minute, 2}, {2 * time.Hour, 1}, {1e6 * time.Hour, 1}} {
		s.Sweep(noon.Add(c.at))
		if got := s.Len(); got != c.want {
			t.Errorf("swept at noon + %v: want %d records, got %d", c.at, c.want, got)
		}
	}
	if !verdict(t, s, ref(func(r *jwt.Ref) { r.SessionID = "s2" })).Dead || verdict(t, s, ref()).Dead {
		t.Error("want the record without an end alone to be left")
	}
	// the later expiry wins, and none is the latest
	s.Add(record(revocation.Session, "s3"), record(revocation.Session, "s3", func(r *revocation.Record) { r.ExpiresAt = noon.Add(-time.Hour) }), record(revocation.Session, "s2"))
	s.Sweep(noon.Add(30 * time.Minute))
	if got := s.Len(); got != 2 {
		t.Errorf("after records with earlier ends: want 2, got %d", got)
	}
}

// More records than a sweep looks at in one step, with checks and additions between the steps.
func TestSweepOfMany(t *testing.T) {
	s := revocation.NewSet()
	const many = 20_000
	for i := range many {
		s.Add(record(revocation.Session, fmt.Sprint(i), func(r *revocation.Record) { r.ExpiresAt = noon.Add(time.Duration(i%2) * time.Hour) }))
	}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 200 {
				s.Add(record(revocation.Session, fmt.Sprintf("new %d %d", worker, i)))
				if v, err := s.Check(context.Background(), ref(func(r *jwt.Ref) { r.SessionID = "1" })); err != nil || !v.Dead {
					t.Errorf("a live record while others are swept: want dead, got %+v, %v", v, err)
				}
			}
		})
	}
	wg.Go(func() {
		for range 5 {
			s.Sweep(noon.Add(30 * time.Minute))
		}
	})
	wg.Wait()
	if want, got := many/2+4*200, s.Len(); got != want {
		t.Errorf("left: want %d, got %d", want, got)
	}
}

// Whoever checks after Add has returned sees the record.
func TestAddIsSeenAtOnce(t *testing.T) {
	s := revocation.NewSet()
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 300 {
				sid := fmt.Sprintf("%d-%d", worker, i)
				token := ref(func(r *jwt.Ref) { r.SessionID = sid })
				if v, _ := s.Check(context.Background(), token); v.Dead {
					t.Errorf("%s: dead before it was revoked", sid)
				}
				s.Add(record(revocation.Session, sid))
				if v, _ := s.Check(context.Background(), token); !v.Dead {
					t.Errorf("%s: alive after it was revoked", sid)
				}
			}
		})
	}
	wg.Wait()
	if got := s.Len(); got != 8*300 {
		t.Errorf("records: want %d, got %d", 8*300, got)
	}
}

// Looks go on while the writer adds, replaces, grows and sweeps: what was added before is dead, by both ways of asking,
// and what nobody revoked is alive.
func TestLooksWhileTheSetGrows(t *testing.T) {
	const many = 100 // the user alone, who is replaced by every one, fills his part of the table twenty times
	records, tokens, live := make([]revocation.Record, many), make([]jwt.Ref, many), make([]jwt.Ref, many)
	for i := range many {
		sid := fmt.Sprint(i)
		records[i] = record(revocation.Session, sid)
		tokens[i] = jwt.Ref{Issuer: issuer, SessionID: sid}
		live[i] = jwt.Ref{Issuer: issuer, SessionID: sid + "?", TokenID: sid, Subject: "u1", UserVersion: many + 1}
	}
	gone := record(revocation.Session, "gone", func(r *revocation.Record) { r.ExpiresAt = noon.Add(-time.Hour) })
	for range 200 {
		s := revocation.NewSet()
		ask := s.Prepare(live[0])
		var added atomic.Int64
		var begin, end sync.WaitGroup
		begin.Add(1)
		for range 3 {
			end.Go(func() {
				begin.Wait()
				for n := int64(0); n < many; {
					if n = added.Load(); n == 0 {
						continue
					}
					i := rand.IntN(int(n))
					for _, token := range []jwt.Ref{tokens[i], {Issuer: issuer, Subject: "u1", UserVersion: n - 1}} {
						if !verdict(t, s, token).Dead {
							t.Errorf("%d records: want %+v dead", n, token)
						}
					}
					v, _ := ask(context.Background())
					if v.Dead || verdict(t, s, live[i]).Dead {
						t.Errorf("%d records: want those alive that nobody revoked", n)
					}
				}
			})
		}
		begin.Done()
		for i := range many {
			s.Add(records[i], record(revocation.User, "u1", version(int64(i+1))))
			added.Store(int64(i + 1))
			if i%40 == 0 {
				s.Add(gone)
				s.Sweep(noon)
			}
		}
		end.Wait()
		if got := s.Len(); got != many+1 {
			t.Fatalf("records: got %d, want %d", got, many+1)
		}
	}
}

// Prepare answers as Check does, also about what enters later.
func TestPrepare(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	s := revocation.NewSet()
	var tokens []jwt.Ref
	for n := range int64(40) {
		value := func() string { return []string{"", "0", "1", "2"}[r.IntN(4)] }
		tokens = append(tokens, jwt.Ref{
			Issuer: issuer, TokenID: value(), SessionID: value(), KeyID: value(), Subject: value(), Roles: []string{value(), value()},
			UserVersion: n % 5, PolicyVersion: n % 3, IssuedAt: noon.Add(time.Duration(n%4) * time.Second),
		})
	}
	looks := make([]look, len(tokens))
	for i, token := range tokens {
		looks[i] = s.Prepare(token)
	}
	met := map[bool]int{}
	for range 30 {
		for i, token := range tokens {
			got, err := looks[i](t.Context())
			if want := verdict(t, s, token); got != want || err != nil {
				t.Fatalf("%+v: got %+v, %v, want %+v", token, got, err, want)
			}
			met[got.Dead]++
		}
		s.Add(randomRecords(r, 1)...)
	}
	if met[true] < 100 || met[false] < 100 {
		t.Errorf("got %v, want enough of both answers", met)
	}
}

// More roles than are remembered with their keys: each is still asked for itself.
func TestManyRoles(t *testing.T) {
	s := revocation.NewSet()
	s.Add(record(revocation.Role, "role 7", version(9)), record(revocation.SignKey, "role 8"))
	for range 2 {
		for i := range 600 {
			role := fmt.Sprint("role ", i)
			token := jwt.Ref{Issuer: issuer, KeyID: role, Roles: []string{role}, PolicyVersion: 7}
			if got, want := verdict(t, s, token).Dead, i == 7 || i == 8; got != want {
				t.Errorf("%s: got dead %v, want %v", role, got, want)
			}
			token.Issuer += "/"
			if verdict(t, s, token).Dead {
				t.Errorf("%s of another issuer: want it alive", role)
			}
		}
	}
}

// A reason too many is forgotten, and its record counts all the same.
func TestManyReasons(t *testing.T) {
	s := revocation.NewSet()
	for i := range 300 {
		sid, reason := fmt.Sprint(i), fmt.Sprint("reason ", i)
		s.Add(record(revocation.Session, sid, func(r *revocation.Record) { r.Reason = reason }))
		if i >= 255 {
			reason = ""
		}
		want := jwt.Verdict{Dead: true, Reason: reason}
		if got := verdict(t, s, ref(func(r *jwt.Ref) { r.SessionID = sid })); got != want {
			t.Errorf("record %d: got %+v, want %+v", i, got, want)
		}
	}
}

// Records whose times no 32 bits can hold live longer rather than shorter.
func TestTimesOutOfReach(t *testing.T) {
	s := revocation.NewSet()
	for i, at := range []time.Time{time.Unix(1<<32-1, 0), time.Unix(1<<32, 0), time.Unix(1<<40, 0), {}} {
		s.Add(record(revocation.Token, fmt.Sprint(i), func(r *revocation.Record) { r.ExpiresAt = at }))
	}
	s.Add(record(revocation.Token, "old", func(r *revocation.Record) { r.ExpiresAt = time.Unix(-1, 0) }))
	s.Sweep(time.Unix(1<<32-1, 0))
	if got := s.Len(); got != 4 {
		t.Errorf("got %d records, want 4", got)
	}
}

func TestKeyOf(t *testing.T) {
	// printf '\x02\x00https://id.example\x00s1' | sha256sum | cut -c1-32
	if got, want := fmt.Sprintf("%x", revocation.KeyOf(revocation.Session, issuer, "s1")), "915496f69216049cdc5f5c7d7eabf814"; got != want {
		t.Errorf("want %s, got %s", want, got)
	}
	met := map[revocation.Key]string{}
	for _, of := range []struct {
		kind          revocation.Kind
		issuer, value string
	}{
		{revocation.Session, issuer, "s1"}, {revocation.Token, issuer, "s1"}, {revocation.Session, issuer + "s", "1"},
		{revocation.Session, issuer, strings.Repeat("s", 500)}, {revocation.Session, issuer, strings.Repeat("s", 501)}, {revocation.Session, "", ""},
	} {
		name := fmt.Sprint(of)
		key := revocation.KeyOf(of.kind, of.issuer, of.value)
		if other, ok := met[key]; ok {
			t.Errorf("%s and %s have one key", name, other)
		}
		met[key] = name
	}
}

func TestKinds(t *testing.T) {
	for k, want := range map[revocation.Kind]string{revocation.Token: "token", revocation.Session: "session", revocation.User: "user", revocation.Role: "role", revocation.SignKey: "key"} {
		if got := k.String(); got != want {
			t.Errorf("kind %d: want %q, got %q", k, want, got)
		}
		if got, err := revocation.ParseKind(want); got != k || err != nil {
			t.Errorf("ParseKind(%q): want %d, got %d, %v", want, k, got, err)
		}
	}
	for _, bad := range []string{"", "Token", "kind(0)", "keys"} {
		if k, err := revocation.ParseKind(bad); err == nil || k != 0 {
			t.Errorf("ParseKind(%q): want an error, got %v", bad, k)
		}
	}
	if got := revocation.Kind(9).String(); got != "kind(9)" {
		t.Errorf("unknown kind: got %q", got)
	}
}

func TestLooksAllocateNothing(t *testing.T) {
	token := ref(func(r *jwt.Ref) {
		r.Subject, r.SessionID = "0192d8f4-7c1e-7b9a-9d2e-0c8c2b1f6a55", "0192d8f4-7c1e-7b9a-9d2e-1c8c2b1f6a55"
	})
	for name, s := range map[string]*revocation.Set{"empty": revocation.NewSet(), "full": live(1000)} {
		for way, look := range map[string]look{"Check": func(context.Context) (jwt.Verdict, error) { return s.Check(t.Context(), token) }, "Prepare": s.Prepare(token)} {
			if got := testing.AllocsPerRun(100, func() {
				if v, _ := look(t.Context()); v.Dead {
					t.Fatal("want alive")
				}
			}); got != 0 {
				t.Errorf("%s set, %s: got %v allocations, want 0", name, way, got)
			}
		}
	}
}
