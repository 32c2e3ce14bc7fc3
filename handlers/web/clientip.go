package web

import (
	"net"
	"net/netip"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// ClientIP is the address the request came from. X-Forwarded-For is read from the
// right, one step for each proxy we trust: what stands further left was written
// by the client and may say anything.
func (w *Web) ClientIP(c *fiber.Ctx) netip.Addr {
	var at netip.Addr
	if tcp, ok := c.Context().RemoteAddr().(*net.TCPAddr); ok {
		at = tcp.AddrPort().Addr().Unmap()
	}
	if !at.IsValid() {
		return netip.IPv6Unspecified()
	}
	var hops []string
	for _, h := range c.Request().Header.PeekAll(fiber.HeaderXForwardedFor) {
		hops = append(hops, strings.Split(string(h), ",")...)
	}
	for i := len(hops) - 1; i >= 0 && w.trusted(at); i-- {
		next, ok := address(strings.TrimSpace(hops[i]))
		if !ok {
			break
		}
		at = next
	}
	return at
}

// address reads one hop; some proxies write the port as well.
func address(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		var ap netip.AddrPort
		ap, err = netip.ParseAddrPort(s)
		a = ap.Addr()
	}
	return a.Unmap(), err == nil
}

func (w *Web) trusted(a netip.Addr) bool {
	for _, p := range w.cfg.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// Scope is the client's address as a throttle counts it: one IPv6 customer has a
// whole /64 to try from.
func (w *Web) Scope(c *fiber.Ctx) string {
	a := w.ClientIP(c)
	if a.Is6() {
		p, _ := a.WithZone("").Prefix(64)
		return p.String()
	}
	return a.String()
}
