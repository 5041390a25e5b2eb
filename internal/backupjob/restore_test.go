package backupjob

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backup/identity"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
)

func guid(n byte) backup.GUID { return backup.GUID{n} }

// onClock is a moment on the clock of a server that is ahead of UTC.
func onClock(at time.Time, ahead time.Duration) backup.Moment {
	utc := at.UTC()
	return backup.Moment{Local: utc.Add(ahead), UTC: &utc}
}

func TestALogStopsOnTheClockOfItsServer(t *testing.T) {
	at := noon.Add(-time.Minute)
	unknown := backup.Moment{Local: noon}
	for _, c := range []struct {
		what     string
		kinds    []backup.Kind
		finished backup.Moment
		want     []time.Time // stops of the steps
	}{
		{"a server at UTC", []backup.Kind{backup.Full, backup.Log}, onClock(noon, 0), []time.Time{{}, at}},
		{"a server in Shanghai", []backup.Kind{backup.Full, backup.Log}, onClock(noon, 8*time.Hour), []time.Time{{}, at.Add(8 * time.Hour)}},
		{"a server in New York", []backup.Kind{backup.Full, backup.Log}, onClock(noon, -5*time.Hour), []time.Time{{}, at.Add(-5 * time.Hour)}},
		{"a server in Kathmandu", []backup.Kind{backup.Log}, onClock(noon, 345*time.Minute), []time.Time{at.Add(345 * time.Minute)}},
		{"a clock that is not known", []backup.Kind{backup.Full, backup.Log}, unknown, []time.Time{{}, at}},
		{"every log that may hold it stops", []backup.Kind{backup.Full, backup.Log, backup.Log}, onClock(noon, time.Hour), []time.Time{{}, at.Add(time.Hour), at.Add(time.Hour)}},
		{"only the last log may hold it", []backup.Kind{backup.Full, backup.Log, backup.Log}, onClock(noon, time.Hour), []time.Time{{}, {}, at.Add(time.Hour)}},
		{"a full stops nowhere", []backup.Kind{backup.Full}, onClock(noon, time.Hour), []time.Time{{}}},
		{"nor does a differential", []backup.Kind{backup.Full, backup.Differential}, onClock(noon, time.Hour), []time.Time{{}, {}}},
	} {
		var d RestoreDraft
		var sets []backup.Record
		for i, k := range c.kinds {
			s := backup.Set{ID: guid(byte(i + 1)), Kind: k, Finished: c.finished}
			d.Plan.Steps = append(d.Plan.Steps, backup.Step{Set: &s, StopAt: !c.want[i].IsZero()})
			sets = append(sets, backup.Record{ID: fmt.Sprint(i), Set: s, Copies: []backup.Copy{{BucketID: "folder", Keys: []string{"k"}, Size: 10}}})
		}
		d.steps(sets, at, "folder")
		var got []time.Time
		for _, s := range d.Steps {
			got = append(got, s.StopAt)
		}
		if !slices.EqualFunc(got, c.want, time.Time.Equal) || d.Bytes != int64(10*len(c.kinds)) {
			t.Errorf("%s: stops at %v, want %v", c.what, got, c.want)
		}
	}
}

// TestALogBehindTheMomentIsToldApart from one that does not join, also where a
// log between them is applied whole.
func TestALogBehindTheMomentIsToldApart(t *testing.T) {
	at := noon
	steps := []RestoreStep{{Kind: backup.Full}, {Kind: backup.Log, StopAt: at}, {Kind: backup.Log}, {Kind: backup.Log, StopAt: at}, {Kind: backup.Log, StopAt: at}}
	for i, want := range []bool{false, false, false, true, true} {
		if got := stopped(steps, i); got != want {
			t.Errorf("step %d: %v", i+1, got)
		}
	}
}

func TestFilesAreTakenWhereTheTargetReadsThem(t *testing.T) {
	copies := func(buckets ...string) (out []backup.Copy) {
		for _, b := range buckets {
			out = append(out, backup.Copy{BucketID: b, Keys: []string{b + ".bak"}, Size: int64(len(b))})
		}
		return out
	}
	nameless := []backup.Copy{{BucketID: "folder"}, {BucketID: "b1", Keys: []string{"b1.bak"}}}
	for _, c := range []struct {
		what   string
		copies []backup.Copy
		want   string
	}{
		{"its own folder first", copies("folder", "b1"), "folder"},
		{"its own folder last", copies("b1", "folder", "b2"), "folder"},
		{"any other where it has none", copies("b1", "b2"), "b1"},
		{"a copy without files is none", nameless, "b1"},
		{"nowhere", nil, ""},
		{"nowhere by name", []backup.Copy{{BucketID: "b1"}}, ""},
	} {
		set := backup.Set{ID: guid(1), Kind: backup.Full, Finished: onClock(noon, 0)}
		other := backup.Record{ID: "other", Set: backup.Set{ID: guid(2)}, Copies: copies("folder")}
		d := RestoreDraft{Plan: backup.Plan{Steps: []backup.Step{{Set: &set}}}}
		d.steps([]backup.Record{other, {ID: "this", Set: set, Copies: c.copies}, other}, noon, "folder")
		switch {
		case c.want == "" && (len(d.Steps) > 0 || len(d.Wrong) != 1 || d.Wrong[0].Field != FieldTime):
			t.Errorf("%s: %+v", c.what, d)
		case c.want != "" && (len(d.Wrong) > 0 || len(d.Steps) != 1 || d.Steps[0].BucketID != c.want || d.Steps[0].RecordID != "this" || d.Steps[0].Keys[0] != c.want+".bak"):
			t.Errorf("%s: %+v", c.what, d)
		}
	}
}

// restorable is a full and a log behind it, whose files lie in the folder.
func restorable(t *testing.T) []backup.Record {
	l := func(n string) backup.LSN {
		v, err := bakfile.ParseLSN(n)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	at := []backup.Copy{{BucketID: "folder", Keys: []string{"x.bak"}, Size: 5}}
	file := []backup.SetFile{{Name: "x.bak", Family: 1}}
	full := backup.Set{Kind: backup.Full, ID: guid(1), Database: "shop", Family: guid(9), FirstFork: guid(8), Fork: guid(8), First: l("1000000000010000001"), Last: l("1000000000020000001"),
		Checkpoint: l("1000000000010000001"), Started: onClock(noon.Add(-time.Hour), 0), Finished: onClock(noon.Add(-time.Hour), 0), Complete: true, FamilyCount: 1, Files: file}
	log := full
	log.Kind, log.ID, log.First, log.Last = backup.Log, guid(2), l("1000000000010000001"), l("1000000000090000001")
	log.Started, log.Finished, log.DatabaseBackup = onClock(noon, 0), onClock(noon, 0), full.Checkpoint
	return []backup.Record{
		{ID: "full", InstanceID: "i", Database: "shop", Origin: backup.ByUs, State: backup.Complete, Set: full, Copies: at},
		{ID: "log", InstanceID: "i", Database: "shop", Origin: backup.ByUs, State: backup.Complete, Set: log, Copies: at}}
}

func TestWhichTargetARestoreTakes(t *testing.T) {
	there := []backup.Database{{Name: "Taken", State: "ONLINE"}}
	for _, c := range []struct {
		what, name, typed string
		at                time.Time
		movers            []Mover
		field             string // empty = it is fine
	}{
		{what: "a free name", name: "shop2"},
		{what: "a name that is taken", name: "taken", field: FieldName},
		{what: "the name typed again", name: "taken", typed: "taken"},
		{what: "another name typed", name: "taken", typed: "Taken", field: FieldName},
		{what: "no name", name: " ", field: FieldName},
		{what: "128 characters", name: strings.Repeat("ж", 128)},
		{what: "129 characters", name: strings.Repeat("ж", 129), field: FieldName},
		{what: "a system database", name: "MSDB", typed: "MSDB", field: FieldName},
		{what: "on its way in a migration", name: "shop2", movers: []Mover{{MigrationID: "m1", Database: "SHOP2"}}, field: FieldName},
		{what: "another is on its way", name: "shop2", movers: []Mover{{MigrationID: "m1", Database: "shop"}}},
		{what: "before every backup", name: "shop2", at: noon.Add(-48 * time.Hour), field: FieldTime},
		{what: "after every backup", name: "shop2", at: noon.Add(time.Hour), field: FieldTime},
	} {
		w := newWorld(t)
		w.box.have, w.paper.movers, w.library.records = there, c.movers, restorable(t)
		if c.at.IsZero() {
			c.at = noon.Add(-time.Minute)
		}
		r := &Restoring{Kit: w.kit, Restorers: w}
		d, err := r.Draft(t.Context(), Restore{InstanceID: "i", Database: "shop", TargetID: "i", At: c.at, Name: c.name, Typed: c.typed})
		if err != nil {
			t.Fatal(c.what, err)
		}
		if c.field == "" && (len(d.Wrong) > 0 || len(d.Steps) != 2) || c.field != "" && (len(d.Wrong) == 0 || d.Wrong[0].Field != c.field) {
			t.Errorf("%s: %+v", c.what, d)
		}
	}
}

func TestARestoreBeginsOnlyOnItsOwnName(t *testing.T) {
	steps := []RestoreStep{{Kind: backup.Full, BucketID: "folder", Keys: []string{"f"}, SetID: guid(1)}, {Kind: backup.Log, BucketID: "folder", Keys: []string{"l"}, SetID: guid(2)}}
	for _, c := range []struct {
		what    string
		state   string // of the database by now; empty = there is none
		replace bool
		began   bool
		applied int
		refused bool
		want    string // kinds applied
		over    bool   // the full goes WITH REPLACE
	}{
		{what: "the name is free", want: "full log"},
		{what: "it came into being meanwhile", state: "ONLINE", refused: true},
		{what: "it came into being meanwhile, restoring", state: "RESTORING", refused: true},
		{what: "it may be replaced", state: "ONLINE", replace: true, want: "full log", over: true},
		{what: "interrupted in the full", state: "RESTORING", began: true, want: "full log", over: true},
		{what: "interrupted behind the full", state: "RESTORING", began: true, applied: 1, want: "log"},
		{what: "opened in the middle", state: "ONLINE", began: true, applied: 1, refused: true},
		{what: "everything applied and open", state: "ONLINE", began: true, applied: 2},
		{what: "everything applied", state: "RESTORING", began: true, applied: 2},
		{what: "dropped in the middle", began: true, applied: 1, want: "full log"},
		{what: "begun, and opened before the first set", state: "ONLINE", began: true, want: "full log"},
	} {
		w := newWorld(t)
		w.shelves["folder"].files = map[string][]byte{"f": bak(1), "l": bak(3, 2)}
		if c.state != "" {
			w.box.have = []backup.Database{{Name: "shop2", State: c.state}}
		}
		p := restoreProgress{Applied: c.applied}
		if c.began {
			p.Began = noon
		}
		w.paper.order(t, restoreRequest{Restore: Restore{TargetID: "i", Name: "shop2", At: noon}, Steps: steps, Replace: c.replace}, p)
		out, err := (&Restoring{Kit: w.kit, Restorers: w}).Work(t.Context(), run.Run{Subject: "op"}, run.Claim{})
		if c.refused {
			if !fault.Is(err, fault.Conflict) || len(w.box.applied) > 0 || w.box.did("recover") {
				t.Errorf("%s: %v, %v", c.what, err, w.box.calls)
			}
			continue
		}
		var kinds []string
		for _, a := range w.box.applied {
			kinds = append(kinds, string(a.Kind))
			if a.Replace != (c.over && a.Kind == backup.Full) || a.Position != map[backup.Kind]int{backup.Full: 1, backup.Log: 2}[a.Kind] {
				t.Errorf("%s: %+v", c.what, a)
			}
		}
		if err != nil || out.State != run.Succeeded || strings.Join(kinds, " ") != c.want || w.box.have[0].State != "ONLINE" {
			t.Errorf("%s: %+v %v %v", c.what, out, err, w.box.calls)
		}
	}
}

// TestNothingIsReplacedBeforeEveryFileIsSeenToBeItsSet: with the first RESTORE
// the old database is lost.
func TestNothingIsReplacedBeforeEveryFileIsSeenToBeItsSet(t *testing.T) {
	steps := []RestoreStep{{Kind: backup.Full, BucketID: "folder", Keys: []string{"f"}, SetID: guid(1)}, {Kind: backup.Log, BucketID: "b", Keys: []string{"l"}, SetID: guid(2)}}
	for what, log := range map[string][]byte{"another set": bak(3), "cut off": bak(2)[:bakSize-4096], "no backup": []byte("x")} {
		w := newWorld(t)
		w.box.have = []backup.Database{{Name: "shop2", State: "ONLINE"}}
		w.shelves["folder"].files["f"] = bak(1)
		w.shelves["b"] = &shelf{files: map[string][]byte{"l": log}}
		w.paper.order(t, restoreRequest{Restore: Restore{TargetID: "i", Name: "shop2", At: noon}, Steps: steps, Replace: true}, restoreProgress{})
		_, err := (&Restoring{Kit: w.kit, Restorers: w}).Work(t.Context(), run.Run{Subject: "op"}, run.Claim{})
		if !fault.Is(err, fault.Conflict) || fault.CodeOf(err) != identity.CodeOtherSet || len(w.box.applied) > 0 || len(w.paper.changes) > 0 {
			t.Errorf("%s: %v, %v", what, err, w.box.calls)
		}
	}
}

func TestARestoreWaitsForAStatementOfAFormerLife(t *testing.T) {
	w := newWorld(t)
	w.shelves["folder"].files["f"] = bak(1)
	w.box.running = []backup.RunningStatement{{Session: 51, Command: "RESTORE DATABASE"}}
	w.paper.order(t, restoreRequest{Restore: Restore{TargetID: "i", Name: "shop2"}, Steps: []RestoreStep{{Kind: backup.Full, BucketID: "folder", Keys: []string{"f"}}}}, restoreProgress{Began: noon})
	_, err := (&Restoring{Kit: w.kit, Restorers: w}).Work(t.Context(), run.Run{Subject: "op"}, run.Claim{})
	if !fault.Is(err, fault.Unavailable) || len(w.box.applied) > 0 {
		t.Errorf("%v, %v", err, w.box.calls)
	}
}

func TestARestoreThatDidNotOpenIsNoSuccess(t *testing.T) {
	for state, want := range map[string]bool{"ONLINE": true, "RESTORING": true, "SUSPECT": false, "RECOVERY_PENDING": false} {
		w := newWorld(t)
		w.box.have = []backup.Database{{Name: "shop2", State: state}}
		w.paper.order(t, restoreRequest{Restore: Restore{TargetID: "i", Name: "shop2"}, Steps: []RestoreStep{{Kind: backup.Full}}}, restoreProgress{Began: noon, Applied: 1})
		out, err := (&Restoring{Kit: w.kit, Restorers: w}).Work(t.Context(), run.Run{Subject: "op"}, run.Claim{})
		if want != (err == nil && out.State == run.Succeeded) || w.box.did("recover") != (state == "RESTORING") {
			t.Errorf("%s: %+v %v %v", state, out, err, w.box.calls)
		}
	}
}

// TestACopyThatWasRestoredNeedsNoBackupsYet, unless it took the place of what was
// there before.
func TestACopyThatWasRestoredNeedsNoBackupsYet(t *testing.T) {
	for _, replace := range []bool{false, true} {
		w := newWorld(t)
		w.box.have = []backup.Database{{Name: "shop2", State: "ONLINE"}}
		w.paper.order(t, restoreRequest{Restore: Restore{InstanceID: "o", Database: "shop", TargetID: "i", Name: "shop2", At: noon}, Steps: []RestoreStep{{Kind: backup.Full}}, Replace: replace}, restoreProgress{Began: noon, Applied: 1})
		if _, err := (&Restoring{Kit: w.kit, Restorers: w}).Work(t.Context(), run.Run{Subject: "op"}, run.Claim{}); err != nil {
			t.Fatal(err)
		}
		said := w.library.waived
		if replace != (len(said) == 0) {
			t.Fatalf("replacing %v: %+v", replace, said)
		}
		if !replace && (said[0].InstanceID != "i" || said[0].Database != "shop2" || said[0].By != backup.ByHouse || !said[0].Until.Equal(noon.Add(freshFor)) || !strings.Contains(said[0].Why, "a copy of shop")) {
			t.Errorf("%+v", said[0])
		}
	}
}
