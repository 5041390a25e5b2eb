package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/secret"
)

type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Check that no audit entry was changed, removed or put in."`
}

type auditVerifyCmd struct {
	Data   string `help:"Bakplane's data folder." required:"" type:"existingdir" env:"BAKPLANE_DATA"`
	Expect string `help:"Hash of the newest entry as noted earlier; it must still be in the chain."`
}

// Run prints how many entries are whole and the hash of the newest: noted
// somewhere else, it shows later that nothing was cut off at the end.
func (c *auditVerifyCmd) Run() error {
	ctx := context.Background()
	keys, err := secret.OpenKeyring(filepath.Join(c.Data, "bakplane.key"))
	if err != nil {
		return err
	}
	d, err := sqlite.Inspect(ctx, c.Data, keys, run.NewNotifier())
	if err != nil {
		return err
	}
	defer d.Close()
	walk, err := d.VerifyAudit(ctx)
	var broken *audit.Broken
	if errors.As(err, &broken) {
		return fmt.Errorf("the audit trail is NOT whole: %w", err)
	}
	if err != nil {
		return err
	}
	if found, err := d.HasAudit(ctx, c.Expect); c.Expect != "" && (err != nil || !found) {
		if err != nil {
			return err
		}
		return fmt.Errorf("the audit trail is NOT whole: no entry has the hash %s; entries were cut off or written anew", c.Expect)
	}
	fmt.Printf("%d entries, whole.\nnewest: %s\n", walk.Seq, walk.Head)
	return nil
}
