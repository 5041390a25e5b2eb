package awsrds

import (
	"strings"
	"testing"

	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/words"
)

// TestCDCIsKeptByTheLastFile, by a full backup that opens at once, and by no
// finish.
func TestCDCIsKeptByTheLastFile(t *testing.T) {
	for _, tc := range []struct {
		name, last string // kind of the last file; empty = the full opens
		opens      bool
		want       bool
		task       string
	}{
		{"a log opens", "log", true, true, "RESTORE_DB_LOG"},
		{"a differential opens", "differential", true, true, "RESTORE_DB_DIFFERENTIAL"},
		{"the full opens", "", true, true, "RESTORE_DB"},
		{"a log, then the finish", "log", false, false, "FINISH_RESTORE"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := emulated(t, nil)
			ctx, on := t.Context(), true
			l.source.PatchDatabase("Shop", sqlserveremu.DatabasePatch{CDC: &on})
			full := l.backed("full", "full", 1)
			if full.Opens = tc.last == ""; full.Opens {
				full.Mode = migration.Immediate
			}
			id, err := l.Restore(ctx, full)
			if err != nil {
				t.Fatal(err)
			}
			if tc.last != "" {
				l.until(id, migration.TaskWaiting)
				l.add(1000)
				in := l.backed("last", tc.last, 1)
				in.Opens = tc.opens
				if err := l.Import(ctx, id, in); err != nil {
					t.Fatal(err)
				}
				if !tc.opens {
					l.until(id, migration.TaskWaiting)
				} else {
					l.until(id, migration.TaskSuccess)
				}
				if err := l.OpenKeeping(ctx, id, "Shop", migration.CheckAsync, "", true); err != nil {
					t.Fatal(err)
				}
			}
			l.until(id, migration.TaskSuccess)
			k, err := l.Kept(ctx, "Shop")
			if err != nil || k.CDC != tc.want || k.Owner != "" {
				t.Errorf("%+v, %v", k, err)
			}
			s, err := l.state(ctx, id, "")
			if err != nil {
				t.Fatal(err)
			}
			if task := s.tasks[len(s.tasks)-1]; task.Type != tc.task || task.Lifecycle != Success {
				t.Errorf("%+v", task)
			}
		})
	}
	l := emulated(t, nil)
	if _, err := l.Kept(t.Context(), "Shop"); !fault.Is(err, fault.NotFound) {
		t.Errorf("of no database: %v", err)
	}
	if err := l.Give(t.Context(), "Shop", "app"); !fault.Is(err, fault.Invalid) {
		t.Errorf("given: %v", err)
	}
	// The service refuses it for a full that stays restoring.
	bad := call{dbo + "rds_restore_database", []argument{{"@restore_db_name", "Shop"}, {"@s3_arn_to_restore_from", bucketARN + "x"}, {"@with_norecovery", int64(1)}, {"@keep_cdc", int64(1)}}}
	if _, err := submit(t.Context(), l.Target.server, bad); !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "NORECOVERY") {
		t.Errorf("a full with NORECOVERY and KEEP_CDC: %v", err)
	}
}

// TestTheWordsOfKeeping: the calls that are shown are those that are made.
func TestTheWordsOfKeeping(t *testing.T) {
	m := migration.Migration{Database: "shop", Traits: Traits(), Mode: migration.Pending, Keep: migration.Keeping{CDC: true}, LiveSource: &migration.LiveSource{Freeze: migration.FreezeReadOnly}}
	tail := wording{}.Request(m, migration.VerbImport, migration.RestoreCall{Bucket: "b", Key: "tail", Kind: "log", Opens: true})
	if tail != "EXEC msdb.dbo.rds_restore_log @restore_db_name = N'shop', @s3_arn_to_restore_from = N'arn:aws:s3:::b/tail', @with_norecovery = 0, @keep_cdc = 1" {
		t.Error(tail)
	}
	open := wording{}.Request(m, migration.VerbOpen, migration.RestoreCall{})
	if strings.Contains(open, "rds_finish_restore") || !strings.HasPrefix(open, "ALTER DATABASE [shop] SET READ_WRITE") {
		t.Error(open)
	}
	full := migration.File{Ord: 1, Kind: "full", State: migration.FileApplied}
	log := migration.File{Ord: 2, Kind: "log", State: migration.FileStaged}
	for name, tc := range map[string]struct {
		edit  func(*migration.Migration)
		level migration.Level
	}{
		"not wanted":      {func(m *migration.Migration) { m.Keep.CDC = false }, ""},
		"a live source":   {func(*migration.Migration) {}, migration.Passed},
		"a full and logs": {func(m *migration.Migration) { m.LiveSource, m.Files = nil, []migration.File{full, log} }, migration.Passed},
		"a full alone":    {func(m *migration.Migration) { m.LiveSource, m.Files = nil, []migration.File{full} }, migration.Warned},
		"a full at once": {func(m *migration.Migration) {
			m.LiveSource, m.Files, m.Mode = nil, []migration.File{full}, migration.Immediate
		}, migration.Passed},
	} {
		m := m
		tc.edit(&m)
		var got migration.Level
		(&Target{}).capture(m, func(_, _ string, l migration.Level, _, _ words.Text) { got = l })
		if got != tc.level {
			t.Errorf("%s: %q, want %q", name, got, tc.level)
		}
	}
}
