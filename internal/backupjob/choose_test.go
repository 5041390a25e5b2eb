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
			got := Choose(s, []backup.Database{healthy(c.d)}, c.movers)
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
	if got := names(Choose(s, have, nil)); got != "new:open big:open small:open scratch:left out " {
		t.Error(got)
	}
	s = Plan{Job: policy.BackupJob{Kind: backup.Full, Databases: []string{"SMALL", "gone"}}}
	if got := names(Choose(s, have, nil)); got != "small:open gone:failed " {
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
		got := Choose(s, []backup.Database{d}, c.movers)
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
