package progress

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/migration"
)

// listing is a server that tells of all its databases at once, and how much log
// each has written only when it is asked for that one.
type listing struct{ migration.Ports }

func (listing) Server(context.Context, string) (backup.Server, migration.Place, error) {
	return listed{}, migration.Place{}, nil
}

type listed struct{ backup.Server }

func (listed) Databases(context.Context) ([]backup.Database, error) {
	return []backup.Database{{Name: "orders", LogBytesSinceBackup: -1}, {Name: "stock", LogBytesSinceBackup: -1}, {Name: "other", LogBytesSinceBackup: -1}}, nil
}

func (listed) Database(_ context.Context, name string) (backup.Database, error) {
	return backup.Database{Name: name, LogBytesSinceBackup: int64(len(name))}, nil
}

// TestEachWaveIsToldOfItsOwnDatabases, whatever another wave of the same server
// and the same size was told a moment before.
func TestEachWaveIsToldOfItsOwnDatabases(t *testing.T) {
	s := &Reader{Ports: listing{}, Now: func() time.Time { return at }}
	for waveID, followed := range map[string][]string{"1": {"orders"}, "2": {"stock"}, "3": {"orders", "stock"}} {
		var rows []migration.Summary
		for _, name := range followed {
			rows = append(rows, migration.Summary{Database: name})
		}
		g := s.glanceAtAll(t.Context(), "s", waveID, rows)
		for _, name := range []string{"orders", "stock", "other"} {
			want := int64(-1)
			if slices.Contains(followed, name) {
				want = int64(len(name))
			}
			if d, told := g.of(name); !told || d.LogBytesSinceBackup != want {
				t.Errorf("wave %s: %s has %d bytes of log, want %d", waveID, name, d.LogBytesSinceBackup, want)
			}
		}
	}
}
