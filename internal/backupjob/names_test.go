package backupjob

import (
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/policy"
)

func TestTheNameOfASet(t *testing.T) {
	slot := policy.Slot{Local: "2026-03-01T12:00"}
	for _, c := range []struct {
		work policy.BackupJob
		kind backup.Kind
		want string
	}{
		{policy.BackupJob{ID: "w", PolicyID: "p", Slot: slot, Kind: backup.Full}, backup.Full, "bakplane policy p 2026-03-01T12:00 FULL"},
		{policy.BackupJob{ID: "w", PolicyID: "p", Slot: slot, Kind: backup.Differential}, backup.Differential, "bakplane policy p 2026-03-01T12:00 DIFF"},
		{policy.BackupJob{ID: "w", PolicyID: "p", Slot: slot, Kind: backup.Log}, backup.Full, "bakplane policy p 2026-03-01T12:00 LOG first FULL"},
		{policy.BackupJob{ID: "w", Kind: backup.Log}, backup.Log, "bakplane order w by hand LOG"},
	} {
		if got := SetName(c.work, c.kind); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	long := func(n int, end string) string {
		return SetName(policy.BackupJob{PolicyID: strings.Repeat("x", n) + end, Slot: slot, Kind: backup.Full}, backup.Full)
	}
	whole := maxName - len(long(1, "")) + 1
	if n := long(whole, ""); len(n) != maxName || !strings.HasSuffix(n, " FULL") {
		t.Errorf("a name that just fits is cut: %q", n)
	}
	if a, b := long(whole, "a"), long(whole, "b"); a == b || len(a) != maxName || len(b) != maxName {
		t.Errorf("long names must differ and fit: %q, %q", a, b)
	}
}

func TestAnotherNameForADamagedSet(t *testing.T) {
	o := Order{ID: "o1", Name: "n", Keys: []string{"a_1of2.bak", "a_2of2.bak"}, Paths: []string{`D:\b\a_1of2.bak`, `D:\b\a_2of2.bak`}, Verdict: Refused, Seen: true, SetID: guid(1)}
	renew(&o, 2)
	if o.Name != "n (2)" || o.Keys[0] != "a_1of2_r2.bak" || o.Paths[1] != `D:\b\a_2of2_r2.bak` || o.Verdict != NoVerdict || o.Seen || !o.SetID.IsZero() {
		t.Errorf("%+v", o)
	}
	for n, cut := range map[int]bool{maxName - 4: false, maxName - 3: true} {
		o := Order{ID: "o1", Name: strings.Repeat("x", n)}
		renew(&o, 2)
		if len(o.Name) > maxName || cut != (o.Name == "bakplane o1 (2)") {
			t.Errorf("of %d characters: %q", n, o.Name)
		}
	}
}

func TestFoldersOfABucketDiffer(t *testing.T) {
	if k := BucketKey("SQL1", "shop", backup.Full, "f.bak"); k != "backups/SQL1/shop/full/f.bak" {
		t.Error(k)
	}
	if segment("a/b") == segment("a:b") || strings.Contains(segment("../x"), "/") || segment("..") == ".." || segment("") == "" {
		t.Error(segment("a/b"), segment("a:b"), segment("../x"), segment(".."), segment(""))
	}
	if k, at := segment(strings.Repeat("x", 100)), segment(strings.Repeat("x", 101)); len(k) != 100 || len(at) != 109 {
		t.Error(k, at)
	}
	if FileNames(policy.BackupJob{}, "s", strings.Repeat("x", 70)+"a", backup.Full, 1)[0] == FileNames(policy.BackupJob{}, "s", strings.Repeat("x", 70)+"b", backup.Full, 1)[0] {
		t.Error("two databases of long names share a file")
	}
	if n := len(FileNames(policy.BackupJob{}, "s", "x", backup.Full, 0)); n != 1 {
		t.Errorf("%d files without stripes", n)
	}
	if n := FileNames(policy.BackupJob{}, "s", "x", backup.Full, 2); len(n) != 2 || !strings.HasSuffix(n[1], "_2of2.bak") {
		t.Error(n)
	}
}
