package app

import (
	"context"
	"os"
	"path/filepath"

	"github.com/bakplane/bakplane/internal/migration/unpack"
)

// sweepUnpacked removes files taken out of archives that no migration needs any
// more.
func (a *App) sweepUnpacked(ctx context.Context) error {
	// An empty folder is left closed: what is open keeps its disk from being
	// unmounted.
	if have, err := os.ReadDir(filepath.Join(a.config.Data, "unpacked")); err == nil && len(have) == 0 {
		return nil
	}
	inUse, err := a.DB.Migrations().FilesFrom(ctx, UnpackedID)
	if err != nil {
		return err
	}
	n, err := (&unpack.Archives{Ports: a.Ports, ToID: UnpackedID}).Sweep(ctx, inUse, a.config.Now())
	if n > 0 {
		a.log.Info("removed files taken out of archives", "files", n)
	}
	return err
}
