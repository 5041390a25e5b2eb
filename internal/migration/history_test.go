package migration

import (
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
)

// TestOthersLogsAreFollowed: a log of theirs that goes beyond what is known is
// a link, whatever else they took is none.
func TestOthersLogsAreFollowed(t *testing.T) {
	data, known := chainFiles(t, "orders")
	link := known["log 1"]
	theirs := func(edit func(*backup.HistoryRow)) backup.HistoryRow {
		r := backup.HistoryRow{ID: 7, User: "sa", Disk: true, Files: []string{"/backup/theirs.trn"}, Set: backup.Set{Kind: backup.Log, Name: "nightly", ID: link.SetGUID, Last: link.LastLSN}}
		if edit != nil {
			edit(&r)
		}
		return r
	}
	for _, tc := range []struct {
		name    string
		row     backup.HistoryRow
		edit    func(*Migration)
		files   int
		looked  bool // its row is done with
		problem fault.Code
	}{
		{"a log", theirs(nil), nil, 1, true, ""},
		{"a log elsewhere that was copied here", theirs(func(r *backup.HistoryRow) { r.Files[0] = `X:\other\theirs.trn` }), nil, 1, true, ""},
		{"our own", theirs(func(r *backup.HistoryRow) { r.Set.Name = "bakplane m 3 LOG" }), nil, 0, true, ""},
		{"of another migration", theirs(func(r *backup.HistoryRow) { r.Set.Name = "bakplane m2 3 LOG" }), nil, 1, true, ""},
		{"a copy", theirs(func(r *backup.HistoryRow) { r.Set.CopyOnly = true }), nil, 0, true, ""},
		{"a full", theirs(func(r *backup.HistoryRow) { r.Set.Kind = backup.Full }), nil, 0, true, ""},
		{"of another database of the name", theirs(func(r *backup.HistoryRow) { r.Set.Family = backup.GUID{9} }), func(m *Migration) { m.Family = backup.GUID{1} }, 0, true, ""},
		{"of our lineage", theirs(func(r *backup.HistoryRow) { r.Set.Family = backup.GUID{1} }), func(m *Migration) { m.Family = backup.GUID{1} }, 1, true, ""},
		{"it tells no lineage", theirs(nil), func(m *Migration) { m.Family = backup.GUID{1} }, 1, true, ""},
		{"ours is not known", theirs(func(r *backup.HistoryRow) { r.Set.Family = backup.GUID{9} }), func(m *Migration) { m.Family = backup.GUID{} }, 1, true, ""},
		{"of a copy of ours that went its own way", theirs(func(r *backup.HistoryRow) { r.Set.Fork, r.Set.FirstFork = backup.GUID{9}, backup.GUID{9} }), nil, 0, true, ""},
		{"of such a copy, out of reach", theirs(func(r *backup.HistoryRow) {
			r.Set.Fork, r.Set.FirstFork, r.Files[0] = backup.GUID{9}, backup.GUID{9}, "/backup/gone.trn"
		}), nil, 0, true, ""},
		{"it ends where we are", theirs(nil), func(m *Migration) { m.Files[0].LastLSN = link.LastLSN }, 0, true, ""},
		{"our order that has no answer", theirs(func(r *backup.HistoryRow) { r.Set.Name = "pending" }), func(m *Migration) { m.LiveSource.SourceBackups = []SourceBackup{{Name: "pending"}} }, 0, false, ""},
		{"looked at before", theirs(nil), func(m *Migration) { m.LiveSource.History = 7 }, 0, false, ""},
		{"the file is gone", theirs(func(r *backup.HistoryRow) { r.Files[0] = "/backup/gone.trn" }), nil, 0, false, "foreign-log"},
		{"the file holds another backup", theirs(func(r *backup.HistoryRow) { r.Set.ID[0]++ }), nil, 0, false, "foreign-log"},
		{"on tape", theirs(func(r *backup.HistoryRow) { r.Disk = false }), nil, 0, false, "foreign-log"},
		{"striped", theirs(func(r *backup.HistoryRow) { r.Files = append(r.Files, r.Files[0]) }), nil, 0, false, "foreign-log"},
		{"in no file", theirs(func(r *backup.HistoryRow) { r.Files = nil }), func(m *Migration) { m.Traits = serverTraits }, 0, false, "foreign-log"},
	} {
		d, j := at(fed(func(m *Migration) {
			m.Files = []File{known["full"]}
			m.LiveSource.SourceBackups = nil
			if tc.edit != nil {
				tc.edit(m)
			}
		}), t0)
		d.bucket.files["theirs.trn"] = data["log 1"]
		d.source.rows = []backup.HistoryRow{tc.row}
		if tc.row.Set.Name == "pending" { // nothing behind it is looked at before it is settled
			d.source.rows = append(d.source.rows, backup.HistoryRow{ID: 8, Set: backup.Set{Name: "later"}})
		}
		if err := j.lookHistory(t.Context(), d.m, &d.source, d.place); err != nil {
			t.Fatal(err)
		}
		var code fault.Code
		if d.m.Problem != nil {
			code = d.m.Problem.Code
		}
		c := d.last()
		if looked := c.History != nil && *c.History >= 7; len(c.Files) != tc.files || looked != tc.looked || code != tc.problem || (tc.problem == "") != c.HistoryAt.Equal(t0) {
			t.Errorf("%s: %d files, looked %v, problem %q, at %s", tc.name, len(c.Files), looked, code, c.HistoryAt)
		}
		if tc.files == 1 && (c.Files[0].Ord != 2 || c.Files[0].SetGUID != link.SetGUID) {
			t.Errorf("%s: %+v", tc.name, c.Files[0])
		}
	}
}

// TestADifferentialIsOfferedOnlyWhereItHelps over a log that is lost.
func TestADifferentialIsOfferedOnlyWhereItHelps(t *testing.T) {
	full := func(id int64, edit func(*backup.Set)) backup.HistoryRow {
		s := backup.Set{Kind: backup.Full, Name: "nightly"}
		if edit != nil {
			edit(&s)
		}
		return backup.HistoryRow{ID: id, Set: s}
	}
	mine := full(5, func(s *backup.Set) { s.Name = "bakplane m 1 FULL" })
	for _, tc := range []struct {
		name   string
		frozen bool
		rows   []backup.HistoryRow
		want   bool
	}{
		{"nobody took a full", false, []backup.HistoryRow{mine}, true},
		{"others' full came before ours", false, []backup.HistoryRow{full(4, nil), mine}, true},
		{"others' full came after ours", false, []backup.HistoryRow{mine, full(6, nil)}, false},
		{"a copy is no base", false, []backup.HistoryRow{mine, full(6, func(s *backup.Set) { s.CopyOnly = true })}, true},
		{"another lineage's is no base", false, []backup.HistoryRow{mine, full(6, func(s *backup.Set) { s.Family = backup.GUID{9} })}, true},
		{"a copy's that went its own way is no base", false, []backup.HistoryRow{mine, full(6, func(s *backup.Set) { s.Fork, s.FirstFork = backup.GUID{9}, backup.GUID{9} })}, true},
		{"a log is no base", false, []backup.HistoryRow{mine, full(6, func(s *backup.Set) { s.Kind = backup.Log })}, true},
		{"frozen", true, []backup.HistoryRow{mine}, false},
	} {
		d, j := at(fed(func(m *Migration) {
			m.LiveSource.SourceBackups[0].Name, m.Family = mine.Set.Name, backup.GUID{1}
			for i := range m.Files {
				m.Files[i].ForkID = backup.GUID{1}
			}
		}), t0)
		if tc.frozen {
			d.m.LiveSource.Frozen = t0
		}
		d.source.rows = tc.rows
		p := j.offerGapDifferential(t.Context(), d.m, &d.source, &Problem{})
		if got := p.Actions[0] == ButtonGapDifferential; got != tc.want || p.Fix.IsZero() {
			t.Errorf("%s: %v, %s", tc.name, p.Actions, p.Fix)
		}
	}
}

// TestWhyASourceRefused: what it tells of the database now says more than the
// refusal.
func TestWhyASourceRefused(t *testing.T) {
	log, tail := SourceBackup{ID: "3", Kind: "log"}, SourceBackup{ID: "3", Kind: "log", Tail: true}
	for _, tc := range []struct {
		name   string
		take   SourceBackup
		freeze Freeze
		frozen bool
		db     backup.Database
		err    error
		want   fault.Code
	}{
		{"it is as it was", log, FreezeTail, false, backup.Database{State: "ONLINE", LastLogBackupLSN: lsn(1)}, nil, "backup"},
		{"gone", log, FreezeTail, false, backup.Database{}, fault.New(fault.NotFound, "Gone.", ""), CodeGone},
		{"restoring", log, FreezeTail, false, backup.Database{State: "RESTORING"}, nil, CodeRestoring},
		{"restoring by our tail", tail, FreezeTail, false, backup.Database{State: "RESTORING", LastLogBackupLSN: lsn(1)}, nil, "backup"},
		{"restoring before a last log", tail, FreezeStopped, false, backup.Database{State: "RESTORING"}, nil, CodeRestoring},
		{"suspect", log, FreezeTail, false, backup.Database{State: "SUSPECT"}, nil, CodeNotOnline},
		{"suspect while frozen", tail, FreezeTail, true, backup.Database{State: "SUSPECT"}, nil, "backup"},
		{"SIMPLE", log, FreezeTail, false, backup.Database{State: "ONLINE", RecoveryModel: "SIMPLE"}, nil, CodeSimple},
		{"a full needs no log", SourceBackup{ID: "3", Kind: "full"}, FreezeTail, false, backup.Database{State: "ONLINE", RecoveryModel: "SIMPLE"}, nil, "backup"},
		{"FULL in name only", log, FreezeTail, false, backup.Database{State: "ONLINE", RecoveryModel: "FULL"}, nil, CodeChainBroken},
		{"no backup was ordered", SourceBackup{}, FreezeTail, false, backup.Database{State: "ONLINE"}, nil, "source"},
	} {
		d, j := at(aboutToFreeze(tc.freeze), t0)
		if tc.frozen {
			d.m.LiveSource.Frozen = t0.Add(time.Second)
		}
		d.source.db, d.source.dbErr = tc.db, tc.err
		if p := j.explainSource(t.Context(), d.m, &d.source, tc.take, errRefused); p.Code != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, p.Code, tc.want)
		}
	}
	if p := fed(nil).refusedProblem(fault.New(fault.Denied, "No.", "")); p.Code != CodeAccess {
		t.Errorf("denied: %q", p.Code)
	}
}
