package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/bakplane/bakplane/internal/backup"
)

// overlaps finds the other policies in use that choose databases which this one
// chooses too, by those that the catalogue knows; where both choose every one,
// also before any is known. Copy-only policies disturb nobody's chain.
func (k Editor) overlaps(ctx context.Context, p Policy) (out []Overlap, err error) {
	if !p.Enabled || p.How.CopyOnly || len(p.Servers) > mostServers {
		return nil, nil
	}
	all, err := k.Store.Policies(ctx)
	if err != nil {
		return nil, err
	}
	known := map[string][]backup.Protection{} // by server
	for _, o := range all {
		if o.ID == p.ID || !o.Enabled || o.How.CopyOnly {
			continue
		}
		var both []string
		for _, server := range o.Servers {
			if !slices.Contains(p.Servers, server) {
				continue
			}
			if len(o.Databases.Include) == 0 && len(p.Databases.Include) == 0 {
				both = append(both, "every one")
				break
			}
			if _, asked := known[server]; !asked && len(known) < mostAsked {
				page, err := k.Sets.Protections(ctx, backup.ProtectionFilter{InstanceID: server, Now: k.Now(), Limit: mostDatabases})
				if err != nil {
					return nil, err
				}
				known[server] = page
			}
			for _, d := range known[server] {
				mine, _ := p.Databases.Chooses(d.Database, d.Collation)
				if theirs, _ := o.Databases.Chooses(d.Database, d.Collation); mine && theirs && !slices.Contains(both, d.Database) {
					both = append(both, d.Database)
				}
			}
		}
		if n := len(both); n > 3 {
			both = append(both[:3], fmt.Sprintf("and %d more", n-3))
		}
		if len(both) > 0 {
			out = append(out, Overlap{o.Name, strings.Join(both, ", ")})
		}
	}
	return out, nil
}
