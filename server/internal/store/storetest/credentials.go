package storetest

import (
	"fmt"
	"time"

	"github.com/jotgate/jotgate/revocation"
	"github.com/jotgate/jotgate/server/internal/store"
)

var credentials = []leg{
	{"REV-2 a new password ends the other sessions", func(k *kit) {
		ctx := k.Context()
		u, other := k.user("Ann"), k.user("Bob")
		current, one, two := k.login(u), k.login(u), k.login(u)
		bobs := k.login(other)
		k.is("not the old password", k.SetPassword(ctx, u.ID, "wrong", "new", current.ID, k.event("user.password")), store.ErrConflict)
		k.is("nobody", k.SetPassword(ctx, id(), u.PasswordHash, "new", "", k.event("user.password")), store.ErrNotFound)
		k.revoked("refused")

		k.ok("SetPassword", k.SetPassword(ctx, u.ID, u.PasswordHash, "new", current.ID, k.event("user.password")))
		k.revoked("SetPassword", k.record(revocation.Session, one.ID, 0, revocation.ReasonPassword), k.record(revocation.Session, two.ID, 0, revocation.ReasonPassword))
		_, err := k.refresh(one, 1, 0)
		k.is("another session", err, store.ErrEnded)
		for what, s := range map[string]store.Session{"the current session": current, "somebody else's": bobs} {
			_, err := k.refresh(s, 1, 0)
			k.is(what, err, nil)
		}
		equal(k, "hash", k.seen(u.ID).PasswordHash, "new")
		_, err = k.StartSession(ctx, k.newSession(u), u.PasswordHash, k.event("user.login"))
		k.is("log-in with the old password", err, store.ErrConflict)

		k.ok("SetPassword", k.SetPassword(ctx, u.ID, "new", "newer", "", k.event("user.password")))
		_, err = k.refresh(current, 2, 0)
		k.is("no session is kept", err, store.ErrEnded)
	}},
	{"a better hash of the same password", func(k *kit) {
		u := k.user("Ann")
		s := k.login(u)
		k.audited("UpgradeHash", 0, func() {
			k.ok("UpgradeHash", k.UpgradeHash(k.Context(), u.ID, u.PasswordHash, "better"))
			k.ok("UpgradeHash, too late", k.UpgradeHash(k.Context(), u.ID, u.PasswordHash, "late"))
			k.ok("UpgradeHash, nobody", k.UpgradeHash(k.Context(), id(), u.PasswordHash, "late"))
		})
		equal(k, "hash", k.seen(u.ID).PasswordHash, "better")
		_, err := k.refresh(s, 1, 0)
		k.is("sessions live", err, nil)
		k.revoked("UpgradeHash")
	}},
	{"an invite works once and in time", func(k *kit) {
		ctx := k.Context()
		invited := func(name, code string) error {
			n := k.newUser(name, "user")
			n.Invite = []byte(code)
			return k.CreateUser(ctx, n, k.event("user.create"))
		}
		k.user("Taken")
		k.ok("CreateInvite", k.CreateInvite(ctx, []byte("one"), k.clock.Now().Add(time.Hour), k.event("invite.create")))
		k.ok("CreateInvite", k.CreateInvite(ctx, []byte("two"), k.clock.Now().Add(time.Minute), k.event("invite.create")))
		k.is("an unknown code", invited("Ann", "none"), store.ErrCode)
		k.is("an empty code", invited("Ann", ""), store.ErrCode)
		k.is("a taken name", invited("Taken", "one"), store.ErrUsernameTaken)
		k.ok("the code is not spent by a failure", invited("Ann", "one"))
		k.is("a spent code", invited("Bob", "one"), store.ErrCode)
		k.clock.add(time.Minute)
		k.is("an old code", invited("Bob", "two"), store.ErrCode)
	}},
	{"K09 first admin", func(k *kit) {
		ctx := k.Context()
		first := func(name, code string) error {
			n := k.newUser(name, store.RoleAdmin)
			n.Setup = []byte(code)
			return k.CreateUser(ctx, n, k.event("setup"))
		}
		done := func(want bool) {
			k.Helper()
			got, err := k.SetupDone(ctx)
			k.ok("SetupDone", err)
			equal(k, "SetupDone", got, want)
		}
		done(false)
		k.is("no code was made", first("Eve", ""), store.ErrCode)
		k.ok("OpenSetup", k.OpenSetup(ctx, []byte("old")))
		k.ok("OpenSetup", k.OpenSetup(ctx, []byte("code")))
		for i := range 20 {
			k.is("a wrong code", first("Eve", fmt.Sprint(i)), store.ErrCode)
		}
		k.is("an earlier code", first("Eve", "old"), store.ErrCode)
		k.user("Taken")
		k.is("a taken name", first("Taken", "code"), store.ErrUsernameTaken)
		done(false)
		k.ok("the right code", first("Ann", "code"))
		done(true)
		k.is("a second admin", first("Eve", "code"), store.ErrSetupDone)
		k.is("a new code", k.OpenSetup(ctx, []byte("more")), store.ErrSetupDone)
	}},
	{"an admin made otherwise closes set-up", func(k *kit) {
		k.ok("OpenSetup", k.OpenSetup(k.Context(), []byte("code")))
		k.user("Ann", store.RoleAdmin)
		k.is("set-up", k.OpenSetup(k.Context(), []byte("code")), store.ErrSetupDone)
	}},
	{"an admin made by a grant closes set-up", func(k *kit) {
		k.ok("OpenSetup", k.OpenSetup(k.Context(), []byte("code")))
		u := k.user("Ann")
		_, err := k.GrantRole(k.Context(), u.ID, store.RoleAdmin, k.event("role.grant"))
		k.ok("GrantRole", err)
		k.is("set-up", k.OpenSetup(k.Context(), []byte("code")), store.ErrSetupDone)
	}},
}
