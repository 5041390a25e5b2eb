package preflight

import (
	"bytes"
	"context"
	"io"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore"
)

// desk is a bucket with one file, and a server with a history.
type desk struct {
	migration.Ports
	bucket shelf
	source server
}

func (d *desk) Bucket(context.Context, string) (objectstore.Bucket, error) { return &d.bucket, nil }
func (d *desk) Server(context.Context, string) (backup.Server, migration.Place, error) {
	return &d.source, migration.Place{Folder: "/backup", BucketID: "folder"}, nil
}

type shelf struct {
	objectstore.Bucket
	data []byte
}

func (b *shelf) Stat(_ context.Context, key string) (objectstore.Object, error) {
	return objectstore.Object{Key: key, Size: int64(len(b.data))}, nil
}
func (b *shelf) Read(_ context.Context, _ string, offset, length int64) (io.ReadCloser, error) {
	n := int64(len(b.data))
	return io.NopCloser(bytes.NewReader(b.data[min(offset, n):min(offset+length, n)])), nil
}
func (b *shelf) List(context.Context, string, string, int) ([]objectstore.Object, error) {
	return nil, nil
}

type server struct {
	backup.Server
	rows   []backup.HistoryRow
	folder error
}

func (s *server) Describe(context.Context) (backup.ServerInfo, error) {
	return backup.ServerInfo{}, nil
}
func (s *server) Database(context.Context, string) (backup.Database, error) {
	return backup.Database{State: "ONLINE", RecoveryModel: "FULL"}, nil
}
func (s *server) MissingRights(context.Context, string) ([]backup.MissingRight, error) {
	return nil, nil
}
func (s *server) Folder(context.Context, string) ([]backup.FolderEntry, error) { return nil, s.folder }
func (s *server) Recent(_ context.Context, _ string, limit int) ([]backup.HistoryRow, error) {
	rows := slices.Clone(s.rows)
	slices.Reverse(rows)
	return rows[:min(limit, len(rows))], nil
}
func (s *server) Newest(context.Context) (newest int64, err error) {
	for _, r := range s.rows {
		newest = max(newest, r.ID)
	}
	return newest, nil
}

// TestAFileOfAnotherSizeIsAnotherFile than the one that was planned.
func TestAFileOfAnotherSizeIsAnotherFile(t *testing.T) {
	paths, err := mtf.Chain(t.TempDir(), mtf.Options{Database: "orders", Started: t0, DataSize: 4096, LogSize: 4096})
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(paths[2])
	if err != nil {
		t.Fatal(err)
	}
	read, err := bakfile.Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for grown, ok := range map[int64]bool{0: true, 1: false} {
		f := migration.File{Kind: "log", Source: "log 1", Size: int64(len(data)) + grown, SetGUID: read.Sets[0].SetGUID, State: migration.FilePlanned}
		if _, err := setFacts(t.Context(), &desk{bucket: shelf{data: data}}, migration.Migration{}, f); (err == nil) != ok {
			t.Errorf("%d bytes more were planned: %v", grown, err)
		}
	}
}

// TestLogsOfOthersInTheLastDay are told, and ours are not.
func TestLogsOfOthersInTheLastDay(t *testing.T) {
	d := &desk{}
	for i, ago := range []time.Duration{24 * time.Hour, 24*time.Hour - 1} {
		for _, name := range []string{"nightly", "bakplane x 1 LOG"} {
			at := backup.Moment{Local: t0.Add(-ago)}
			d.source.rows = append(d.source.rows, backup.HistoryRow{ID: int64(i + 1), Set: backup.Set{Kind: backup.Log, Name: name, Finished: at}})
		}
	}
	got, err := CollectSource(t.Context(), d, &migration.LiveSource{}, "orders", func() time.Time { return t0 })
	if err != nil || len(got.Foreign) != 1 || got.Foreign[0].ID != 2 || got.History != 2 {
		t.Errorf("%+v, history up to %d, %v", got.Foreign, got.History, err)
	}
}

// TestAServerThatDoesNotAnswerSaysNothingOfItsFolder: a cut connection ends the
// look; a folder that the server refuses is a line of the preflight.
func TestAServerThatDoesNotAnswerSaysNothingOfItsFolder(t *testing.T) {
	for _, kind := range []fault.Kind{fault.Unavailable, fault.Denied} {
		refused := fault.Newf(kind, "no")
		f, err := CollectSource(t.Context(), &desk{source: server{folder: refused}}, &migration.LiveSource{}, "orders", func() time.Time { return t0 })
		if (err == nil) != (kind == fault.Denied) || !fault.Is(f.FolderOK, kind) {
			t.Errorf("%v: %v, folder %v", kind, err, f.FolderOK)
		}
	}
}
