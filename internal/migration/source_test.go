package migration

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
)

var errLost = fault.New(fault.Unavailable, "The connection broke.", "Wait.")
var errRefused = fault.New(fault.Invalid, "No.", "Look.")

// aboutToFreeze is a migration whose cutover is ordered and due.
func aboutToFreeze(freeze Freeze) Migration {
	return fed(func(m *Migration) { m.LiveSource.Freeze, m.LiveSource.CutoverAsked = freeze, t0 })
}

// TestTheTailDoesNotQueue: writes stand still while it waits, so no cap holds
// it up; an ordinary backup waits for its turn.
func TestTheTailDoesNotQueue(t *testing.T) {
	full, cancel := context.WithCancel(t.Context())
	cancel() // whoever queues is sent home at once
	for do, want := range map[SourceDo]int{SourceFreeze: 1, SourceBackUp: 0} {
		d, j := at(aboutToFreeze(FreezeTail), t0)
		j.Caps.Backups, j.Limits = 1, &run.Limits{}
		d.source.refuses = errRefused
		leave, err := backup.Enter(t.Context(), j.Limits, "s", "another", 1)
		if err != nil {
			t.Fatal(err)
		}
		err = j.order(full, d.m, &d.source, d.place, SourceAction{Do: do, Kind: "log"})
		leave()
		n := 0
		for _, what := range d.log {
			if what == "backup" {
				n++
			}
		}
		if n != want {
			t.Errorf("%s: %d backups ordered (%v)", do, n, err)
		}
	}
}

// TestABackupIsWrittenDownBeforeItIsOrdered, with its name, and each freeze
// does to the source what it says and no more.
func TestABackupIsWrittenDownBeforeItIsOrdered(t *testing.T) {
	for freeze, want := range map[Freeze][]string{
		FreezeTail: {"note", "backup", "note"}, FreezeReadOnly: {"note", "read-only", "backup", "note"}, FreezeStopped: {"activity", "note", "backup", "note"},
	} {
		d, j := at(aboutToFreeze(freeze), t0)
		d.source.refuses, d.source.db.State = errLost, "RESTORING"
		if err := j.order(t.Context(), d.m, &d.source, d.place, SourceAction{Do: SourceFreeze, Kind: "log"}); err != nil {
			t.Fatal(err)
		}
		first := d.changes[0]
		if !slices.Equal(d.log, want) || first.SourceBackup == nil || first.SourceBackup.Name != d.source.order.Name || first.SourceBackup.Verdict != Unknown || !first.SourceBackup.Tail {
			t.Errorf("%s: %v, %+v", freeze, d.log, first.SourceBackup)
		}
		if first.Frozen == nil || !first.Frozen.Equal(t0) || (first.Before != nil) != (freeze == FreezeStopped) || len(first.Audit) != 1 {
			t.Errorf("%s: frozen %v, before %v", freeze, first.Frozen, first.Before)
		}
		if d.source.order.Tail != (freeze == FreezeTail) || d.source.order.Kind != backup.Log {
			t.Errorf("%s: %+v", freeze, d.source.order)
		}
		if d.last().SourceBackup != nil || d.last().Frozen != nil {
			t.Errorf("%s: a lost answer settles something: %+v", freeze, d.last())
		}
	}
	again, j := at(aboutToFreeze(FreezeTail), t0.Add(time.Hour))
	again.m.LiveSource.Frozen, again.source.refuses = t0, errLost
	if err := j.order(t.Context(), again.m, &again.source, again.place, SourceAction{Do: SourceFreeze, Kind: "log"}); err != nil || again.changes[0].Frozen != nil {
		t.Errorf("writes stopped earlier, and the time is lost: %v, %v", again.changes[0].Frozen, err)
	}
	log, j := at(aboutToFreeze(FreezeReadOnly), t0)
	log.source.refuses = errLost
	if err := j.order(t.Context(), log.m, &log.source, log.place, SourceAction{Do: SourceBackUp, Kind: "log"}); err != nil || !slices.Equal(log.log, []string{"note", "backup", "note"}) || log.changes[0].Frozen != nil {
		t.Errorf("an ordinary log freezes: %v, %v", log.log, err)
	}
}

// TestAnOrderWaitsForItsTurnAgain: when others of its wave came first while it
// queued, nothing is taken.
func TestAnOrderWaitsForItsTurnAgain(t *testing.T) {
	for ahead, want := range map[int]int{0: 1, 1: 0} {
		d, j := at(fed(func(m *Migration) { m.Files, m.LiveSource.SourceBackups, m.Ahead = nil, nil, ahead }), t0)
		d.source.refuses = errLost
		if err := j.order(t.Context(), d.m, &d.source, d.place, SourceAction{Do: SourceBackUp, Kind: "full"}); err != nil {
			t.Fatal(err)
		}
		if n := len(d.source.order.Files); n != want {
			t.Errorf("%d before it: %v", ahead, d.log)
		}
	}
}

// TestNobodyStopsAnApplicationBySayingSo: who has written in an open
// transaction, or cannot be counted, keeps the last log from being taken.
func TestNobodyStopsAnApplicationBySayingSo(t *testing.T) {
	for name, q := range map[string]backup.WriteActivity{
		"a writer": {Writers: []backup.Writer{{Session: 51}}}, "uncounted": {Uncounted: []string{"t"}},
	} {
		d, j := at(aboutToFreeze(FreezeStopped), t0)
		d.source.activity = q
		if err := j.order(t.Context(), d.m, &d.source, d.place, SourceAction{Do: SourceFreeze, Kind: "log"}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(d.log, []string{"activity", "note"}) || d.m.Problem == nil || d.m.Problem.Code != CodeNotStopped || d.last().Frozen != nil {
			t.Errorf("%s: %v, %+v", name, d.log, d.m.Problem)
		}
	}
}

// TestAFreezeIsOverOnlyWhenTheSourceTakesWrites: a refusal alone does not say
// so.
func TestAFreezeIsOverOnlyWhenTheSourceTakesWrites(t *testing.T) {
	for _, tc := range []struct {
		name   string
		freeze Freeze
		db     backup.Database
		err    error
		tail   bool
		over   bool
	}{
		{"it takes writes", FreezeReadOnly, backup.Database{State: "ONLINE"}, nil, true, true},
		{"it is restoring", FreezeReadOnly, backup.Database{State: "RESTORING"}, nil, true, false},
		{"it is read-only", FreezeReadOnly, backup.Database{State: "ONLINE", ReadOnly: true}, nil, true, false},
		{"it does not answer", FreezeReadOnly, backup.Database{State: "ONLINE"}, errLost, true, false},
		{"an ordinary log", FreezeReadOnly, backup.Database{State: "ONLINE"}, nil, false, false},
		{"everybody is let in", FreezeTail, backup.Database{State: "ONLINE", UserAccess: "MULTI_USER"}, nil, true, true},
		{"one is let in", FreezeTail, backup.Database{State: "ONLINE", UserAccess: "SINGLE_USER"}, nil, true, false},
		{"only administrators are let in", FreezeTail, backup.Database{State: "ONLINE", UserAccess: "RESTRICTED_USER"}, nil, true, false},
		{"a person let only administrators in", FreezeStopped, backup.Database{State: "ONLINE", UserAccess: "RESTRICTED_USER"}, nil, true, true},
	} {
		m := aboutToFreeze(tc.freeze)
		m.LiveSource.Frozen = t0
		b := SourceBackup{ID: "3", Kind: "log", Tail: tc.tail, Name: "n", Intended: t0}
		for what, settle := range map[string]func(*desk, *job) error{
			"refused":       func(d *desk, j *job) error { return j.backupRefused(t.Context(), d.m, &d.source, b, errRefused) },
			"never arrived": func(d *desk, j *job) error { return j.reconcileBackup(t.Context(), d.m, &d.source, b) },
		} {
			d, j := at(m, t0.Add(sourceRules.Settle))
			d.source.db, d.source.dbErr = tc.db, tc.err
			if err := settle(d, j); err != nil {
				t.Fatal(err)
			}
			if over := d.last().Frozen != nil && d.last().Frozen.IsZero(); over != tc.over || d.last().SourceBackup == nil {
				t.Errorf("%s, %s: over %v", tc.name, what, over)
			}
			if want := map[string]Verdict{"refused": Refused, "never arrived": Void}[what]; d.last().SourceBackup.Verdict != want || (d.m.Problem != nil) != (want == Refused) {
				t.Errorf("%s, %s: %q, %+v", tc.name, what, d.last().SourceBackup.Verdict, d.m.Problem)
			}
		}
	}
}

// TestAnOrderIsFoundAgainByItsName: in the history it was taken; while a
// BACKUP runs, or may still come, nobody knows.
func TestAnOrderIsFoundAgainByItsName(t *testing.T) {
	data, known := chainFiles(t, "orders")
	b := SourceBackup{ID: "3", Kind: "log", Name: "ours", Key: "ours.bak", Intended: t0}
	for _, tc := range []struct {
		name    string
		rows    []string
		running int
		after   time.Duration
		want    Verdict
	}{
		{"it is there", []string{"other", "ours"}, 1, 0, Adopted},
		{"another's is there, just before the settling", []string{"other"}, 0, time.Millisecond*4 - 1, Unknown},
		{"another's is there, at the settling", []string{"other"}, 0, time.Millisecond * 4, Void},
		{"a BACKUP runs, long after", nil, 1, time.Hour, Unknown},
	} {
		m := fed(func(m *Migration) { m.Files = []File{known["full"]}; m.Files[0].State = FileApplied })
		m.SourceID = "another"
		d, j := at(m, t0.Add(tc.after))
		j.SourceBackups.Settle = 4 * time.Millisecond
		d.bucket.files["ours.bak"] = data["log 1"]
		for i, name := range tc.rows {
			d.source.rows = append(d.source.rows, backup.HistoryRow{ID: int64(i + 1), Set: backup.Set{Name: name}})
		}
		d.source.running = make([]backup.RunningStatement, tc.running)
		if err := j.reconcileBackup(t.Context(), d.m, &d.source, b); err != nil {
			t.Fatal(err)
		}
		var got Verdict
		if s := d.last().SourceBackup; s != nil {
			got = s.Verdict
		}
		if got != tc.want || tc.want == Adopted && (len(d.last().Files) != 1 || d.last().SourceBackup.File != 2 || d.last().Files[0].From != "folder") {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

// TestWhatWasTakenMustJoin: what a backup holds is read from its file.
func TestWhatWasTakenMustJoin(t *testing.T) {
	data, known := chainFiles(t, "orders")
	for _, tc := range []struct {
		name    string
		kind    string
		edit    func(*Migration)
		file    int
		problem fault.Code
	}{
		{"the first log", "log 1", nil, 2, ""},
		{"a differential on our full", "differential", nil, 2, ""},
		{"a differential on another", "differential", func(m *Migration) { m.Files[0].SetGUID[0]++ }, 0, ""},
		{"a differential on another, over a lost log", "differential", func(m *Migration) { m.Files[0].SetGUID[0]++; m.LiveSource.GapDifferentialAsked = t0 }, 0, "wrong-base"},
		{"a log is lost between", "log 2", nil, 0, CodeLogLost},
		{"a log before the differential over a lost one", "log 2", func(m *Migration) { m.LiveSource.GapDifferentialAsked = t0.Add(time.Hour) }, 0, ""},
	} {
		d, j := at(fed(func(m *Migration) {
			m.Files = []File{known["full"]}
			m.LiveSource.SourceBackups = nil
			if tc.edit != nil {
				tc.edit(m)
			}
		}), t0)
		d.bucket.files["x.bak"] = data[tc.kind]
		b := SourceBackup{ID: "3", Kind: tc.kind, Key: "x.bak", Tail: tc.kind == "log 1", Intended: t0}
		if err := j.taken(t.Context(), d.m, b, Accepted); err != nil {
			t.Fatal(err)
		}
		var code fault.Code
		if d.m.Problem != nil {
			code = d.m.Problem.Code
		}
		file := 0
		for _, c := range d.changes {
			if c.SourceBackup != nil {
				file = c.SourceBackup.File
			}
		}
		if file != tc.file || code != tc.problem {
			t.Errorf("%s: file %d, problem %q", tc.name, file, code)
		}
		if tail := d.last().Tail; (tail != nil) != b.Tail || tail != nil && *tail != known["log 1"].LastLSN {
			t.Errorf("%s: tail %v", tc.name, tail)
		}
	}
}

// TestALogThatAnotherReplicaTookIsNamed with the way out that is left.
func TestALogThatAnotherReplicaTookIsNamed(t *testing.T) {
	data, known := chainFiles(t, "orders")
	for name, tc := range map[string]struct {
		db   backup.Database
		says string
	}{
		"a member":              {backup.Database{InAvailabilityGroup: true, Member: &backup.Member{Group: "AG1", Role: backup.Primary}}, "availability group (AG1): another replica has taken it"},
		"a member of who knows": {backup.Database{InAvailabilityGroup: true}, "another replica has taken it"},
		"a database of its own": {backup.Database{}, "the recovery model was SIMPLE"},
	} {
		d, j := at(fed(func(m *Migration) { m.Files, m.LiveSource.SourceBackups = []File{known["full"]}, nil }), t0)
		d.source.db, d.bucket.files["x.bak"] = tc.db, data["log 2"]
		if err := j.taken(t.Context(), d.m, SourceBackup{ID: "3", Kind: "log 2", Key: "x.bak", Intended: t0}, Accepted); err != nil {
			t.Fatal(err)
		}
		p := d.m.Problem
		if p == nil || p.Code != CodeLogLost || !strings.Contains(p.Cause.String(), tc.says) || !slices.Contains(p.Actions, ButtonGapDifferential) ||
			strings.Contains(p.Fix.String(), "other replicas") != tc.db.InAvailabilityGroup {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

// TestTheSourceIsGivenBack only when it says so itself, and one that was never
// frozen is not asked.
func TestTheSourceIsGivenBack(t *testing.T) {
	online, restoring, readOnly := backup.Database{State: "ONLINE"}, backup.Database{State: "RESTORING"}, backup.Database{State: "ONLINE", ReadOnly: true}
	gone := fault.New(fault.NotFound, "Gone.", "")
	single, few := backup.Database{State: "ONLINE", UserAccess: "SINGLE_USER"}, backup.Database{State: "ONLINE", UserAccess: "RESTRICTED_USER"}
	for _, tc := range []struct {
		name   string
		freeze Freeze
		frozen bool
		ever   bool
		db     backup.Database
		err    error
		after  backup.Database
		did    string
		back   bool
	}{
		{"never frozen, out of reach", FreezeTail, false, false, online, errLost, online, "", true},
		{"restoring", FreezeTail, true, true, restoring, nil, online, "recover", true},
		{"restoring still", FreezeTail, true, true, restoring, nil, restoring, "recover", false},
		{"read-only by us", FreezeReadOnly, true, true, readOnly, nil, online, "writable", true},
		{"read-only still", FreezeReadOnly, true, true, readOnly, nil, readOnly, "writable", false},
		{"read-only by others", FreezeTail, true, true, readOnly, nil, readOnly, "", true},
		{"one is let in", FreezeTail, false, true, single, nil, online, "recover", true},
		{"only administrators are let in", FreezeTail, true, true, few, nil, online, "recover", true},
		{"only administrators still", FreezeTail, true, true, few, nil, few, "recover", false},
		{"only administrators, by others", FreezeStopped, true, true, few, nil, few, "", true},
		{"the freeze failed, and it is gone", FreezeTail, false, true, online, gone, online, "", true},
		{"frozen, and gone", FreezeTail, true, true, online, gone, online, "", false},
		{"frozen, out of reach", FreezeTail, true, true, online, errLost, online, "", false},
	} {
		d, j := at(aboutToFreeze(tc.freeze), t0)
		if tc.frozen {
			d.m.LiveSource.Frozen = t0
		}
		if tc.ever {
			d.m.LiveSource.SourceBackups = append(d.m.LiveSource.SourceBackups, SourceBackup{Tail: true, Verdict: Refused})
		}
		d.source.db, d.source.dbErr, d.source.gives = tc.db, tc.err, func(db *backup.Database) { *db = tc.after }
		err := j.giveBack(t.Context(), d.m, &d.source)
		did := slices.DeleteFunc(slices.Clone(d.log), func(s string) bool { return s == "note" })
		if back := d.last().GivenBack != nil; back != tc.back || (err == nil) != tc.back || len(did) != min(len(tc.did), 1) || len(did) == 1 && did[0] != tc.did {
			t.Errorf("%s: back %v, did %v, %v", tc.name, back, did, err)
		}
	}
}
