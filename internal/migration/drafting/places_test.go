package drafting

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/progress"
	"github.com/bakplane/bakplane/internal/migration/wave"
)

// town knows a few places by their ids.
type town struct{ endpoint.Store }

func (town) Instance(_ context.Context, id string) (endpoint.Instance, error) {
	cloud := endpoint.Traits{Reads: []endpoint.BucketKind{"oss"}, Task: endpoint.OneTask}
	own := endpoint.Traits{Source: true, Task: endpoint.OneTask}
	return endpoint.Instance{ID: id, Name: id, FolderID: "folder", Traits: map[bool]endpoint.Traits{true: cloud, false: own}[id == "cloud"]}, nil
}

func (town) Bucket(_ context.Context, id string) (endpoint.Bucket, error) {
	return endpoint.Bucket{ID: id, Name: id, Kind: endpoint.BucketKind(id), Service: id == "oss" || id == "s3"}, nil
}

// silent are servers that do not answer.
type silent struct{ migration.Ports }

func (silent) Server(context.Context, string) (backup.Server, migration.Place, error) {
	return nil, migration.Place{}, fault.New(fault.Unavailable, "It does not answer.", "Wait.")
}

// underWay knows two migrations on their way.
type underWay struct{ progress.Store }

func (underWay) Migrations(context.Context, migration.Filter) ([]migration.Summary, error) {
	return []migration.Summary{{InstanceID: "cloud", Database: "Orders"}, {InstanceID: "other", Database: "stock"}}, nil
}

func drafts() *Drafting {
	now := func() time.Time { return time.Unix(1_000_000, 0) }
	return &Drafting{Endpoints: town{}, Ports: silent{}, Migrations: underWay{}, Progress: &progress.Reader{Migrations: underWay{}, Now: now}, Now: now}
}

// TestWhereTheTargetReads: its own folder whatever was chosen, or a bucket of
// a service that was.
func TestWhereTheTargetReads(t *testing.T) {
	for _, tc := range []struct {
		target, chosen, want string
	}{{"cloud", "oss", "oss"}, {"cloud", "", ""}, {"cloud", "disk", ""}, {"cloud", "s3", ""}, {"server", "", "folder"}, {"server", "oss", "folder"}} {
		target, _ := town{}.Instance(t.Context(), tc.target)
		b, err := drafts().stagingOf(t.Context(), target, tc.chosen)
		if (err == nil) != (tc.want != "") || err == nil && b.ID != tc.want {
			t.Errorf("%s with %q: %q, %v", tc.target, tc.chosen, b.ID, err)
		}
	}
}

func TestPlacesOfALiveRequest(t *testing.T) {
	for _, tc := range []struct {
		name string
		w    LiveRequest
		ok   bool
	}{
		{"a server to the cloud", LiveRequest{Server: "server", Source: "orders", Instance: "cloud", Staging: "oss"}, true},
		{"from the cloud", LiveRequest{Server: "cloud", Source: "orders", Instance: "server"}, false},
		{"no server", LiveRequest{Source: "orders", Instance: "cloud", Staging: "oss"}, false},
		{"no target", LiveRequest{Server: "server", Source: "orders", Staging: "oss"}, false},
		{"no database", LiveRequest{Server: "server", Instance: "cloud", Staging: "oss"}, false},
		{"no bucket", LiveRequest{Server: "server", Source: "orders", Instance: "cloud"}, false},
		{"no time", LiveRequest{Server: "server", Source: "orders", Instance: "cloud", Staging: "oss", Every: "x"}, false},
	} {
		p, err := drafts().LiveDraft(t.Context(), tc.w)
		if (err == nil) != tc.ok || tc.ok && (p.M.StagingID != "oss" || p.M.SourceID != "folder") {
			t.Errorf("%s: %+v, %v", tc.name, p.M, err)
		}
	}
}

// TestMembersOfAWave: what the request cannot be is said before anybody is
// asked, and a name on its way already is not migrated twice.
func TestMembersOfAWave(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit func(*WaveRequest)
		ok   bool
	}{
		{"as it is", func(*WaveRequest) {}, true},
		{"the longest name", func(w *WaveRequest) { w.Name = strings.Repeat("ü", 100) }, true},
		{"a longer one", func(w *WaveRequest) { w.Name = strings.Repeat("ü", 101) }, false},
		{"no name", func(w *WaveRequest) { w.Name = "" }, false},
		{"no database", func(w *WaveRequest) { w.Databases = []string{""} }, false},
		{"too many", func(w *WaveRequest) {
			w.Databases = nil
			for i := range wave.Most + 1 {
				w.Databases = append(w.Databases, strings.Repeat("a", i+1))
			}
		}, false},
		{"to itself", func(w *WaveRequest) { w.Instance = "server" }, false},
	} {
		w := WaveRequest{Name: "spring", Server: "server", Instance: "cloud", Staging: "oss", Databases: []string{"stock", "ORDERS", "master"}}
		tc.edit(&w)
		_, found, err := drafts().memberChecks(t.Context(), w)
		if (err == nil) != tc.ok {
			t.Errorf("%s: %v", tc.name, err)
		}
		if !tc.ok {
			continue
		}
		for i, kind := range []fault.Kind{fault.Unavailable, fault.Conflict, fault.Invalid} { // asked; on its way already; a system's name
			if found[i].Database != w.Databases[i] || fault.Of(found[i].Err) != kind {
				t.Errorf("%s: %s: %v", tc.name, found[i].Database, found[i].Err)
			}
		}
	}
}
