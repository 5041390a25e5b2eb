package sqlserver

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/tsql"
)

// tail takes a tail-log backup of a database that others use. BACKUP LOG …
// WITH NORECOVERY needs it for itself (error 3101), so they are put out, which
// rolls their open transactions back. Applications come back at once:
//
//   - twice everybody is put out and let in again in one batch with the backup
//     behind it. Who is slower than that batch finds the database restoring,
//     and the option, which travels in backups, is as it was;
//   - then only owners and administrators are let in (RESTRICTED_USER). That
//     option stands at the end of the log: a target that is opened has it too,
//     until somebody sets MULTI_USER. Target.Open and Recover do.
//
// A database whose access is limited already is left as it is.
func (s *Server) tail(ctx context.Context, l *session, database, statement string, hear notice) error {
	d, err := s.state(ctx, database)
	if err != nil {
		return err
	}
	name, err := tsql.Name(database)
	if err != nil {
		return err
	}
	alter := "ALTER DATABASE " + name + " SET "
	if d.text("user_access_desc") != "MULTI_USER" {
		return l.run(ctx, statement, hear)
	}
	for range 2 {
		err = l.run(ctx, alter+"SINGLE_USER WITH ROLLBACK IMMEDIATE; "+alter+"MULTI_USER; "+statement, hear)
		if !saidNumber(err, 3101) {
			break
		}
	}
	if saidNumber(err, 3101) {
		err = l.run(ctx, alter+"RESTRICTED_USER WITH ROLLBACK IMMEDIATE; "+statement, hear)
	}
	if err != nil {
		s.letIn(ctx, database, alter)
	}
	return err
}

// letIn undoes what was done in vain, also when the caller has given up. It is
// best effort: Recover does the same.
func (s *Server) letIn(ctx context.Context, database, alter string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if d, err := s.state(ctx, database); err == nil && d.text("state_desc") == "ONLINE" && d.text("user_access_desc") != "MULTI_USER" {
		_ = s.run(ctx, alter+"MULTI_USER", nil)
	}
}
