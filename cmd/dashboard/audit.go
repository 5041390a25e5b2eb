package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
)

type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Check that no audit entry was changed, removed or put in."`
	Accept auditAcceptCmd `cmd:"" help:"Take the audit trail as it is, after an older copy of the database was put in its place on purpose."`
}

type auditVerifyCmd struct {
	Data   string `help:"Bakplane's data folder." required:"" type:"existingdir" env:"BAKPLANE_DATA"`
	Folder string `help:"Folder of exported audit entries; empty = audit in the data folder." name:"exported" env:"BAKPLANE_AUDIT_TO" optional:""`
	Expect string `help:"Hash of the newest entry as noted earlier; it must still be in the chain."`
	To     string `help:"Where copies of the data folder go, as for serve: the newest entry noted beside them must still be in the chain." name:"backup-to" env:"BAKPLANE_BACKUP_TO" placeholder:"PLACE" optional:""`
}

// Run prints how many entries are whole and the hash of the newest: noted
// somewhere else, it shows later that nothing was cut off at the end, also when
// the note beside the database was replaced with it.
func (c *auditVerifyCmd) Run() error {
	ctx := context.Background()
	keys, err := sqlite.Keys(ctx, c.Data)
	if err != nil {
		return err
	}
	d, err := sqlite.Inspect(ctx, c.Data, keys, run.NewNotifier())
	if err != nil {
		return err
	}
	defer d.Close()
	far := ""
	if c.To != "" {
		p, err := app.FindOwnPlace(ctx, d, app.NewPorts(d, c.Data), c.To)
		if err != nil {
			return err
		}
		noted, err := p.HoldToFarHead(ctx, d)
		if err != nil {
			return err
		}
		far = fmt.Sprintf("noted at %s: entry %d\n", p.Words, noted.Seq)
	}
	walk, err := d.VerifyAudit(ctx)
	var broken *audit.Broken
	if errors.As(err, &broken) {
		return fmt.Errorf("the audit trail is NOT whole: %w", err)
	}
	if err != nil {
		return err
	}
	exported, expected, err := c.exported(ctx, d)
	if err != nil {
		return err
	}
	if found, err := d.HasAudit(ctx, c.Expect); !expected && c.Expect != "" && (err != nil || !found) {
		if err != nil {
			return err
		}
		return fmt.Errorf("the audit trail is NOT whole: no entry has the hash %s; entries were cut off or written anew", c.Expect)
	}
	fmt.Printf("%d entries, whole.\nnewest: %s\n%s%s", walk.Seq, walk.Head, exported, far)
	return nil
}

// exported walks over the files of entries that were removed from the database,
// and tells whether the expected one is among them.
func (c *auditVerifyCmd) exported(ctx context.Context, d *sqlite.DB) (said string, expected bool, err error) {
	begins, err := d.AuditBegins(ctx)
	if err != nil || begins == 0 {
		return "", false, err
	}
	held, err := d.HasAudit(ctx, c.Expect)
	if err != nil {
		return "", false, err
	}
	folder := cmp.Or(c.Folder, filepath.Join(c.Data, "audit"))
	w, err := d.VerifyExported(ctx, folder, func(e audit.Entry) {
		expected = expected || c.Expect != "" && e.Hash.String() == c.Expect
	})
	var broken *audit.Broken
	switch {
	case errors.As(err, &broken):
		return "", false, fmt.Errorf("the exported audit entries in %s are NOT whole: %w", folder, err)
	case err != nil:
		return "", false, err
	case w.Seq == 0 && c.Expect != "" && !held:
		return "", false, fault.Newf(fault.NotFound, "Entries 1 to %d were exported, and are not in %s.", begins, folder).WithFix("Name the folder of the exported files with --exported: the hash may be in them.")
	case w.Seq == 0:
		return fmt.Sprintf("exported: entries 1 to %d, which are not in %s and were not looked at; name their folder with --exported\n", begins, folder), false, nil
	}
	return fmt.Sprintf("exported: entries 1 to %d in %s, whole, and the others follow them\n", begins, folder), expected, nil
}

type auditAcceptCmd struct {
	Data   string `help:"Bakplane's data folder; the dashboard must not be at work on it." required:"" type:"existingdir" env:"BAKPLANE_DATA"`
	Reason string `help:"Why entries that were noted are gone; it becomes an entry itself." required:""`
}

// Run takes the chain as it is. What is there must be whole in itself.
func (c *auditAcceptCmd) Run() error {
	if c.Reason == "" || len(c.Reason) > 500 {
		return fault.New(fault.Invalid, "The reason is empty or longer than 500 bytes.", "Say in a sentence why an older copy was put in place.")
	}
	return withFolder(c.Data, func(ctx context.Context, d *sqlite.DB) error {
		e := audit.New(commandLine(), time.Now(), "audit.accept", "audit/", "Took the audit trail as it is: "+c.Reason)
		var broken *audit.Broken
		if err := d.AcceptHead(ctx, e); errors.As(err, &broken) {
			return fault.Newf(fault.Conflict, "Entry %d %s.", broken.Seq, broken.Why).WithFix("An entry that was changed cannot be taken as it is. Bring the data folder back with `dashboard restore`.")
		} else if err != nil {
			return err
		}
		fmt.Println("Taken as it is; the reason is the newest entry.")
		return nil
	})
}

// commandLine is who gives orders beside the dashboard.
func commandLine() audit.Actor { return audit.Actor{Name: "command line", Via: "command"} }

// withFolder opens a data folder that nobody is at work on.
func withFolder(folder string, do func(context.Context, *sqlite.DB) error) error {
	ctx := context.Background()
	keys, err := sqlite.Keys(ctx, folder)
	if err != nil {
		return err
	}
	d, err := sqlite.Open(ctx, folder, keys, run.NewNotifier(), app.Specs())
	if err != nil {
		return err
	}
	return errors.Join(do(ctx, d), d.Close())
}
