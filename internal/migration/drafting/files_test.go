package drafting

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/mtf"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/progress"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
)

// shelves are buckets that are one folder; targets do not answer.
type shelves struct {
	migration.Ports
	folder *folder.Bucket
	asked  *int // for a target
}

func (s shelves) Bucket(context.Context, string) (objectstore.Bucket, error) { return s.folder, nil }

func (s shelves) Target(context.Context, string) (migration.Target, error) {
	*s.asked++
	return nil, fault.New(fault.Unavailable, "It does not answer.", "Wait.")
}

// kept knows one migration, and from when on calls were counted.
type kept struct {
	progress.Store
	m     migration.Migration
	since *time.Time
}

func (k kept) Calls(_ context.Context, _, _ string, since time.Time) (migration.Budget, error) {
	*k.since = since
	return migration.Budget{}, fault.New(fault.Unavailable, "Busy.", "")
}

func (k kept) Migration(context.Context, string) (migration.Migration, error) { return k.m, nil }

func shelved(t *testing.T) (*Drafting, *int) {
	t.Helper()
	dir := t.TempDir()
	if _, err := mtf.Chain(dir, mtf.Options{Database: "orders", Started: time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC)}); err != nil {
		t.Fatal(err)
	}
	b, err := folder.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	asked := 0
	s := drafts()
	s.Ports = shelves{folder: b, asked: &asked}
	s.Survey = &Survey{Ports: s.Ports}
	return s, &asked
}

// TestWhatADraftTakesFromItsPlaces: files that lie where the target reads are
// not uploaded, and a draft with something missing asks no target.
func TestWhatADraftTakesFromItsPlaces(t *testing.T) {
	for _, tc := range []struct {
		name  string
		w     Request
		ok    bool
		stays bool
	}{
		{"from a folder", Request{Source: "disk", Instance: "cloud", Staging: "oss"}, true, false},
		{"where the cloud reads", Request{Source: "oss", Instance: "cloud"}, true, true},
		{"where our own reads", Request{Source: "folder", Instance: "server"}, true, true},
		{"from elsewhere to our own", Request{Source: "disk", Instance: "server"}, true, false},
		{"from a folder, and no bucket", Request{Source: "disk", Instance: "cloud"}, false, false},
		{"no source", Request{Instance: "cloud", Staging: "oss"}, false, false},
		{"no target", Request{Source: "disk", Staging: "oss"}, false, false},
		{"another beginning", Request{Source: "disk", Instance: "cloud", Staging: "oss", Prefix: "none/"}, false, false},
	} {
		s, asked := shelved(t)
		p, err := s.Draft(t.Context(), tc.w)
		if (err == nil) != tc.ok {
			t.Errorf("%s: %v", tc.name, err)
		}
		if err != nil {
			continue
		}
		if len(p.Draft.Files) != 4 || !p.Ready() || p.Draft.Migration.Database != "orders" {
			t.Errorf("%s: %d files, ready %v", tc.name, len(p.Draft.Files), p.Ready())
		}
		for _, f := range p.Draft.Files {
			if (f.Key == f.Source) != tc.stays {
				t.Errorf("%s: %s goes to %s", tc.name, f.Source, f.Key)
			}
		}
		if _, err := s.Start(t.Context(), tc.w, migration.By{}); !fault.Is(err, fault.Unavailable) || *asked != 1 {
			t.Errorf("%s: asked %d targets, %v", tc.name, *asked, err)
		}
	}
}

// TestWhatIsNotReadyAsksNobody.
func TestWhatIsNotReadyAsksNobody(t *testing.T) {
	s, asked := shelved(t)
	w := Request{Source: "disk", Instance: "cloud", Staging: "oss", StopAt: "2036-01-01T00:00:00Z"} // no set reaches it
	p, err := s.Draft(t.Context(), w)
	if err != nil || p.Ready() {
		t.Fatalf("ready %v, %v", p.Ready(), err)
	}
	if _, err := s.Start(t.Context(), w, migration.By{}); err == nil || fault.Is(err, fault.Unavailable) || *asked != 0 {
		t.Errorf("asked %d targets, %v", *asked, err)
	}
}

// TestWhereMoreFilesAreLookedFor: where the first ones were, unless told otherwise.
func TestWhereMoreFilesAreLookedFor(t *testing.T) {
	for prefix, want := range map[string]string{"": `"first/"`, "second/": `"second/"`} {
		s, _ := shelved(t)
		s.Migrations = kept{m: migration.Migration{SourceID: "disk", SourcePrefix: "first/"}}
		if err := s.Extend(t.Context(), "m", prefix, migration.By{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", prefix, err)
		}
	}
}

// TestCallsOfADayAreCounted.
func TestCallsOfADayAreCounted(t *testing.T) {
	var since time.Time
	s := drafts()
	s.Ports, s.Migrations = answering{}, kept{since: &since}
	if _, err := s.PreflightOf(t.Context(), Plan{}); !fault.Is(err, fault.Unavailable) || !since.Equal(s.Now().Add(-24*time.Hour)) {
		t.Errorf("since %s, %v", since, err)
	}
}
