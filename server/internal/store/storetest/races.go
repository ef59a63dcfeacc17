package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jotgate/jotgate/revocation"
	"github.com/jotgate/jotgate/server/internal/store"
)

const workers = 100

var races = []leg{
	{"SCL-2 one name, 100 parallel creates", func(k *kit) {
		nodes := k.nodes()
		for what, c := range map[string]struct {
			empty func(*store.User)
			taken error
		}{
			"username": {func(u *store.User) { u.Email, u.EmailKey = "", "" }, store.ErrUsernameTaken},
			"e-mail":   {func(u *store.User) { u.Username, u.UsernameKey = "", "" }, store.ErrEmailTaken},
		} {
			var c1 tally
			together(workers, func(i int) {
				n := k.newUser("Ann", "user")
				c.empty(&n.User)
				c1.count(k, nodes[i%len(nodes)].CreateUser(k.Context(), n, k.event("user.create")), c.taken)
			})
			equal(k, what+": created", c1.n[nil], 1)
			equal(k, what+": refused", c1.n[c.taken], workers-1)
		}
		all, err := k.Users(k.Context(), store.Page{})
		k.ok("Users", err)
		equal(k, "users", len(all), 2)
		equal(k, "no partial rows: audit", len(k.events()), 2)
	}},
	{"SCL-2 one role, parallel creates", func(k *kit) {
		nodes := k.nodes()
		var c tally
		together(workers, func(i int) {
			c.count(k, nodes[i%len(nodes)].CreateRole(k.Context(), store.Role{Name: "r"}, k.event("role.create")), store.ErrRoleTaken)
		})
		equal(k, "created", c.n[nil], 1)
	}},
	{"D05 REF-5 grace 0: of 100 one wins", func(k *kit) {
		nodes := k.nodes()
		s := k.login(k.user("Ann"))
		var c tally
		together(workers, func(i int) {
			_, err := nodes[i%len(nodes)].RotateSession(k.Context(), k.rotation(s, 1, 0), k.event("session.refresh"))
			c.count(k, err, store.ErrReused, store.ErrEnded)
		})
		equal(k, "winners", c.n[nil], 1)
		equal(k, "who ended it", c.n[store.ErrReused], 1)
		got := k.session(s.ID)
		equal(k, "counter", got.Counter, 2)
		equal(k, "the family does not survive", got.EndReason, revocation.ReasonReused)
		equal(k, "records", len(k.logged(k.clock.Now())), 1)
		equal(k, "audit: create, login, refresh, reuse", len(k.events()), 4)
	}},
	{"D04 REF-4 grace 10 s: 100 get one successor", func(k *kit) {
		nodes := k.nodes()
		s := k.login(k.user("Ann"))
		var firsts tally
		together(workers, func(i int) {
			got, err := nodes[i%len(nodes)].RotateSession(k.Context(), k.rotation(s, 1, grace), k.event("session.refresh"))
			if err != nil || got.Counter != 2 {
				k.Errorf("got counter %d and %v, want 2", got.Counter, err)
			}
			if !got.Repeated {
				firsts.count(k, nil)
			}
		})
		equal(k, "rotations", firsts.n[nil], 1)
		equal(k, "counter", k.session(s.ID).Counter, 2)
		equal(k, "audit: create, login, refresh", len(k.events()), 3)
	}},
	{"N10 SCL-1 100 workers, one counter", func(k *kit) {
		nodes := k.nodes()
		u := k.user("Ann")
		for i := range workers {
			k.ok("CreateRole", k.CreateRole(k.Context(), store.Role{Name: fmt.Sprint("r", i)}, k.event("role.create")))
		}
		var mu sync.Mutex
		seen := map[int64]int{}
		together(workers, func(i int) {
			got, err := nodes[i%len(nodes)].GrantRole(k.Context(), u.ID, fmt.Sprint("r", i), k.event("role.grant"))
			k.is("GrantRole", err, nil)
			mu.Lock()
			defer mu.Unlock()
			seen[got.Version]++
		})
		equal(k, "version", k.seen(u.ID).Version, workers+1)
		equal(k, "roles", len(k.seen(u.ID).Roles), workers)
		equal(k, "each version once", len(seen), workers)
	}},
	{"D11 REF-7 nothing rotates after a log-out", func(k *kit) {
		race(k, k.can.Rounds, func(k *kit, nodes []store.Store, i int) {
			u := k.user(fmt.Sprint("u", i))
			s := k.login(u)
			var last store.Rotated
			together(2, func(who int) {
				if who == 0 {
					n, err := nodes[i%len(nodes)].EndSessions(k.Context(), store.Select{User: u.ID}, revocation.ReasonLogout, k.event("user.logout"))
					k.is("EndSessions", err, nil)
					equal(k, "ended", n, 1)
					_, err = k.refresh(s, k.session(s.ID).Counter, grace)
					k.is("after the log-out", err, store.ErrEnded)
					return
				}
				for counter := int64(1); !k.Failed(); counter++ {
					got, err := k.refresh(s, counter, grace)
					if err != nil {
						k.is("during the log-out", err, store.ErrEnded)
						return
					}
					last = got
				}
			})
			if last.Counter != 0 {
				equal(k, "the last rotation is the one that the log-out ended", k.session(s.ID).Counter, last.Counter)
			}
		})
	}},
	{"REF-7 no session starts with an old password", func(k *kit) {
		race(k, k.can.Rounds/2, func(k *kit, nodes []store.Store, i int) {
			u := k.user(fmt.Sprint("u", i))
			s := k.newSession(u)
			var started error
			together(2, func(who int) {
				if who == 0 {
					k.is("SetPassword", nodes[i%len(nodes)].SetPassword(k.Context(), u.ID, u.PasswordHash, "new", "", k.event("user.password")), nil)
					return
				}
				_, started = k.StartSession(k.Context(), s, u.PasswordHash, k.event("user.login"))
			})
			if started == nil {
				equal(k, "a session from before", k.session(s.ID).EndReason, revocation.ReasonPassword)
				return
			}
			k.is("a log-in from after", started, store.ErrConflict)
		})
	}},
	{"REF-7 no session starts for a disabled user", func(k *kit) {
		race(k, k.can.Rounds/2, func(k *kit, nodes []store.Store, i int) {
			u := k.user(fmt.Sprint("u", i))
			s := k.newSession(u)
			var started error
			together(2, func(who int) {
				if who == 0 {
					_, err := nodes[i%len(nodes)].PatchUser(k.Context(), u.ID, store.UserPatch{Disabled: new(true)}, k.event("user.disable"))
					k.is("PatchUser", err, nil)
					return
				}
				_, started = k.StartSession(k.Context(), s, u.PasswordHash, k.event("user.login"))
			})
			if started == nil {
				equal(k, "a session from before", k.session(s.ID).EndReason, revocation.ReasonDisabled)
				return
			}
			k.is("a log-in from after", started, store.ErrDisabled)
		})
	}},
	{"AUZ-4 of two admins one is left", func(k *kit) {
		ctx := k.Context()
		deeds := []func(s store.Store, id string) error{
			func(s store.Store, id string) error {
				_, err := s.PatchUser(ctx, id, store.UserPatch{Disabled: new(true)}, k.event("user.disable"))
				return err
			},
			func(s store.Store, id string) error { return s.DeleteUser(ctx, id, k.event("user.delete")) },
			func(s store.Store, id string) error {
				_, err := s.RevokeRole(ctx, id, store.RoleAdmin, k.event("role.revoke"))
				return err
			},
		}
		left := k.user("first", store.RoleAdmin)
		race(k, k.can.Rounds, func(k *kit, nodes []store.Store, i int) {
			pair := []store.User{left, k.user(fmt.Sprint("u", i), store.RoleAdmin)}
			var c tally
			together(2, func(who int) {
				deed := deeds[rand.IntN(len(deeds))]
				c.count(k, deed(nodes[(i+who)%len(nodes)], pair[1-who].ID), store.ErrLastAdmin)
			})
			equal(k, "done", c.n[nil], 1)
			var admins []store.User
			all, err := k.Users(ctx, store.Page{})
			k.ok("Users", err)
			for _, u := range all {
				if slices.Contains(u.Roles, store.RoleAdmin) && !u.Disabled {
					admins = append(admins, u)
				}
			}
			if len(admins) != 1 {
				k.Fatalf("admins: got %d, want 1", len(admins))
			}
			left = admins[0]
		})
	}},
	{"K09 50 parallel with the right code", func(k *kit) {
		nodes := k.nodes()
		k.ok("OpenSetup", k.OpenSetup(k.Context(), []byte("code")))
		var c tally
		together(50, func(i int) {
			n := k.newUser(fmt.Sprint("admin", i), store.RoleAdmin)
			n.Setup = []byte("code")
			c.count(k, nodes[i%len(nodes)].CreateUser(k.Context(), n, k.event("setup")), store.ErrSetupDone)
		})
		equal(k, "first admins", c.n[nil], 1)
		equal(k, "refused", c.n[store.ErrSetupDone], 49)
	}},
	{"an invite is spent once", func(k *kit) {
		nodes := k.nodes()
		k.ok("CreateInvite", k.CreateInvite(k.Context(), []byte("code"), k.clock.Now().Add(time.Hour), k.event("invite.create")))
		var c tally
		together(50, func(i int) {
			n := k.newUser(fmt.Sprint("u", i))
			n.Invite = []byte("code")
			c.count(k, nodes[i%len(nodes)].CreateUser(k.Context(), n, k.event("user.create")), store.ErrCode)
		})
		equal(k, "created", c.n[nil], 1)
	}},
	{"ROT-4 of many first keys one is active", func(k *kit) {
		nodes := k.nodes()
		activate := func(prefix, replaces string) {
			var c tally
			together(workers/5, func(i int) {
				key := store.Key{ID: fmt.Sprint(prefix, i), Sealed: []byte{}, CreatedAt: k.clock.Now()}
				c.count(k, nodes[i%len(nodes)].ActivateKey(k.Context(), key, replaces, k.event("key.rotate")), store.ErrKeyExists)
			})
			equal(k, "activated", c.n[nil], 1)
		}
		active := func() string {
			all, err := k.Keys(k.Context())
			k.ok("Keys", err)
			i := slices.IndexFunc(all, func(key store.Key) bool { return key.State == store.KeyActive })
			return all[i].ID
		}
		activate("first", "")
		activate("second", active())
		equal(k, "the second is active", strings.HasPrefix(active(), "second"), true)
	}},
	{"a token never carries old permissions under a new policy", func(k *kit) {
		nodes := k.nodes()
		u := k.user("Ann", "user")
		stop := make(chan struct{})
		together(2, func(who int) {
			if who == 0 {
				defer close(stop)
				for policy := int64(2); policy < int64(k.can.Rounds); policy++ {
					_, err := nodes[0].SetPermissions(k.Context(), "user", []string{fmt.Sprint("policy:", policy)}, k.event("role.update"))
					k.is("SetPermissions", err, nil)
				}
				return
			}
			for {
				a, err := nodes[len(nodes)-1].User(k.Context(), u.ID)
				k.is("User", err, nil)
				if err == nil && a.Policy > 1 {
					k.words("permissions", a.Permissions, fmt.Sprint("policy:", a.Policy))
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}},
	{"DBO-4 everything at once neither fails nor deadlocks", func(k *kit) {
		ctx := k.Context()
		nodes := k.nodes()
		k.user("root", store.RoleAdmin)
		k.ok("CreateRole", k.CreateRole(ctx, store.Role{Name: "r0"}, k.event("role.create")))
		var all []store.User
		for i := range 4 {
			all = append(all, k.user(fmt.Sprint("u", i), "user"))
		}
		together(12, func(who int) {
			s, r := nodes[who%len(nodes)], rand.New(rand.NewPCG(7, uint64(who)))
			for range k.can.Rounds / 4 {
				k.clock.add(time.Millisecond)
				u, e := all[r.IntN(len(all))], k.event("x")
				var err error
				switch r.IntN(9) {
				case 0:
					_, err = s.GrantRole(ctx, u.ID, "r0", e)
				case 1:
					_, err = s.RevokeRole(ctx, u.ID, "r0", e)
				case 2:
					err = s.DeleteRole(ctx, "r0", e)
				case 3:
					err = s.CreateRole(ctx, store.Role{Name: "r0"}, e)
				case 4:
					_, err = s.SetPermissions(ctx, "r0", []string{fmt.Sprint("a:", r.IntN(9))}, e)
				case 5:
					n := k.newSession(u)
					if _, err = s.StartSession(ctx, n, u.PasswordHash, e); err == nil {
						_, err = s.RotateSession(ctx, k.rotation(n, 1, 0), k.event("x"))
					}
				case 6:
					_, err = s.EndSessions(ctx, store.Select{User: u.ID}, "x", e)
				case 7:
					_, err = s.PatchUser(ctx, u.ID, store.UserPatch{Disabled: new(r.IntN(2) == 0)}, e)
				case 8:
					_, err = s.Sweep(ctx, k.clock.Now(), 0)
				}
				for _, expected := range []error{store.ErrNotFound, store.ErrRoleTaken, store.ErrDisabled, store.ErrEnded} {
					err = ignore(err, expected)
				}
				k.is("a deed in the crowd", err, nil)
			}
		})
	}},
}

// race runs rounds of a race until one fails.
func race(k *kit, rounds int, round func(k *kit, nodes []store.Store, i int)) {
	nodes := k.nodes()
	for i := range rounds {
		if round(k, nodes, i); k.Failed() {
			k.Fatalf("in round %d", i)
		}
	}
}
