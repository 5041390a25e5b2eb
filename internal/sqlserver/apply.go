package sqlserver

import (
	"context"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
)

var _ backup.Restorer = (*Server)(nil)

// Apply implements backup.Restorer.
func (s *Server) Apply(ctx context.Context, c backup.ApplyCall, progress func(percent float64)) error {
	info, err := s.Describe(ctx)
	if err != nil {
		return err
	}
	l, err := s.session(ctx)
	if err != nil {
		return err
	}
	defer l.close()
	if !c.Set.IsZero() {
		set, err := l.wantedSet(ctx, c.Files, c.Set, c.Position)
		if err != nil {
			return err
		}
		c.Position = set.Files[0].Position
	}
	data, err := l.fileList(ctx, c.Files, c.Position)
	if err != nil {
		return err
	}
	verb, options := "DATABASE", []string{"NORECOVERY"}
	switch c.Kind {
	case backup.Full:
		if c.Replace {
			options = append(options, "REPLACE")
		}
	case backup.Differential, backup.Log:
		if data, err = l.added(ctx, c.Database, data); err != nil {
			return err
		}
		if c.Kind == backup.Log {
			verb = "LOG"
			if !c.StopAt.IsZero() {
				options = append(options, stopOption(c.StopAt))
			}
		}
	default:
		return fault.Newf(fault.Invalid, "%q is not a kind of backup that can be restored.", c.Kind)
	}
	statement, err := restoreStatement(verb, c.Database, c.Files, c.Position, data, info, options...)
	if err != nil {
		return err
	}
	err = l.run(ctx, statement, percentTo(progress))
	if c.Kind == backup.Log && (saidNumber(err, 4326) || c.Stopped && stoppedAlready(err)) {
		return nil
	}
	return err
}

// stoppedAlready: the log before this one held the moment, and nothing of this
// one is wanted. That the logs join was seen before, so a log that begins too
// late (4305) says the same as a moment that has passed (4335); which of the two
// a server finds first, no document tells.
func stoppedAlready(err error) bool { return saidNumber(err, 4335) || saidNumber(err, 4305) }

// stopOption is STOPAT, the same on every log that may hold the moment.
func stopOption(at time.Time) string { return "STOPAT = N'" + at.Format("2006-01-02T15:04:05") + "'" }

// added are files of a backup that the database does not have yet.
func (l *session) added(ctx context.Context, database string, data []bakfile.DataFile) (out []bakfile.DataFile, err error) {
	have, err := l.rows(ctx, "SELECT name FROM sys.master_files WHERE database_id = DB_ID(@p1)", database)
	if err != nil || len(have) == 0 {
		return nil, err
	}
	there := map[string]bool{}
	for _, r := range have {
		there[strings.ToLower(r.text("name"))] = true
	}
	for _, f := range data {
		if !there[strings.ToLower(f.LogicalName)] {
			out = append(out, f)
		}
	}
	return out, nil
}
