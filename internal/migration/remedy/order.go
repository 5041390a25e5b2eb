package remedy

import (
	"context"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// Order has a remedy done at a source.
func Order(ctx context.Context, s Store, serverID, database string, r migration.Remedy, newID func() string, by migration.By) (id string, err error) {
	if r.Title().IsZero() || r == migration.RemedyWritable {
		return "", fault.Newf(fault.Invalid, "%q is not something that is done at a source.", r).WithFix("Choose recovery-full, page-verify or checkdb.")
	}
	if database == "" {
		return "", fault.New(fault.Invalid, "No database is named.", "")
	}
	return begin(ctx, s, serverID, database, r, "source", newID, by)
}

// OrderWritable has the target of a cutover take writes, where it came up
// read-only and its service opened it without more: the last step of the cutover.
func OrderWritable(ctx context.Context, s Store, m migration.Migration, newID func() string, by migration.By) (id string, err error) {
	if !migration.ComesUpReadOnly(m) || m.Opened.IsZero() {
		return "", fault.New(fault.Conflict, "The target of this migration is not open, or did not come up read-only.", "See its page.")
	}
	return begin(ctx, s, m.InstanceID, m.Database, migration.RemedyWritable, "target", newID, by)
}

func begin(ctx context.Context, s Store, serverID, database string, r migration.Remedy, where string, newID func() string, by migration.By) (id string, err error) {
	w := Run{ID: newID(), ServerID: serverID, Database: database, Remedy: r, Ordered: by.At}
	e := audit.New(by.Actor, by.At, where+"."+string(r), "instance/"+serverID, "Ordered at the "+where+": "+r.Statement(database)).
		With(nil, map[string]any{"database": database, "statement": r.Statement(database)})
	return w.ID, s.BeginRemedyRun(ctx, w, run.Run{ID: w.ID, Kind: Kind, Subject: serverID, Title: words.Say("%s · %s", r.Title(), database), Created: by.At}, e)
}
