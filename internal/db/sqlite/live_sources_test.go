package sqlite

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// TestWhatAChangeWritesOfASource: every part of a change is read again as it was
// written, and touches nothing but its own; a look at the writes before a tail
// takes back the proof that was given for the tail before.
func TestWhatAChangeWritesOfASource(t *testing.T) {
	ctx, d := context.Background(), open(t)
	migrating(t, d, "other")
	if err := d.SaveInstance(ctx, endpoint.Instance{ID: "s", Name: "s", Kind: "server", Host: "sql", FolderID: "f", ServerFolder: "/b"}, entry("instance.save")); err != nil {
		t.Fatal(err)
	}
	want := migration.LiveSource{ServerID: "s", Every: 15 * time.Minute, Freeze: migration.FreezeStopped, Compress: true, History: 3}
	live := want
	err := d.Migrations().Create(ctx, migration.Migration{ID: "m", RunID: "r", Database: "orders", SourceDatabase: "orders", InstanceID: "i", SourceID: "f", StagingID: "o",
		Mode: migration.Pending, Check: migration.CheckAsync, Created: noon, LiveSource: &live},
		run.Run{ID: "r", Kind: migration.RunKind, Subject: "m", Title: words.Say("Migrate"), Created: noon, Rank: -1}, entry("migration.start"))
	if err != nil {
		t.Fatal(err)
	}
	r, g := claim(t, d, "me", noon)
	if r.ID != "r" {
		t.Fatalf("claimed %s", r.ID)
	}
	at := func(minute int) *time.Time { v := noon.Add(time.Duration(minute) * time.Minute); return &v }
	never, seen, tail := time.Time{}, int64(7), backup.LSN{VLF: 9, Block: 2, Slot: 1}
	first := backup.WriteActivity{At: *at(1), Rows: 10, Logged: -1}
	second := backup.WriteActivity{At: *at(9), Rows: 11, Logged: 5}
	taken := migration.SourceBackup{ID: "b", Kind: "log", Tail: true, Name: "n", Path: "/b/n", Key: "n", Intended: *at(2)}
	settled := taken
	settled.Settled, settled.Verdict, settled.File, settled.Error = *at(3), migration.Accepted, 4, "said"
	for _, tc := range []struct {
		name   string
		change migration.Change
		edit   func(f *migration.LiveSource)
	}{
		{"nothing", migration.Change{}, func(*migration.LiveSource) {}},
		{"an order", migration.Change{SourceBackup: &taken}, func(f *migration.LiveSource) { f.SourceBackups = []migration.SourceBackup{taken} }},
		{"its answer", migration.Change{SourceBackup: &settled}, func(f *migration.LiveSource) { f.SourceBackups[0] = settled }},
		{"a freeze", migration.Change{Frozen: at(1)}, func(f *migration.LiveSource) { f.Frozen = *at(1) }},
		{"a look before the tail", migration.Change{Before: &first}, func(f *migration.LiveSource) { f.Before = first }},
		{"the tail", migration.Change{Tail: &tail}, func(f *migration.LiveSource) { f.Tail = tail }},
		{"a proof", migration.Change{Proven: at(5), Proof: "Nothing was written."}, func(f *migration.LiveSource) { f.Proven, f.Proof = *at(5), "Nothing was written." }},
		{"a look at the history", migration.Change{History: &seen, HistoryAt: *at(6)}, func(f *migration.LiveSource) { f.History, f.HistoryAt = 7, *at(6) }},
		{"another that found nothing", migration.Change{HistoryAt: *at(7)}, func(f *migration.LiveSource) { f.HistoryAt = *at(7) }},
		{"a look before one more log", migration.Change{Before: &second}, func(f *migration.LiveSource) { f.Before, f.Proven = second, time.Time{} }},
		{"no freeze", migration.Change{Frozen: &never}, func(f *migration.LiveSource) { f.Frozen = time.Time{} }},
		{"given back", migration.Change{GivenBack: at(8)}, func(f *migration.LiveSource) { f.GivenBack = *at(8) }},
	} {
		if err := d.Migrations().Note(ctx, g, "m", tc.change); err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		tc.edit(&want)
		m, err := d.Migrations().Migration(ctx, "m")
		if err != nil || m.LiveSource == nil || !reflect.DeepEqual(*m.LiveSource, want) {
			t.Fatalf("%s: %v\n got %+v\nwant %+v", tc.name, err, m.LiveSource, want)
		}
		if other, err := d.Migrations().Migration(ctx, "other"); err != nil || other.LiveSource != nil {
			t.Fatalf("%s: %v, another migration has %+v", tc.name, err, other.LiveSource)
		}
	}
}
