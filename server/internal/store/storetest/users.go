package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/jotgate/jotgate/revocation"
	"github.com/jotgate/jotgate/server/internal/store"
)

var users = []leg{
	{"create and read", func(k *kit) {
		ctx := k.Context()
		k.ok("CreateRole", k.CreateRole(ctx, store.Role{Name: "author", Permissions: []string{"posts:write", "posts:read"}}, k.event("role.create")))
		k.ok("CreateRole", k.CreateRole(ctx, store.Role{Name: "critic", Permissions: []string{"posts:read", "notes:write"}}, k.event("role.create")))
		n := k.newUser("Ann", "user", "critic", "author")
		n.EmailVerified = true
		k.ok("CreateUser", k.CreateUser(ctx, n, k.event("user.create")))

		for what, read := range map[string]func() (store.Access, error){
			"User":                 func() (store.Access, error) { return k.User(ctx, n.ID) },
			"UserByLogin username": func() (store.Access, error) { return k.UserByLogin(ctx, "ann") },
			"UserByLogin e-mail":   func() (store.Access, error) { return k.UserByLogin(ctx, "ann@example.test") },
		} {
			a, err := read()
			k.ok(what, err)
			want := n.User
			want.CreatedAt, want.UpdatedAt = kept(n.CreatedAt), kept(n.UpdatedAt)
			k.words(what+": roles", a.Roles, "author", "critic", "user")
			k.words(what+": permissions", a.Permissions, "notes:write", "posts:read", "posts:write")
			equal(k, what+": policy", a.Policy, 1)
			equal(k, what, fmt.Sprintf("%+v", bare(a.User)), fmt.Sprintf("%+v", bare(want)))
		}
	}},
	{"no roles, no e-mail, no username", func(k *kit) {
		one, two := k.newUser("Ann"), k.newUser("Bob")
		one.Email, one.EmailKey, two.Email, two.EmailKey = "", "", "", ""
		three, four := k.newUser("Cid"), k.newUser("Dan")
		three.Username, three.UsernameKey, four.Username, four.UsernameKey = "", "", "", ""
		for _, n := range []store.NewUser{one, two, three, four} {
			k.ok("CreateUser: empty names do not collide", k.CreateUser(k.Context(), n, k.event("user.create")))
		}
		a := k.seen(one.ID)
		equal(k, "roles and permissions of nobody special", fmt.Sprintf("%#v %#v", a.Roles, a.Permissions), "[]string{} []string{}")
		_, err := k.UserByLogin(k.Context(), "")
		k.is("UserByLogin of nothing", err, store.ErrNotFound)
	}},
	{"names that no database likes", func(k *kit) {
		for _, name := range []string{"a\x00b", "a\xffb", "' OR 1=1 --", "🙂", "\u2028"} {
			if _, err := k.UserByLogin(k.Context(), name); err == nil {
				k.Errorf("UserByLogin(%q): got a user, want none", name)
			} else {
				k.is(fmt.Sprintf("UserByLogin(%q)", name), err, store.ErrNotFound)
			}
			e := k.event("user.login")
			e.UserAgent = name
			k.ok(fmt.Sprintf("Append with user agent %q", name), k.Append(k.Context(), e))
		}
	}},
	{"names are taken once", func(k *kit) {
		k.user("Ann")
		n := k.newUser("Ann")
		n.Email, n.EmailKey = "other@example.test", "other@example.test"
		k.is("same username", k.CreateUser(k.Context(), n, k.event("user.create")), store.ErrUsernameTaken)
		n = k.newUser("Ann")
		n.Username, n.UsernameKey = "other", "other"
		k.is("same e-mail", k.CreateUser(k.Context(), n, k.event("user.create")), store.ErrEmailTaken)
	}},
	{"CRA-2 a deed that fails leaves nothing", func(k *kit) {
		n := k.newUser("Ann", "user", "zzz no such role")
		k.audited("CreateUser with an unknown role", 0, func() {
			k.is("CreateUser with an unknown role", k.CreateUser(k.Context(), n, k.event("user.create")), store.ErrNotFound)
		})
		_, err := k.User(k.Context(), n.ID)
		k.is("the user", err, store.ErrNotFound)
		n.Roles = nil
		k.ok("the names are free", k.CreateUser(k.Context(), n, k.event("user.create")))
	}},
	{"pages", func(k *kit) {
		k.user("Zoe", "user", store.RoleAdmin)
		var ids []string
		for i := range 5 {
			ids = append(ids, k.user(fmt.Sprint("u", i), "user").ID)
		}
		var got []string
		for p := (store.Page{Limit: 4}); ; {
			page, err := k.Users(k.Context(), p)
			k.ok("Users", err)
			if len(page) == 0 {
				break
			}
			for _, u := range page {
				got = append(got, u.ID)
			}
			equal(k, "no page is longer than asked", len(page) <= 4, true)
			p.After = got[len(got)-1]
		}
		equal(k, "users on all pages", len(got), 6)
		k.words("users in order", got[1:], ids...)
		all, err := k.Users(k.Context(), store.Page{})
		k.ok("Users", err)
		equal(k, "limit 0", len(all), 6)
		k.words("roles in a list", all[0].Roles, store.RoleAdmin, "user")
	}},
	{"patch names", func(k *kit) {
		n := k.newUser("Ann", "user")
		n.EmailVerified = true
		k.ok("CreateUser", k.CreateUser(k.Context(), n, k.event("user.create")))
		k.user("Bob")
		k.clock.add(time.Second)
		u, err := k.PatchUser(k.Context(), n.ID, store.UserPatch{Username: new("Anna"), UsernameKey: new("anna")}, k.event("user.update"))
		k.ok("PatchUser", err)
		equal(k, "username", u.Username+" "+u.UsernameKey, "Anna anna")
		equal(k, "e-mail stays verified", u.EmailVerified, true)
		equal(k, "updated", u.UpdatedAt, kept(k.clock.Now()))
		equal(k, "what is read after", fmt.Sprintf("%+v", k.seen(n.ID).User), fmt.Sprintf("%+v", u))

		u, err = k.PatchUser(k.Context(), n.ID, store.UserPatch{Email: new("a@x.test"), EmailKey: new("a@x.test")}, k.event("user.update"))
		k.ok("PatchUser", err)
		equal(k, "another e-mail is not verified", u.EmailVerified, false)

		_, err = k.PatchUser(k.Context(), n.ID, store.UserPatch{Username: new("Bob"), UsernameKey: new("bob")}, k.event("user.update"))
		k.is("Bob's name", err, store.ErrUsernameTaken)
		_, err = k.PatchUser(k.Context(), n.ID, store.UserPatch{Email: new("Bob@Example.test"), EmailKey: new("bob@example.test")}, k.event("user.update"))
		k.is("Bob's e-mail", err, store.ErrEmailTaken)
		_, err = k.PatchUser(k.Context(), id(), store.UserPatch{}, k.event("user.update"))
		k.is("nobody", err, store.ErrNotFound)
		k.revoked("names revoke nothing")
	}},
	{"D15 REV-2 disable ends everything", func(k *kit) {
		u := k.user("Ann", "user")
		one, two := k.login(u), k.login(u)
		k.clock.add(time.Second)
		got, err := k.PatchUser(k.Context(), u.ID, store.UserPatch{Disabled: new(true)}, k.event("user.disable"))
		k.ok("PatchUser", err)
		equal(k, "version", got.Version, 2)
		equal(k, "disabled", got.Disabled, true)
		k.revoked("disable", k.record(revocation.User, u.ID, 2, revocation.ReasonDisabled))
		for _, s := range []store.Session{one, two} {
			equal(k, "session ended", k.session(s.ID).EndReason, revocation.ReasonDisabled)
			equal(k, "session ended at", k.session(s.ID).EndedAt, kept(k.clock.Now()))
		}
		_, err = k.refresh(one, 1, 0)
		k.is("refresh of a disabled user", err, store.ErrDisabled)
		_, err = k.StartSession(k.Context(), k.newSession(u), u.PasswordHash, k.event("user.login"))
		k.is("log-in of a disabled user", err, store.ErrDisabled)

		got, err = k.PatchUser(k.Context(), u.ID, store.UserPatch{Disabled: new(true)}, k.event("user.disable"))
		k.ok("disable again", err)
		equal(k, "version after disabling again", got.Version, 2)
		got, err = k.PatchUser(k.Context(), u.ID, store.UserPatch{Disabled: new(false)}, k.event("user.enable"))
		k.ok("enable", err)
		equal(k, "version after enabling", got.Version, 2)
		k.revoked("neither revokes")
		_, err = k.refresh(two, 1, 0)
		k.is("an ended session stays ended", err, store.ErrEnded)
		k.login(u)
	}},
	{"D15 REV-2 delete leaves nobody", func(k *kit) {
		u := k.user("Ann", "user")
		s := k.login(u)
		k.ok("DeleteUser", k.DeleteUser(k.Context(), u.ID, k.event("user.delete")))
		k.revoked("delete", k.record(revocation.User, u.ID, 2, revocation.ReasonDeleted))
		_, err := k.User(k.Context(), u.ID)
		k.is("the user", err, store.ErrNotFound)
		_, err = k.refresh(s, 1, 0)
		k.is("refresh of a deleted user", err, store.ErrEnded)
		left := k.session(s.ID)
		equal(k, "the session's memory of a person", left.UserAgent+left.IP, "")
		_, err = k.StartSession(k.Context(), k.newSession(u), u.PasswordHash, k.event("user.login"))
		k.is("log-in of a deleted user", err, store.ErrNotFound)
		k.is("delete again", k.DeleteUser(k.Context(), u.ID, k.event("user.delete")), store.ErrNotFound)
		again := k.user("Ann", "user")
		equal(k, "a new account with the name", len(k.seen(again.ID).Roles), 1)
	}},
	{"AUZ-4 the last admin stays", func(k *kit) {
		ctx := k.Context()
		ann := k.user("Ann", store.RoleAdmin, "user")
		off := k.newUser("Off", store.RoleAdmin)
		off.Disabled = true
		k.ok("CreateUser", k.CreateUser(ctx, off, k.event("user.create"))) // does not count
		alone := func(what string) {
			k.Helper()
			k.audited(what, 0, func() {
				_, err := k.PatchUser(ctx, ann.ID, store.UserPatch{Disabled: new(true)}, k.event("user.disable"))
				k.is(what+": disable", err, store.ErrLastAdmin)
				k.is(what+": delete", k.DeleteUser(ctx, ann.ID, k.event("user.delete")), store.ErrLastAdmin)
				_, err = k.RevokeRole(ctx, ann.ID, store.RoleAdmin, k.event("role.revoke"))
				k.is(what+": revoke", err, store.ErrLastAdmin)
			})
		}
		alone("one admin")
		equal(k, "refused deeds change nothing", k.seen(ann.ID).Version, 1)
		bob := k.user("Bob", store.RoleAdmin)
		_, err := k.PatchUser(ctx, bob.ID, store.UserPatch{Disabled: new(true)}, k.event("user.disable"))
		k.ok("disable one of two", err)
		alone("the other is disabled")
		_, err = k.RevokeRole(ctx, bob.ID, store.RoleAdmin, k.event("role.revoke"))
		k.ok("revoke from a disabled admin", err)
		k.ok("delete a disabled admin", k.DeleteUser(ctx, off.ID, k.event("user.delete")))
		cid := k.user("Cid", store.RoleAdmin)
		_, err = k.RevokeRole(ctx, ann.ID, store.RoleAdmin, k.event("role.revoke"))
		k.ok("revoke one of two", err)
		k.ok("delete somebody else", k.DeleteUser(ctx, ann.ID, k.event("user.delete")))
		k.words("who is left", k.seen(cid.ID).Roles, store.RoleAdmin)
	}},
}

// bare is a user without its list, which does not compare.
func bare(u store.User) store.User {
	u.Roles = slices.Clone(u.Roles[:0])
	return u
}
