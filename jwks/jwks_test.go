package jwks_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwks"
	"github.com/jotgate/jotgate/jwt"
)

var _ jotgate.KeySource = (*jwks.Source)(nil)

func TestKey(t *testing.T) {
	inBubble(t, "J06 lookup by kid", func(t *testing.T) {
		p := newIssuer(t, "a", "b")
		s, _ := p.source(t, nil)
		p.wantRequests(t, 0) // New fetches nothing
		wantKey(t, s, "a", nil)
		wantKey(t, s, "b", nil)
		wantKey(t, s, "c", jwt.ErrUnknownKey)
		p.wantRequests(t, 1)
	})
	inBubble(t, "B12 no kid, with one key and with two", func(t *testing.T) {
		for _, kids := range [][]string{{"a"}, {"a", "b"}} {
			p := newIssuer(t, kids...)
			s, _ := p.source(t, nil)
			wantKey(t, s, "a", nil)
			wantKey(t, s, "", jwt.ErrUnknownKey)
			p.wantRequests(t, 1)
		}
	})
	inBubble(t, "kid of another algorithm", func(t *testing.T) {
		s, _ := newIssuer(t, "a").source(t, nil)
		if _, err := s.Key(ctx, iss, "a", jwt.ES256); !errors.Is(err, jwt.ErrAlgorithm) {
			t.Errorf("got %v, want %v", err, jwt.ErrAlgorithm)
		}
	})
	inBubble(t, "another issuer causes no fetch", func(t *testing.T) {
		p := newIssuer(t, "a")
		s, _ := p.source(t, nil)
		for _, other := range []string{"", iss + "/", strings.ToUpper(iss), "https://other.example"} {
			if _, err := s.Key(ctx, other, "a", jwt.EdDSA); !errors.Is(err, jwt.ErrUnknownKey) {
				t.Errorf("issuer %q: got %v, want %v", other, err, jwt.ErrUnknownKey)
			}
		}
		p.wantRequests(t, 0)
	})
}

func TestUnknownKidFetchesOnce(t *testing.T) {
	inBubble(t, "J09 one forced fetch, then an error, then none for a cool-down", func(t *testing.T) {
		p := newIssuer(t, "a")
		s, _ := p.source(t, nil)
		wantKey(t, s, "a", nil)
		time.Sleep(30 * time.Second)
		p.publish(set(t, "a", "b"))
		wantKey(t, s, "b", nil)
		p.wantRequests(t, 2)
		for range 30 {
			wantKey(t, s, "nobody", jwt.ErrUnknownKey)
			time.Sleep(time.Second - time.Nanosecond)
		}
		p.wantRequests(t, 2)
		time.Sleep(30 * time.Nanosecond)
		wantKey(t, s, "nobody", jwt.ErrUnknownKey)
		p.wantRequests(t, 3)
	})
	inBubble(t, "B15 flood of random kids", func(t *testing.T) {
		p := newIssuer(t, "good")
		s, _ := p.source(t, nil)
		wantKey(t, s, "good", nil)
		time.Sleep(time.Minute)
		p.fail(func(w http.ResponseWriter, r *http.Request) { // slow: the flood and the good meet the fetch
			time.Sleep(2 * time.Second)
			fmt.Fprint(w, set(t, "good"))
		})
		var waiting sync.WaitGroup
		start := time.Now()
		for i := range 10_000 {
			waiting.Go(func() { wantKey(t, s, fmt.Sprintf("random-%d", i), jwt.ErrUnknownKey) })
			if d := took(func() { wantKey(t, s, "good", nil) }); d != 0 {
				t.Fatalf("a known kid waited %v behind unknown ones", d)
			}
			time.Sleep(time.Millisecond)
		}
		waiting.Wait()
		if got := time.Since(start); got > 12*time.Second {
			t.Errorf("the flood took %v, want at most 12s", got)
		}
		p.wantRequests(t, 2)
	})
	inBubble(t, "B15 flood while the issuer is down", func(t *testing.T) {
		p := newIssuer(t, "good")
		s, _ := p.source(t, func(c *jwks.Config) { c.DefaultTTL = time.Hour })
		wantKey(t, s, "good", nil)
		p.fail(status(http.StatusInternalServerError))
		for i := range 10_000 { // 100 s: at 30 s, 60 s, 90 s
			wantKey(t, s, "good", nil)
			if i >= 3000 {
				wantOutage(t, s, fmt.Sprintf("random-%d", i))
			}
			time.Sleep(10 * time.Millisecond)
		}
		p.wantRequests(t, 4)
	})
}

func TestOneRequestInFlight(t *testing.T) {
	inBubble(t, "callers share it", func(t *testing.T) {
		p := newIssuer(t, "a")
		p.fail(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Second)
			fmt.Fprint(w, set(t, "a"))
		})
		s, _ := p.source(t, nil)
		var callers sync.WaitGroup
		for range 100 {
			callers.Go(func() { wantKey(t, s, "a", nil) })
			callers.Go(func() {
				if err := s.Refresh(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		if d := took(callers.Wait); d != time.Second {
			t.Errorf("200 callers took %v, want 1s", d)
		}
		p.wantRequests(t, 1)
	})
	inBubble(t, "a caller who leaves does not end it", func(t *testing.T) {
		p := newIssuer(t, "a")
		p.fail(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(3 * time.Second)
			fmt.Fprint(w, set(t, "a"))
		})
		s, _ := p.source(t, nil)
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_, err := s.Key(short, iss, "a", jwt.EdDSA)
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, jwt.ErrUnknownKey) {
			t.Errorf("got %v, want the caller's deadline", err)
		}
		if d := took(func() { wantKey(t, s, "a", nil) }); d != 2*time.Second {
			t.Errorf("the next caller waited %v, want the remaining 2s", d)
		}
		p.wantRequests(t, 1)
	})
}

func TestLateCallerDoesNotFetchAgain(t *testing.T) {
	inBubble(t, "the set came between his look and his decision", func(t *testing.T) {
		p := newIssuer(t, "a")
		var s *jwks.Source
		var asked atomic.Bool
		s, _ = p.source(t, func(c *jwks.Config) {
			c.Now = func() time.Time { // he asks for the time after he has looked
				if asked.CompareAndSwap(false, true) {
					wantKey(t, s, "a", nil)
				}
				return time.Now()
			}
		})
		wantKey(t, s, "a", nil)
		p.wantRequests(t, 1)
	})
}

// Known, new and foreign kids are asked for at the same moment, 200 times, while the issuer rotates.
func TestRace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newIssuer(t, "k0")
		s, _ := p.source(t, nil)
		wantKey(t, s, "k0", nil)
		for round := range 200 {
			time.Sleep(31 * time.Second)
			before, after := fmt.Sprintf("k%d", round%7), fmt.Sprintf("k%d", (round+1)%7)
			p.publish(set(t, before, after))
			barrier := make(chan struct{})
			var callers sync.WaitGroup
			for range 4 {
				callers.Go(func() { <-barrier; wantKey(t, s, before, nil) })
				callers.Go(func() { <-barrier; wantKey(t, s, after, nil) })
				callers.Go(func() { <-barrier; wantKey(t, s, "nobody", jwt.ErrUnknownKey) })
				callers.Go(func() {
					<-barrier
					if err := s.Refresh(ctx); err != nil {
						t.Error(err)
					}
				})
			}
			close(barrier)
			callers.Wait()
		}
		if got := p.most.Load(); got != 1 {
			t.Errorf("got %d requests at the same time, want 1", got)
		}
	})
}

func TestRefresh(t *testing.T) {
	t.Run("in the background before the set ends", func(t *testing.T) {
		for _, c := range []struct {
			name   string
			header http.Header
			due    time.Duration // nine tenths of the life
		}{
			{"max-age", http.Header{"Cache-Control": {"public, max-age=600"}}, 540 * time.Second},
			{"max-age in the second line, quoted, in capitals", http.Header{"Cache-Control": {"public", `MAX-AGE="600"`}}, 540 * time.Second},
			{"less what other caches used", http.Header{"Cache-Control": {"max-age=900"}, "Age": {"300"}}, 540 * time.Second},
			{"none said", nil, 270 * time.Second},
			{"bounded above", http.Header{"Cache-Control": {"max-age=31536000"}}, 54 * time.Minute},
			{"bounded above beyond all numbers", http.Header{"Cache-Control": {"max-age=99999999999999999999"}}, 54 * time.Minute},
			{"bounded below", http.Header{"Cache-Control": {"max-age=0"}}, 54 * time.Second},
			{"not a number", http.Header{"Cache-Control": {"max-age=-5"}}, 54 * time.Second},
			{"not to be kept", http.Header{"Cache-Control": {"no-store, max-age=600"}}, 54 * time.Second},
		} {
			inBubble(t, c.name, func(t *testing.T) {
				p := newIssuer(t, "a")
				p.header = c.header
				s, _ := p.source(t, nil)
				wantKey(t, s, "a", nil)
				time.Sleep(c.due - time.Millisecond)
				synctest.Wait()
				p.wantRequests(t, 1)
				p.publish(set(t, "b"))
				time.Sleep(time.Millisecond)
				synctest.Wait()
				p.wantRequests(t, 2)
				if d := took(func() { wantKey(t, s, "b", nil) }); d != 0 {
					t.Errorf("waited %v for a set that was refreshed", d)
				}
			})
		}
	})
	inBubble(t, "B18 a key that the issuer removed dies within the set's life, and sets are not merged", func(t *testing.T) {
		p := newIssuer(t, "gone", "stays")
		p.header = http.Header{"Cache-Control": {"max-age=300"}}
		s, _ := p.source(t, nil)
		wantKey(t, s, "gone", nil)
		p.publish(set(t, "stays"))
		time.Sleep(5 * time.Minute)
		wantKey(t, s, "gone", jwt.ErrUnknownKey)
		wantKey(t, s, "stays", nil)
	})
	inBubble(t, "B18 also if no one asked for hours and the timer did not run", func(t *testing.T) {
		p := newIssuer(t, "gone")
		var ahead time.Duration // a machine that was asleep: the clock went on, the timers did not
		s, _ := p.source(t, func(c *jwks.Config) { c.Now = func() time.Time { return time.Now().Add(ahead) } })
		wantKey(t, s, "gone", nil)
		p.publish(set(t, "new"))
		ahead = 3 * time.Hour
		wantKey(t, s, "gone", jwt.ErrUnknownKey)
		wantKey(t, s, "new", nil)
		p.wantRequests(t, 2)
	})
	inBubble(t, "ROT-1 keys published a max-age ahead are never unknown, by schedule alone", func(t *testing.T) {
		p := newIssuer(t, "k0")
		p.header = http.Header{"Cache-Control": {"max-age=300"}}
		s, _ := p.source(t, nil)
		wantKey(t, s, "k0", nil)
		for n := 1; n <= 50; n++ {
			old, next := fmt.Sprintf("k%d", (n-1)%5), fmt.Sprintf("k%d", n%5)
			p.publish(set(t, old, next))
			for range 300 + n { // another phase each time
				wantKey(t, s, old, nil)
				time.Sleep(time.Second)
			}
			synctest.Wait()
			before := p.requests.Load()
			wantKey(t, s, next, nil)
			p.wantRequests(t, before)
		}
	})
	inBubble(t, "If-None-Match spares the body and renews the life", func(t *testing.T) {
		p := newIssuer(t, "a")
		var seen []string
		p.fail(func(w http.ResponseWriter, r *http.Request) {
			seen = append(seen, r.Header.Get("If-None-Match"))
			if len(seen) > 1 {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			w.Header().Set("ETag", `"v1"`)
			fmt.Fprint(w, set(t, "a"))
		})
		s, log := p.source(t, nil)
		wantKey(t, s, "a", nil)
		time.Sleep(24 * time.Hour)
		wantKey(t, s, "a", nil)
		if len(seen) < 288 || seen[0] != "" || seen[1] != `"v1"` || seen[287] != `"v1"` {
			t.Errorf("got %d requests, the first with If-None-Match %q, want one every 270 s and the tag from the second on", len(seen), seen[:2])
		}
		if log.String() != "" {
			t.Errorf("logged: %s", log)
		}
	})
	inBubble(t, "not modified without a set is a failure", func(t *testing.T) {
		p := newIssuer(t, "a")
		p.fail(status(http.StatusNotModified))
		s, _ := p.source(t, nil)
		wantOutage(t, s, "a")
	})
	inBubble(t, "on demand, whatever the cool-down", func(t *testing.T) {
		p := newIssuer(t, "a")
		s, _ := p.source(t, nil)
		wantKey(t, s, "a", nil)
		p.publish(set(t, "b"))
		if err := s.Refresh(ctx); err != nil {
			t.Error(err)
		}
		wantKey(t, s, "b", nil)
		p.fail(status(http.StatusBadGateway))
		if err := s.Refresh(ctx); err == nil || !strings.Contains(err.Error(), "502") {
			t.Errorf("got error %v, want one with the status", err)
		}
	})
}

func TestFailure(t *testing.T) {
	t.Run("J10 B16 the last good set serves until MaxStale, then it is an outage", func(t *testing.T) {
		body := func(s string) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, s) }
		}
		good := strings.TrimSuffix(set(t, "new"), "]}")
		for name, answer := range map[string]http.HandlerFunc{
			"status 500":             status(http.StatusInternalServerError),
			"hangs":                  hangs,
			"drips":                  drips,
			"J11 not an object":      body(`["keys"]`),
			"invalid JSON":           body(`{"keys":[`),
			"J05 keys is not a list": body(`{"keys":{}}`),
			"J05 empty":              body(`{"keys":[]}`),
			"J05 none usable":        body(`{"keys":[{"kty":"XYZ","kid":"new"},{"kty":"OKP","crv":"X25519","kid":"n2","x":"AA"}]}`),
			"J07 only encryption":    body(strings.ReplaceAll(set(t, "new"), `"sig"`, `"enc"`)),
			"J07 no kid":             body(strings.ReplaceAll(set(t, "new"), `"kid":"new",`, ``)),
			"one bad key among good": body(good + `,{"kty":"EC","crv":"P-256","kid":"bad","x":"AA","y":"AA"}]}`),
			"the same kid twice":     body(good + `,` + strings.TrimPrefix(set(t, "new"), `{"keys":[`)),
			"a private key":          body(`{"keys":[` + string(must(private(t, "new").PrivateJWK())(t)) + `]}`),
			"a secret":               body(`{"keys":[{"kty":"oct","kid":"new","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}]}`),
		} {
			inBubble(t, name, func(t *testing.T) {
				p := newIssuer(t, "a")
				s, log := p.source(t, func(c *jwks.Config) { c.MaxStale = 2 * time.Hour })
				wantKey(t, s, "a", nil)
				p.fail(answer)
				time.Sleep(6 * time.Minute)
				for range 110 { // with a set that is stale, known kids never wait for the issuer
					if d := took(func() { wantKey(t, s, "a", nil) }); d != 0 {
						t.Fatalf("a known kid waited %v", d)
					}
					time.Sleep(time.Minute)
				}
				if d := took(func() { wantOutage(t, s, "new") }); d > 5*time.Second {
					t.Errorf("a new kid waited %v, want at most 5s", d)
				}
				if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), "issuer="+iss) {
					t.Errorf("no alarm in the log: %s", log)
				}
				time.Sleep(10 * time.Minute)
				wantOutage(t, s, "a")
				p.publish(set(t, "new"))
				time.Sleep(time.Minute)
				wantKey(t, s, "new", nil) // and it mends itself
				wantKey(t, s, "a", jwt.ErrUnknownKey)
				if !strings.Contains(log.String(), "available again") {
					t.Error("the log does not take the alarm back")
				}
			})
		}
	})
	inBubble(t, "B16 of 200 MiB no more is read than of the largest set", func(t *testing.T) {
		p := newIssuer(t, "a")
		var sent atomic.Int64
		p.fail(func(w http.ResponseWriter, _ *http.Request) {
			chunk := []byte(strings.Repeat(" ", 1<<16))
			for range 200 << 4 {
				n, err := w.Write(chunk)
				if sent.Add(int64(n)); err != nil {
					return
				}
			}
		})
		s, _ := p.source(t, nil)
		wantOutage(t, s, "a")
		synctest.Wait()
		if got := sent.Load(); got < 1<<20 || got > 5<<18 {
			t.Errorf("the issuer could send %d bytes, want 1 MiB and what buffers hold", got)
		}
	})
	inBubble(t, "J05 keys of other kinds are passed over", func(t *testing.T) {
		p := newIssuer(t)
		p.publish(strings.TrimSuffix(set(t, "a"), "]}") + `,{"kty":"XYZ","kid":"x"},{"kty":"RSA","alg":"RSA-OAEP","kid":"y","n":"AA","e":"AQAB"}]}`)
		s, _ := p.source(t, nil)
		wantKey(t, s, "a", nil)
		wantKey(t, s, "x", jwt.ErrUnknownKey)
	})
	inBubble(t, "before the first set, attempts become rarer", func(t *testing.T) {
		p := newIssuer(t, "a")
		p.fail(status(http.StatusServiceUnavailable))
		s, _ := p.source(t, nil)
		for range 1000 { // at 0, 1, 3, 7, 15, 31, 61, 91 s
			wantOutage(t, s, "a")
			time.Sleep(100 * time.Millisecond)
		}
		p.wantRequests(t, 8)
	})
	inBubble(t, "a failed fetch for a stranger's kid leaves the schedule as it was", func(t *testing.T) {
		p := newIssuer(t, "a")
		s, _ := p.source(t, nil)
		wantKey(t, s, "a", nil)
		time.Sleep(time.Minute)
		p.fail(status(http.StatusServiceUnavailable))
		wantOutage(t, s, "nobody")
		p.fail(nil)
		time.Sleep(29 * time.Second)
		p.wantRequests(t, 2)
		wantOutage(t, s, "nobody") // still not known
		time.Sleep(time.Second)
		wantKey(t, s, "nobody", jwt.ErrUnknownKey)
		p.wantRequests(t, 3)
	})
}

// drips sends a byte every ten seconds.
func drips(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		fmt.Fprint(w, " ")
		w.(http.Flusher).Flush()
		select {
		case <-time.After(10 * time.Second):
		case <-r.Context().Done():
		}
	}
}

func TestTwoIssuers(t *testing.T) {
	const other = "https://other.example"
	inBubble(t, "B13 the other issuer's key under the same kid", func(t *testing.T) {
		here, there := newIssuer(t, "same"), newIssuer(t, "same")
		foreign := must(jwt.GenerateKey(jwt.EdDSA, "same"))(t)
		there.publish(string(must(must(jwt.NewKeySet(foreign))(t).MarshalJSON())(t)))
		a, _ := here.source(t, nil)
		b, _ := there.source(t, func(c *jwks.Config) { c.Issuer = other })
		both := jwks.Sources{iss: a, other: b}
		wantStatus(t, both, private(t, "same"), http.StatusOK)
		if err := wantStatus(t, both, foreign, http.StatusUnauthorized); !errors.Is(err, jwt.ErrSignature) {
			t.Errorf("got %v, want %v", err, jwt.ErrSignature)
		}
		if k := must(both.Key(ctx, other, "same", jwt.EdDSA))(t); must(k.Thumbprint())(t) != must(foreign.Thumbprint())(t) {
			t.Errorf("the other issuer's key: got %v, want its own", k)
		}
	})
	inBubble(t, "an issuer that nobody knows", func(t *testing.T) {
		s, _ := newIssuer(t, "same").source(t, nil)
		if _, err := (jwks.Sources{iss: s}).Key(ctx, other, "same", jwt.EdDSA); !errors.Is(err, jwt.ErrUnknownKey) {
			t.Errorf("got %v, want %v", err, jwt.ErrUnknownKey)
		}
	})
	inBubble(t, "an outage is 503", func(t *testing.T) {
		p := newIssuer(t, "same")
		p.fail(status(http.StatusInternalServerError))
		s, _ := p.source(t, nil)
		wantStatus(t, s, private(t, "same"), http.StatusServiceUnavailable)
	})
}

// wantStatus asks a guard about a token of iss signed with k.
func wantStatus(t *testing.T, keys jotgate.KeySource, k jwt.Key, want int) error {
	t.Helper()
	guard := must(jotgate.New(jotgate.Config{Issuer: iss, Audience: "api", Keys: keys, Logger: slog.New(slog.DiscardHandler)}))(t)
	raw := must(jwt.SignClaims(k, jwt.Header{Type: "at+jwt"}, jwt.Claims{
		Issuer: iss, Subject: "u", Audience: []string{"api"}, ExpiresAt: time.Now().Add(time.Minute),
	}))(t)
	got := http.StatusOK
	_, err := guard.Check(ctx, raw, jotgate.Rule{})
	if refusal := new(jotgate.Refusal); errors.As(err, &refusal) {
		got = refusal.Status
	}
	if got != want {
		t.Errorf("got status %d (%v), want %d", got, err, want)
	}
	return err
}

func TestClose(t *testing.T) {
	inBubble(t, "with a fetch in progress", func(t *testing.T) {
		p := newIssuer(t, "a")
		s, log := p.source(t, nil)
		wantKey(t, s, "a", nil)
		p.fail(hangs)
		left := make(chan error)
		go func() { left <- s.Refresh(ctx) }()
		synctest.Wait()
		if d := took(func() { s.Close() }); d != 0 {
			t.Errorf("Close took %v with a fetch in progress", d)
		}
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("Refresh: got %v, want %v", err, context.Canceled)
		}
		wantKey(t, s, "a", nil) // what was good is good
		time.Sleep(24 * time.Hour)
		p.wantRequests(t, 2)
		wantOutage(t, s, "a")
		if err := s.Refresh(ctx); err == nil {
			t.Error("Refresh after Close: got no error")
		}
		if log.String() != "" {
			t.Errorf("logged: %s", log)
		}
	})
	t.Run("before anything was fetched", func(t *testing.T) {
		s := must(jwks.New(jwks.Config{URL: "http://localhost:1/", Issuer: iss}))(t)
		s.Close()
		s.Close()
		wantOutage(t, s, "a")
	})
}

func TestKnownKidAllocatesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := newIssuer(t, "a", "b").source(t, nil)
		wantKey(t, s, "a", nil)
		if got := testing.AllocsPerRun(1000, func() { s.Key(ctx, iss, "a", jwt.EdDSA) }); got != 0 {
			t.Errorf("got %v allocations, want 0", got)
		}
	})
}
