package drafting_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
)

// seenChain is a full, a differential and two log backups of a server whose
// clock is an hour ahead of UTC.
func seenChain(t *testing.T) (seen []migration.Seen) {
	t.Helper()
	paths, err := mtf.Chain(t.TempDir(), mtf.Options{Database: "orders", Started: time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC), UTCOffset: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		read, err := bakfile.Read(f, info.Size())
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, migration.Seen{Key: filepath.Base(path), Name: filepath.Base(path), Size: info.Size(), File: read})
	}
	return seen
}

func TestAMigrationStopsWhereItsTargetCan(t *testing.T) {
	seen := seenChain(t)
	first := seen[2].File.Sets[0]
	utc := func(local bakfile.LocalTime) time.Time { return local.Add(-time.Hour) }
	for name, tt := range map[string]struct {
		at    time.Time
		stops []bool // of the logs
	}{
		"between the logs":            {utc(first.Finished).Add(time.Minute), []bool{false, true}},
		"where the first one ends":    {utc(first.Finished), []bool{true, true}},
		"while the first one is made": {utc(first.Started).Add(first.Finished.Sub(first.Started.Time) / 2), []bool{true, true}},
	} {
		w := migration.FilesRequest{SourceID: "folder", InstanceID: "own", StopAt: &tt.at, Traits: endpoint.Traits{Increments: true, StopAt: true}}
		d, err := migration.NewDraft(w, seen, true)
		if err != nil || d.Plan == nil || !d.Plan.Whole() {
			t.Fatalf("%s: %v, %+v", name, err, d.Plan)
		}
		var stops []bool
		for _, f := range d.Migration.Files {
			if f.Kind == "log" {
				stops = append(stops, !f.StopAt.IsZero())
			} else if !f.StopAt.IsZero() {
				t.Errorf("%s: the %s backup stops at %s", name, f.Kind, f.StopAt)
			}
			if !f.StopAt.IsZero() && !f.StopAt.Equal(tt.at.Add(time.Hour)) {
				t.Errorf("%s: stops at %s, which is not on the server's clock", name, f.StopAt)
			}
		}
		if len(stops) != len(tt.stops) || stops[0] != tt.stops[0] || stops[1] != tt.stops[1] || !d.Migration.StopAt.Equal(tt.at) {
			t.Errorf("%s: %v, want %v; the migration's own %s", name, stops, tt.stops, d.Migration.StopAt)
		}

		w.Traits.StopAt = false
		if d, err = migration.NewDraft(w, seen, true); err != nil {
			t.Fatal(err)
		}
		for _, f := range d.Migration.Files {
			if !f.StopAt.IsZero() {
				t.Errorf("%s: a target that cannot stop is asked to", name)
			}
		}
		last := seen[3].File.Sets[0]
		notes := strings.Join(d.Plan.Notes, "\n")
		if !d.Migration.StopAt.IsZero() || !strings.Contains(notes, "cannot stop") || !strings.Contains(notes, seen[3].Name) || !strings.Contains(notes, utc(last.Finished).Format(time.DateTime)) {
			t.Errorf("%s: notes %s", name, notes)
		}
	}
}
