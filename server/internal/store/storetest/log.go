package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jotgate/jotgate/revocation"
	"github.com/jotgate/jotgate/server/internal/store"
)

var logs = []leg{
	{"events newest first, in pages", func(k *kit) {
		var want []store.Event
		for i := range 5 {
			e := k.event(fmt.Sprint("action ", i))
			k.ok("Append", k.Append(k.Context(), e))
			e.At = kept(e.At)
			want = append(want, e)
		}
		slices.Reverse(want)
		var got []store.Event
		for p := (store.Page{Limit: 2}); ; p.After = got[len(got)-1].ID {
			page, err := k.Events(k.Context(), p)
			k.ok("Events", err)
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
		}
		if !slices.Equal(got, want) {
			k.Errorf("events: got %+v, want %+v", got, want)
		}
	}},
	{"AUD-2 one event per deed, none per refusal", audit},
	{"REV-6 a record lives as long as the longest token", func(k *kit) {
		u := k.user("Ann")
		s := k.login(u)
		longer, err := k.open(store.Options{Issuer: issuer, TokenLife: time.Hour, Now: k.clock.Now, Patience: patience})
		k.ok("opening with longer tokens", err)
		k.ok("closing", longer.Close())
		k.Store = k.node(k.heard.add) // with shorter ones again
		_, err = k.EndSessions(k.Context(), store.Select{ID: s.ID}, revocation.ReasonLogout, k.event("user.logout"))
		k.ok("EndSessions", err)
		until := k.clock.Now().Add(time.Hour + slack)
		got := k.heard.take()
		equal(k, "records", len(got), 1)
		equal(k, "expiry", got[0].ExpiresAt, kept(until))
		k.same("read again", k.logged(until.Add(-time.Millisecond)), got)
		equal(k, "expired", len(k.logged(until)), 0)
	}},
	{"the hook hears what is committed", func(k *kit) {
		u := k.user("Ann")
		s := k.login(u)
		told := false
		node := k.node(func(r []revocation.Record) {
			told = true
			got, err := k.Session(context.Background(), s.ID) // of another node: it sees only what is committed
			k.is("reading inside the hook", err, nil)
			equal(k, "ended when the hook is called", got.EndReason, revocation.ReasonLogout)
		})
		_, err := node.EndSessions(k.Context(), store.Select{ID: s.ID}, revocation.ReasonLogout, k.event("user.logout"))
		k.ok("EndSessions", err)
		equal(k, "the hook was called before the deed returned", told, true)
	}},
	{"sweep", func(k *kit) {
		ctx := k.Context()
		u := k.user("Ann")
		ended, live := k.login(u), k.login(u)
		k.ok("CreateInvite", k.CreateInvite(ctx, []byte("old"), k.clock.Now().Add(time.Minute), k.event("invite.create")))
		k.ok("CreateInvite", k.CreateInvite(ctx, []byte("new"), k.clock.Now().Add(24*time.Hour), k.event("invite.create")))
		_, err := k.EndSessions(ctx, store.Select{ID: ended.ID}, revocation.ReasonLogout, k.event("user.logout"))
		k.ok("EndSessions", err)
		sweep := func(what string, keep time.Duration, want int) {
			k.Helper()
			n, err := k.Sweep(ctx, k.clock.Now(), keep)
			k.ok("Sweep", err)
			equal(k, what, n, want)
		}
		sweep("nothing is past use", time.Hour, 0)
		k.clock.add(tokenLife + slack)
		sweep("the record and the old invite", time.Hour, 2)
		k.clock.add(-time.Millisecond)
		sweep("a session that ended and is not kept", 0, 1)
		_, err = k.Session(ctx, ended.ID)
		k.is("the ended session", err, store.ErrNotFound)
		k.clock.add(idle)
		sweep("an expired session whose last token may live", 0, 0)
		sweep("again", 0, 0)
		k.clock.add(tokenLife + slack)
		sweep("an expired session that is kept", 2*time.Hour, 0)
		sweep("an expired session", 0, 1)
		_, err = k.Session(ctx, live.ID)
		k.is("the expired session", err, store.ErrNotFound)
		n := k.newUser("Bob")
		n.Invite = []byte("new")
		k.ok("a living invite survives", k.CreateUser(ctx, n, k.event("user.create")))
	}},
	{"many at once", func(k *kit) { // more than a back-end reads or sweeps in one go
		u := k.user("Ann")
		last := k.login(u)
		var want []revocation.Record
		const many = 600
		for _, s := range k.logins(u, many) {
			want = append(want, k.record(revocation.Session, s.ID, 0, revocation.ReasonLogout))
		}
		n, err := k.EndSessions(k.Context(), store.Select{User: u.ID, Except: last.ID}, revocation.ReasonLogout, k.event("user.logout"))
		k.ok("EndSessions", err)
		equal(k, "ended", n, many)
		k.same("read", k.logged(k.clock.Now()), want)
		k.same("heard", k.heard.take(), want)

		k.clock.add(absolute)
		total := 0
		for n = -1; n != 0; total += n {
			n, err = k.Sweep(k.Context(), k.clock.Now(), 0)
			k.ok("Sweep", err)
		}
		equal(k, "swept", total, many+1+many)
	}},
}

// audit does each deed once, well and badly, and counts.
func audit(k *kit) {
	ctx := k.Context()
	u := k.user("Ann", store.RoleAdmin)
	s := k.login(u)
	k.ok("OpenSetup", ignore(k.OpenSetup(ctx, []byte("code")), store.ErrSetupDone))
	only := func(_ any, err error) error { return err }
	n := k.newUser("Bob")
	for _, deed := range []struct {
		name string
		good func(e store.Event) error
		bad  func(e store.Event) error
	}{
		{"user.create", func(e store.Event) error { return k.CreateUser(ctx, n, e) }, func(e store.Event) error { return k.CreateUser(ctx, n, e) }},
		{"user.update", func(e store.Event) error {
			return only(k.PatchUser(ctx, n.ID, store.UserPatch{Username: new("Rob"), UsernameKey: new("rob")}, e))
		}, func(e store.Event) error {
			return only(k.PatchUser(ctx, n.ID, store.UserPatch{Username: new("Ann"), UsernameKey: new("ann")}, e))
		}},
		{"user.password", func(e store.Event) error { return k.SetPassword(ctx, n.ID, n.PasswordHash, "new", "", e) },
			func(e store.Event) error { return k.SetPassword(ctx, n.ID, "wrong", "new", "", e) }},
		{"invite.create", func(e store.Event) error { return k.CreateInvite(ctx, []byte("i"), k.clock.Now(), e) }, nil},
		{"user.login", func(e store.Event) error { return only(k.StartSession(ctx, k.newSession(u), u.PasswordHash, e)) },
			func(e store.Event) error { return only(k.StartSession(ctx, k.newSession(u), "wrong", e)) }},
		{"session.refresh", func(e store.Event) error { return only(k.RotateSession(ctx, k.rotation(s, 1, 0), e)) },
			func(e store.Event) error {
				return only(k.RotateSession(ctx, k.rotation(store.Session{ID: id()}, 1, 0), e))
			}},
		{"user.reauthenticate", func(e store.Event) error {
			_, _, err := k.Reauthenticate(ctx, s.ID, u.PasswordHash, k.clock.Now(), e)
			return err
		}, func(e store.Event) error {
			_, _, err := k.Reauthenticate(ctx, s.ID, "wrong", k.clock.Now(), e)
			return err
		}},
		{"user.logout", func(e store.Event) error { return only(k.EndSessions(ctx, store.Select{ID: s.ID}, "x", e)) },
			func(e store.Event) error { return only(k.EndSessions(ctx, store.Select{ID: s.ID}, "x", e)) }},
		{"role.create", func(e store.Event) error { return k.CreateRole(ctx, store.Role{Name: "r"}, e) },
			func(e store.Event) error { return k.CreateRole(ctx, store.Role{Name: "r"}, e) }},
		{"role.update", func(e store.Event) error { return only(k.SetPermissions(ctx, "r", []string{"a:b"}, e)) },
			func(e store.Event) error { return only(k.SetPermissions(ctx, "none", []string{"a:b"}, e)) }},
		{"role.grant", func(e store.Event) error { return only(k.GrantRole(ctx, n.ID, "r", e)) },
			func(e store.Event) error { return only(k.GrantRole(ctx, n.ID, "none", e)) }},
		{"role.revoke", func(e store.Event) error { return only(k.RevokeRole(ctx, n.ID, "r", e)) },
			func(e store.Event) error { return only(k.RevokeRole(ctx, u.ID, store.RoleAdmin, e)) }},
		{"role.delete", func(e store.Event) error { return k.DeleteRole(ctx, "r", e) }, func(e store.Event) error { return k.DeleteRole(ctx, "r", e) }},
		{"key.create", func(e store.Event) error {
			return k.ActivateKey(ctx, store.Key{ID: "k", Sealed: []byte{}}, "", e)
		}, func(e store.Event) error { return k.ActivateKey(ctx, store.Key{ID: "l", Sealed: []byte{}}, "", e) }},
		{"user.delete", func(e store.Event) error { return k.DeleteUser(ctx, n.ID, e) }, func(e store.Event) error { return k.DeleteUser(ctx, u.ID, e) }},
		{"user.login.fail", func(e store.Event) error { return k.Append(ctx, e) }, nil},
	} {
		k.audited(deed.name, 1, func() {
			e := k.event(deed.name)
			k.ok(deed.name, deed.good(e))
			e.At = kept(e.At)
			equal(k, deed.name+": event", k.events()[0], e)
		})
		if deed.bad != nil {
			k.audited(deed.name+" refused", 0, func() {
				if err := deed.bad(k.event(deed.name)); err == nil && deed.name != "user.logout" { // which is idempotent
					k.Errorf("%s: got no error, want a refusal", deed.name)
				}
			})
		}
	}
}

func ignore(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}

var whole = []leg{
	{"REV-6 CRA-6 everything is there after opening again", func(k *kit) {
		ctx := k.Context()
		u := k.user("Ann", store.RoleAdmin, "user")
		s, gone := k.login(u), k.login(u)
		rotated, err := k.refresh(s, 1, grace)
		k.ok("refresh", err)
		_, err = k.EndSessions(ctx, store.Select{ID: gone.ID}, revocation.ReasonLogout, k.event("user.logout"))
		k.ok("EndSessions", err)
		_, err = k.SetPermissions(ctx, "user", []string{"a:b"}, k.event("role.update"))
		k.ok("SetPermissions", err)
		k.ok("ActivateKey", k.ActivateKey(ctx, store.Key{ID: "k", Sealed: []byte("s")}, "", k.event("key.create")))
		access, records, events := k.seen(u.ID), k.logged(k.clock.Now()), k.events()
		k.ok("closing", k.Close())

		k.Store = k.node(k.heard.add)
		equal(k, "the user", fmt.Sprintf("%+v", k.seen(u.ID)), fmt.Sprintf("%+v", access))
		equal(k, "the session", k.session(s.ID), rotated.Session)
		equal(k, "the ended session", k.session(gone.ID).EndReason, revocation.ReasonLogout)
		k.same("the records", k.logged(k.clock.Now()), records)
		equal(k, "the events", slices.Equal(k.events(), events), true)
		all, err := k.Keys(ctx)
		k.ok("Keys", err)
		equal(k, "the keys", len(all), 1)
		done, err := k.SetupDone(ctx)
		k.ok("SetupDone", err)
		equal(k, "set-up", done, true)
		again, err := k.refresh(s, 1, grace)
		k.ok("the lost response is given again", err)
		equal(k, "repeated", again.Repeated, true)
	}},
	{"a closed store is unavailable", func(k *kit) {
		s := k.node(nil)
		k.ok("Ping", s.Ping(k.Context()))
		k.ok("Close", s.Close())
		k.is("Ping", s.Ping(k.Context()), store.ErrUnavailable)
		k.is("a deed", s.Append(k.Context(), k.event("x")), store.ErrUnavailable)
		_, err := s.Users(k.Context(), store.Page{})
		k.is("a reading", err, store.ErrUnavailable)
		k.ok("Close again", s.Close())
	}},
	{"a cancelled caller does nothing", func(k *kit) {
		ctx, cancel := context.WithCancel(k.Context())
		cancel()
		k.audited("cancelled", 0, func() { k.is("a deed", k.Append(ctx, k.event("x")), context.Canceled) })
		_, err := k.User(ctx, id())
		k.is("a reading", err, context.Canceled)
	}},
	{"one server claims the database", func(k *kit) {
		ctx := k.Context()
		other := k.node(nil)
		k.ok("Claim", k.Claim(ctx))
		k.ok("Claim again", k.Claim(ctx))
		if err := other.Claim(ctx); err == nil {
			k.Fatal("a second server: got no error, want one that names the remedy")
		}
		k.ok("deeds do not need a claim", other.Append(ctx, k.event("x")))
		k.ok("Ping", k.Ping(ctx))
		k.ok("Close", k.Close())
		k.ok("Claim when the first is gone", other.Claim(ctx))
	}},
}
