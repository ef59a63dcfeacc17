package jwks

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
)

func (c Config) client(target *url.URL) *http.Client {
	transport := c.Transport
	if transport == nil {
		transport = c.transport(isLoopback(target.Hostname()))
	}
	return &http.Client{Transport: transport, CheckRedirect: sameHost}
}

// sameHost permits redirects that stay where the configuration pointed, and never back from https.
func sameHost(to *http.Request, via []*http.Request) error {
	from := via[0].URL
	switch {
	case to.URL.Host != from.Host:
		return fmt.Errorf("redirect to host %q: want %q", to.URL.Host, from.Host)
	case to.URL.Scheme != "https" && to.URL.Scheme != via[len(via)-1].URL.Scheme:
		return errors.New("redirect from https to plain http")
	case len(via) > maxRedirects:
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	return nil
}

// transport connects to public addresses, or, if the URL says loopback, to loopback alone. It uses no proxy, which would
// hide the address, and keeps no connection for the minutes between two fetches.
func (c Config) transport(loopback bool) *http.Transport {
	var dialler net.Dialer
	if !c.InsecureAnyAddress {
		dialler.Control = func(_, address string, _ syscall.RawConn) error { return permit(address, loopback) }
	}
	return &http.Transport{
		DialContext:            dialler.DialContext,
		TLSClientConfig:        c.TLS.Clone(),
		ForceAttemptHTTP2:      true,
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: maxHeader,
	}
}

// permit judges an address that a name was resolved to, just before it is connected to: a check any earlier could be
// told another address.
func permit(address string, loopback bool) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	addr := at.Addr().Unmap()
	if loopback && addr.IsLoopback() || !loopback && isPublic(addr) {
		return nil
	}
	return fmt.Errorf("address %s is not public: set InsecureAnyAddress if the issuer is on a private network", addr)
}

// notPublic are the blocks of the IANA special-purpose registries (RFC 6890) that are not globally reachable, and those
// that carry IPv4 addresses inside. IPv6 outside 2000::/3 is not handed out, except for NAT64.
var notPublic = prefixes("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")

var (
	globalUnicast = netip.MustParsePrefix("2000::/3")
	nat64         = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052: the IPv4 address is in the last four bytes
)

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

func isPublic(addr netip.Addr) bool {
	if nat64.Contains(addr) {
		b := addr.As16()
		addr = netip.AddrFrom4([4]byte(b[12:]))
	}
	if addr.Is6() && !globalUnicast.Contains(addr) {
		return false
	}
	for _, p := range notPublic {
		if p.Contains(addr) {
			return false
		}
	}
	return true
}
