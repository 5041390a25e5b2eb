package backupjob

import (
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/words"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func lsn(t *testing.T) backup.LSN {
	t.Helper()
	l, err := bakfile.ParseLSN("38000000027200001")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestChoose(t *testing.T) {
	healthy := func(change func(*backup.Database)) backup.Database {
		d := backup.Database{Name: "shop", State: "ONLINE", RecoveryModel: "FULL", PreferredReplica: true, LastFull: noon, LastLog: noon, LastLogBackupLSN: lsn(t), DataBytes: 1 << 20}
		if change != nil {
			change(&d)
		}
		return d
	}
	member := func(role backup.Role, preferred bool) func(*backup.Database) {
		return func(d *backup.Database) {
			d.InAvailabilityGroup, d.PreferredReplica, d.LastFull, d.BaseGUID = true, preferred, time.Time{}, backup.GUID{1}
			d.Member = &backup.Member{Group: "AG", Role: role, Primary: "SQL01", Preference: "SECONDARY"}
		}
	}
	moving := []Mover{{MigrationID: "m1", Database: "SHOP", Target: "shop"}}
	cutting := []Mover{{MigrationID: "m1", Database: "shop", Target: "shop", CuttingOver: true}}
	for _, c := range []struct {
		what          string
		kind          backup.Kind
		d             func(*backup.Database)
		movers        []Mover
		first         bool
		copies        bool
		asked         bool // for copy-only
		state         OrderState
		sourceBackups backup.Kind
		says          string
	}{
		{what: "full", kind: backup.Full, state: OrderOpen, sourceBackups: backup.Full},
		{what: "log", kind: backup.Log, state: OrderOpen, sourceBackups: backup.Log},
		{what: "offline", kind: backup.Full, d: func(d *backup.Database) { d.State = "OFFLINE" }, state: OrderLeftOut, says: "OFFLINE"},
		{what: "restoring", kind: backup.Full, d: func(d *backup.Database) { d.State = "RESTORING" }, state: OrderLeftOut, says: "RESTORING"},
		{what: "suspect", kind: backup.Full, d: func(d *backup.Database) { d.State = "SUSPECT" }, state: OrderFailed, says: "SUSPECT"},
		{what: "another replica", kind: backup.Full, d: func(d *backup.Database) { d.InAvailabilityGroup, d.PreferredReplica = true, false }, state: OrderLeftOut, says: "another replica"},
		{what: "full, primary, not preferred", kind: backup.Full, d: member(backup.Primary, false), state: OrderOpen, sourceBackups: backup.Full, says: "before SQL Server 2025"},
		{what: "full, secondary, preferred", kind: backup.Full, d: member(backup.Secondary, true), state: OrderLeftOut, says: "on the primary, SQL01"},
		{what: "copy-only full, secondary, preferred", kind: backup.Full, asked: true, copies: true, d: member(backup.Secondary, true), state: OrderOpen, sourceBackups: backup.Full},
		{what: "differential, new primary whose history knows no full", kind: backup.Differential, d: member(backup.Primary, false), state: OrderOpen, sourceBackups: backup.Differential, says: "before SQL Server 2025"},
		{what: "log, secondary whose history knows no full", kind: backup.Log, d: member(backup.Secondary, true), state: OrderOpen, sourceBackups: backup.Log},
		{what: "log, new primary whose history knows no full", kind: backup.Log, d: member(backup.Primary, true), state: OrderOpen, sourceBackups: backup.Log},
		{what: "log, not preferred", kind: backup.Log, d: member(backup.Primary, false), state: OrderLeftOut, says: "prefers another replica"},
		{what: "log, no primary", kind: backup.Log, d: member(backup.Resolving, true), state: OrderFailed, says: "no primary"},
		{what: "simple has no logs", kind: backup.Log, d: func(d *backup.Database) { d.RecoveryModel = "SIMPLE" }, first: true, state: OrderLeftOut, says: "SIMPLE"},
		{what: "full in name only, rule allows", kind: backup.Log, d: func(d *backup.Database) { d.LastLogBackupLSN = backup.LSN{} }, first: true, state: OrderOpen, sourceBackups: backup.Full, says: "taken first"},
		{what: "full in name only, rule does not", kind: backup.Log, d: func(d *backup.Database) { d.LastLogBackupLSN = backup.LSN{} }, state: OrderFailed, says: "in name only"},
		{what: "differential without full", kind: backup.Differential, d: func(d *backup.Database) { d.LastFull = time.Time{} }, first: true, state: OrderOpen, sourceBackups: backup.Full, says: "taken first"},
		{what: "read-only differential", kind: backup.Differential, d: func(d *backup.Database) { d.ReadOnly = true }, state: OrderLeftOut, says: "read-only"},
		{what: "read-only full", kind: backup.Full, d: func(d *backup.Database) { d.ReadOnly = true }, state: OrderOpen, sourceBackups: backup.Full},
		{what: "read-only log", kind: backup.Log, d: func(d *backup.Database) { d.ReadOnly = true }, state: OrderLeftOut, says: "read-only"},
		{what: "log beside a migration", kind: backup.Log, movers: moving, state: OrderLeftOut, says: "Left to migration m1"},
		{what: "full beside a migration", kind: backup.Full, movers: moving, copies: true, state: OrderOpen, sourceBackups: backup.Full, says: "Copy-only"},
		{what: "differential beside a migration", kind: backup.Differential, movers: moving, state: OrderOpen, sourceBackups: backup.Differential},
		{what: "anything at a cutover", kind: backup.Full, movers: cutting, state: OrderLeftOut, says: "cutting over"},
		{what: "log of master", kind: backup.Log, d: func(d *backup.Database) { d.Name, d.RecoveryModel = "master", "SIMPLE" }, state: OrderLeftOut, says: "full backups only"},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := Plan{Job: policy.BackupJob{PolicyID: "p", Kind: c.kind}, FullFirst: c.first, Selection: policy.Selection{System: true}, How: policy.How{CopyOnly: c.asked}}
			got := Choose(s, []backup.Database{healthy(c.d)}, c.movers, nil)
			if len(got) != 1 {
				t.Fatalf("%d orders", len(got))
			}
			o := got[0]
			if o.State != c.state || o.CopyOnly != c.copies || c.state == OrderOpen && o.Kind != c.sourceBackups || !strings.Contains(words.Join(o.Message, o.Note).String(), c.says) {
				t.Errorf("%+v", o)
			}
		})
	}
}

func TestChooseOrdersAndNames(t *testing.T) {
	have := []backup.Database{
		{Name: "small", State: "ONLINE", LastFull: noon, DataBytes: 1, PreferredReplica: true},
		{Name: "big", State: "ONLINE", LastFull: noon, DataBytes: 9, PreferredReplica: true},
		{Name: "new", State: "ONLINE", DataBytes: 2, PreferredReplica: true},
		{Name: "scratch", State: "ONLINE", LastFull: noon, PreferredReplica: true},
		{Name: "tempdb", State: "ONLINE", PreferredReplica: true},
	}
	names := func(orders []Order) (out string) {
		for i, o := range orders {
			if o.Ord != i+1 {
				t.Errorf("%s has number %d", o.Database, o.Ord)
			}
			out += o.Database + ":" + string(o.State) + " "
		}
		return out
	}
	s := Plan{Job: policy.BackupJob{Kind: backup.Full}, Selection: policy.Selection{Exclude: []string{"scr*"}}}
	if got := names(Choose(s, have, nil, nil)); got != "new:open big:open small:open scratch:left out " {
		t.Error(got)
	}
	s = Plan{Job: policy.BackupJob{Kind: backup.Full, Databases: []string{"SMALL", "gone"}}}
	if got := names(Choose(s, have, nil, nil)); got != "small:open gone:failed " {
		t.Error(got)
	}
}

func TestNamesAreFixedAndDiffer(t *testing.T) {
	work := func(policyID, local string, kind backup.Kind) policy.BackupJob {
		return policy.BackupJob{ID: "w1", PolicyID: policyID, Kind: kind, Slot: policy.Slot{Local: local}}
	}
	w := work("p1", "2026-11-20T02:00", backup.Full)
	seen := map[string]string{}
	for what, files := range map[string][]string{
		"this":                 FileNames(w, "SQL1", "shop", backup.Full, 1),
		"another policy":       FileNames(work("p2", "2026-11-20T02:00", backup.Full), "SQL1", "shop", backup.Full, 1),
		"another slot":         FileNames(work("p1", "2026-11-20T03:00", backup.Full), "SQL1", "shop", backup.Full, 1),
		"a full before a log":  FileNames(work("p1", "2026-11-20T02:00", backup.Log), "SQL1", "shop", backup.Full, 1),
		"upper case":           FileNames(w, "SQL1", "Shop", backup.Full, 1),
		"unsafe characters":    FileNames(w, "SQL1", "a/b", backup.Full, 1),
		"others, the same way": FileNames(w, "SQL1", "a:b", backup.Full, 1),
		"by hand":              FileNames(policy.BackupJob{ID: "w2", Kind: backup.Full}, "SQL1", "shop", backup.Full, 1),
		"another server":       FileNames(w, "SQL2", "shop", backup.Full, 1),
		"another of its name":  FileNames(policy.BackupJob{ID: "w1", PolicyID: "p1", ServerID: "other", Kind: backup.Full, Slot: w.Slot}, "SQL1", "shop", backup.Full, 1),
		"stripes":              FileNames(w, "SQL1", "stripes", backup.Full, 4),
	} {
		for _, f := range files {
			if other, ok := seen[strings.ToLower(f)]; ok {
				t.Errorf("%s and %s share %s", what, other, f)
			}
			seen[strings.ToLower(f)] = what
			if strings.ContainsAny(f, `/\:*?"<>| `) || !strings.HasSuffix(f, ".bak") {
				t.Errorf("%s: %q", what, f)
			}
		}
	}
	if again := FileNames(w, "SQL1", "shop", backup.Full, 1)[0]; again != FileNames(w, "SQL1", "shop", backup.Full, 1)[0] || !strings.HasPrefix(again, "SQL1_shop_FULL_20261120T0200_") {
		t.Error(again)
	}
	if f := FileNames(w, "SQL1", "shop", backup.Full, 4); len(f) != 4 || !strings.HasSuffix(f[0], "_1of4.bak") {
		t.Error(f)
	}
	if n := SetName(work(strings.Repeat("x", 200), "2026-11-20T02:00", backup.Full), backup.Full); len(n) > maxName {
		t.Errorf("%d characters", len(n))
	}
	if k := BucketKey(`SQL1\PROD`, "Заказы", backup.Log, "f.bak"); !strings.HasPrefix(k, "backups/SQL1_PROD-") || strings.Count(k, "/") != 4 {
		t.Error(k)
	}
}

func TestChooseAtEachBoundary(t *testing.T) {
	movers := []Mover{{MigrationID: "m1", Database: "other", Target: "other", CuttingOver: true}}
	moving := []Mover{{MigrationID: "m1", Database: "shop", Target: "shop"}}
	no := func(*backup.Database) {}
	for _, c := range []struct {
		what     string
		kind     backup.Kind
		d        func(*backup.Database)
		movers   []Mover
		first    bool
		copyOnly bool // as ordered
		named    bool // by a person
		state    OrderState
		takes    backup.Kind
		copies   bool
	}{
		{what: "another database is moving", kind: backup.Log, d: no, movers: movers, state: OrderOpen, takes: backup.Log},
		{what: "a copy-only log beside a migration", kind: backup.Log, d: no, movers: moving, copyOnly: true, state: OrderOpen, takes: backup.Log, copies: true},
		{what: "a full instead of a log beside a migration", kind: backup.Differential, d: func(d *backup.Database) { d.LastFull = time.Time{} }, movers: moving, first: true, state: OrderOpen, takes: backup.Full, copies: true},
		{what: "in a group, preferred", kind: backup.Full, d: func(d *backup.Database) { d.InAvailabilityGroup = true }, state: OrderOpen, takes: backup.Full},
		{what: "in no group, not preferred", kind: backup.Full, d: func(d *backup.Database) { d.PreferredReplica = false }, state: OrderOpen, takes: backup.Full},
		{what: "a differential is never copy-only", kind: backup.Differential, d: no, copyOnly: true, state: OrderOpen, takes: backup.Differential},
		{what: "a full is", kind: backup.Full, d: no, copyOnly: true, state: OrderOpen, takes: backup.Full, copies: true},
		{what: "a differential without full, rule does not", kind: backup.Differential, d: func(d *backup.Database) { d.LastFull = time.Time{} }, state: OrderFailed},
		{what: "a log whose full msdb forgot", kind: backup.Log, d: func(d *backup.Database) { d.LastFull = time.Time{} }, first: true, state: OrderOpen, takes: backup.Full},
		{what: "a log whose full msdb forgot, rule does not", kind: backup.Log, d: func(d *backup.Database) { d.LastFull = time.Time{} }, state: OrderFailed},
		{what: "a full without full", kind: backup.Full, d: func(d *backup.Database) { d.LastFull = time.Time{} }, state: OrderOpen, takes: backup.Full},
		{what: "a full first is never copy-only", kind: backup.Log, d: func(d *backup.Database) { d.LastFull = time.Time{} }, first: true, copyOnly: true, state: OrderOpen, takes: backup.Full},
		{what: "a differential of master", kind: backup.Differential, d: func(d *backup.Database) { d.Name = "Master" }, state: OrderLeftOut},
		{what: "a full of master", kind: backup.Full, d: func(d *backup.Database) { d.Name = "master" }, state: OrderOpen, takes: backup.Full},
		{what: "a log of msdb in FULL", kind: backup.Log, d: func(d *backup.Database) { d.Name = "msdb" }, state: OrderOpen, takes: backup.Log},
		{what: "a differential of msdb in SIMPLE", kind: backup.Differential, d: func(d *backup.Database) { d.Name, d.RecoveryModel = "msdb", "SIMPLE" }, state: OrderLeftOut},
		{what: "a differential of a database in SIMPLE", kind: backup.Differential, d: func(d *backup.Database) { d.RecoveryModel = "SIMPLE" }, state: OrderOpen, takes: backup.Differential},
		{what: "tempdb by name", kind: backup.Full, d: func(d *backup.Database) { d.Name = "TempDB" }, named: true, state: OrderLeftOut},
		{what: "in standby", kind: backup.Full, d: func(d *backup.Database) { d.Standby, d.ReadOnly = true, true }, state: OrderLeftOut},
		{what: "copying", kind: backup.Full, d: func(d *backup.Database) { d.State = "COPYING" }, state: OrderLeftOut},
		{what: "recovering", kind: backup.Full, d: func(d *backup.Database) { d.State = "RECOVERING" }, state: OrderLeftOut},
		{what: "recovery pending", kind: backup.Full, d: func(d *backup.Database) { d.State = "RECOVERY_PENDING" }, state: OrderFailed},
		{what: "emergency", kind: backup.Full, d: func(d *backup.Database) { d.State = "EMERGENCY" }, state: OrderFailed},
	} {
		d := backup.Database{Name: "shop", State: "ONLINE", RecoveryModel: "FULL", PreferredReplica: true, LastFull: noon, LastLog: noon, LastLogBackupLSN: lsn(t), DataBytes: 1 << 20}
		c.d(&d)
		s := Plan{Job: policy.BackupJob{Kind: c.kind}, FullFirst: c.first, How: policy.How{CopyOnly: c.copyOnly}, Selection: policy.Selection{System: true}}
		if c.named {
			s.Job.Databases = []string{strings.ToLower(d.Name)}
		}
		got := Choose(s, []backup.Database{d}, c.movers, nil)
		if len(got) != 1 || got[0].State != c.state || c.state == OrderOpen && (got[0].Kind != c.takes || got[0].CopyOnly != c.copies || got[0].Bytes != 1<<20) {
			t.Errorf("%s: %+v", c.what, got)
		}
	}
}

func TestWhichDatabaseComesFirst(t *testing.T) {
	at := func(name string, bytes int64, full, log int) backup.Database {
		d := backup.Database{Name: name, DataBytes: bytes}
		if full > 0 {
			d.LastFull = noon.Add(time.Duration(full) * time.Minute)
		}
		if log > 0 {
			d.LastLog = noon.Add(time.Duration(log) * time.Minute)
		}
		return d
	}
	for _, c := range []struct {
		what string
		kind backup.Kind
		a, b backup.Database // a comes first
	}{
		{"never backed up, though small", backup.Full, at("b", 1, 0, 0), at("a", 9, 1, 0)},
		{"the bigger", backup.Full, at("b", 9, 2, 0), at("a", 1, 1, 0)},
		{"the bigger of those never backed up", backup.Full, at("b", 9, 0, 0), at("a", 1, 0, 0)},
		{"the bigger, of differentials too", backup.Differential, at("b", 9, 2, 1), at("a", 1, 1, 2)},
		{"by name", backup.Full, at("a", 1, 1, 0), at("b", 1, 1, 0)},
		{"the oldest last log, though small", backup.Log, at("b", 1, 2, 1), at("a", 9, 1, 2)},
		{"no log at all", backup.Log, at("b", 1, 1, 0), at("a", 1, 1, 1)},
		{"the same last log: by name", backup.Log, at("a", 1, 0, 1), at("b", 9, 1, 1)},
	} {
		if before(c.kind, c.a, c.b) >= 0 || before(c.kind, c.b, c.a) <= 0 {
			t.Error(c.what)
		}
	}
}

// TestTheBaseIsAskedOfTheEngine and not of msdb, which goes by name, nor taken
// on trust where nothing can be restored from it.
func TestTheBaseIsAskedOfTheEngine(t *testing.T) {
	base := func(d *backup.Database) { d.BaseTold, d.BaseGUID, d.BaseAt = true, backup.GUID{1}, noon }
	purged := func(d *backup.Database) { d.LastFull = time.Time{} }
	for _, c := range []struct {
		what  string
		kind  backup.Kind
		d     []func(*backup.Database)
		held  Holding
		takes backup.Kind
		says  string
	}{
		{"the engine and the catalogue know the base", backup.Differential, []func(*backup.Database){base}, Holding{Base: BaseHere}, backup.Differential, ""},
		{"msdb was purged", backup.Differential, []func(*backup.Database){base, purged}, Holding{Base: BaseHere}, backup.Differential, ""},
		{"another replica's msdb has it", backup.Differential, []func(*backup.Database){base, purged, func(d *backup.Database) { d.InAvailabilityGroup = true }}, Holding{}, backup.Differential, ""},
		{"made anew: msdb knows fulls of the old one", backup.Differential, []func(*backup.Database){func(d *backup.Database) { d.BaseTold = true }}, Holding{}, backup.Full, "The engine knows no full backup"},
		{"copy-only fulls alone", backup.Differential, []func(*backup.Database){func(d *backup.Database) { d.BaseTold = true }}, Holding{}, backup.Full, "copy-only ones are none"},
		{"restored over by another server's backup", backup.Differential, []func(*backup.Database){base, purged}, Holding{}, backup.Full, "known here"},
		{"the base is a snapshot, on tape, or vanished", backup.Differential, []func(*backup.Database){base}, Holding{Base: BaseLost}, backup.Full, "Nothing can be restored from the full backup"},
		{"the engine does not tell", backup.Differential, nil, Holding{}, backup.Differential, ""},
		{"the engine does not tell, msdb knows none", backup.Differential, []func(*backup.Database){purged}, Holding{}, backup.Full, "known here"},
		{"a log, msdb was purged", backup.Log, []func(*backup.Database){base, purged}, Holding{Full: true}, backup.Log, ""},
		{"a log, and nobody knows a full", backup.Log, []func(*backup.Database){purged}, Holding{}, backup.Full, "could follow"},
		{"a log behind fulls to NUL", backup.Log, nil, Holding{NoFull: true}, backup.Full, "could follow"},
		{"a log of a database that is asleep", backup.Log, []func(*backup.Database){func(d *backup.Database) { d.Asleep, d.LastLogBackupLSN = true, backup.LSN{} }}, Holding{}, backup.Log, ""},
	} {
		d := backup.Database{Name: "shop", State: "ONLINE", RecoveryModel: "FULL", PreferredReplica: true, LastFull: noon, LastLog: noon, LastLogBackupLSN: lsn(t)}
		for _, change := range c.d {
			change(&d)
		}
		s := Plan{Job: policy.BackupJob{Kind: c.kind}, FullFirst: true}
		got := Choose(s, []backup.Database{d}, nil, map[string]Holding{"shop": c.held})
		if len(got) != 1 || got[0].State != OrderOpen || got[0].Kind != c.takes || !strings.Contains(got[0].Note.String(), c.says) {
			t.Errorf("%s: %+v", c.what, got)
		}
	}
}

// TestWhatBecameOfTheBase asks the catalogue.
func TestWhatBecameOfTheBase(t *testing.T) {
	for _, c := range []struct {
		what   string
		change func(*backup.Record)
		want   BaseState
	}{
		{"it lies in the folder", func(*backup.Record) {}, BaseHere},
		{"a snapshot", func(r *backup.Record) { r.Set.Snapshot = true }, BaseLost},
		{"on another device", func(r *backup.Record) { r.Apart = true }, BaseLost},
		{"broken", func(r *backup.Record) { r.State = backup.Broken }, BaseLost},
		{"of another GUID", func(r *backup.Record) { r.Set.ID = guid(9) }, BaseUntold},
	} {
		w := newWorld(t)
		r := fullOf("a", 1)
		c.change(&r)
		w.library.records = []backup.Record{r}
		got, err := w.job().holdings(t.Context(), Plan{Job: policy.BackupJob{ServerID: "i", Kind: backup.Differential}}, []backup.Database{{Name: "shop", State: "ONLINE", BaseTold: true, BaseGUID: guid('a')}})
		if err != nil || got["shop"].Base != c.want {
			t.Errorf("%s: %+v, %v", c.what, got, err)
		}
	}
}

// TestASummaryCountsWhatWasTaken and not the kind of the slot.
func TestASummaryCountsWhatWasTaken(t *testing.T) {
	done := func(kinds ...backup.Kind) (out []Order) {
		for _, k := range kinds {
			out = append(out, Order{Database: "d", Kind: k, State: OrderDone})
		}
		return out
	}
	for _, c := range []struct {
		slot   backup.Kind
		orders []Order
		says   string
	}{
		{backup.Log, done(backup.Full, backup.Full), "2 full backups in place of logs of SQL1: 2 databases"},
		{backup.Log, done(backup.Log, backup.Full, backup.Log), "2 log backups, and 1 full backup in place of logs of SQL1: 3 databases"},
		{backup.Differential, done(backup.Full), "1 full backup in place of differentials of SQL1: 1 database"},
		{backup.Log, done(backup.Log), "1 log backup of SQL1: 1 database"},
		{backup.Full, done(backup.Full, backup.Full), "2 full backups of SQL1: 2 databases"},
		{backup.Log, append(done(backup.Full), Order{Database: "x", Kind: backup.Log, State: OrderFailed}), "1 of 2 databases of SQL1 backed up (1 full backup in place of logs). Not: x"},
	} {
		if got, _, _ := Summary(Plan{Job: policy.BackupJob{Kind: c.slot}, Server: "SQL1"}, c.orders); !strings.HasPrefix(got.String(), c.says) {
			t.Errorf("%q, want %q", got, c.says)
		}
	}
}
