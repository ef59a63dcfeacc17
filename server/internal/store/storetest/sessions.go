package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/jotgate/jotgate/revocation"
	"github.com/jotgate/jotgate/server/internal/store"
)

const grace = 10 * time.Second

var sessions = []leg{
	{"start and read", func(k *kit) {
		u := k.user("Ann", "user")
		s := k.newSession(u)
		s.IdleExpiresAt = s.ExpiresAt.Add(time.Hour) // idleness never reaches beyond the end
		a, err := k.StartSession(k.Context(), s, u.PasswordHash, k.event("user.login"))
		k.ok("StartSession", err)
		k.words("roles", a.Roles, "user")
		equal(k, "version and policy", fmt.Sprint(a.Version, a.Policy), "1 1")
		want := s
		want.AuthTime, want.CreatedAt, want.LastUsedAt = kept(s.AuthTime), kept(s.CreatedAt), kept(s.LastUsedAt)
		want.ExpiresAt, want.IdleExpiresAt = kept(s.ExpiresAt), kept(s.ExpiresAt)
		equal(k, "session", k.session(s.ID), want)
		_, err = k.Session(k.Context(), id())
		k.is("no session", err, store.ErrNotFound)
		k.revoked("StartSession")
	}},
	{"D01 REF-2 refresh ten times", func(k *kit) {
		u := k.user("Ann", "user")
		s := k.login(u)
		for n := range int64(10) {
			k.clock.add(time.Minute)
			got, err := k.refresh(s, n+1, 0)
			k.ok("refresh", err)
			equal(k, "counter", got.Counter, n+2)
			equal(k, "session", got.Session.ID, s.ID)
			equal(k, "used", got.LastUsedAt, kept(k.clock.Now()))
			equal(k, "idle until", got.IdleExpiresAt, kept(k.clock.Now().Add(idle)))
			equal(k, "ends", got.ExpiresAt, kept(s.ExpiresAt))
			equal(k, "auth time", got.AuthTime, kept(s.AuthTime))
			equal(k, "what is stored", k.session(s.ID), got.Session)
			k.words("roles", got.Access.Roles, "user")
		}
		k.revoked("refresh")
	}},
	{"D02 REF-3 reuse ends the session", func(k *kit) {
		u := k.user("Ann")
		s, other := k.login(u), k.login(u)
		_, err := k.refresh(s, 1, grace)
		k.ok("refresh", err)
		k.clock.add(grace)
		k.audited("reuse", 1, func() {
			_, err = k.refresh(s, 1, grace)
			k.is("reuse after grace", err, store.ErrReused)
		})
		e := k.events()[0]
		equal(k, "event", e.Action+" "+e.Result+" "+e.IP, "session.reuse fail 192.0.2.1")
		k.revoked("reuse", k.record(revocation.Session, s.ID, 0, revocation.ReasonReused))
		equal(k, "reason", k.session(s.ID).EndReason, revocation.ReasonReused)
		_, err = k.refresh(s, 2, grace)
		k.is("the newest token", err, store.ErrEnded)
		_, err = k.refresh(s, 1, grace)
		k.is("reuse again", err, store.ErrEnded)
		k.revoked("an ended session")
		_, err = k.refresh(other, 1, grace)
		k.is("D03 another session of the user", err, nil)
	}},
	{"D08 REF-4 grace is for the immediate predecessor only", func(k *kit) {
		s := k.login(k.user("Ann"))
		for n := range int64(2) {
			_, err := k.refresh(s, n+1, grace)
			k.ok("refresh", err)
		}
		_, err := k.refresh(s, 1, grace)
		k.is("the predecessor's predecessor, in time", err, store.ErrReused)
	}},
	{"D10 REF-4 REF-11 the same answer again", func(k *kit) {
		s := k.login(k.user("Ann"))
		first, err := k.refresh(s, 1, grace)
		k.ok("refresh", err)
		k.clock.add(grace - time.Millisecond)
		k.audited("repeated", 0, func() {
			again, err := k.refresh(s, 1, grace)
			k.ok("the predecessor in its last millisecond", err)
			equal(k, "repeated", again.Repeated, true)
			equal(k, "session", again.Session, first.Session)
			equal(k, "the first answer", first.Repeated, false)
		})
		equal(k, "stored", k.session(s.ID), first.Session)
		k.clock.add(time.Millisecond)
		_, err = k.refresh(s, 1, grace)
		k.is("a millisecond later", err, store.ErrReused)
	}},
	{"REF-6 grace 0 sees reuse within the millisecond", func(k *kit) {
		s := k.login(k.user("Ann"))
		_, err := k.refresh(s, 1, 0)
		k.ok("refresh", err)
		_, err = k.refresh(s, 1, 0)
		k.is("reuse", err, store.ErrReused)
	}},
	{"D13 REF-8 idle and absolute expiry", func(k *kit) {
		s := k.login(k.user("Ann"))
		k.clock.add(idle - time.Millisecond)
		_, err := k.refresh(s, 1, idle)
		k.ok("the last idle millisecond", err)
		k.clock.add(idle)
		for _, counter := range []int64{2, 1, 0} { // current, graced, reused
			_, err = k.refresh(s, counter, idle)
			k.is("idle too long", err, store.ErrExpired)
		}
		k.revoked("expiry")
		equal(k, "left as it is", k.session(s.ID).EndedAt.IsZero(), true)

		s = k.login(k.user("Bob"))
		for n := int64(1); ; n++ {
			k.clock.add(idle / 2)
			got, err := k.refresh(s, n, time.Hour)
			if !k.clock.Now().Before(s.ExpiresAt) {
				k.is("past the absolute end", err, store.ErrExpired)
				_, err = k.refresh(s, n-1, time.Hour)
				k.is("grace does not reach beyond the end", err, store.ErrExpired)
				break
			}
			k.ok("in use", err)
			if got.IdleExpiresAt.After(kept(s.ExpiresAt)) {
				k.Fatalf("idle expiry %v is beyond the absolute %v", got.IdleExpiresAt, s.ExpiresAt)
			}
		}
	}},
	{"D15 REF-9 refresh gives what the user may do now", func(k *kit) {
		u := k.user("Ann", "user")
		s := k.login(u)
		k.ok("CreateRole", k.CreateRole(k.Context(), store.Role{Name: "author", Permissions: []string{"posts:write"}}, k.event("role.create")))
		_, err := k.GrantRole(k.Context(), u.ID, "author", k.event("role.grant"))
		k.ok("GrantRole", err)
		got, err := k.refresh(s, 1, 0)
		k.ok("refresh", err)
		k.words("permissions", got.Access.Permissions, "posts:write")
		equal(k, "version", got.Access.Version, 2)
	}},
	{"a token from a lost future ends the session", func(k *kit) {
		s := k.login(k.user("Ann"))
		_, err := k.refresh(s, 5, grace)
		k.is("counter above the session's", err, store.ErrEnded)
		k.revoked("a lost future", k.record(revocation.Session, s.ID, 0, revocation.ReasonEnded))
		equal(k, "event", k.events()[0].Action, "session.reuse")
		_, err = k.refresh(store.Session{ID: id()}, 1, grace)
		k.is("no such session", err, store.ErrNotFound)
	}},
	{"reauthenticate", func(k *kit) {
		ctx := k.Context()
		u := k.user("Ann", "user")
		s := k.login(u)
		k.clock.add(time.Minute)
		got, a, err := k.Reauthenticate(ctx, s.ID, u.PasswordHash, k.clock.Now(), k.event("user.reauthenticate"))
		k.ok("Reauthenticate", err)
		equal(k, "auth time", got.AuthTime, kept(k.clock.Now()))
		equal(k, "counter", got.Counter, 1)
		equal(k, "stored", k.session(s.ID), got)
		k.words("roles", a.Roles, "user")
		try := func(what, hash string, want error) {
			k.Helper()
			k.audited(what, 0, func() {
				_, _, err := k.Reauthenticate(ctx, s.ID, hash, k.clock.Now(), k.event("user.reauthenticate"))
				k.is(what, err, want)
			})
		}
		try("a password that is not the user's any more", "other", store.ErrConflict)
		k.clock.add(idle)
		try("an expired session", u.PasswordHash, store.ErrEnded)
		s = k.login(u)
		_, err = k.EndSessions(ctx, store.Select{ID: s.ID}, revocation.ReasonLogout, k.event("user.logout"))
		k.ok("EndSessions", err)
		try("an ended session", u.PasswordHash, store.ErrEnded)
		_, err = k.PatchUser(ctx, u.ID, store.UserPatch{Disabled: new(true)}, k.event("user.disable"))
		k.ok("PatchUser", err)
		try("a disabled user", u.PasswordHash, store.ErrDisabled)
		k.ok("DeleteUser", k.DeleteUser(ctx, u.ID, k.event("user.delete")))
		try("a deleted user", u.PasswordHash, store.ErrEnded)
		s.ID = id()
		try("no session", u.PasswordHash, store.ErrEnded)
	}},
	{"E11 end sessions", func(k *kit) {
		ctx := k.Context()
		ann, bob := k.user("Ann"), k.user("Bob")
		a1, a2, a3, b1 := k.login(ann), k.login(ann), k.login(ann), k.login(bob)
		end := func(what string, sel store.Select, want ...store.Session) {
			k.Helper()
			records := []revocation.Record{}
			for _, s := range want {
				records = append(records, k.record(revocation.Session, s.ID, 0, revocation.ReasonEnded))
			}
			k.audited(what, min(1, len(want)), func() {
				n, err := k.EndSessions(ctx, sel, revocation.ReasonEnded, k.event("session.end"))
				k.ok(what, err)
				equal(k, what, n, len(want))
			})
			k.revoked(what, records...)
		}
		end("somebody else's session", store.Select{User: bob.ID, ID: a1.ID})
		end("one's own", store.Select{User: ann.ID, ID: a1.ID}, a1)
		end("again", store.Select{User: ann.ID, ID: a1.ID})
		end("by id alone, but not that one", store.Select{ID: a2.ID, Except: a2.ID})
		end("all but the current", store.Select{User: ann.ID, Except: a2.ID}, a3)
		end("nobody's", store.Select{User: id()})
		k.clock.add(time.Second)
		_, err := k.refresh(b1, 1, 0)
		k.is("Bob's", err, nil)
		end("by id alone", store.Select{ID: b1.ID}, b1)
		equal(k, "ended at", k.session(b1.ID).EndedAt, kept(k.clock.Now()))
		k.clock.add(idle + tokenLife)
		end("expired, but its last token may live", store.Select{User: ann.ID}, a2)
		if _, err := k.EndSessions(ctx, store.Select{Except: a1.ID}, "x", k.event("session.end")); err == nil {
			k.Error("nothing selected: got no error, want one")
		}
	}},
	{"an old session is not ended again", func(k *kit) {
		u := k.user("Ann")
		k.login(u)
		k.clock.add(idle + tokenLife + slack)
		n, err := k.EndSessions(k.Context(), store.Select{User: u.ID}, revocation.ReasonLogout, k.event("user.logout"))
		k.ok("EndSessions", err)
		equal(k, "ended", n, 0)
		k.revoked("EndSessions")
	}},
	{"list of live sessions, newest first", func(k *kit) {
		u := k.user("Ann")
		list := func() (ids []string) {
			k.Helper()
			all, err := k.Sessions(k.Context(), u.ID, k.clock.Now())
			k.ok("Sessions", err)
			for _, s := range all {
				ids = append(ids, s.ID)
			}
			return ids
		}
		k.words("none", list())
		var want []string
		for range 3 {
			k.clock.add(time.Minute)
			want = append(want, k.login(u).ID)
		}
		k.login(k.user("Bob"))
		slices.Reverse(want)
		k.words("three", list(), want...)
		_, err := k.EndSessions(k.Context(), store.Select{ID: want[1]}, revocation.ReasonLogout, k.event("user.logout"))
		k.ok("EndSessions", err)
		k.words("one ended", list(), want[0], want[2])
		k.clock.add(idle - time.Minute) // the third is idle for that long already
		k.words("one expired", list(), want[0])
	}},
}
