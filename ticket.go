package jotgate

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"sync"
	"time"
)

// Tickets are one-time stand-ins for an access token, for clients that can set no header, as browsers on a WebSocket or
// an EventSource: a guarded route issues one, and the stream's address carries it. A ticket in a log is of no use to
// anybody: it is short-lived and spent by its first use. Tickets live in this process.
type Tickets struct {
	life time.Duration
	max  int
	now  func() time.Time

	mu   sync.Mutex
	open map[[sha256.Size]byte]ticket
}

type ticket struct {
	raw   string
	until time.Time
}

// ErrTickets says that too many tickets are open.
var ErrTickets = errors.New("too many open tickets")

// NewTickets returns an empty box for at most limit open tickets, each good for life; 0 means 10,000 and 30 seconds. now
// is the clock, nil for time.Now.
func NewTickets(life time.Duration, limit int, now func() time.Time) *Tickets {
	if life == 0 {
		life = 30 * time.Second
	}
	if limit == 0 {
		limit = 10_000
	}
	if now == nil {
		now = time.Now
	}
	return &Tickets{life: life, max: limit, now: now, open: map[[sha256.Size]byte]ticket{}}
}

// Issue returns a ticket of 130 random bits for a raw access token. ErrTickets when too many are open.
func (t *Tickets) Issue(raw string) (string, error) {
	text := rand.Text()
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.open) >= t.max {
		t.sweep(now)
	}
	if len(t.open) >= t.max {
		return "", ErrTickets
	}
	t.open[sha256.Sum256([]byte(text))] = ticket{raw, now.Add(t.life)}
	return text, nil
}

func (t *Tickets) sweep(now time.Time) {
	for k, v := range t.open {
		if !now.Before(v.until) {
			delete(t.open, k)
		}
	}
}

// redeem returns the token of a ticket, to exactly one of any number of callers; "" otherwise.
func (t *Tickets) redeem(text string) string {
	key := sha256.Sum256([]byte(text))
	t.mu.Lock()
	defer t.mu.Unlock()
	v, ok := t.open[key]
	delete(t.open, key)
	if !ok || !t.now().Before(v.until) {
		return ""
	}
	return v.raw
}

// Location is where a guard finds a ticket: in the query parameter of this name. A ticket that is spent, unknown or too
// old is refused. The first guard that looks spends it: let only one stand before the stream.
func (t *Tickets) Location(query string) Location {
	at := Location{Query: query}
	return Location{Name: "ticket " + query, Find: func(c Carrier) (string, error) {
		text, err := at.find(c)
		if err != nil || text == "" {
			return "", err
		}
		if raw := t.redeem(text); raw != "" {
			return raw, nil
		}
		return "", &FormError{"ticket " + query, FaultTicket}
	}}
}
