package server

import (
	"net"
	"net/netip"

	"github.com/labstack/echo/v4"
)

// addresses tells who asks, for the audit trail and for slowing down those who
// guess passwords. X-Forwarded-For is believed from the named networks only:
// whoever reaches us from elsewhere, the machine itself and private networks
// among them, could write any address there. What is told is the last address
// on the way that is in none of them.
func addresses(proxies []netip.Prefix) echo.IPExtractor {
	if len(proxies) == 0 {
		return echo.ExtractIPDirect()
	}
	trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range proxies {
		trust = append(trust, echo.TrustIPRange(&net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}))
	}
	return echo.ExtractIPFromXFFHeader(trust...)
}
