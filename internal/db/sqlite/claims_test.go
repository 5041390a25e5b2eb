package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/words"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// open makes a database in a folder of its own.
func open(t testing.TB) *DB {
	t.Helper()
	folder := t.TempDir()
	keys, err := secret.OpenKeyring(filepath.Join(folder, "bakplane.key"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := Open(context.Background(), folder, keys, run.NewNotifier(), testKinds())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func entry(action string) audit.Entry {
	return audit.New(audit.Actor{Name: "ana", Via: "web"}, noon, action, "thing/1", "Did it.")
}

// migrating puts places and one queued migration of two files into d.
func migrating(t testing.TB, d *DB, id string) migration.Migration {
	t.Helper()
	ctx := context.Background()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ok(d.SaveAccount(ctx, endpoint.Account{ID: "a", Name: "a", AccessKeyID: "LTAI", Secret: secret.NewText("s"), Region: "cn-hangzhou"}, entry("account.save")))
	ok(d.SaveBucket(ctx, endpoint.Bucket{ID: "f", Name: "f", Kind: "folder", Path: "/b"}, entry("bucket.save")))
	ok(d.SaveBucket(ctx, endpoint.Bucket{ID: "o", Name: "o", Kind: "bucket", AccountID: "a", Region: "cn-hangzhou", Bucket: "bkt"}, entry("bucket.save")))
	ok(d.SaveInstance(ctx, endpoint.Instance{ID: "i", Name: "i", Kind: "service", AccountID: "a", Region: "cn-hangzhou", InstanceID: "rm-1"}, entry("instance.save")))
	m := migration.Migration{ID: id, RunID: "run-" + id, Database: "db" + id, InstanceID: "i", SourceID: "f", StagingID: "o", Mode: migration.Pending, Check: migration.CheckAsync, Created: noon,
		Files: []migration.File{
			{Ord: 1, Source: "full.bak", Key: "full.bak", Size: 100, Kind: "full", State: migration.FilePlanned},
			{Ord: 2, Source: "log.trn", Key: "log.bak", Size: 10, Kind: "log", State: migration.FilePlanned},
		}}
	ok(d.Migrations().Create(ctx, m, run.Run{ID: m.RunID, Kind: migration.RunKind, Subject: id, Title: "Migrate", Created: noon}, entry("migration.start")))
	return m
}

func claim(t testing.TB, d *DB, owner string, at time.Time) (run.Run, run.Claim) {
	t.Helper()
	r, g, err := d.Claim(context.Background(), owner, at, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return r, g
}

func TestOneRunHasOneOwner(t *testing.T) {
	d := open(t)
	migrating(t, d, "1")
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for i := range 8 {
		wg.Go(func() {
			if _, _, err := d.Claim(context.Background(), string(rune('a'+i)), noon, time.Minute); err == nil {
				mu.Lock()
				won++
				mu.Unlock()
			} else if !fault.Is(err, fault.NotFound) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Fatalf("%d claims won, want 1", won)
	}
}

func TestALostClaimWritesNothing(t *testing.T) {
	ctx := context.Background()
	d := open(t)
	m := migrating(t, d, "1")
	_, old := claim(t, d, "old", noon)
	_, newer := claim(t, d, "new", noon.Add(2*time.Minute)) // the lease ran out
	conflict := func(what string, err error) {
		t.Helper()
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("%s with a lost claim: %v", what, err)
		}
	}
	conflict("renew", d.Renew(ctx, old, noon.Add(time.Hour)))
	_, err := d.Request(ctx, old)
	conflict("wish", err)
	conflict("note", d.Note(ctx, old, run.Note{Events: []run.Event{{At: noon, Text: words.Say("late")}}}))
	conflict("progress", d.Progress(ctx, old, "upload/1", 1, 2, 3))
	conflict("settle", d.RecordOutcome(ctx, old, run.Outcome{State: run.Succeeded}, noon))
	now := noon
	conflict("migration note", d.Migrations().Note(ctx, old, m.ID, migration.Change{Opened: &now}))
	conflict("ledger", d.Migrations().Ledger(old, m.ID, 1).Begun(ctx, objectstore.Begun{ID: "u"}))
	if err := d.RecordOutcome(ctx, newer, run.Outcome{State: run.Succeeded}, noon); err != nil {
		t.Fatal(err)
	}
	if events, _ := d.Events(ctx, m.RunID, 0, 10); len(events) != 0 {
		t.Errorf("a lost claim wrote %+v", events)
	}
}

func TestAWishIsReadWithoutAWrite(t *testing.T) {
	ctx := context.Background()
	d := open(t)
	m := migrating(t, d, "1")
	_, g := claim(t, d, "me", noon)
	if w, err := d.Request(ctx, g); err != nil || w != run.NoRequest {
		t.Fatalf("nobody asked, and the wish is %q, %v", w, err)
	}
	if err := d.Move(ctx, m.RunID, run.Canceled, entry("run.cancel")); err != nil {
		t.Fatal(err)
	}
	before := writes(t, d)
	if w, err := d.Request(ctx, g); err != nil || w != run.RequestCancel {
		t.Fatalf("the wish is %q, %v", w, err)
	}
	if n := writes(t, d) - before; n != 0 {
		t.Errorf("reading a wish wrote %d rows", n)
	}
	if err := d.Renew(ctx, g, noon.Add(time.Hour)); err != nil || writes(t, d)-before != 1 {
		t.Errorf("renewing a lease wrote %d rows, %v", writes(t, d)-before, err)
	}
}

// writes is how many rows the writer has changed so far.
func writes(t testing.TB, d *DB) (n int) {
	t.Helper()
	if err := d.write.QueryRowContext(t.Context(), `SELECT total_changes()`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestRunsOfADeadLifeGoOnAtOnce(t *testing.T) {
	d := open(t)
	migrating(t, d, "1")
	claim(t, d, "dead", noon)
	if _, _, err := d.Claim(context.Background(), "alive", noon, time.Minute); !fault.Is(err, fault.NotFound) {
		t.Fatalf("claimed under a living lease: %v", err)
	}
	if n, err := d.ReleaseOthers(context.Background(), "alive"); err != nil || n != 1 {
		t.Fatalf("released %d, %v", n, err)
	}
	if r, _ := claim(t, d, "alive", noon); r.Fence != 2 {
		t.Fatalf("fence %d, want 2", r.Fence)
	}
}

func TestADecisionIsNotSleptOver(t *testing.T) {
	ctx := context.Background()
	d := open(t)
	m := migrating(t, d, "1")
	_, g := claim(t, d, "me", noon)
	err := d.Migrations().Ask(ctx, m.ID, func(migration.Migration) (migration.Decision, audit.Entry, error) {
		return migration.Decision{Open: true}, entry("migration.open"), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.RecordOutcome(ctx, g, run.Outcome{State: run.Waiting, WakeAt: noon.Add(time.Hour)}, noon); err != nil {
		t.Fatal(err)
	}
	if r, _ := d.Run(ctx, m.RunID); r.State != run.Queued {
		t.Fatalf("the run is %s, want queued", r.State)
	}
}

func TestADecisionOvertakesTheEngine(t *testing.T) {
	ctx := context.Background()
	d := open(t)
	m := migrating(t, d, "1")
	_, g := claim(t, d, "me", noon)
	err := d.Migrations().Ask(ctx, m.ID, func(m migration.Migration) (migration.Decision, audit.Entry, error) {
		f := m.Files[1]
		f.State = migration.FileDropped
		return migration.Decision{Files: []migration.File{f}}, entry("migration.add-files"), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// The engine still holds what it read before.
	stale := m.Files[1]
	stale.State = migration.FileUploading
	if err := d.Migrations().Note(ctx, g, m.ID, migration.Change{Files: []migration.File{stale}}); err != nil {
		t.Fatal(err)
	}
	got, err := d.Migrations().Migration(ctx, m.ID)
	if err != nil || got.Files[1].State != migration.FileDropped {
		t.Fatalf("file is %s, %v", got.Files[1].State, err)
	}
	c := migration.Call{ID: "c", Verb: migration.VerbImport, File: 2, Intended: noon}
	if err := d.Migrations().Note(ctx, g, m.ID, migration.Change{Call: &c}); !fault.Is(err, fault.Conflict) {
		t.Fatalf("a call with a dropped file was written down: %v", err)
	}
}

func TestAFileIsNotTakenBackFromTheTarget(t *testing.T) {
	ctx := context.Background()
	d := open(t)
	m := migrating(t, d, "1")
	_, g := claim(t, d, "me", noon)
	f := m.Files[0]
	for _, state := range []migration.FileState{migration.FileStaged, migration.FileSent, migration.FileStaged} {
		f.State = state
		if err := d.Migrations().Note(ctx, g, m.ID, migration.Change{Files: []migration.File{f}}); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := d.Migrations().Migration(ctx, m.ID); err != nil || got.Files[0].State != migration.FileSent {
		t.Fatalf("file is %s, %v", got.Files[0].State, err)
	}
}

// TestAMigrationIsReadInOnePiece writes the task and a file's state together
// while others read: nobody sees one without the other.
func TestAMigrationIsReadInOnePiece(t *testing.T) {
	ctx := context.Background()
	d := open(t)
	m := migrating(t, d, "1")
	_, g := claim(t, d, "me", noon)
	done := make(chan struct{})
	go func() {
		defer close(done)
		f := m.Files[0]
		for i := range 300 {
			task, states := "", [2]migration.FileState{migration.FileStaged, migration.FilePlanned}
			if f.State = states[i%2]; f.State == migration.FileStaged {
				task = "t"
			}
			if err := d.Migrations().Note(ctx, g, m.ID, migration.Change{TaskID: &task, Files: []migration.File{f}}); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	for {
		got, err := d.Migrations().Migration(ctx, m.ID)
		if err != nil {
			t.Fatal(err)
		}
		if (got.TaskID == "t") != (got.Files[0].State == migration.FileStaged) {
			t.Fatalf("task %q beside a file that is %s", got.TaskID, got.Files[0].State)
		}
		select {
		case <-done:
			return
		default:
		}
	}
}

func TestARefusedDecisionLeavesNoTrace(t *testing.T) {
	ctx := context.Background()
	d := open(t)
	m := migrating(t, d, "1")
	before, err := d.VerifyAudit(ctx)
	if err != nil {
		t.Fatal(err)
	}
	no := fault.New(fault.Conflict, "No.", "")
	err = d.Migrations().Ask(ctx, m.ID, func(migration.Migration) (migration.Decision, audit.Entry, error) {
		return migration.Decision{Terminate: true}, entry("migration.terminate"), no
	})
	if !fault.Is(err, fault.Conflict) {
		t.Fatal(err)
	}
	after, err := d.VerifyAudit(ctx)
	if err != nil || after.Seq != before.Seq {
		t.Fatalf("audit grew from %d to %d, %v", before.Seq, after.Seq, err)
	}
	if got, _ := d.Migrations().Migration(ctx, m.ID); !got.TerminateAsked.IsZero() {
		t.Fatal("the decision was written")
	}
}

func TestTamperingWithTheAuditTrailShows(t *testing.T) {
	ctx := context.Background()
	d := open(t)
	migrating(t, d, "1")
	if _, err := d.write.ExecContext(ctx, `UPDATE audit SET actor = 'nobody' WHERE seq = 3`); err != nil {
		t.Fatal(err)
	}
	_, err := d.VerifyAudit(ctx)
	if b, ok := err.(*audit.Broken); !ok || b.Seq != 3 { // returned as it is
		t.Fatalf("verify: %v, want entry 3 broken", err)
	}
}

func TestAWalkGoesOnWhereOneEnded(t *testing.T) {
	ctx := context.Background()
	d := open(t)
	migrating(t, d, "1")
	first, err := d.VerifyAudit(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Record(ctx, entry("person.sign-in")); err != nil {
		t.Fatal(err)
	}
	on, err := d.VerifyAuditFrom(ctx, first)
	all, err2 := d.VerifyAudit(ctx)
	if err != nil || err2 != nil || on.Seq != first.Seq+1 || on.Seq != all.Seq || on.Head != all.Head {
		t.Fatalf("went on to %d, %v; from the first to %d, %v", on.Seq, err, all.Seq, err2)
	}
	// Entries that a walk saw and that were cut off since.
	if _, err := d.write.ExecContext(ctx, `DELETE FROM audit WHERE seq = ?`, on.Seq); err != nil {
		t.Fatal(err)
	}
	var b *audit.Broken
	if _, err := d.VerifyAuditFrom(ctx, on); !errors.As(err, &b) || b.Seq != on.Seq {
		t.Errorf("the end was cut off: %v", err)
	}
}

func TestLedgerSurvives(t *testing.T) {
	ctx := context.Background()
	d := open(t)
	m := migrating(t, d, "1")
	_, g := claim(t, d, "me", noon)
	l := d.Migrations().Ledger(g, m.ID, 1)
	crc := uint64(0xfedcba9876543210)
	steps := []error{
		l.Begun(ctx, objectstore.Begun{ID: "u1", Size: 100, PartSize: 60, Parts: 2, Fingerprint: "x y"}),
		l.PartDone(ctx, objectstore.Part{Number: 2, Size: 40, ETag: "E", CRC64: &crc}),
		l.PartDone(ctx, objectstore.Part{Number: 2, Size: 40, ETag: "E", CRC64: &crc}),
	}
	for _, err := range steps {
		if err != nil {
			t.Fatal(err)
		}
	}
	s, err := l.Load(ctx)
	if err != nil || s.ID != "u1" || s.Parts != 2 || len(s.Done) != 1 || *s.Done[0].CRC64 != crc {
		t.Fatalf("loaded %+v, %v", s, err)
	}
	if err := l.Completed(ctx, objectstore.Object{Key: "full.bak", Size: 100, CRC64: &crc}); err != nil {
		t.Fatal(err)
	}
	if s, err = l.Load(ctx); err != nil || s.Object == nil || *s.Object.CRC64 != crc || len(s.Done) != 1 {
		t.Fatalf("loaded %+v, %v", s, err)
	}
	if err := l.Begun(ctx, objectstore.Begun{ID: "u2"}); err != nil {
		t.Fatal(err)
	}
	if s, _ = l.Load(ctx); s.ID != "u2" || len(s.Done) != 0 || s.Object != nil {
		t.Fatalf("a new upload kept %+v", s)
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	folder := t.TempDir()
	keys, err := secret.OpenKeyring(filepath.Join(folder, "bakplane.key"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := Open(context.Background(), folder, keys, run.NewNotifier(), testKinds())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := Open(context.Background(), folder, keys, run.NewNotifier(), testKinds()); !fault.Is(err, fault.Conflict) {
		t.Fatalf("second open: %v", err)
	}
}

func TestSecretsAreSealedInTheFile(t *testing.T) {
	d := open(t)
	migrating(t, d, "1")
	var sealed string
	if err := d.read.QueryRow(`SELECT secret_sealed FROM accounts`).Scan(&sealed); err != nil || sealed == "s" || len(sealed) < 20 {
		t.Fatalf("stored %q, %v", sealed, err)
	}
	a, err := d.Account(context.Background(), "a")
	if err != nil || a.Secret.Reveal() != "s" {
		t.Fatalf("opened %q, %v", a.Secret.Reveal(), err)
	}
	a.Secret = secret.Text{} // saved without a secret, the stored one stays
	if err := d.SaveAccount(context.Background(), a, entry("account.save")); err != nil {
		t.Fatal(err)
	}
	if a, _ = d.Account(context.Background(), "a"); a.Secret.Reveal() != "s" {
		t.Fatal("an empty secret replaced the stored one")
	}
}
