package progress

import (
	"errors"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/wave"
	"github.com/bakplane/bakplane/internal/run"
)

var at = time.Unix(1_000_000, 0)

// member is a database of a wave that follows its source.
func member(edit func(*Member)) Member {
	m := Member{M: migration.Migration{SourceDatabase: "orders", Files: []migration.File{{Ord: 1, Kind: "full", State: migration.FileApplied}}, LiveSource: &migration.LiveSource{}}}
	if edit != nil {
		edit(&m)
	}
	m.M.Stage = m.Row.Stage
	return m
}

// TestWhatAWaveOffers: the joint cutover when all can, the rest once it began.
func TestWhatAWaveOffers(t *testing.T) {
	early := member(func(m *Member) { m.M.Files[0].State = migration.FileSent })
	ended := member(func(m *Member) { m.Row.Stage, m.M.Opened, m.M.LiveSource.CutoverAsked = migration.StageOpened, at, at })
	going := member(func(m *Member) { m.M.LiveSource.CutoverAsked = at })
	aborted := member(func(m *Member) { m.M.LiveSource.AbortAsked = at })
	opening := member(func(m *Member) { m.M.Calls = []migration.Call{{Verb: migration.VerbOpen}} })
	for _, tc := range []struct {
		name               string
		all                []Member
		ready, rest, abort bool
	}{
		{"all can", []Member{member(nil), member(nil)}, true, false, true},
		{"one cannot yet", []Member{member(nil), early}, false, false, true},
		{"one has ended", []Member{member(nil), ended}, true, false, true},
		{"all have ended", []Member{ended}, false, false, false},
		{"one goes", []Member{member(nil), going}, false, true, true},
		{"what is left cannot", []Member{early, going}, false, false, true},
		{"aborted", []Member{aborted}, false, false, false},
		{"told to open", []Member{opening}, true, false, false},
		{"empty", nil, false, false, false},
	} {
		v := Wave{Members: tc.all}
		if ready := v.NotReady() == ""; ready != tc.ready || v.Rest() != tc.rest || v.Abortable() != tc.abort {
			t.Errorf("%s: ready %v (%s), rest %v, abort %v", tc.name, ready, v.NotReady(), v.Rest(), v.Abortable())
		}
	}
}

func TestTallyOf(t *testing.T) {
	row := func(s migration.Stage, r run.State) migration.Summary {
		return migration.Summary{Stage: s, RunState: r, Files: 3, Applied: 2}
	}
	got := TallyOf([]migration.Summary{row(migration.StageOpened, run.Succeeded), row(migration.StageTerminated, run.Failed), row(migration.StageFollowing, run.Waiting),
		row(migration.StageFollowing, run.Failed), row(migration.StageCutover, run.Running), row(migration.StageOpening, run.Running), row(migration.StageChecking, run.Running), row(migration.StageBackup, run.Running)})
	if want := (Tally{All: 8, Open: 1, Ended: 2, Follow: 1, Needs: 1, Cutting: 3, Files: 24, Applied: 16}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestNothingIsPredictedOfASourceThatDoesNotTell.
func TestNothingIsPredictedOfASourceThatDoesNotTell(t *testing.T) {
	m := member(func(m *Member) {
		f := m.M.LiveSource
		m.M.Check, m.M.Files = migration.CheckAsync, nil
		for ord := 1; ord <= 2; ord++ {
			m.M.Files = append(m.M.Files, migration.File{Ord: ord, Kind: "log", State: migration.FileApplied, Staged: at, Applied: at.Add(time.Second)})
			f.SourceBackups = append(f.SourceBackups, migration.SourceBackup{File: ord, Intended: at, Settled: at, Verdict: migration.Accepted})
			m.M.Calls = append(m.M.Calls, migration.Call{Verb: migration.VerbImport, File: ord, Intended: at, Verdict: migration.Accepted})
		}
	}).M
	s := &Reader{}
	for _, tc := range []struct {
		name  string
		g     glance
		known bool
	}{
		{"told", glance{Databases: []backup.Database{{Name: "orders"}}}, true},
		{"not how much log", glance{Databases: []backup.Database{{Name: "orders", LogBytesSinceBackup: -1}}}, false},
		{"of another alone", glance{Databases: []backup.Database{{Name: "stock"}}}, false},
		{"nothing", glance{Err: errors.New("gone")}, false},
	} {
		if _, stop := s.predict(m, tc.g, nil); stop.Known != tc.known || stop.Why == "" {
			t.Errorf("%s: %+v", tc.name, stop)
		}
	}
	for name, edit := range map[string]func(*migration.Migration){
		"of files": func(m *migration.Migration) { m.LiveSource = nil }, "ended": func(m *migration.Migration) { m.Stage = migration.StageTerminated }, "open": func(m *migration.Migration) { m.Opened = at },
		"frozen": func(m *migration.Migration) { m.LiveSource.Frozen = at }, "aborted": func(m *migration.Migration) { m.LiveSource.AbortAsked = at }, "terminated": func(m *migration.Migration) { m.TerminateAsked = at },
	} {
		m := member(nil).M
		if !Following(m) {
			t.Fatal("it follows")
		}
		if edit(&m); Following(m) {
			t.Errorf("%s: it follows still", name)
		}
	}
	if Wholly([]wave.Result{{}, {}}, nil) != nil || Wholly([]wave.Result{{}, {Err: errors.New("no")}}, nil) == nil || Wholly(nil, errors.New("no")) == nil {
		t.Error("whether an order was taken by all")
	}
}
