package progress

import (
	"context"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
)

// LiveSource is what the page of a migration that follows a source shows beyond
// that of given files.
type LiveSource struct {
	Server   endpoint.Instance
	Glance   glance
	Database backup.Database // as the source told it; zero while it has not
	Stop     migration.Stop  // predicted, while it can still be ordered
}

// LiveSource asks the source how much log waits and predicts the stop.
func (s *Reader) LiveSource(ctx context.Context, m migration.Migration) (v LiveSource, err error) {
	if v.Server, err = s.Endpoints.Instance(ctx, m.LiveSource.ServerID); err != nil {
		return v, err
	}
	if !Following(m) {
		return v, nil
	}
	v.Glance = s.glanceAt(ctx, m)
	opens, err := s.Migrations.Opens(ctx, m.InstanceID, 5)
	v.Database, v.Stop = s.predict(m, v.Glance, opens)
	return v, err
}

// predict says how long writes would stop by what the source said last.
func (s *Reader) predict(m migration.Migration, g glance, opens []time.Duration) (backup.Database, migration.Stop) {
	d, told := g.of(m.SourceDatabase)
	stop := migration.Predict(m, max(d.LogBytesSinceBackup, 0), opens)
	switch {
	case !told:
		message := ""
		if g.Err != nil {
			message, _ = fault.Words(g.Err)
		}
		return d, migration.Stop{Why: strings.TrimSpace("The source has not told how much log it holds. " + message)}
	case d.LogBytesSinceBackup < 0 && stop.Known:
		return d, migration.Stop{Why: "The source does not tell how much log it has written since the last log backup. GRANT VIEW SERVER STATE lets it."}
	}
	return d, stop
}

// Following reports whether a cutover lies still ahead.
func Following(m migration.Migration) bool {
	return m.LiveSource != nil && !m.Stage.Ended() && m.Opened.IsZero() && m.LiveSource.Frozen.IsZero() && m.LiveSource.AbortAsked.IsZero() && m.TerminateAsked.IsZero()
}
