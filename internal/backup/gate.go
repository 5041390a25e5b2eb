package backup

import (
	"context"
	"strings"

	runs "github.com/bakplane/bakplane/internal/run"
)

// Enter waits until a backup of a database may be ordered: no other backup of
// it is under way in this process, and at most so many at its server (0 = no
// bound). Policies, people and migrations all come through here; only the tail
// of a cutover does not, because writes stand still while it waits.
func Enter(ctx context.Context, g *runs.Limits, serverID, database string, most int) (leave func(), err error) {
	one, err := g.Enter(ctx, "database "+serverID+"/"+strings.ToLower(database), 1)
	if err != nil {
		return nil, err
	}
	slot, err := g.Enter(ctx, "backups "+serverID, most)
	if err != nil {
		one()
		return nil, err
	}
	return func() { slot(); one() }, nil
}
