package jotgate_test

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
)

func TestIdentity(t *testing.T) {
	g := newGate(t)
	id := g.identity(t, g.token(t), jotgate.Rule{})
	want := claims()
	for name, c := range map[string][2]any{
		"Issuer":      {want.Issuer, id.Issuer()},
		"Subject":     {want.Subject, id.Subject()},
		"SessionID":   {want.SessionID, id.SessionID()},
		"TokenID":     {want.ID, id.TokenID()},
		"ClientID":    {want.ClientID, id.ClientID()},
		"AuthTime":    {want.AuthTime, id.AuthTime()},
		"ExpiresAt":   {want.ExpiresAt, id.ExpiresAt()},
		"Roles":       {want.Roles, id.Roles()},
		"Permissions": {want.Permissions, id.Permissions()},
		"HasRole":     {[]bool{true, false, false}, []bool{id.HasRole("user"), id.HasRole("User"), id.HasRole("")}},
		"Can":         {[]bool{true, false, false}, []bool{id.Can("orders:read"), id.Can("orders:write"), id.Can("")}},
		"IsZero":      {false, id.IsZero()},
	} {
		if !reflect.DeepEqual(c[0], c[1]) {
			t.Errorf("%s: want %v, got %v", name, c[0], c[1])
		}
	}
}

func TestNobody(t *testing.T) {
	var id jotgate.Identity
	if !id.IsZero() || id.Subject() != "" || id.Can("*") || id.HasRole("") || id.Roles() != nil || !id.ExpiresAt().IsZero() {
		t.Errorf("zero identity: want nobody, got %v", id)
	}
	var m map[string]any
	if err := id.Decode(&m); err != nil || len(m) != 0 {
		t.Errorf("Decode: want no claims, got %v, %v", m, err)
	}
}

// What a handler does to its copy changes nothing for the handler of another request.
func TestIdentityCannotBeChanged(t *testing.T) {
	g := newGate(t)
	id := g.identity(t, g.token(t, func(c *jwt.Claims) { c.Extra = map[string]any{"teams": []string{"red"}} }), jotgate.Rule{})
	id.Permissions()[0] = "orders:*"
	_ = append(id.Permissions(), "orders:write")
	id.Roles()[0] = "admin"
	var m map[string]any
	if err := id.Decode(&m); err != nil {
		t.Fatal(err)
	}
	m["permissions"].([]any)[0], m["teams"].([]any)[0] = "*:*", "blue"

	if id.Can("orders:write") || id.HasRole("admin") || !slices.Equal(id.Permissions(), []string{"orders:read"}) {
		t.Errorf("want the identity as it was, got %q %q", id.Permissions(), id.Roles())
	}
	var again struct{ Teams, Permissions []string }
	if err := id.Decode(&again); err != nil || again.Teams[0] != "red" || again.Permissions[0] != "orders:read" {
		t.Errorf("Decode: want the claims as they were, got %+v, %v", again, err)
	}
}

func TestDecode(t *testing.T) {
	g := newGate(t)
	raw := g.raw(t, jwt.Header{Type: "at+jwt"}, `{"iss":"`+issuer+`","aud":"`+audience+`","exp":1800000900,"sub":"u1","tenant":{"id":7},"tags":["a"]}`)
	var got struct {
		Subject string           `json:"sub"`
		Exp     int64            `json:"exp"`
		Tenant  struct{ ID int } `json:"tenant"`
		Tags    []string         `json:"tags"`
		Missing *string          `json:"missing"`
	}
	id := g.identity(t, raw, jotgate.Rule{})
	if err := id.Decode(&got); err != nil || got.Subject != "u1" || got.Exp != 1_800_000_900 || got.Tenant.ID != 7 || got.Tags[0] != "a" || got.Missing != nil {
		t.Errorf("want the claims, got %+v, %v", got, err)
	}
	var wrong struct {
		Tenant string `json:"tenant"`
	}
	if err := id.Decode(&wrong); err == nil {
		t.Error("tenant as text: want an error, got nil")
	}
	// encoding/json would let "TENANT" write over "tenant"
	twice := g.raw(t, jwt.Header{Type: "at+jwt"}, `{"iss":"`+issuer+`","aud":"`+audience+`","exp":1800000900,"tenant":"a","TENANT":"b"}`)
	if err := g.identity(t, twice, jotgate.Rule{}).Decode(&wrong); err == nil {
		t.Errorf("two spellings of a name: want an error, got %+v", wrong)
	}
}

func TestFromAndWith(t *testing.T) {
	if id, ok := jotgate.From(context.Background()); ok || !id.IsZero() {
		t.Errorf("empty context: want nobody, got %v, %v", id, ok)
	}
	if _, ok := jotgate.From(jotgate.With(context.Background(), jotgate.Identity{})); ok {
		t.Error("nobody in the context: want false, got true")
	}
	g := newGate(t)
	outer := g.identity(t, g.token(t), jotgate.Rule{})
	inner := g.identity(t, g.token(t, func(c *jwt.Claims) { c.Subject = "u2" }), jotgate.Rule{})
	ctx, cancel := context.WithTimeout(jotgate.With(context.Background(), outer), time.Minute)
	defer cancel()
	if id, ok := jotgate.From(ctx); !ok || id.Subject() != "u1" {
		t.Errorf("want u1, got %q, %v", id.Subject(), ok)
	}
	if id, _ := jotgate.From(jotgate.With(ctx, inner)); id.Subject() != "u2" {
		t.Errorf("the nearest guard decides: want u2, got %q", id.Subject())
	}
}
