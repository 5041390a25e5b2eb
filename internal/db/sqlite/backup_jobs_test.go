package sqlite

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backup/logcopy"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// fullOrder has every field set.
func fullOrder(t *testing.T) backupjob.Order {
	t.Helper()
	at := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	o := backupjob.Order{ID: "o1", Ord: 1, Database: "shop", Kind: backup.Full, CopyOnly: true, Note: words.Say("note"), Bytes: 1, Name: "n", Paths: []string{"p", "q"}, Keys: []string{"k"},
		State: backupjob.OrderOpen, Message: words.Say("m"), Fix: words.Say("f"), Attempts: 2, Intended: at(1), Settled: at(2), Verdict: "adopted", SetID: setID(3), Finished: at(3), Size: 4, Seen: true, Verified: at(5), Copied: at(6),
		Logs: &logcopy.Progress{From: 7, To: 8, After: "9", Copied: 10, Bytes: 11, Last: backup.LSN{VLF: 12}}}
	for i := range reflect.TypeOf(o).NumField() {
		if reflect.ValueOf(o).Field(i).IsZero() {
			t.Fatalf("%s is not set: the test would not see it lost", reflect.TypeOf(o).Field(i).Name)
		}
	}
	return o
}

// ordered is a backup run that is held.
func ordered(t *testing.T, d *DB) (*BackupRuns, run.Claim) {
	t.Helper()
	b := d.BackupRuns()
	if err := b.Order(t.Context(), backupjob.Plan{Job: policy.BackupJob{ID: "w", ServerID: "s", Kind: backup.Full}, Attempt: 1}, run.Run{ID: "r", Kind: "k", Subject: "w", Title: words.Say("t"), Created: noon}, entry("order")); err != nil {
		t.Fatal(err)
	}
	_, g := claim(t, d, "me", noon)
	return b, g
}

// TestAnOrderIsKeptAsItWasNoted, and noted again it changes in all but what it
// is about.
func TestAnOrderIsKeptAsItWasNoted(t *testing.T) {
	d, ctx := open(t), t.Context()
	b, g := ordered(t, d)
	one, two := fullOrder(t), backupjob.Order{ID: "o0", Ord: 2, Database: "erp", Kind: backup.Log, State: backupjob.OrderOpen, Paths: []string{}, Keys: []string{}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	look := func() []backupjob.Order {
		t.Helper()
		_, orders, err := b.Plan(ctx, "w")
		must(err)
		return orders
	}
	must(b.Note(ctx, g, "w", backupjob.Change{Orders: []backupjob.Order{two, one}}))
	if got := look(); !reflect.DeepEqual(got, []backupjob.Order{one, two}) {
		t.Errorf("%+v", got)
	}
	must(b.Note(ctx, g, "w", backupjob.Change{}))
	bare := backupjob.Order{ID: "o1", Ord: 1, Database: "shop", Kind: backup.Differential, State: backupjob.OrderOpen, Bytes: 1, Paths: []string{}, Keys: []string{}}
	must(b.Note(ctx, g, "w", backupjob.Change{Orders: []backupjob.Order{bare}}))
	if got := look(); !reflect.DeepEqual(got, []backupjob.Order{bare, two}) {
		t.Errorf("noted anew: %+v", got)
	}
	again := one
	again.ID, again.Database, again.Bytes = "other", "other", 99
	must(b.Note(ctx, g, "w", backupjob.Change{Orders: []backupjob.Order{again}}))
	if got := look(); !reflect.DeepEqual(got, []backupjob.Order{one, two}) {
		t.Errorf("what it is about changed: %+v", got)
	}
	if plan, _, err := b.Plan(ctx, "w"); err != nil || plan.Attempt != 1 {
		t.Errorf("a note without a plan changed it: %+v, %v", plan, err)
	}
}

// TestALostClaimOfABackupWritesNothing, by none of its doors.
func TestALostClaimOfABackupWritesNothing(t *testing.T) {
	d, ctx := open(t), t.Context()
	b, g := ordered(t, d)
	if err := b.Send(ctx, backupjob.Operation{ID: "op", Kind: "k", InstanceID: "s", Request: []byte(`{}`), Progress: []byte(`{}`)}, run.Run{ID: "q", Kind: "k", Subject: "op", Title: words.Say("t"), Created: noon, Rank: 1}, entry("send")); err != nil {
		t.Fatal(err)
	}
	crc := uint64(1)
	own := b.Ledger(g, "w", 1)
	if err := errors.Join(own.Begun(ctx, objectstore.Begun{ID: "u"}), own.PartDone(ctx, objectstore.Part{Number: 1, CRC64: &crc})); err != nil {
		t.Fatal(err)
	}
	turn(t, d, `fence=fence+1 WHERE id='r'`)
	tables := []string{"backup_plans", "backup_orders", "backup_uploads", "backup_upload_parts", "operations", "run_steps", "run_events", "audit", "runs"}
	dump := func() (all string) {
		for _, table := range tables {
			n, err := count(ctx, d.read, `SELECT count(*) FROM `+table)
			if err != nil {
				t.Fatal(err)
			}
			all += table + text(n) + " "
		}
		s, err := own.Load(ctx)
		o, err2 := b.Operation(ctx, "op")
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		return all + text(s) + string(o.Progress)
	}
	before := dump()
	c := backupjob.Change{Orders: []backupjob.Order{fullOrder(t)}, Steps: []run.Step{{Key: "s", Title: words.Say("s"), State: run.StepDone, Started: noon, Finished: noon}}, Events: []run.Event{{At: noon, Text: words.Say("x")}}, Audit: []audit.Entry{entry("x")}}
	for name, do := range map[string]func(context.Context) error{
		"note":           func(ctx context.Context) error { return b.Note(ctx, g, "w", c) },
		"note operation": func(ctx context.Context) error { return b.NoteOperation(ctx, g, "op", []byte(`{"n":1}`), c) },
		"begin":          func(ctx context.Context) error { return own.Begun(ctx, objectstore.Begun{ID: "u2"}) },
		"part":           func(ctx context.Context) error { return own.PartDone(ctx, objectstore.Part{Number: 2, CRC64: &crc}) },
		"complete":       func(ctx context.Context) error { return own.Completed(ctx, objectstore.Object{Key: "k"}) },
		"forget":         own.Forget,
		"progress":       func(ctx context.Context) error { return d.Progress(ctx, g, "s", 1, 2, 3) },
		"run note":       func(ctx context.Context) error { return d.Note(ctx, g, run.Note{Steps: c.Steps, Events: c.Events}) },
		"outcome": func(ctx context.Context) error {
			return d.RecordOutcome(ctx, g, run.Outcome{State: run.Succeeded}, noon)
		},
		"renew": func(ctx context.Context) error { return d.Renew(ctx, g, noon.Add(time.Hour)) },
	} {
		if err := do(ctx); !errors.Is(err, run.ErrLost) {
			t.Errorf("%s by a lost claim: %v", name, err)
		}
		if now := dump(); now != before {
			t.Errorf("%s by a lost claim left %s, had %s", name, now, before)
		}
	}
	if r, err := d.Run(ctx, "r"); err != nil || r.State != run.Running || !r.LeaseUntil.Equal(noon.Add(time.Minute)) {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestLedgersAreApart: by what they belong to and by its number.
func TestLedgersAreApart(t *testing.T) {
	d, ctx := open(t), t.Context()
	b, g := ordered(t, d)
	crc := uint64(7)
	one, two, other := b.Ledger(g, "w", 1), b.Ledger(g, "w", 2), b.Ledger(g, "v", 1)
	for i, l := range []objectstore.Ledger{one, two, other} {
		if err := errors.Join(l.Begun(ctx, objectstore.Begun{ID: objectstore.UploadID(rune('a' + i))}), l.PartDone(ctx, objectstore.Part{Number: i + 1, Size: 5, ETag: "E", CRC64: &crc}), l.PartDone(ctx, objectstore.Part{Number: 9})); err != nil {
			t.Fatal(err)
		}
	}
	if err := one.Forget(ctx); err != nil {
		t.Fatal(err)
	}
	for i, l := range []objectstore.Ledger{one, two, other} {
		s, err := l.Load(ctx)
		if i == 0 {
			if err != nil || s.ID != "" || len(s.Done) != 0 || s.Object != nil {
				t.Errorf("forgotten: %+v, %v", s, err)
			}
			continue
		}
		if err != nil || len(s.Done) != 2 || s.Done[0].Number != i+1 || s.Done[0].ETag != "E" || *s.Done[0].CRC64 != 7 || s.Done[1].CRC64 != nil {
			t.Errorf("%d: %+v, %v", i, s, err)
		}
	}
}

// TestWhichMigrationsMoveADatabase: those of a server that are not over, and
// which of them cut over.
func TestWhichMigrationsMoveADatabase(t *testing.T) {
	d, ctx := open(t), t.Context()
	migrating(t, d, "1")
	if err := d.SaveInstance(ctx, endpoint.Instance{ID: "srv", Name: "srv", Kind: "server", Host: "h", Login: "sa", FolderID: "f"}, entry("instance.save")); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, set string
		want      []backupjob.Mover
	}{
		{"from files", ``, nil},
		{"it follows the server", `server_id='srv', source_database='shop'`, []backupjob.Mover{{MigrationID: "1", Database: "shop", Target: "db1"}}},
		{"it was told to cut over", `cutover_asked=1`, []backupjob.Mover{{MigrationID: "1", Database: "shop", Target: "db1", CuttingOver: true}}},
		{"writes stand still", `cutover_asked=0, frozen=1`, []backupjob.Mover{{MigrationID: "1", Database: "shop", Target: "db1", CuttingOver: true}}},
		{"it is over", `finished=1, stage='opened'`, nil},
	} {
		if tc.set != "" {
			if _, err := d.write.ExecContext(ctx, `UPDATE migrations SET `+tc.set); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := d.BackupRuns().Movers(ctx, "srv"); err != nil || !slices.Equal(got, tc.want) {
			t.Errorf("%s: %+v, %v", tc.name, got, err)
		}
		if got, _ := d.BackupRuns().Movers(ctx, "another"); got != nil {
			t.Errorf("%s: of another server %+v", tc.name, got)
		}
	}
}

// TestARuleOfCopiesCountsFromItsFirstDay.
func TestARuleOfCopiesCountsFromItsFirstDay(t *testing.T) {
	d, ctx := open(t), t.Context()
	b := d.BackupRuns()
	for _, id := range []string{"f", "g"} {
		if err := d.SaveBucket(ctx, endpoint.Bucket{ID: id, Name: id, Kind: "folder", Path: "/" + id}, entry("bucket.save")); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"s", "r"} {
		if err := d.SaveInstance(ctx, endpoint.Instance{ID: id, Name: id, Kind: "server", Host: "h", FolderID: "f"}, entry("instance.save")); err != nil {
			t.Fatal(err)
		}
	}
	later := noon.Add(time.Hour)
	for _, tc := range []struct {
		rule backupjob.CopyRule
		want []backupjob.CopyRule
	}{
		{backupjob.CopyRule{InstanceID: "s", BucketID: "f", Since: noon}, []backupjob.CopyRule{{InstanceID: "s", BucketID: "f", Since: noon}}},
		{backupjob.CopyRule{InstanceID: "s", BucketID: "g", Since: later}, []backupjob.CopyRule{{InstanceID: "s", BucketID: "g", Since: noon}}},
		{backupjob.CopyRule{InstanceID: "r", BucketID: "g", Since: later}, []backupjob.CopyRule{{InstanceID: "r", BucketID: "g", Since: later}, {InstanceID: "s", BucketID: "g", Since: noon}}},
		{backupjob.CopyRule{InstanceID: "s"}, []backupjob.CopyRule{{InstanceID: "r", BucketID: "g", Since: later}}},
		{backupjob.CopyRule{InstanceID: "s", BucketID: "f", Since: later}, []backupjob.CopyRule{{InstanceID: "r", BucketID: "g", Since: later}, {InstanceID: "s", BucketID: "f", Since: later}}},
	} {
		if err := b.SetCopyRule(ctx, tc.rule, entry("copy.rule")); err != nil {
			t.Fatal(err)
		}
		if got, err := b.CopyRules(ctx); err != nil || !slices.Equal(got, tc.want) {
			t.Errorf("after %+v: %+v, %v", tc.rule, got, err)
		}
	}
}
