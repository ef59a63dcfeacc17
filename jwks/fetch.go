package jwks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jotgate/jotgate/jwt"
)

// answer is a good set and what was said about it.
type answer struct {
	keys *jwt.KeySet
	etag string
	ttl  time.Duration
}

// fetch asks for the set, or whether the one in v still holds. It sends nothing that a stranger has said.
func (s *Source) fetch(ctx context.Context, v *view) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.config.URL, nil)
	if err != nil {
		return answer{}, err
	}
	req.Header = s.config.Header.Clone()
	if req.Header == nil {
		req.Header = make(http.Header)
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	if v.etag != "" {
		req.Header.Set("If-None-Match", v.etag)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return answer{}, fmt.Errorf("fetching the key set: %w", withoutURL(err))
	}
	defer resp.Body.Close()
	return s.read(resp, v)
}

// withoutURL drops the URL from an error: its query may hold a secret, and the log says the issuer anyway.
func withoutURL(err error) error {
	var at *url.Error
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

func (s *Source) read(resp *http.Response, v *view) (answer, error) {
	got := answer{etag: resp.Header.Get("ETag"), ttl: s.freshness(resp.Header)}
	if resp.StatusCode == http.StatusNotModified && v.keys != nil {
		got.keys = v.keys
		if got.etag == "" {
			got.etag = v.etag
		}
		return got, nil
	}
	if resp.StatusCode != http.StatusOK {
		return answer{}, fmt.Errorf("fetching the key set: want status 200, got %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return answer{}, fmt.Errorf("reading the key set: %w", err)
	}
	got.keys, err = parse(body)
	return got, err
}

// parse accepts sets that may be published: public keys, each with a kid by which tokens can ask for it. A private part
// in the open means that everyone can sign, and a secret beside it the same.
func parse(body []byte) (*jwt.KeySet, error) {
	set, err := jwt.ParseKeySet(body)
	if err != nil {
		return nil, err
	}
	for _, k := range set.Keys() {
		if k.CanSign() {
			return nil, fmt.Errorf("%w: key set: %v in public", jwt.ErrKey, k)
		}
		if k.ID() == "" {
			return nil, fmt.Errorf("%w: key set: no key with a kid", jwt.ErrKey)
		}
	}
	return set, nil
}

// freshness is how long the answer may be kept (RFC 9111 §4.2): max-age less the time that it spent in other caches.
// What forbids keeping it means the shortest time that we keep anything.
func (s *Source) freshness(h http.Header) time.Duration {
	ttl := s.config.DefaultTTL
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch name {
		case "no-store", "no-cache":
			return 0
		case "max-age":
			ttl = seconds(strings.Trim(value, `"`), 0) - seconds(h.Get("Age"), 0)
		}
	}
	return ttl
}

// seconds reads delta-seconds (RFC 9111 §1.2.2), where too large a number is a large one.
func seconds(s string, otherwise time.Duration) time.Duration {
	n, err := strconv.ParseUint(s, 10, 32)
	if errors.Is(err, strconv.ErrRange) {
		n, err = 1<<31, nil
	}
	if err != nil {
		return otherwise
	}
	return time.Duration(n) * time.Second
}
