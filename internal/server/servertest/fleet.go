package servertest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
)

// fleet is a SQL Server with many databases, each a source of its own; it
// counts how many backups it is asked for at once; tails are not counted.
type fleet struct {
	names         []string
	Sources       map[string]*source
	SourceBackups time.Duration // every backup takes at least this long

	Begin chan struct{} // full backups wait until it is closed; nil = they do not

	Mu       sync.Mutex
	at, Most int
	Fulls    []string // databases in the order of their full backups
}

// Fleet plants a server with these databases.
func (h *House) Fleet(t *testing.T, names ...string) *fleet {
	t.Helper()
	first := h.Live(t)
	f := &fleet{names: names, Sources: map[string]*source{}}
	for _, name := range names {
		s := NewSource(first.dir)
		s.name = name
		f.Sources[name] = s
	}
	h.Ports.Set(f)
	return f
}

var _ backup.Server = (*fleet)(nil)

func (f *fleet) of(name string) (*source, error) {
	if s := f.Sources[name]; s != nil {
		return s, nil
	}
	return nil, fault.Newf(fault.NotFound, "There is no database %s.", name)
}

func (f *fleet) Describe(ctx context.Context) (backup.ServerInfo, error) {
	return f.Sources[f.names[0]].Describe(ctx)
}

func (f *fleet) Databases(ctx context.Context) (out []backup.Database, err error) {
	for _, name := range f.names {
		d, err := f.Sources[name].Database(ctx, name)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

func (f *fleet) Database(ctx context.Context, name string) (backup.Database, error) {
	s, err := f.of(name)
	if err != nil {
		return backup.Database{}, err
	}
	return s.Database(ctx, name)
}

func (f *fleet) Backup(ctx context.Context, c backup.BackupCall, progress func(float64)) error {
	s, err := f.of(c.Database)
	if err != nil {
		return err
	}
	if c.Kind == backup.Full && f.Begin != nil {
		select {
		case <-f.Begin:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if !c.Tail {
		f.Mu.Lock()
		if c.Kind == backup.Full {
			f.Fulls = append(f.Fulls, c.Database)
		}
		f.at++
		f.Most = max(f.Most, f.at)
		f.Mu.Unlock()
		defer func() {
			f.Mu.Lock()
			f.at--
			f.Mu.Unlock()
		}()
	}
	select {
	case <-time.After(f.SourceBackups):
	case <-ctx.Done():
		return ctx.Err()
	}
	return s.Backup(ctx, c, progress)
}

func (f *fleet) History(ctx context.Context, database string, after int64, limit int) ([]backup.HistoryRow, error) {
	s, err := f.of(database)
	if err != nil {
		return nil, err
	}
	return s.History(ctx, database, after, limit)
}

func (f *fleet) Named(ctx context.Context, database string, name string, since time.Time) ([]backup.HistoryRow, error) {
	s, err := f.of(database)
	if err != nil {
		return nil, err
	}
	return s.Named(ctx, database, name, since)
}

func (f *fleet) Recent(ctx context.Context, database string, limit int) ([]backup.HistoryRow, error) {
	s, err := f.of(database)
	if err != nil {
		return nil, err
	}
	return s.Recent(ctx, database, limit)
}

// Newest is of one server: each database has a history of its own here.
func (f *fleet) Newest(context.Context) (int64, error) { return 0, nil }

func (f *fleet) Recover(ctx context.Context, database string) error {
	s, err := f.of(database)
	if err != nil {
		return err
	}
	return s.Recover(ctx, database)
}

func (f *fleet) SetReadOnly(ctx context.Context, database string, on bool) error {
	s, err := f.of(database)
	if err != nil {
		return err
	}
	return s.SetReadOnly(ctx, database, on)
}

func (f *fleet) MissingRights(context.Context, string) ([]backup.MissingRight, error) {
	return nil, nil
}

func (f *fleet) Verify(context.Context, []string) error { return nil }

func (f *fleet) Headers(context.Context, []string) ([]backup.Set, error) { return nil, nil }

func (f *fleet) Running(context.Context, string) ([]backup.RunningStatement, error) { return nil, nil }

func (f *fleet) SetRecoveryModel(context.Context, string, string) error { return nil }

func (f *fleet) SetPageVerify(context.Context, string) error { return nil }

func (f *fleet) CheckDB(context.Context, string, bool) ([]string, error) { return nil, nil }

func (f *fleet) Contents(context.Context, string, func(done, of int)) ([]backup.TableSum, error) {
	return nil, nil
}

func (f *fleet) WriteActivity(context.Context, string) (backup.WriteActivity, error) {
	return backup.WriteActivity{}, nil
}

func (f *fleet) Folder(context.Context, string) ([]backup.FolderEntry, error) { return nil, nil }

func (f *fleet) MakeFolder(context.Context, string) error { return nil }

// counted is a target that tells when a file was given to it.
type counted struct {
	migration.Target
	sent func()
}

func (c counted) Restore(ctx context.Context, in migration.RestoreCall) (string, error) {
	defer c.sent()
	return c.Target.Restore(ctx, in)
}

func (c counted) Import(ctx context.Context, taskID string, in migration.RestoreCall) error {
	defer c.sent()
	return c.Target.Import(ctx, taskID, in)
}

// Count has something called after every file given to the cloud.
func (p *ports) Count(sent func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = sent
}

// ANotice waits until something changed, for a moment at most.
func (h *House) ANotice() {
	changes, stop := h.Notifier.Listen()
	defer stop()
	select {
	case <-changes:
	case <-time.After(200 * time.Millisecond):
	}
}

// AtTheInstance counts the files that the emulated instance has not restored.
func (h *House) AtTheInstance() (n int) {
	for _, task := range h.RDS.Tasks() {
		for _, f := range task.Files {
			if f.Status != "Restored" {
				n++
			}
		}
	}
	return n
}

func (f *fleet) RowIDs(context.Context, []backup.GUID) (map[backup.GUID]int64, error) {
	return nil, nil
}
