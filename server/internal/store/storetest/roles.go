package storetest

import (
	"fmt"
	"time"

	"github.com/jotgate/jotgate/revocation"
	"github.com/jotgate/jotgate/server/internal/store"
)

var roles = []leg{
	{"create and list", func(k *kit) {
		ctx := k.Context()
		now := k.clock.Now()
		k.ok("CreateRole", k.CreateRole(ctx, store.Role{Name: "Zoo", Permissions: []string{"b:x", "a:x", "b:x"}, CreatedAt: now, UpdatedAt: now}, k.event("role.create")))
		k.is("the name again", k.CreateRole(ctx, store.Role{Name: "Zoo"}, k.event("role.create")), store.ErrRoleTaken)
		all, err := k.Roles(ctx)
		k.ok("Roles", err)
		var names []string
		for _, r := range all {
			names = append(names, r.Name)
		}
		k.words("roles", names, "Zoo", store.RoleAdmin, "user")
		k.words("permissions", all[0].Permissions, "a:x", "b:x")
		k.words("permissions of admin", all[1].Permissions, "*:*")
		k.words("permissions of user", all[2].Permissions)
		equal(k, "created", all[0].CreatedAt, kept(now))
		k.revoked("CreateRole")
	}},
	{"edited permissions raise the policy", func(k *kit) {
		ctx := k.Context()
		u := k.user("Ann", "user")
		k.clock.add(time.Second)
		r, err := k.SetPermissions(ctx, "user", []string{"b:x", "a:x"}, k.event("role.update"))
		k.ok("SetPermissions", err)
		k.words("permissions", r.Permissions, "a:x", "b:x")
		equal(k, "updated", r.UpdatedAt, kept(k.clock.Now()))
		k.revoked("SetPermissions", k.record(revocation.Role, "user", 2, revocation.ReasonPermissions))
		a := k.seen(u.ID)
		equal(k, "policy", a.Policy, 2)
		equal(k, "version", a.Version, 1)
		k.words("permissions of a holder", a.Permissions, "a:x", "b:x")
		k.audited("the same permissions", 0, func() {
			_, err := k.SetPermissions(ctx, "user", []string{"a:x", "b:x", "a:x"}, k.event("role.update"))
			k.ok("SetPermissions", err)
		})
		k.revoked("the same permissions")
		_, err = k.SetPermissions(ctx, "none", nil, k.event("role.update"))
		k.is("no such role", err, store.ErrNotFound)
		_, err = k.SetPermissions(ctx, store.RoleAdmin, []string{"a:x"}, k.event("role.update"))
		k.is("admin", err, store.ErrConflict)
		r, err = k.SetPermissions(ctx, "user", nil, k.event("role.update"))
		k.ok("SetPermissions to none", err)
		k.words("no permissions", r.Permissions)
		equal(k, "policy", k.seen(u.ID).Policy, 3)
	}},
	{"the sets of roles that holders have", func(k *kit) {
		ctx := k.Context()
		for _, name := range []string{"a", "b"} {
			k.ok("CreateRole", k.CreateRole(ctx, store.Role{Name: name}, k.event("role.create")))
		}
		k.user("Ann", "b", "a")
		k.user("Bob", "a", "b")
		k.user("Cid", "a")
		k.user("Dan", "b")
		for role, want := range map[string]string{"a": "[[a] [a b]]", "b": "[[a b] [b]]", "none": "[]"} {
			sets, err := k.RoleSets(ctx, role)
			k.ok("RoleSets", err)
			equal(k, "sets with "+role, fmt.Sprint(sets), want)
		}
	}},
	{"a deleted role is taken from everybody", func(k *kit) {
		ctx := k.Context()
		k.ok("CreateRole", k.CreateRole(ctx, store.Role{Name: "author", Permissions: []string{"posts:write"}}, k.event("role.create")))
		ann, bob := k.user("Ann", "author", "user"), k.user("Bob", "author")
		k.ok("DeleteRole", k.DeleteRole(ctx, "author", k.event("role.delete")))
		k.revoked("DeleteRole", k.record(revocation.Role, "author", 2, revocation.ReasonPermissions))
		k.words("Ann's roles", k.seen(ann.ID).Roles, "user")
		k.words("Bob's permissions", k.seen(bob.ID).Permissions)
		equal(k, "policy", k.seen(bob.ID).Policy, 2)
		k.is("again", k.DeleteRole(ctx, "author", k.event("role.delete")), store.ErrNotFound)
		k.is("admin", k.DeleteRole(ctx, store.RoleAdmin, k.event("role.delete")), store.ErrConflict)
		k.ok("the name is free, and nobody holds it", k.CreateRole(ctx, store.Role{Name: "author", Permissions: []string{"x:y"}}, k.event("role.create")))
		k.words("Bob's roles", k.seen(bob.ID).Roles)
	}},
	{"REV-2 grant and revoke raise the version", func(k *kit) {
		ctx := k.Context()
		u := k.user("Ann")
		s := k.login(u)
		k.clock.add(time.Second)
		for n, step := range []struct {
			what  string
			deed  func() (store.User, error)
			roles []string
		}{
			{"grant", func() (store.User, error) { return k.GrantRole(ctx, u.ID, "user", k.event("role.grant")) }, []string{"user"}},
			{"revoke", func() (store.User, error) { return k.RevokeRole(ctx, u.ID, "user", k.event("role.revoke")) }, nil},
		} {
			k.audited(step.what, 1, func() {
				got, err := step.deed()
				k.ok(step.what, err)
				k.words(step.what, got.Roles, step.roles...)
				equal(k, step.what+": version", got.Version, int64(n+2))
				equal(k, step.what+": read after", fmt.Sprintf("%+v", k.seen(u.ID).User), fmt.Sprintf("%+v", got))
			})
			k.revoked(step.what, k.record(revocation.User, u.ID, int64(n+2), revocation.ReasonPermissions))
			k.audited(step.what+" again", 0, func() {
				got, err := step.deed()
				k.ok(step.what+" again", err)
				equal(k, step.what+" again: version", got.Version, int64(n+2))
			})
			k.revoked(step.what + " again")
		}
		_, err := k.refresh(s, 1, 0)
		k.is("sessions live", err, nil)
		for what, deed := range map[string]func(user, role string) error{
			"grant":  func(u, r string) error { _, err := k.GrantRole(ctx, u, r, k.event("role.grant")); return err },
			"revoke": func(u, r string) error { _, err := k.RevokeRole(ctx, u, r, k.event("role.revoke")); return err },
		} {
			k.is(what+" to nobody", deed(id(), "user"), store.ErrNotFound)
			k.is(what+" of no role", deed(u.ID, "none"), store.ErrNotFound)
		}
	}},
}

var keys = []leg{
	{"one active key", func(k *kit) {
		ctx := k.Context()
		key := func(id string) store.Key {
			k.clock.add(time.Second)
			return store.Key{ID: id, Algorithm: "ES256", State: store.KeyActive, Sealed: []byte{0, 1, 255}, CreatedAt: k.clock.Now()}
		}
		all := func() []store.Key {
			k.Helper()
			all, err := k.Keys(ctx)
			k.ok("Keys", err)
			return all
		}
		equal(k, "no keys yet", len(all()), 0)
		one := key("b-one")
		k.ok("the first key", k.ActivateKey(ctx, one, "", k.event("key.create")))
		k.is("another first key", k.ActivateKey(ctx, key("x"), "", k.event("key.create")), store.ErrKeyExists)
		k.is("in place of none that is active", k.ActivateKey(ctx, key("x"), "y", k.event("key.rotate")), store.ErrKeyExists)
		k.ok("the second key", k.ActivateKey(ctx, key("a-two"), "b-one", k.event("key.rotate")))
		k.is("replaced twice", k.ActivateKey(ctx, key("x"), "b-one", k.event("key.rotate")), store.ErrKeyExists)
		k.is("an id again", k.ActivateKey(ctx, key("b-one"), "a-two", k.event("key.rotate")), store.ErrKeyExists)
		got := all()
		equal(k, "keys", len(got), 2)
		equal(k, "oldest first", fmt.Sprintln(got[0].ID, got[0].State, got[1].ID, got[1].State), "b-one retired a-two active\n")
		equal(k, "sealed", string(got[0].Sealed), string(one.Sealed))
		equal(k, "created", got[0].CreatedAt, kept(one.CreatedAt))
		equal(k, "retired", got[0].RetiredAt.After(got[1].CreatedAt.Add(-time.Second)), true)
		equal(k, "an active key is not retired", got[1].RetiredAt.IsZero(), true)
		equal(k, "audit rows", len(k.events()), 2)
	}},
}
