package api

import (
	"net/http"
	"net/netip"
	"testing"
)

// FuzzForwarded: whatever a client writes into X-Forwarded-For, the address that the trusted proxy adds behind it is the
// client's.
func FuzzForwarded(f *testing.F) {
	for _, s := range []string{"", "1.2.3.4", "evil, 1.2.3.4", "[::1]:80", "::ffff:1.2.3.4", "fe80::1%eth0", ", ,", "10.0.0.1, 10.0.0.2", "\x00", "1.2.3.4:99999"} {
		f.Add(s)
	}
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	peer, client := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("203.0.113.9")
	f.Fuzz(func(t *testing.T, forged string) {
		for _, h := range []http.Header{
			{"X-Forwarded-For": {forged + ", " + client.String()}},
			{"X-Forwarded-For": {forged, client.String() + ":4711"}},
			{"X-Forwarded-For": {forged + "," + client.String() + ", 10.1.2.3"}},
		} {
			if got := forwarded(h, peer, trusted); got != client {
				t.Errorf("%q: got %v, want %v", h, got, client)
			}
		}
		if got := forwarded(http.Header{"X-Forwarded-For": {forged}}, peer, trusted); !got.IsValid() || got.Zone() != "" {
			t.Errorf("%q alone: got %v, want an address without a zone", forged, got)
		}
	})
}
