package app

import (
	"fmt"
	"net/netip"
	"strings"
)

// Networks are addresses that are written as networks in CIDR notation with
// commas between them. An address alone is a network of one.
type Networks []netip.Prefix

// UnmarshalText reads what the flag or its variable says; an empty text means
// no network. What is no network is refused with a sentence that kong prints
// after the flag's name.
func (n *Networks) UnmarshalText(text []byte) error {
	*n = nil
	if strings.TrimSpace(string(text)) == "" {
		return nil
	}
	for part := range strings.SplitSeq(string(text), ",") {
		p, err := network(strings.TrimSpace(part))
		if err != nil {
			return err
		}
		*n = append(*n, p)
	}
	return nil
}

// network reads one network. An address with bits beyond its mask is refused:
// nobody knows whether the one address or all of its network was meant.
func network(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, fmt.Errorf("%q is no network of a proxy. Write networks such as 10.0.0.0/8 or fd00::/8, or single addresses, with commas between them", s)
	}
	if p != p.Masked() {
		return p, fmt.Errorf("%q may mean one address or its whole network. Write %s or %s", s, p.Addr(), p.Masked())
	}
	return p, nil
}
