package server_test

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
	sources       map[string]*source
	sourceBackups time.Duration // every backup takes at least this long

	begin chan struct{} // full backups wait until it is closed; nil = they do not

	mu       sync.Mutex
	at, most int
	fulls    []string // databases in the order of their full backups
}

// fleet plants a server with these databases.
func (h *house) fleet(t *testing.T, names ...string) *fleet {
	t.Helper()
	first := h.live(t)
	f := &fleet{names: names, sources: map[string]*source{}}
	for _, name := range names {
		s := newSource(first.dir)
		s.name = name
		f.sources[name] = s
	}
	h.ports.set(f)
	return f
}

var _ backup.Server = (*fleet)(nil)

func (f *fleet) of(name string) (*source, error) {
	if s := f.sources[name]; s != nil {
		return s, nil
	}
	return nil, fault.Newf(fault.NotFound, "There is no database %s.", name)
}

func (f *fleet) Describe(ctx context.Context) (backup.ServerInfo, error) {
	return f.sources[f.names[0]].Describe(ctx)
}

func (f *fleet) Databases(ctx context.Context) (out []backup.Database, err error) {
	for _, name := range f.names {
		d, err := f.sources[name].Database(ctx, name)
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
	if c.Kind == backup.Full && f.begin != nil {
		select {
		case <-f.begin:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if !c.Tail {
		f.mu.Lock()
		if c.Kind == backup.Full {
			f.fulls = append(f.fulls, c.Database)
		}
		f.at++
		f.most = max(f.most, f.at)
		f.mu.Unlock()
		defer func() {
			f.mu.Lock()
			f.at--
			f.mu.Unlock()
		}()
	}
	select {
	case <-time.After(f.sourceBackups):
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

func (f *fleet) Named(ctx context.Context, database string, name string) ([]backup.HistoryRow, error) {
	s, err := f.of(database)
	if err != nil {
		return nil, err
	}
	return s.Named(ctx, database, name)
}

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

func (f *fleet) Running(context.Context, string) ([]backup.RunningStatement, error) { return nil, nil }

func (f *fleet) SetRecoveryModel(context.Context, string, string) error { return nil }
func (f *fleet) SetPageVerify(context.Context, string) error            { return nil }

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

// count has something called after every file given to the cloud.
func (p *ports) count(sent func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = sent
}
