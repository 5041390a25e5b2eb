package backupjob

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
)

var (
	errAway    = fault.New(fault.Unavailable, "It does not answer.", "Wait.")
	errRefused = fault.New(fault.Invalid, "The disk is full.", "Make room.")
)

// paper is a store in memory that remembers each change.
type paper struct {
	Store
	mu        sync.Mutex // lanes write while the worker reads
	plan      *Plan
	orders    map[int]Order
	changes   []Change
	movers    []Mover
	sent      map[string]Operation
	operation Operation
	refuses   error
}

func (p *paper) Plan(context.Context, string) (Plan, []Order, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.plan == nil {
		return Plan{}, nil, fault.New(fault.NotFound, "There is no plan.", "")
	}
	var all []Order
	for _, o := range p.orders {
		all = append(all, o)
	}
	slices.SortFunc(all, func(a, b Order) int { return a.Ord - b.Ord })
	return *p.plan, all, nil
}

func (p *paper) Note(_ context.Context, _ run.Claim, _ string, c Change) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuses != nil {
		return p.refuses
	}
	if c.Plan != nil {
		plan := *c.Plan
		p.plan = &plan
	}
	for _, o := range c.Orders {
		if p.orders == nil {
			p.orders = map[int]Order{}
		}
		p.orders[o.Ord] = o
	}
	p.changes = append(p.changes, c)
	return nil
}

func (p *paper) Movers(context.Context, string) ([]Mover, error) { return p.movers, nil }

func (p *paper) Send(_ context.Context, o Operation, _ run.Run, _ audit.Entry) error {
	if _, ok := p.sent[o.ID]; ok {
		return fault.New(fault.Conflict, "It was sent already.", "")
	}
	if p.sent == nil {
		p.sent = map[string]Operation{}
	}
	p.sent[o.ID] = o
	return nil
}

func (p *paper) Operation(_ context.Context, id string) (Operation, error) {
	if o, ok := p.sent[id]; ok {
		return o, nil
	}
	if p.operation.ID != id || id == "" {
		return Operation{}, fault.New(fault.NotFound, "There is no such operation.", "")
	}
	return p.operation, nil
}

func (p *paper) NoteOperation(_ context.Context, _ run.Claim, _ string, progress []byte, c Change) error {
	if p.refuses != nil {
		return p.refuses
	}
	p.operation.Progress = progress
	p.changes = append(p.changes, c)
	return nil
}

// order makes an operation of a request and what was done of it.
func (p *paper) order(t *testing.T, request, progress any) {
	t.Helper()
	r, err := json.Marshal(request)
	q, err2 := json.Marshal(progress)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	p.operation = Operation{ID: "op", InstanceID: "i", Request: r, Progress: q}
}

type runs struct{ run.Store }

func (runs) Progress(context.Context, run.Claim, string, int64, int64, float64) error { return nil }

// bak is a backup file that holds sets of shop by their GUIDs.
func bak(ids ...byte) []byte { return stripe(1, 1, ids...) }

// stripe is one of several files of a set.
func stripe(family, families int, ids ...byte) []byte {
	var sets []mtf.Set
	for _, id := range ids {
		sets = append(sets, mtf.Set{PayloadSize: 10 << 10, Set: bakfile.Set{Type: bakfile.TypeFull, Name: "bakplane policy p", Database: "shop", VersionMajor: 13, DatabaseVersion: 852, RecoveryModel: bakfile.RecoveryFull, SetGUID: guid(id),
			Started: bakfile.LocalTime{Time: noon}, Finished: bakfile.LocalTime{Time: noon}, FirstLSN: bakfile.LSN{VLF: 1}, LastLSN: bakfile.LSN{VLF: 2}, CheckpointLSN: bakfile.LSN{VLF: 1},
			Files: []bakfile.DataFile{{FileID: 1, LogicalName: "d", PhysicalName: `C:\d.mdf`, Type: "D", FilegroupID: 1, FilegroupName: "PRIMARY", Size: 8 << 20, SourceBlockSize: 512}}}})
	}
	var b bytes.Buffer
	if err := mtf.Write(&b, mtf.Spec{Media: bakfile.Media{SetGUID: guid(99), FamilyCount: families, FamilySequence: family}, Sets: sets}); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// bakSize is that of a file with one set.
var bakSize = int64(len(bak(1)))

// shelf is a bucket of files.
type shelf struct {
	objectstore.Bucket
	files   map[string][]byte
	away    error            // of everything
	stat    map[string]error // of one key
	sticky  bool             // nothing can be removed
	deleted []string
}

func (s *shelf) Info(context.Context) (objectstore.Info, error) { return objectstore.Info{}, s.away }

func (s *shelf) Stat(_ context.Context, key string) (objectstore.Object, error) {
	if err := errors.Join(s.away, s.stat[key]); err != nil {
		return objectstore.Object{}, err
	}
	content, ok := s.files[key]
	if !ok {
		return objectstore.Object{}, fault.New(fault.NotFound, "There is no "+key+".", "")
	}
	return objectstore.Object{Key: key, Size: int64(len(content))}, nil
}

func (s *shelf) Read(_ context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	return io.NopCloser(io.NewSectionReader(bytes.NewReader(s.files[key]), offset, length)), nil
}

func (s *shelf) Delete(_ context.Context, key string) error {
	s.deleted = append(s.deleted, key)
	if !s.sticky {
		delete(s.files, key)
	}
	return s.away
}

// box is a server whose answers are written down; it tells the calls it got.
type box struct {
	backup.Restorer
	mu      sync.Mutex
	calls   []string
	named   []backup.HistoryRow
	after   []backup.HistoryRow // named after a backup
	running []backup.RunningStatement
	have    []backup.Database
	away    error // of looking
	taking  error
	testing error
	hangs   bool // no backup ends by itself
	headers []backup.Set
	applied []backup.ApplyCall
	during  func() // while a statement is at work
}

func (b *box) call(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls = append(b.calls, fmt.Sprintf(format, args...))
}

func (b *box) did(what string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.ContainsFunc(b.calls, func(c string) bool { return strings.HasPrefix(c, what) })
}

func (b *box) Describe(context.Context) (backup.ServerInfo, error) {
	return backup.ServerInfo{EngineEdition: 3}, b.away
}
func (b *box) Databases(context.Context) ([]backup.Database, error) { return b.have, b.away }

func (b *box) Database(_ context.Context, name string) (backup.Database, error) {
	for _, d := range b.have {
		if strings.EqualFold(d.Name, name) {
			return d, b.away
		}
	}
	return backup.Database{}, errors.Join(b.away, fault.New(fault.NotFound, "It is gone.", ""))
}

func (b *box) Named(context.Context, string, string, time.Time) ([]backup.HistoryRow, error) {
	b.call("named")
	return b.named, b.away
}

func (b *box) Running(context.Context, string) ([]backup.RunningStatement, error) {
	b.call("running")
	return b.running, b.away
}

func (b *box) Backup(ctx context.Context, c backup.BackupCall, _ func(float64)) error {
	b.call("backup %s", c.Name)
	if b.hangs {
		<-ctx.Done()
		return fault.New(fault.Unavailable, "SQL1 did not answer.", "").Because(context.Cause(ctx))
	}
	if b.during != nil {
		b.during()
	}
	b.named = append(b.named, b.after...)
	return b.taking
}

func (b *box) Verify(context.Context, []string) error { b.call("verify"); return b.testing }

func (b *box) Headers(context.Context, []string) ([]backup.Set, error) {
	b.call("headers")
	return b.headers, b.away
}

func (b *box) Apply(_ context.Context, c backup.ApplyCall, _ func(float64)) error {
	b.call("apply %s", c.Kind)
	b.applied = append(b.applied, c)
	b.state(c.Database, "RESTORING")
	return b.taking
}

func (b *box) Recover(_ context.Context, name string) error {
	b.call("recover")
	b.state(name, "ONLINE")
	return nil
}

func (b *box) state(name, state string) {
	b.have = slices.DeleteFunc(b.have, func(d backup.Database) bool { return strings.EqualFold(d.Name, name) })
	b.have = append(b.have, backup.Database{Name: name, State: state})
}

// library is a catalogue of a few records.
type library struct {
	Catalogue
	records []backup.Record
	now     map[string]backup.Record // a record as it is by now, where it differs
	put     []backup.Record
	dropped []string // "id bucket"
	audited []audit.Entry
	gone    bool // shop was dropped
	waived  []backup.Waiver
}

func (l *library) Put(_ context.Context, r []backup.Record, _ ...audit.Entry) error {
	l.put = append(l.put, r...)
	return nil
}

func (l *library) Record(_ context.Context, id string) (backup.Record, error) {
	if r, ok := l.now[id]; ok {
		return r, nil
	}
	for _, r := range l.records {
		if r.ID == id {
			return r, nil
		}
	}
	return backup.Record{}, fault.New(fault.NotFound, "It is gone.", "")
}

func (l *library) Records(_ context.Context, f backup.RecordFilter) (out []backup.Record, err error) {
	for _, r := range l.records {
		if r.InstanceID == f.InstanceID && r.Origin == f.Origin && r.State == f.State && !r.Finished().Before(f.From) {
			out = append(out, r)
		}
	}
	return out, nil
}

func (l *library) Waive(_ context.Context, w backup.Waiver, _ audit.Entry) error {
	l.waived = append(l.waived, w)
	return nil
}

func (l *library) Sets(_ context.Context, instanceID, database string, _ int) (out []backup.Record, err error) {
	for _, r := range l.records {
		if r.InstanceID == instanceID && r.Database == database {
			out = append(out, r)
		}
	}
	return out, nil
}

func (l *library) DropCopies(_ context.Context, ids []string, bucketID string, _ time.Time, e audit.Entry) error {
	for _, id := range ids {
		l.dropped = append(l.dropped, id+" "+bucketID)
	}
	l.audited = append(l.audited, e)
	return nil
}

func (l *library) Protections(_ context.Context, f backup.ProtectionFilter) ([]backup.Protection, error) {
	if f.OnlyDropped != l.gone {
		return nil, nil
	}
	return []backup.Protection{{Promise: backup.Promise{InstanceID: "i", Database: "shop"}}}, nil
}

// book holds one policy, or none.
type book struct {
	Policies
	policy *policy.Policy
	then   *policy.Version
	job    policy.BackupJob
}

func (b *book) Policy(context.Context, string) (policy.Policy, error) {
	if b.policy == nil {
		return policy.Policy{}, fault.New(fault.NotFound, "There is no such policy.", "")
	}
	return *b.policy, nil
}

func (b *book) Last(ctx context.Context, id string) (policy.Policy, bool, error) {
	p, err := b.Policy(ctx, id)
	return p, false, err
}

func (b *book) Version(_ context.Context, subject string, number int) (policy.Version, error) {
	if b.then == nil || b.then.Number != number || b.then.Subject != subject {
		return policy.Version{}, fault.New(fault.NotFound, "There is no such version.", "")
	}
	return *b.then, nil
}

func (b *book) Job(context.Context, string) (policy.BackupJob, error) { return b.job, nil }

// world is everything around a worker.
type world struct {
	*testing.T
	now     time.Time
	paper   *paper
	box     *box
	library *library
	shelves map[string]*shelf
	traits  map[string]endpoint.Instance
	kit     Kit
}

func newWorld(t *testing.T) *world {
	w := &world{T: t, now: noon, paper: &paper{orders: map[int]Order{}}, box: &box{}, library: &library{}, shelves: map[string]*shelf{"folder": {files: map[string][]byte{}}},
		traits: map[string]endpoint.Instance{"i": {ID: "i", Name: "SQL1", FolderID: "folder", Traits: endpoint.Traits{Source: true, Restores: true}}}}
	n := 0
	w.kit = Kit{Store: w.paper, Runs: runs{}, Ports: w, Catalogue: w.library, Limits: &run.Limits{}, Rules: Rules{Settle: time.Minute, Backups: 2},
		Now: func() time.Time { return w.now }, NewID: func() string { n++; return fmt.Sprintf("id-%d", n) }}
	return w
}

func (w *world) Instance(_ context.Context, id string) (endpoint.Instance, error) {
	if in, ok := w.traits[id]; ok {
		return in, nil
	}
	return endpoint.Instance{}, fault.New(fault.NotFound, "There is no such instance.", "")
}

func (w *world) Bucket(_ context.Context, id string) (objectstore.Bucket, error) {
	if s, ok := w.shelves[id]; ok {
		return s, nil
	}
	return nil, fault.New(fault.NotFound, "There is no such bucket.", "")
}

func (w *world) Server(context.Context, string) (backup.Server, migration.Place, error) {
	return w.box, migration.Place{Folder: "/bak", BucketID: "folder"}, nil
}

func (w *world) Restorer(context.Context, string) (backup.Restorer, migration.Place, error) {
	return w.box, migration.Place{Folder: "/bak", BucketID: "folder"}, nil
}

// job is a claim on a backup run.
func (w *world) job() *job {
	return &job{Worker: &Worker{Kit: w.kit}, id: "w1", ends: make(chan struct{}, 1), pace: Pace{Busy: map[int]bool{}, Later: map[int]time.Time{}}}
}
