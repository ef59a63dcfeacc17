package jotgate_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
)

// ticketGate is a gate that takes tickets, with a clock of its own for them.
func ticketGate(tb testing.TB, life time.Duration, limit int) (g gate, tickets *jotgate.Tickets, now *time.Time) {
	clock := noon
	tickets = jotgate.NewTickets(life, limit, func() time.Time { return clock })
	return at(tb, inHeader, tickets.Location("ticket")), tickets, &clock
}

func issue(tb testing.TB, t *jotgate.Tickets, raw string) string {
	tb.Helper()
	text, err := t.Issue(raw)
	must(tb, err)
	return text
}

func TestTickets(t *testing.T) {
	ask := func(g gate, ticket string) *http.Response {
		return do(g.Require()(where), request(http.MethodGet, "/stream?ticket="+ticket, ""))
	}
	t.Run("one ticket, one stream", func(t *testing.T) {
		g, tickets, _ := ticketGate(t, 0, 0)
		ticket := issue(t, tickets, g.token(t))
		wantAnswer(t, ask(g, ticket), 200, "ticket ticket")
		wantAnswer(t, ask(g, ticket), 401, jotgate.CodeInvalid)
		if reason := g.log.last(t)["reason"]; reason != "ticket ticket: "+jotgate.FaultTicket {
			t.Errorf("reason: got %v", reason)
		}
		if strings.Contains(g.log.String(), ticket) {
			t.Error("log: want no ticket in it")
		}
	})
	t.Run("unknown, empty, two", func(t *testing.T) {
		g, tickets, _ := ticketGate(t, 0, 0)
		wantAnswer(t, ask(g, "x"), 401, jotgate.CodeInvalid)
		wantAnswer(t, ask(g, ""), 401, jotgate.CodeMissing)
		raw := g.token(t)
		wantAnswer(t, ask(g, issue(t, tickets, raw)+"&ticket="+issue(t, tickets, raw)), 401, jotgate.CodeInvalid)
	})
	t.Run("a ticket is not a token, and a token no ticket", func(t *testing.T) {
		g, tickets, _ := ticketGate(t, 0, 0)
		wantAnswer(t, get(g.Require()(whoami), "Bearer "+issue(t, tickets, g.token(t))), 401, jotgate.CodeInvalid)
		wantAnswer(t, ask(g, g.token(t)), 401, jotgate.CodeInvalid)
	})
	t.Run("E01 thirty seconds by default", func(t *testing.T) {
		g, tickets, now := ticketGate(t, 0, 0)
		inTime, late := issue(t, tickets, g.token(t)), issue(t, tickets, g.token(t))
		*now = noon.Add(30*time.Second - 1)
		wantAnswer(t, ask(g, inTime), 200, "ticket ticket")
		*now = noon.Add(30 * time.Second)
		wantAnswer(t, ask(g, late), 401, jotgate.CodeInvalid)
		*now = noon
		wantAnswer(t, ask(g, late), 401, jotgate.CodeInvalid)
	})
	t.Run("what is revoked meanwhile is dead", func(t *testing.T) {
		g, tickets, _ := ticketGate(t, 0, 0)
		ticket := issue(t, tickets, g.token(t))
		g.dead.Add(sessionOf(issuer))
		wantAnswer(t, ask(g, ticket), 401, jotgate.CodeRevoked)
	})
	t.Run("a ticket of one user beside the token of another", func(t *testing.T) {
		g, tickets, _ := ticketGate(t, 0, 0)
		other := g.token(t, func(c *jwt.Claims) { c.Subject = "u2" })
		r := request(http.MethodGet, "/?ticket="+issue(t, tickets, other), "", "Authorization", "Bearer "+g.token(t))
		wantAnswer(t, do(g.Require()(whoami), r), 401, jotgate.CodeInvalid)
	})
	t.Run("no two are alike, and none can be guessed", func(t *testing.T) {
		_, tickets, _ := ticketGate(t, 0, 0)
		seen := map[string]bool{}
		for range 1000 {
			seen[issue(t, tickets, "x")] = true
		}
		for text := range seen {
			if len(text) < 26 { // 130 bits in base32
				t.Errorf("ticket %q: want 26 characters", text)
			}
		}
		if len(seen) != 1000 {
			t.Errorf("want 1000 tickets, got %d", len(seen))
		}
	})
}

func TestTicketsAreBounded(t *testing.T) {
	for limit, want := range map[int]int{3: 3, 0: 10_000} {
		_, tickets, now := ticketGate(t, time.Minute, limit)
		for range want {
			issue(t, tickets, "x")
		}
		if text, err := tickets.Issue("x"); text != "" || !errors.Is(err, jotgate.ErrTickets) {
			t.Errorf("limit %d: want %v, got %q and %v", limit, jotgate.ErrTickets, text, err)
		}
		*now = noon.Add(time.Minute)
		issue(t, tickets, "x")
	}
}

// Of a hundred who come at once with one ticket, one passes.
func TestTicketRace(t *testing.T) {
	g, tickets, _ := ticketGate(t, 0, 0)
	raw := g.token(t)
	for round := range 200 {
		r := request(http.MethodGet, "/?ticket="+issue(t, tickets, raw), "")
		var won atomic.Int32
		var barrier, done sync.WaitGroup
		barrier.Add(1)
		for range 100 {
			done.Go(func() {
				barrier.Wait()
				if _, err := g.CheckRequest(r, jotgate.Rule{}); err == nil {
					won.Add(1)
				}
			})
		}
		barrier.Done()
		if done.Wait(); won.Load() != 1 {
			t.Fatalf("round %d: want one winner, got %d", round, won.Load())
		}
	}
}

// The clock of those who bring none is the real one.
func TestTicketsByTheRealClock(t *testing.T) {
	tickets := jotgate.NewTickets(0, 0, nil)
	g := at(t, tickets.Location("ticket"))
	wantAnswer(t, do(g.Require()(whoami), request("GET", "/?ticket="+issue(t, tickets, g.token(t)), "")), 200, "u1")
}
