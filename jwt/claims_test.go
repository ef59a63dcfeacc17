package jwt_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate/jwt"
)

const exp = `"exp":1800000900`

// judged reads claims and lets a policy judge them.
func judged(p jwt.Policy, payload string) error {
	c, err := jwt.ParseClaims([]byte(payload))
	if err != nil {
		return err
	}
	return p.Check(jwt.Header{}, c)
}

// judgement is a case of a table: nil wants acceptance.
type judgement struct {
	policy  jwt.Policy
	payload string
	want    error
}

func (j judgement) check(t *testing.T) {
	t.Helper()
	if j.policy.Now.IsZero() {
		j.policy.Now = at(0)
	}
	err := judged(j.policy, j.payload)
	if (err == nil) != (j.want == nil) || !errors.Is(err, j.want) {
		t.Errorf("%s by %+v: got %v, want %v", j.payload, j.policy, err, j.want)
	}
}

func checkAll(t *testing.T, list ...judgement) {
	t.Helper()
	for _, j := range list {
		j.check(t)
	}
}

func claimsAt(name string, seconds int64) string {
	if name == "exp" {
		return fmt.Sprintf(`{"exp":%d}`, at(seconds).Unix())
	}
	return fmt.Sprintf(`{%s,%q:%d}`, exp, name, at(seconds).Unix())
}

func TestLibraryRegisteredClaims(t *testing.T) {
	t.Run("R01 exp", func(t *testing.T) {
		checkAll(t,
			judgement{payload: claimsAt("exp", -1), want: jwt.ErrExpired},
			judgement{payload: claimsAt("exp", 0), want: jwt.ErrExpired},
			judgement{payload: claimsAt("exp", 1)})
		err := judged(jwt.Policy{Now: at(0)}, claimsAt("exp", -1))
		var expired *jwt.ExpiredError
		if !errors.As(err, &expired) || !expired.At.Equal(at(-1)) {
			t.Errorf("got %v, want the time of expiry", err)
		}
	})
	t.Run("R02 leeway on exp", func(t *testing.T) {
		checkAll(t,
			judgement{jwt.Policy{Leeway: 5 * time.Second}, claimsAt("exp", -2), nil},
			judgement{jwt.Policy{Leeway: time.Second}, claimsAt("exp", -2), jwt.ErrExpired})
	})
	t.Run("R03 nbf", func(t *testing.T) {
		checkAll(t,
			judgement{jwt.Policy{}, claimsAt("nbf", 10), jwt.ErrNotYetValid},
			judgement{jwt.Policy{Leeway: 13 * time.Second}, claimsAt("nbf", 10), nil},
			judgement{jwt.Policy{Leeway: time.Second}, claimsAt("nbf", 10), jwt.ErrNotYetValid},
			judgement{jwt.Policy{Leeway: 30 * time.Second}, claimsAt("nbf", 30), nil})
	})
	for _, name := range []string{"exp", "nbf", "iat", "auth_time"} {
		t.Run("R05 "+name+" as text", func(t *testing.T) {
			checkAll(t,
				judgement{payload: `{"` + name + `":"not-an-int"}`, want: jwt.ErrMalformed},
				judgement{payload: `{"` + name + `":"1800000900"}`, want: jwt.ErrMalformed})
		})
		t.Run("R06 "+name+" of other types", func(t *testing.T) {
			for _, value := range []string{"null", "[]", "[1]", "{}", "true", "false", "NaN", "Infinity", "-Infinity", "1e400", "-1e400"} {
				judgement{payload: `{"` + name + `":` + value + `}`, want: jwt.ErrMalformed}.check(t)
			}
		})
	}
	t.Run("R07 fractions of a second", func(t *testing.T) {
		for text, want := range map[string]int64{
			"1800000000.999999": 0, "1800000000.0": 0, "1.8e9": 0, "18000000005e-1": 0, "1.8000000009E+9": 0, "180000001e1": 10, "1800000000.9999999999999999999": 0,
		} {
			c := must(jwt.ParseClaims([]byte(`{"exp":` + text + `}`)))(t)
			if !c.ExpiresAt.Equal(at(want)) {
				t.Errorf("%s: got %v, want %v", text, c.ExpiresAt, at(want))
			}
		}
	})
	t.Run("R09 required claims absent or null", func(t *testing.T) {
		for _, name := range []string{"exp", "iat", "nbf", "sub", "jti", "custom"} {
			p := jwt.Policy{Require: []string{name}, InsecureSkipExpiry: true}
			checkAll(t,
				judgement{p, `{}`, jwt.ErrMissing},
				judgement{p, `{"` + name + `":null}`, jwt.ErrMissing},
				judgement{p, `{"` + strings.ToUpper(name) + `":1}`, jwt.ErrMissing})
			if err := judged(jwt.Policy{Now: at(0), Require: []string{name}}, `{}`); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("got %v, want %s named", err, name)
			}
		}
		checkAll(t,
			judgement{jwt.Policy{Require: []string{"exp", "iat", "nbf", "sub", "jti"}},
				`{` + exp + `,"iat":1,"nbf":1,"sub":"a","jti":"j"}`, nil},
			judgement{jwt.Policy{Require: []string{"custom", "sub"}}, `{` + exp + `,"custom":false,"sub":""}`, nil})
	})
	t.Run("R10 each check off alone", checkSwitches)
	t.Run("R11 the caller's settings stay", func(t *testing.T) {
		p := jwt.Policy{Now: at(0), Issuers: []string{"b", "a"}, Audiences: []string{"y", "x"}, Types: []string{"T"}, Require: []string{"z"}}
		before := fmt.Sprintf("%+v", p)
		if err := judged(p, `{}`); err == nil || fmt.Sprintf("%+v", p) != before {
			t.Errorf("got %v and settings %+v, want %s", err, p, before)
		}
	})
	t.Run("R13 audience", func(t *testing.T) {
		for expected, ok := range map[string]bool{"a": true, "b": true, "x,b": true, "c": false, "c,d": false, "A": false} {
			j := judgement{jwt.Policy{Audiences: strings.Split(expected, ",")}, `{` + exp + `,"aud":["a","b"]}`, jwt.ErrAudience}
			if ok {
				j.want = nil
			}
			j.check(t)
		}
	})
	t.Run("R14 audience of wrong type", func(t *testing.T) {
		for _, aud := range []string{"5", `["a",5]`, `[["a"]]`, "true", `{"a":1}`, `[null]`} {
			judgement{jwt.Policy{Audiences: []string{"a"}}, `{` + exp + `,"aud":` + aud + `}`, jwt.ErrMalformed}.check(t)
		}
	})
	t.Run("R15 audience there, none expected", func(t *testing.T) {
		checkAll(t,
			judgement{jwt.Policy{}, `{` + exp + `,"aud":"a"}`, jwt.ErrAudience},
			judgement{jwt.Policy{InsecureSkipAudience: true}, `{` + exp + `,"aud":"a"}`, nil},
			judgement{jwt.Policy{}, `{` + exp + `}`, nil})
	})
	t.Run("R17 issuer", func(t *testing.T) {
		p := jwt.Policy{Issuers: []string{"https://id.example"}}
		checkAll(t,
			judgement{p, `{` + exp + `,"iss":"https://id.example"}`, nil},
			judgement{p, `{` + exp + `}`, jwt.ErrIssuer},
			judgement{p, `{` + exp + `}`, jwt.ErrMissing},
			judgement{p, `{` + exp + `,"iss":"https://other.example"}`, jwt.ErrIssuer},
			judgement{p, `{` + exp + `,"iss":"https://id.exam"}`, jwt.ErrIssuer},
			judgement{jwt.Policy{Issuers: []string{"a", "b"}}, `{` + exp + `,"iss":"b"}`, nil})
		if err := judged(jwt.Policy{Now: at(0), Issuers: []string{"want"}}, `{`+exp+`,"iss":"got"}`); errors.Is(err, jwt.ErrMissing) {
			t.Errorf("another issuer is told as missing: %v", err)
		}
	})
	t.Run("R18 issuer is not a text", func(t *testing.T) {
		for _, iss := range []any{5, []string{"a"}, true, map[string]any{}} {
			wantNoToken(t, edKey(t, ""), jwt.Header{}, map[string]any{"iss": iss})
			judgement{payload: string(must(json.Marshal(map[string]any{"iss": iss}))(t)), want: jwt.ErrMalformed}.check(t)
		}
	})
	for id, name := range map[string]string{"R19": "sub", "R21": "jti"} {
		t.Run(id+" "+name+" is not a text", func(t *testing.T) {
			for _, value := range []string{"123", "{}", "[]", "false", `["a"]`, "1.5"} {
				payload := `{` + exp + `,"` + name + `":` + value + `}`
				judgement{payload: payload, want: jwt.ErrMalformed}.check(t)
				c := must(jwt.ParseClaimsExcept([]byte(payload), name))(t)
				if err := (jwt.Policy{Now: at(0), Require: []string{name}}).Check(jwt.Header{}, c); err != nil || c.Subject+c.ID != "" {
					t.Errorf("left unread: got %+v, %v, want it accepted and empty", c, err)
				}
			}
		})
	}
	t.Run("R22 several faults at once", func(t *testing.T) {
		p := jwt.Policy{Now: at(0), Issuers: []string{"i"}, Audiences: []string{"orders"}, Types: []string{"at+jwt"}, Require: []string{"sub", "jti"}}
		err := judged(p, `{"exp":1,"nbf":9e9,"iat":9e9,"iss":"x","aud":["billing"]}`)
		for _, want := range []error{jwt.ErrExpired, jwt.ErrNotYetValid, jwt.ErrIssuer, jwt.ErrAudience, jwt.ErrType, jwt.ErrMissing} {
			wantErr(t, err, want)
		}
		for _, want := range []string{`"orders"`, `"billing"`, `"i"`, `"x"`, "nbf", "iat", "sub, jti", `"at+jwt"`} {
			if err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %s in it", err, want)
			}
		}
	})
	t.Run("R26 crit", func(t *testing.T) {
		for _, crit := range []string{`["unknown"]`, `[]`, `"exp"`, `5`, `null`, `[5]`, `["x"]`} {
			_, err := jwt.Parse(forged(`{"alg":"EdDSA","crit":`+crit+`}`, "{}"))
			wantErr(t, err, jwt.ErrMalformed)
			refusedToken(t, forged(`{"alg":"EdDSA","x":1,"crit":`+crit+`}`, "{}"), edKey(t, ""), jwt.ErrMalformed)
		}
	})
}

// checkSwitches has one bad token for each check: refused with all checks on, accepted with only that one off.
func checkSwitches(t *testing.T) {
	strict := jwt.Policy{Now: at(0), Issuers: []string{"i"}, Audiences: []string{"a"}}
	good := `"iss":"i","aud":"a",`
	for name, c := range map[string]struct {
		off     func(*jwt.Policy)
		payload string
	}{
		"expired":        {func(p *jwt.Policy) { p.InsecureSkipExpiry = true }, `{` + good + `"exp":1}`},
		"no exp":         {func(p *jwt.Policy) { p.InsecureOptionalExpiry = true }, `{"iss":"i","aud":"a"}`},
		"not yet":        {func(p *jwt.Policy) { p.InsecureSkipNotBefore = true }, `{` + good + exp + `,"nbf":1800000900}`},
		"from future":    {func(p *jwt.Policy) { p.InsecureSkipIssuedAt = true }, `{` + good + exp + `,"iat":1800000900}`},
		"other audience": {func(p *jwt.Policy) { p.InsecureSkipAudience = true }, `{"iss":"i","aud":"b",` + exp + `}`},
		"other issuer":   {func(p *jwt.Policy) { p.Issuers = nil }, `{"iss":"j","aud":"a",` + exp + `}`},
	} {
		if err := judged(strict, c.payload); err == nil {
			t.Errorf("%s: accepted with all checks on", name)
		}
		loose := strict
		if c.off(&loose); judged(loose, c.payload) != nil {
			t.Errorf("%s: got %v with that check off", name, judged(loose, c.payload))
		}
		for other, d := range map[string]string{"expired": `{` + good + `"exp":1}`, "other audience": `{"iss":"i","aud":"b",` + exp + `}`} {
			if other != name && judged(loose, d) == nil {
				t.Errorf("the switch for %s lets %s through", name, other)
			}
		}
	}
}

func TestServerClaims(t *testing.T) {
	t.Run("C01 exp at the edge of the leeway", func(t *testing.T) {
		for _, leeway := range []time.Duration{0, 5 * time.Second, time.Minute} {
			edge := int64(leeway / time.Second)
			p := jwt.Policy{Now: at(edge - 1), Leeway: leeway}
			checkAll(t, judgement{p, claimsAt("exp", 0), nil})
			p.Now = at(edge).Add(-time.Nanosecond)
			checkAll(t, judgement{p, claimsAt("exp", 0), nil})
			p.Now = at(edge)
			checkAll(t, judgement{p, claimsAt("exp", 0), jwt.ErrExpired})
		}
	})
	t.Run("C02 no exp", func(t *testing.T) { checkAll(t, judgement{payload: `{"sub":"a"}`, want: jwt.ErrMissing}) })
	t.Run("C03 nbf and iat beyond the leeway", func(t *testing.T) {
		p := jwt.Policy{Leeway: 5 * time.Second}
		for _, name := range []string{"nbf", "iat"} {
			checkAll(t,
				judgement{p, claimsAt(name, 5), nil},
				judgement{p, claimsAt(name, 6), jwt.ErrNotYetValid})
		}
		checkAll(t, judgement{p, claimsAt("iat", -10*365*24*3600), nil})
	})
	t.Run("C04 forms of exp", func(t *testing.T) {
		for value, ok := range map[string]bool{
			`"1999999999"`: false, "null": false, "true": false, "-1": false, "1e400": false, "9e99": false, "1.9e9": true, "1999999999.5": true,
			"9223372036854775808": false, "18446744073709551616": false, "[]": false, "9007199254740991": true, "9007199254740992": false, "9007199254740992.5": false,
			"9.1e15": false, "-0": false, "-0.5": false, "-1e-400": false, "99999999999999999999999999999999999999": false, "00": false, "01999999999": false,
		} {
			j := judgement{payload: `{"exp":` + value + `}`, want: jwt.ErrMalformed}
			if ok {
				j.want = nil
			}
			j.check(t)
		}
	})
	t.Run("C06 issuers that are nearly right", func(t *testing.T) {
		p := jwt.Policy{Issuers: []string{"https://id.example"}}
		for _, iss := range []string{
			"https://id.example/", "https://ID.example", "HTTPS://id.example", "https://id.exampl", "ttps://id.example", "id.example", "", " https://id.example",
		} {
			judgement{p, `{` + exp + `,"iss":"` + iss + `"}`, jwt.ErrIssuer}.check(t)
		}
		checkAll(t,
			judgement{p, `{` + exp + `,"iss":["https://id.example"]}`, jwt.ErrMalformed},
			judgement{p, `{` + exp + `}`, jwt.ErrIssuer},
			judgement{jwt.Policy{Issuers: []string{""}}, `{` + exp + `,"iss":""}`, jwt.ErrIssuer},
			judgement{p, `{` + exp + `,"iss":"https:\/\/id.example"}`, nil})
	})
	t.Run("C07 audiences that are nearly right", func(t *testing.T) {
		p := jwt.Policy{Audiences: []string{"ours"}}
		for aud, want := range map[string]error{
			`"other"`: jwt.ErrAudience, `""`: jwt.ErrAudience, `[]`: jwt.ErrMalformed, `["other"]`: jwt.ErrAudience, `["other","ours"]`: nil, `"ours"`: nil,
			`"ours "`: jwt.ErrAudience, `"our"`: jwt.ErrAudience, `"urs"`: jwt.ErrAudience, `"ours/x"`: jwt.ErrAudience, `"OURS"`: jwt.ErrAudience,
			`["ours",5]`: jwt.ErrMalformed, `{"ours":1}`: jwt.ErrMalformed, `null`: jwt.ErrMissing, `[""]`: jwt.ErrAudience,
		} {
			judgement{p, `{` + exp + `,"aud":` + aud + `}`, want}.check(t)
		}
		checkAll(t,
			judgement{p, `{` + exp + `}`, jwt.ErrAudience},
			judgement{jwt.Policy{Audiences: []string{""}}, `{` + exp + `,"aud":""}`, jwt.ErrAudience})
	})
	t.Run("C10 typ", func(t *testing.T) {
		c := must(jwt.ParseClaims([]byte(`{` + exp + `}`)))(t)
		p := jwt.Policy{Now: at(0), Types: []string{"at+jwt"}}
		for typ, ok := range map[string]bool{
			"at+JWT": true, "AT+jwt": true, "application/at+jwt": true, "APPLICATION/AT+JWT": true, "at+jwt": true,
			"JWT": false, "": false, "at+jwt ": false, "application/": false, "application/application/at+jwt": false, "text/at+jwt": false, "id+jwt": false,
		} {
			if err := p.Check(jwt.Header{Type: typ}, c); (err == nil) != ok || !ok && !errors.Is(err, jwt.ErrType) {
				t.Errorf("typ %q: got %v, want accepted: %v", typ, err, ok)
			}
		}
		refusedToken(t, forged(`{"alg":"EdDSA","typ":5}`, "{}"), edKey(t, ""), jwt.ErrMalformed)
		p.Types = []string{"application/JWT", ""}
		for _, typ := range []string{"jwt", ""} {
			if err := p.Check(jwt.Header{Type: typ}, c); err != nil {
				t.Errorf("typ %q: %v", typ, err)
			}
		}
	})
}

// A policy that cannot be applied is told as such, whatever the token.
func TestUnusablePolicy(t *testing.T) {
	for name, p := range map[string]jwt.Policy{
		"no clock":        {},
		"leeway too long": {Now: at(0), Leeway: time.Minute + 1},
		"leeway negative": {Now: at(0), Leeway: -1},
	} {
		for _, payload := range []string{`{}`, `{` + exp + `}`} {
			err := judged(p, payload)
			if wantErr(t, err, jwt.ErrPolicy); errors.Is(err, jwt.ErrMissing) {
				t.Errorf("%s: the token is blamed: %v", name, err)
			}
		}
	}
}

func TestClaimsOfWrongType(t *testing.T) {
	for name, values := range map[string][]string{
		"roles": {`"admin"`, `[1]`, `{}`, `5`, `[null]`, `true`}, "permissions": {`"a:b"`, `["a",1]`}, "client_id": {"5"}, "sid": {"[]"}, "csrf": {"{}"},
		"ver": {"1.5", "-1", "-0", "1e3", "true", "[]", "9007199254740992", "99999999999999999999"}, "pol": {"-1", "-0", "{}"},
	} {
		for _, value := range values {
			_, err := jwt.ParseClaims([]byte(`{"` + name + `":` + value + `}`))
			if wantErr(t, err, jwt.ErrMalformed); err != nil && !strings.Contains(err.Error(), name) {
				t.Errorf("got %v, want %s named", err, name)
			}
		}
	}
	c := must(jwt.ParseClaims([]byte(`{"roles":null,"permissions":[],"ver":"2.0","pol":null,"sub":null,"aud":null,"unknown":[1,{"a":null}]}`)))(t)
	if c.Roles != nil || c.Permissions != nil || c.UserVersion != 0 || c.PolicyVersion != 0 || c.Subject != "" || c.Audience != nil {
		t.Errorf("got %+v, want nothing", c)
	}
}

// full has every claim.
func full() jwt.Claims {
	return jwt.Claims{
		Issuer: "https://id.example", Subject: "ü\"\\\n😀\u2028", ID: "j", ClientID: "app", SessionID: "s", CSRF: "c", Audience: []string{"a", "b"},
		ExpiresAt: at(9), NotBefore: at(1), IssuedAt: at(2), AuthTime: at(3), Roles: []string{"admin"}, Permissions: []string{"x:read", "y:*"},
		UserVersion: 7, PolicyVersion: 8, Extra: map[string]any{"z": []int{1}, "b": "t", "n": nil},
	}
}

func TestClaimsRoundTrip(t *testing.T) {
	want := full()
	b := must(json.Marshal(want))(t)
	const text = `{"iss":"https://id.example","sub":"ü\"\\\u000a😀\u2028","aud":["a","b"],"exp":1800000009,"nbf":1800000001,"iat":1800000002,"jti":"j","client_id":"app",` +
		`"sid":"s","auth_time":1800000003,"roles":["admin"],"permissions":["x:read","y:*"],"ver":7,"pol":8,"csrf":"c","b":"t","n":null,"z":[1]}`
	var gotMap, wantMap map[string]any
	if json.Unmarshal(b, &gotMap) != nil || json.Unmarshal([]byte(text), &wantMap) != nil || !reflect.DeepEqual(gotMap, wantMap) {
		t.Errorf("got %s, want %s", b, text)
	}
	got := must(jwt.ParseClaims(must(want.AppendJSON(nil))(t)))(t)
	if again := must(got.AppendJSON([]byte("x")))(t); string(again) != "x"+string(must(want.AppendJSON(nil))(t)) {
		t.Errorf("got %s, want %s behind x", again, b)
	}
	got.Extra = want.Extra
	gotRef, wantRef := fields(got), fields(want)
	if !reflect.DeepEqual(gotRef, wantRef) {
		t.Errorf("got %+v, want %+v", gotRef, wantRef)
	}
	one := must(jwt.Claims{Audience: []string{"a"}}.AppendJSON(nil))(t)
	if string(one) != `{"aud":"a"}` {
		t.Errorf("one audience: got %s", one)
	}
	if got := must(jwt.ParseClaims(one))(t).Audience; !slices.Equal(got, []string{"a"}) {
		t.Errorf("one audience: got %q", got)
	}
	if empty := must(jwt.Claims{}.AppendJSON(nil))(t); string(empty) != "{}" {
		t.Errorf("no claims: got %s, want {}", empty)
	}
}

// fields returns the exported fields.
func fields(c jwt.Claims) (list []any) {
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() {
			list = append(list, v.Field(i).Interface())
		}
	}
	return list
}

// Claims that were read keep what has no field, and what is set anew replaces it.
func TestClaimsKeepWhatTheyDoNotKnow(t *testing.T) {
	c := must(jwt.ParseClaims([]byte(`{"sub":"a","status":{"idx": 5},"tenant":"old","roles":["x"]}`)))(t)
	c.Subject, c.Roles, c.Extra = "b", nil, map[string]any{"tenant": "new"}
	if got, want := string(must(c.AppendJSON(nil))(t)), `{"sub":"b","status":{"idx": 5},"tenant":"new"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Further claims are written by name, as encoding/json writes them but for the spelling of texts.
func TestFurtherClaims(t *testing.T) {
	extra := map[string]any{"q": "\"\\<&>\u2028\x00\x1f\x7fü😀", "on": true, "off": false, "n": nil, "f": 1.5, "list": []string{"<"}, "t": at(0), "": "", "é": json.Number("5"), "A": 1}
	b := must(jwt.Claims{Extra: extra}.AppendJSON(nil))(t)
	var got, want map[string]any
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(must(json.Marshal(extra))(t), &want); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %s, want %v", b, want)
	}
	if again := must(jwt.Claims{Extra: extra}.AppendJSON(nil))(t); !bytes.Equal(again, b) {
		t.Errorf("got %s, want %s", again, b)
	}
}

func TestClaimsThatCannotBeWritten(t *testing.T) {
	for name, c := range map[string]jwt.Claims{
		"before 1970": {ExpiresAt: time.Unix(-1, 0)}, "negative version": {UserVersion: -1}, "huge version": {PolicyVersion: 1 << 53},
		"subject not UTF-8": {Subject: "\xff"}, "role not UTF-8": {Roles: []string{"\xff"}}, "audience not UTF-8": {Audience: []string{"\xff"}},
		"registered name": {Extra: map[string]any{"sub": "b"}}, "null for a registered name": {Extra: map[string]any{"exp": nil}},
		"no JSON": {Extra: map[string]any{"f": func() {}}}, "name not UTF-8": {Extra: map[string]any{"\xff": 1}},
		"text not UTF-8": {Extra: map[string]any{"x": "\xff"}},
		"too deep":       {Extra: map[string]any{"x": json.RawMessage(strings.Repeat("[", 16) + strings.Repeat("]", 16))}},
	} {
		if b, err := c.AppendJSON(nil); err == nil || b != nil {
			t.Errorf("%s: got %s, %v, want an error", name, b, err)
		}
		if raw, err := jwt.SignClaims(edKey(t, ""), jwt.Header{}, c); err == nil || raw != "" {
			t.Errorf("%s: signed %q, %v", name, raw, err)
		}
		if c.Has("sub") || c.Decode(new(any)) == nil {
			t.Errorf("%s: can be read", name)
		}
	}
	for _, claims := range []map[string]any{{"exp": time.Unix(-1, 0)}, {"roles": "admin"}, {"aud": []string{}}, {"exp": nil}, {"sub": 5}} {
		wantNoToken(t, edKey(t, ""), jwt.Header{}, claims)
	}
}

func TestDecode(t *testing.T) {
	type own struct {
		Subject string `json:"sub"`
		Tenant  string `json:"tenant"`
	}
	var got own
	c := must(jwt.ParseClaims([]byte(`{"sub":"a","tenant":"t","nested":{"A":1,"a":2}}`)))(t)
	if err := c.Decode(&got); err != nil || got != (own{"a", "t"}) {
		t.Errorf("got %v, %v, want a and t", got, err)
	}
	if err := full().Decode(&got); err != nil || got.Subject != full().Subject {
		t.Errorf("claims made by hand: got %v, %v", got, err)
	}
	if err := c.Decode(&[]int{}); err == nil {
		t.Error("an object was decoded into a list")
	}
	for _, s := range []string{`{"tenant":"a","Tenant":"b"}`, `{"tenant":"a","TENANT":"b"}`, "{\"k\":1,\"\u212a\":2}", "{\"s\":1,\"\u017f\":2}"} {
		wantErr(t, must(jwt.ParseClaims([]byte(s)))(t).Decode(&got), jwt.ErrMalformed)
	}
}

func TestHas(t *testing.T) {
	c := must(jwt.ParseClaims([]byte(`{"sub":"a","jti":"","x":null,"y":0,"iat":5}`)))(t)
	made := jwt.Claims{Subject: "a", Extra: map[string]any{"y": 0, "x": nil}}
	for name, want := range map[string]bool{"sub": true, "jti": true, "iat": true, "nbf": false, "x": false, "y": true, "Y": false, "": false} {
		if got := c.Has(name); got != want {
			t.Errorf("%q: got %v, want %v", name, got, want)
		}
		if got := made.Has(name); name != "jti" && name != "iat" && got != want {
			t.Errorf("made by hand, %q: got %v, want %v", name, got, want)
		}
	}
}

// The lists of claims share memory but not their ends: appending to one leaves the others alone.
func TestListsAreApart(t *testing.T) {
	c := must(jwt.ParseClaims([]byte(`{"aud":["a"],"roles":["r"],"permissions":["p"]}`)))(t)
	_, _ = append(c.Audience, "x"), append(c.Roles, "y")
	if c.Roles[0] != "r" || c.Permissions[0] != "p" {
		t.Errorf("got %q and %q, want r and p", c.Roles, c.Permissions)
	}
	many := make([]string, 100)
	for i := range many {
		many[i] = fmt.Sprint("p", i)
	}
	long := must(jwt.Claims{Audience: []string{"a"}, Permissions: many, Roles: []string{"r"}}.AppendJSON(nil))(t)
	if got := must(jwt.ParseClaims(long))(t); !slices.Equal(got.Permissions, many) || got.Audience[0] != "a" || got.Roles[0] != "r" {
		t.Errorf("got %+v", got)
	}
}

func TestRef(t *testing.T) {
	c := full()
	want := jwt.Ref{Issuer: c.Issuer, TokenID: "j", SessionID: "s", Subject: c.Subject, KeyID: "k", Roles: c.Roles, UserVersion: 7, PolicyVersion: 8, IssuedAt: at(2), ExpiresAt: at(9)}
	if got := c.Ref(jwt.Header{KeyID: "k"}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// A copy of the payload is the caller's.
func TestPayloadIsACopy(t *testing.T) {
	v := accepted(t, forged(edHeader, `{"sub":"a"}`), edKey(t, ""))
	clear(v.Payload())
	if got := string(v.Payload()); got != `{"sub":"a"}` {
		t.Errorf("got %q", got)
	}
}
