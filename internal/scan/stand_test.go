package scan

import (
	"context"
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/tsql"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// stand is a house to look at, and what a look wrote.
type stand struct {
	backup.Catalogue
	visits  map[Subject]Visit
	server  backup.Server
	cloud   backup.Cloud
	bucket  *shelf
	known   []backup.Record // of the catalogue
	put     []backup.Record
	exist   []string
	exempt  map[string]backup.Exempt
	members map[string]*backup.Member
	gone    []string // forgotten, or dropped copies
	filters []backup.RecordFilter
	noted   map[string]File
	away    error // of the place
	now     time.Time
}

func newStand() (*stand, *Collector) {
	s := &stand{visits: map[Subject]Visit{}, noted: map[string]File{}, bucket: &shelf{files: map[string]int64{}}, now: noon}
	return s, &Collector{Ports: ports{s}, Endpoints: places{of: s}, Catalogue: s, Store: desk{s}, Now: func() time.Time { return s.now }}
}

// ports reach what a stand has.
type ports struct{ of *stand }

func (p ports) Bucket(context.Context, string) (objectstore.Bucket, error) {
	return p.of.bucket, p.of.away
}

func (p ports) Server(context.Context, string) (backup.Server, migration.Place, error) {
	return p.of.server, migration.Place{Folder: "/b", BucketID: "f"}, p.of.away
}

func (p ports) Cloud(context.Context, string) (backup.Cloud, error) { return p.of.cloud, p.of.away }

// places are a server, an instance of a cloud and a folder.
type places struct {
	endpoint.Store
	of *stand
}

func (places) Instance(_ context.Context, id string) (endpoint.Instance, error) {
	return endpoint.Instance{ID: id, Name: id, InstanceID: "rm-1", Traits: endpoint.Traits{Source: id == "server", BacksUpItself: id == "cloud"}}, nil
}

func (places) Instances(context.Context) ([]endpoint.Instance, error) {
	return []endpoint.Instance{{ID: "server"}, {ID: "cloud"}}, nil
}

func (places) Buckets(context.Context) ([]endpoint.Bucket, error) {
	return []endpoint.Bucket{{ID: "f"}}, nil
}

func (s *stand) Put(_ context.Context, r []backup.Record, _ ...audit.Entry) error {
	s.put = append(s.put, r...)
	return nil
}

func (s *stand) Exist(_ context.Context, _ string, names []string, _ tsql.Collation, _ time.Time) error {
	s.exist = names
	return nil
}

func (s *stand) Replicas(_ context.Context, _ string, m map[string]*backup.Member) error {
	s.members = m
	return nil
}
func (s *stand) Exempt(_ context.Context, _ string, m map[string]backup.Exempt) error {
	s.exempt = m
	return nil
}

func (s *stand) Sets(context.Context, string, string, int) ([]backup.Record, error) {
	return s.known, nil
}

func (s *stand) Records(_ context.Context, f backup.RecordFilter) ([]backup.Record, error) {
	s.filters = append(s.filters, f)
	return s.known, nil
}

func (s *stand) Copies(context.Context, string, string, int) ([]backup.Record, error) {
	return s.known, nil
}

func (s *stand) Forget(_ context.Context, ids []string, _ time.Time, _ audit.Entry) error {
	for _, id := range ids {
		if !slices.Contains(s.gone, id) {
			s.gone = append(s.gone, id)
		}
	}
	return nil
}

func (s *stand) DropCopies(_ context.Context, ids []string, bucket string, _ time.Time, _ audit.Entry) error {
	for _, id := range ids {
		s.gone = append(s.gone, id+"@"+bucket)
	}
	return nil
}

// desk keeps what a stand's looks note.
type desk struct{ of *stand }

func (d desk) Visits(context.Context) (out []Visit, err error) {
	for _, v := range d.of.visits {
		out = append(out, v)
	}
	return out, nil
}

func (d desk) Visit(_ context.Context, s Subject) (Visit, error) {
	v := d.of.visits[s]
	v.Subject = s
	return v, nil
}

func (d desk) SaveVisit(_ context.Context, v Visit) error { d.of.visits[v.Subject] = v; return nil }

func (d desk) Files(context.Context, string, string, string) ([]File, error) { return nil, nil }

func (d desk) File(_ context.Context, _, key string) (File, bool, error) {
	f, ok := d.of.noted[key]
	return f, ok, nil
}

func (d desk) NoteFiles(_ context.Context, _ string, files []File) error {
	for _, f := range files {
		d.of.noted[f.Key] = f
	}
	return nil
}

func (d desk) Order(context.Context, run.Run, audit.Entry) error { return nil }

// shelf is a bucket of files that have names and sizes.
type shelf struct {
	objectstore.Bucket
	files  map[string]int64
	lists  int
	broken error
}

func (b *shelf) Info(context.Context) (objectstore.Info, error) { return objectstore.Info{}, b.broken }

func (b *shelf) Stat(_ context.Context, key string) (objectstore.Object, error) {
	if size, ok := b.files[key]; ok {
		return objectstore.Object{Key: key, Size: size}, nil
	}
	return objectstore.Object{}, fault.New(fault.NotFound, "No such key.", "")
}

func (b *shelf) List(context.Context, string, string, int) ([]objectstore.Object, error) {
	b.lists++
	return nil, nil
}

// history is a server whose msdb has these rows.
type history struct {
	backup.Server
	databases []backup.Database
	rows      []backup.HistoryRow
	after     []int64 // asked
}

func (h *history) Describe(context.Context) (backup.ServerInfo, error) {
	return backup.ServerInfo{Name: "SRV", Property: "SRV-new"}, nil
}

func (h *history) Databases(context.Context) ([]backup.Database, error) { return h.databases, nil }

func (h *history) History(_ context.Context, database string, after int64, most int) (out []backup.HistoryRow, err error) {
	h.after = append(h.after, after)
	for _, r := range h.rows {
		if r.ID > after && len(out) < most && (database == "" || database == r.Set.Database) {
			out = append(out, r)
		}
	}
	return out, nil
}

func (h *history) RowIDs(_ context.Context, sets []backup.GUID) (map[backup.GUID]int64, error) {
	out := map[backup.GUID]int64{}
	for _, r := range h.rows {
		if slices.Contains(sets, r.Set.ID) {
			out[r.Set.ID] = r.ID
		}
	}
	return out, nil
}

func (h *history) Newest(context.Context) (newest int64, err error) {
	for _, r := range h.rows {
		newest = max(newest, r.ID)
	}
	return newest, nil
}
