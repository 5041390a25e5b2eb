package migration

import (
	"slices"
	"testing"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
)

// TestASourceThatWasMadeAnewIsNotFrozen: it goes on under its name, and nothing
// that it writes joins what the target has.
func TestASourceThatWasMadeAnewIsNotFrozen(t *testing.T) {
	ours, other := backup.GUID{1}, backup.GUID{2}
	for _, tc := range []struct {
		name         string
		family, fork backup.GUID // of the source now
		chain        backup.GUID // fork of the last file
		files        int
		away         bool
	}{
		{"as it was", ours, ours, ours, 2, false},
		{"another lineage", other, ours, ours, 2, true},
		{"restored over itself", ours, other, ours, 2, true},
		{"not open, it tells nothing", backup.GUID{}, backup.GUID{}, ours, 2, false},
		{"a file that tells no fork", ours, other, backup.GUID{}, 2, false},
		{"before the first full", other, other, ours, 0, false},
	} {
		for do, kind := range map[SourceDo]string{SourceFreeze: "log", SourceBackUp: "differential"} {
			d, j := at(aboutToFreeze(FreezeTail), t0)
			d.m.Family, d.m.Files = ours, d.m.Files[:tc.files]
			for i := range d.m.Files {
				d.m.Files[i].ForkID = tc.chain
			}
			d.source.db.Family, d.source.db.Fork, d.source.refuses = tc.family, tc.fork, errRefused
			if err := j.order(t.Context(), d.m, &d.source, d.place, SourceAction{Do: do, Kind: kind}); err != nil {
				t.Fatal(err)
			}
			var code fault.Code
			if d.m.Problem != nil {
				code = d.m.Problem.Code
			}
			if away := code == CodeSourceForked; away != tc.away || away == slices.Contains(d.log, "backup") || away && d.last().Frozen != nil {
				t.Errorf("%s, %s: problem %q, backed up %v", tc.name, do, code, slices.Contains(d.log, "backup"))
			}
		}
	}
}

// TestALogThatDepartsIsNoLink, whatever the source said of itself before it.
func TestALogThatDepartsIsNoLink(t *testing.T) {
	data, known := chainFiles(t, "orders")
	m := fed(func(m *Migration) { m.Files = []File{known["full"], known["differential"], known["log 1"]} })
	next, _, err := readSet(t.Context(), &shelf{files: data}, []string{"log 2"}, backup.GUID{})
	if err != nil {
		t.Fatal(err)
	}
	old := known["log 1"].ForkID
	for _, tc := range []struct {
		name string
		edit func(*backup.Set)
		want bool
	}{
		{"it goes on", func(*backup.Set) {}, false},
		{"nothing was written", func(s *backup.Set) { s.First, s.Last = m.taken(), m.taken() }, false},
		{"on another fork", func(s *backup.Set) { s.Fork[0]++; s.FirstFork = s.Fork }, true},
		{"on one that began where the tail ended", func(s *backup.Set) { s.Fork[0]++; s.FirstFork, s.ForkPoint = old, m.taken() }, false},
		{"on one that began before that", func(s *backup.Set) { s.Fork[0]++; s.FirstFork, s.ForkPoint = old, known["log 1"].FirstLSN }, true},
		{"its fork is not told", func(s *backup.Set) { s.Fork = backup.GUID{} }, false},
		{"others took a later one meanwhile", func(s *backup.Set) { s.Last = known["log 1"].FirstLSN }, false},
		{"without a fork it ends before what was taken", func(s *backup.Set) { s.Fork, s.Last = backup.GUID{}, known["log 1"].FirstLSN }, true},
	} {
		f := next
		tc.edit(&f)
		if got := departs(m, f); got != tc.want {
			t.Errorf("%s: departs %v", tc.name, got)
		}
	}
	if departs(Migration{}, next) {
		t.Error("it departs from nothing")
	}
}

// TestABackupThatMsdbDoesNotKnowIsFoundByItsFile: a server whose msdb takes no
// rows takes backups all the same, under the name that was fixed before.
func TestABackupThatMsdbDoesNotKnowIsFoundByItsFile(t *testing.T) {
	data, known := chainFiles(t, "orders")
	for _, tc := range []struct {
		name    string
		there   []byte
		ordered string
		want    Verdict
	}{
		{"its file lies there", data["log 1"], nameOf(t, data["log 1"]), Adopted},
		{"another set lies there", data["log 1"], "bakplane m 9 LOG", Void},
		{"half a file lies there", data["log 1"][:len(data["log 1"])/2], nameOf(t, data["log 1"]), Void},
		{"nothing lies there", nil, "bakplane m 9 LOG", Void},
	} {
		b := SourceBackup{ID: "3", Kind: "log", Name: tc.ordered, Key: "log.trn", Intended: t0}
		d, j := at(fed(func(m *Migration) {
			m.Files = []File{known["full"], known["differential"]}
			m.LiveSource.SourceBackups = append(m.LiveSource.SourceBackups, b)
		}), t0.Add(sourceRules.Settle))
		if tc.there != nil {
			d.bucket.files["log.trn"] = tc.there
		}
		if err := j.reconcileBackup(t.Context(), d.m, &d.source, b); err != nil {
			t.Fatal(err)
		}
		if got := d.last().SourceBackup; got == nil || got.Verdict != tc.want {
			t.Errorf("%s: %+v", tc.name, got)
		}
	}
}

func nameOf(t *testing.T, data []byte) string {
	t.Helper()
	s, _, err := readSet(t.Context(), &shelf{files: map[string][]byte{"f": data}}, []string{"f"}, backup.GUID{})
	if err != nil {
		t.Fatal(err)
	}
	return s.Name
}

// TestOthersLogsBehindOursComeLater: what others took before ours is followed
// first, what they took after it waits, although ours was noted only when it was
// ordered.
func TestOthersLogsBehindOursComeLater(t *testing.T) {
	data, known := chainFiles(t, "orders")
	ours := SourceBackup{ID: "3", Kind: "log", Name: nameOf(t, data["log 2"]), Key: "ours.trn", Intended: t0}
	d, j := at(fed(func(m *Migration) { m.Files = []File{known["full"], known["differential"]} }), t0)
	before := d.m
	d.m.LiveSource = new(LiveSource)
	*d.m.LiveSource = *before.LiveSource
	d.m.LiveSource.SourceBackups = append(slices.Clone(before.LiveSource.SourceBackups), ours)
	d.bucket.files["ours.trn"], d.bucket.files["theirs.trn"] = data["log 2"], data["log 1"]
	row := func(id int64, name, file string, f File) backup.HistoryRow {
		return backup.HistoryRow{ID: id, User: "sa", Disk: true, Files: []string{"/backup/" + file}, Set: backup.Set{Kind: backup.Log, Name: name, ID: f.SetGUID, Fork: f.ForkID, FirstFork: f.ForkID, Last: f.LastLSN}}
	}
	later := known["log 2"]
	later.LastLSN.Block++
	d.source.rows = []backup.HistoryRow{row(7, "nightly", "theirs.trn", known["log 1"]), row(8, ours.Name, "ours.trn", known["log 2"]), row(9, "nightly", "gone.trn", later)}
	if err := j.taken(t.Context(), before, ours, Accepted); err != nil {
		t.Fatal(err)
	}
	if d.m.Problem != nil || len(d.m.Files) != 4 || d.m.Files[2].SetGUID != known["log 1"].SetGUID || d.m.Files[3].SetGUID != known["log 2"].SetGUID {
		t.Errorf("problem %+v, files %+v", d.m.Problem, d.m.Files)
	}
}
