package backupjob

import (
	"context"
	"fmt"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
)

// freshFor is how long a copy that was restored needs no backups: then a person
// says whether it does, unless a policy chooses it before.
const freshFor = 7 * 24 * time.Hour

// fresh says of a copy that was just restored that it needs no backups yet.
func (w *Restoring) fresh(ctx context.Context, j *operation[restoreRequest, restoreProgress]) error {
	now, at := j.Now().UTC(), j.request.At.UTC().Format("2006-01-02 15:04 UTC")
	said := backup.Waiver{InstanceID: j.request.TargetID, Database: j.request.Name, By: backup.ByHouse, Until: now.Add(freshFor),
		Why: fmt.Sprintf("it is a copy of %s as it was at %s, restored on %s", j.request.Database, at, now.Format(time.DateOnly))}
	return w.Catalogue.Waive(ctx, said, audit.New(audit.Engine, now, "database.not-needed", "instance/"+j.request.TargetID, fmt.Sprintf("%s was restored as a copy: it needs no backups for a week, or until a policy chooses it.", j.request.Name)))
}
