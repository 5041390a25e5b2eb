package migration

import (
	"bytes"
	"context"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/run"
)

// desk is everything around one job: store, ports, source and target. What is
// called is written to log, in order.
type desk struct {
	Store
	mu      sync.Mutex // lanes write while the worker reads
	m       Migration
	others  []Migration // of its wave
	budget  Budget
	changes []Change
	decided []Decision
	entries []audit.Entry
	log     []string

	half map[int]objectstore.UploadID // ids of uploads that were begun, by file

	source diskServer
	target cloud
	bucket shelf
	place  Place
}

func (d *desk) said(what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.log = append(d.log, what)
}

// last is the newest change that was noted.
func (d *desk) last() Change {
	if len(d.changes) == 0 {
		return Change{}
	}
	return d.changes[len(d.changes)-1]
}

func (d *desk) Migration(_ context.Context, id string) (Migration, error) {
	for _, m := range d.others {
		if m.ID == id {
			return m, nil
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	m := d.m
	m.Files = slices.Clone(d.m.Files)
	return m, nil
}

func (d *desk) Calls(context.Context, string, string, time.Time) (Budget, error) {
	return d.budget, nil
}

func (d *desk) Note(_ context.Context, _ run.Claim, _ string, c Change) error {
	d.said("note")
	d.mu.Lock()
	defer d.mu.Unlock()
	d.changes = append(d.changes, c)
	for _, f := range c.Files {
		if at := slices.IndexFunc(d.m.Files, func(o File) bool { return o.Ord == f.Ord }); at >= 0 {
			d.m.Files[at] = f
		} else {
			d.m.Files = append(d.m.Files, f)
		}
	}
	if c.Problem != nil {
		d.m.Problem = *c.Problem
	}
	return nil
}

// diskServer is a source that answers as it is told.
type diskServer struct {
	backup.Server
	*desk
	db       backup.Database
	dbErr    error
	rows     []backup.HistoryRow
	running  []backup.RunningStatement
	activity backup.WriteActivity
	refuses  error // of Backup
	order    backup.BackupCall
	gives    func(*backup.Database) // what Recover and SetReadOnly do
}

func (s *diskServer) Database(context.Context, string) (backup.Database, error) { return s.db, s.dbErr }
func (s *diskServer) Databases(context.Context) ([]backup.Database, error) {
	return []backup.Database{s.db}, nil
}
func (s *diskServer) Running(context.Context, string) ([]backup.RunningStatement, error) {
	return s.running, nil
}
func (s *diskServer) WriteActivity(context.Context, string) (backup.WriteActivity, error) {
	s.said("activity")
	return s.activity, nil
}
func (s *diskServer) Named(_ context.Context, _, name string, _ time.Time) (out []backup.HistoryRow, err error) {
	for _, r := range s.rows {
		if r.Set.Name == name {
			out = append(out, r)
		}
	}
	return out, nil
}
func (s *diskServer) History(_ context.Context, _ string, after int64, _ int) (out []backup.HistoryRow, err error) {
	s.said("history")
	for _, r := range s.rows {
		if r.ID > after {
			out = append(out, r)
		}
	}
	return out, nil
}
func (s *diskServer) Backup(_ context.Context, c backup.BackupCall, _ func(float64)) error {
	s.said("backup")
	s.order = c
	return s.refuses
}
func (s *diskServer) Recover(context.Context, string) error {
	s.said("recover")
	s.gives(&s.db)
	return nil
}
func (s *diskServer) SetReadOnly(_ context.Context, _ string, on bool) error {
	s.said(map[bool]string{true: "read-only", false: "writable"}[on])
	if s.gives != nil {
		s.gives(&s.db)
	}
	return nil
}
func (s *diskServer) SetRecoveryModel(_ context.Context, _, model string) error {
	s.said("model " + model)
	return nil
}

// cloud is a target that answers as it is told.
type cloud struct {
	*desk
	Target
	tasks   []Task
	task    Task
	files   []TaskFile
	refuses error
}

func (c *cloud) Tasks(context.Context, time.Time) ([]Task, error)      { return c.tasks, nil }
func (c *cloud) Task(context.Context, string) (Task, error)            { return c.task, nil }
func (c *cloud) TaskFiles(context.Context, string) ([]TaskFile, error) { return c.files, nil }
func (c *cloud) Restore(context.Context, RestoreCall) (string, error) {
	c.said("restore")
	return "t9", c.refuses
}
func (c *cloud) Import(context.Context, string, RestoreCall) error {
	c.said("import")
	return c.refuses
}
func (c *cloud) Terminate(context.Context, string) error { c.said("terminate"); return c.refuses }
func (c *cloud) Open(context.Context, string, string, CheckMode, string) error {
	c.said("open")
	return c.refuses
}

// shelf is a bucket with files in memory.
type shelf struct {
	objectstore.Bucket
	files   map[string][]byte
	aborted []objectstore.UploadID // uploads
}

func (b *shelf) Info(context.Context) (objectstore.Info, error) { return objectstore.Info{}, nil }
func (b *shelf) Stat(_ context.Context, key string) (objectstore.Object, error) {
	data, ok := b.files[key]
	if !ok {
		return objectstore.Object{}, fault.New(fault.NotFound, "There is no "+key+".", "")
	}
	return objectstore.Object{Key: key, Size: int64(len(data))}, nil
}
func (b *shelf) Read(_ context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	data := b.files[key]
	return io.NopCloser(bytes.NewReader(data[min(offset, int64(len(data))):min(offset+length, int64(len(data)))])), nil
}

func (d *desk) Bucket(context.Context, string) (objectstore.Bucket, error) { return &d.bucket, nil }
func (d *desk) Target(context.Context, string) (Target, error)             { return &d.target, nil }
func (d *desk) Server(context.Context, string) (backup.Server, Place, error) {
	return &d.source, d.place, nil
}
func (d *desk) Reader(context.Context, string) (backup.Server, error) { return &d.source, nil }
func (d *desk) Requests(context.Context, string) (Requests, error)    { return plainWords{}, nil }

// plainWords word calls by their verb.
type plainWords struct{}

func (plainWords) Request(_ Migration, v Verb, _ RestoreCall) string { return string(v) }
func (plainWords) Name(v Verb) string                                { return string(v) }

// readOnly compares what was frozen so that it can still be read.
func readOnly(m Migration, newID func() string, _ time.Time) (run.Run, bool) {
	return run.Run{ID: newID()}, !m.Opened.IsZero() && m.LiveSource != nil && m.LiveSource.Freeze == FreezeReadOnly
}

// at makes the job of a migration at a time.
func at(m Migration, now time.Time) (*desk, *job) {
	d := &desk{m: m, place: Place{Folder: "/backup", BucketID: "folder"}, bucket: shelf{files: map[string][]byte{}}}
	d.source.desk, d.target.desk = d, d
	d.source.db = backup.Database{Name: m.SourceDatabase, State: "ONLINE", RecoveryModel: "FULL", LastLogBackupLSN: lsn(1)}
	w := &Worker{Store: d, Ports: d, Rules: rules, SourceBackups: sourceRules, Now: func() time.Time { return now }, NewID: func() string { return "id" }, Compare: readOnly}
	return d, &job{Worker: w, requests: plainWords{}, id: m.ID, target: &d.target}
}

// chainFiles are a full, a differential and two logs as they lie on a disk, and
// as the migration knows them, by their kind and number such as "log 2".
func chainFiles(t *testing.T, database string) (data map[string][]byte, known map[string]File) {
	t.Helper()
	paths, err := mtf.Chain(t.TempDir(), mtf.Options{Database: database, Started: t0, DataSize: 4096, LogSize: 4096})
	if err != nil {
		t.Fatal(err)
	}
	data, known = map[string][]byte{}, map[string]File{}
	for i, name := range []string{"full", "differential", "log 1", "log 2"} {
		if data[name], err = os.ReadFile(paths[i]); err != nil {
			t.Fatal(err)
		}
		b := &shelf{files: map[string][]byte{name: data[name]}}
		files, err := readFiles(t.Context(), b, []string{name}, backup.GUID{})
		if err != nil || len(files) != 1 || !strings.HasPrefix(name, files[0].Kind) {
			t.Fatalf("%s: %+v, %v", name, files, err)
		}
		known[name] = files[0]
		known[name] = func(f File) File { f.Ord = i + 1; f.Key = name; return f }(known[name])
	}
	return data, known
}

func (d *desk) Ask(_ context.Context, id string, decide Decide) error {
	m, _ := d.Migration(context.Background(), id)
	c, e, err := decide(m)
	if err == nil {
		d.said("asked " + id)
		d.decided, d.entries = append(d.decided, c), append(d.entries, e)
	}
	return err
}

func (d *desk) Create(_ context.Context, m Migration, _ run.Run, e audit.Entry) error {
	d.said("created " + m.Database)
	d.m, d.entries = m, append(d.entries, e)
	return nil
}

func bytesAt(b []byte) *bytes.Reader { return bytes.NewReader(b) }

func (s *diskServer) Describe(context.Context) (backup.ServerInfo, error) {
	return backup.ServerInfo{}, nil
}
func (s *diskServer) MissingRights(context.Context, string) ([]backup.MissingRight, error) {
	return nil, nil
}
func (s *diskServer) Folder(context.Context, string) ([]backup.FolderEntry, error) { return nil, nil }
func (b *shelf) List(context.Context, string, string, int) ([]objectstore.Object, error) {
	return nil, nil
}

func (s *diskServer) Recent(_ context.Context, _ string, limit int) ([]backup.HistoryRow, error) {
	rows := slices.Clone(s.rows)
	slices.Reverse(rows)
	return rows[:min(limit, len(rows))], nil
}

func (s *diskServer) Newest(context.Context) (newest int64, err error) {
	for _, r := range s.rows {
		newest = max(newest, r.ID)
	}
	return newest, nil
}
