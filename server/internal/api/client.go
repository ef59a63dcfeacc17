package api

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/jotgate/jotgate/server/internal/account"
	"github.com/jotgate/jotgate/server/internal/limit"
)

// request is what a request carries beside its body.
type request struct {
	client account.Client
	log    *slog.Logger
	http   *http.Request
	answer http.ResponseWriter
}

type requestKey struct{}

func requestOf(ctx context.Context) request {
	r, _ := ctx.Value(requestKey{}).(request)
	return r
}

func clientOf(ctx context.Context) account.Client { return requestOf(ctx).client }

const (
	maxUserAgent = 256
	maxHops      = 32
)

// identifyClient says where a request came from. Only a proxy that the settings trust may speak for its client, about
// the address and about the request id.
func identifyClient(r *http.Request, trusted []netip.Prefix) account.Client {
	peer := peerOf(r)
	addr, id := peer, ""
	if isTrusted(peer, trusted) {
		addr = forwarded(r.Header, peer, trusted)
		id = r.Header.Get("X-Request-Id")
	}
	if !plausibleID(id) {
		id = rand.Text()
	}
	return account.Client{
		IP: addr.String(), AddrKey: limit.AddrKey(addr),
		UserAgent: cut(r.UserAgent(), maxUserAgent), RequestID: id,
	}
}

func peerOf(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr, _ := netip.ParseAddr(host)
	return addr.Unmap().WithZone("")
}

// forwarded walks X-Forwarded-For from the right, past the proxies we trust, to the first address we do not. Anything
// that is no address ends the walk: then it is the last address that made sense.
func forwarded(h http.Header, peer netip.Addr, trusted []netip.Prefix) netip.Addr {
	hops := strings.Split(strings.Join(h.Values("X-Forwarded-For"), ","), ",")
	last := peer
	for i := len(hops) - 1; i >= 0 && i >= len(hops)-maxHops; i-- {
		addr, ok := parseHop(strings.TrimSpace(hops[i]))
		if !ok {
			break
		}
		last = addr
		if !isTrusted(addr, trusted) {
			break
		}
	}
	return last
}

// parseHop reads an address, with a port or without.
func parseHop(s string) (netip.Addr, bool) {
	if at, err := netip.ParseAddrPort(s); err == nil {
		return at.Addr().Unmap().WithZone(""), true
	}
	addr, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return addr.Unmap().WithZone(""), err == nil
}

func isTrusted(addr netip.Addr, trusted []netip.Prefix) bool {
	for _, p := range trusted {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

func plausibleID(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return 8 <= len(s) && len(s) <= 64
}

// cut shortens s to at most n bytes of whole characters.
func cut(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "")
}
