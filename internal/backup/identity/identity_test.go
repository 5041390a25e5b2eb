package identity_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backup/identity"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
)

func guid(n byte) backup.GUID { return backup.GUID{n} }

// set is a full backup as a server writes it.
func set(id byte, server, database string) mtf.Set {
	at := bakfile.LocalTime{Time: time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)}
	return mtf.Set{PayloadSize: 20 << 10, Set: bakfile.Set{Type: bakfile.TypeFull, Name: "nightly", Database: database, ServerName: server, MachineName: server, VersionMajor: 16, DatabaseVersion: 957,
		RecoveryModel: bakfile.RecoveryFull, SetGUID: guid(id), Started: at, Finished: at, FirstLSN: bakfile.LSN{VLF: 1}, LastLSN: bakfile.LSN{VLF: 2}, CheckpointLSN: bakfile.LSN{VLF: 1},
		Files: []bakfile.DataFile{{FileID: 1, LogicalName: "d", PhysicalName: `C:\d.mdf`, Type: "D", FilegroupID: 1, FilegroupName: "PRIMARY", Size: 8 << 20, SourceBlockSize: 512}}}}
}

// written is a backup file of some sets; stripe and of are 1 where it is not striped.
func written(t *testing.T, media byte, stripe, of int, sets ...mtf.Set) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := mtf.Write(&b, mtf.Spec{Media: bakfile.Media{SetGUID: guid(media), FamilyCount: of, FamilySequence: stripe}, Sets: sets}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestWhatLiesThereIsHeldToTheRow tries every way in which a file may not be
// what its row says.
func TestWhatLiesThereIsHeldToTheRow(t *testing.T) {
	ours, theirs := written(t, 1, 1, 1, set(7, "SQL1", "shop")), written(t, 2, 1, 1, set(8, "SQL2", "shop"))
	one, two := written(t, 3, 1, 2, set(7, "SQL1", "shop")), written(t, 3, 2, 2, set(7, "SQL1", "shop"))
	other := written(t, 4, 2, 2, set(8, "SQL2", "shop"))
	strangers := written(t, 5, 2, 2, set(7, "SQL1", "shop")) // the GUID, and another media set
	if len(ours) != len(theirs) {
		t.Fatal("the samples should have one size, so that nothing but their content tells them apart")
	}
	all := func(files ...[]byte) (n int64) {
		for _, f := range files {
			n += int64(len(f))
		}
		return n
	}
	for _, c := range []struct {
		what    string
		files   [][]byte // nil = not there
		unnamed bool     // the row tells no GUID
		size    int64    // noted; 0 = that of ours
		found   identity.Finding
		says    string
		whole   bool // it may be restored and copied
		goes    bool // it may be removed
		at      int
	}{
		{what: "as it was written", files: [][]byte{ours}, found: identity.Same, whole: true, goes: true, at: 1},
		{what: "replaced by another of the same name, size and time", files: [][]byte{theirs}, found: identity.Another, says: "full backup of shop of SQL2"},
		{what: "appended to", files: [][]byte{written(t, 1, 1, 1, set(7, "SQL1", "shop"), set(8, "SQL1", "shop"))}, found: identity.Shared, says: "1 backup besides", whole: true, at: 1},
		{what: "at another position", files: [][]byte{written(t, 1, 1, 1, set(8, "SQL1", "shop"), set(7, "SQL1", "shop"))}, found: identity.Shared, whole: true, at: 2},
		{what: "overwritten by several", files: [][]byte{written(t, 1, 1, 1, set(8, "SQL1", "shop"), set(9, "SQL1", "orders"))}, found: identity.Another, says: "2 other backups, the last of them the full backup of orders"},
		{what: "cut off", files: [][]byte{ours[:len(ours)-4096]}, found: identity.Cut, says: "its end is missing", at: 1},
		{what: "cut off within its header", files: [][]byte{ours[:600]}, found: identity.Foreign},
		{what: "empty", files: [][]byte{{}}, found: identity.Foreign, says: "empty"},
		{what: "no backup", files: [][]byte{[]byte(strings.Repeat("no backup at all ", 100))}, found: identity.Foreign, says: "no backup that can be read"},
		{what: "gone", files: [][]byte{nil}, found: identity.Absent, goes: true},
		{what: "of another size than was noted", files: [][]byte{ours}, size: 1, found: identity.Resized, says: "1 were noted", whole: true, at: 1},
		{what: "the row tells no set", files: [][]byte{ours}, unnamed: true, found: identity.Unnamed, whole: true},
		{what: "two stripes", files: [][]byte{one, two}, found: identity.Same, whole: true, goes: true, at: 1},
		{what: "two stripes, named the other way round", files: [][]byte{two, one}, found: identity.Same, whole: true, goes: true, at: 1},
		{what: "one stripe twice", files: [][]byte{one, one}, found: identity.Mixed, says: "the same stripe, number 1", at: 1},
		{what: "a stripe of another set", files: [][]byte{one, other}, found: identity.Another, says: "SQL2"},
		{what: "a stripe of another media set", files: [][]byte{one, strangers}, found: identity.Mixed, says: "two media sets", at: 1},
		{what: "a stripe is gone", files: [][]byte{one, nil}, found: identity.Partial, goes: true, at: 1},
		{what: "a stripe is gone, and the other is a stranger's", files: [][]byte{nil, other}, found: identity.Another},
		{what: "a stripe is cut", files: [][]byte{one, two[:len(two)-4096]}, found: identity.Cut, at: 1},
		{what: "one file of a set of two", files: [][]byte{one}, found: identity.Mixed, says: "was written to 2 files", at: 1},
	} {
		b, err := folder.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for i, content := range c.files {
			keys = append(keys, string(rune('a'+i))+".bak")
			if content == nil {
				continue
			}
			if _, err := b.Put(t.Context(), keys[i], bytes.NewReader(content), int64(len(content))); err != nil {
				t.Fatal(err)
			}
		}
		w := identity.Want{ID: guid(7), Size: all(c.files...)}
		if c.size > 0 {
			w.Size = c.size
		}
		if c.unnamed {
			w.ID = backup.GUID{}
		}
		v, err := identity.Compare(t.Context(), b, w, keys)
		if err != nil || v.Finding != c.found || !strings.Contains(v.Words.String(), c.says) || v.Words.IsZero() != (c.found == identity.Same) || v.Position != c.at {
			t.Errorf("%s: %+v, %v; want %s", c.what, v, err, c.found)
		}
		if (v.Whole() == nil) != c.whole || (v.Removable() == nil) != c.goes || (v.Proven() == nil) != (c.whole && !c.unnamed) {
			t.Errorf("%s: whole %v, proven %v, removable %v", c.what, v.Whole(), v.Proven(), v.Removable())
		}
	}
}

// TestAnArchivedObjectIsBelievedUnlessItWasWrittenSince: what nobody can read
// now is told by the store's own time of change.
func TestAnArchivedObjectIsBelievedUnlessItWasWrittenSince(t *testing.T) {
	noted := time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		what  string
		piece identity.Piece
		want  identity.Want
		goes  bool
	}{
		{"as noted", identity.Piece{Size: 10, Modified: noted}, identity.Want{Noted: noted, Size: 10}, true},
		{"clocks differ a little", identity.Piece{Size: 10, Modified: noted.Add(10 * time.Minute)}, identity.Want{Noted: noted, Size: 10}, true},
		{"written since", identity.Piece{Size: 10, Modified: noted.Add(time.Hour)}, identity.Want{Noted: noted, Size: 10}, false},
		{"of another size", identity.Piece{Size: 11, Modified: noted}, identity.Want{Noted: noted, Size: 10}, false},
		{"its time is not told", identity.Piece{Size: 10}, identity.Want{Noted: noted, Size: 10}, false},
		{"nobody noted when", identity.Piece{Size: 10, Modified: noted}, identity.Want{Size: 10}, false},
		{"a file that only a SQL Server can read, as noted", identity.Piece{Size: 10, Modified: noted}, identity.Want{Noted: noted}, true},
	} {
		c.piece.Key, c.piece.There, c.piece.Sealed, c.want.ID = "a.bak", true, true, guid(7)
		v := identity.Judge(c.want, []identity.Piece{c.piece})
		if (v.Removable() == nil) != c.goes || v.Proven() == nil {
			t.Errorf("%s: %+v", c.what, v)
		}
	}
}

func TestWhatAServerReadsIsHeldToTheRow(t *testing.T) {
	sets := []backup.Set{{ID: guid(8), Complete: true, Files: []backup.SetFile{{Position: 1}}}, {ID: guid(7), Complete: true, Files: []backup.SetFile{{Position: 2}}}}
	if v := identity.Judge(identity.Want{ID: guid(7)}, identity.OfHeaders("a.bak", sets)); v.Finding != identity.Shared || v.Position != 2 {
		t.Errorf("%+v", v)
	}
	err := identity.Judge(identity.Want{ID: guid(9)}, identity.OfHeaders("a.bak", sets)).Proven()
	if !fault.Is(err, fault.Conflict) || fault.CodeOf(err) != identity.CodeOtherSet {
		t.Errorf("%v", err)
	}
}

// unread is a bucket whose files may be seen and not read.
type unread struct{ objectstore.Bucket }

func (unread) Read(context.Context, string, int64, int64) (io.ReadCloser, error) {
	return nil, fault.New(fault.Denied, "The file may not be read.", "")
}

// TestAFileThatMayNotBeReadIsBelieved as one that is archived: a dashboard that
// sees a server's folder, and no more, still looks after it.
func TestAFileThatMayNotBeReadIsBelieved(t *testing.T) {
	b, err := folder.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	content := written(t, 1, 1, 1, set(7, "SQL1", "shop"))
	if _, err := b.Put(t.Context(), "a.bak", bytes.NewReader(content), int64(len(content))); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for noted, whole := range map[time.Time]bool{now: true, now.Add(-time.Hour): false} {
		v, err := identity.Compare(t.Context(), unread{b}, identity.Want{ID: guid(7), Noted: noted, Size: int64(len(content))}, []string{"a.bak"})
		if err != nil || (v.Whole() == nil) != whole || (v.Removable() == nil) != whole || v.Proven() == nil {
			t.Errorf("noted %s: %+v, %v", noted, v, err)
		}
	}
}
