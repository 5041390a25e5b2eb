package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/db/storetest"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
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
	d, err := Open(context.Background(), folder, keys, run.NewNotifier(), storetest.Kinds())
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
	m := migration.Migration{ID: id, RunID: "run-" + id, Database: "db" + id, InstanceID: "i", SourceID: "f", StagingID: "o", Mode: migration.Pending, Check: migration.CheckAsync, Created: noon, StopAt: noon,
		Files: []migration.File{
			{Ord: 1, Source: "full.bak", Key: "full.bak", Size: 100, Kind: "full", State: migration.FilePlanned},
			{Ord: 2, Source: "log.trn", Key: "log.bak", Size: 10, Kind: "log", State: migration.FilePlanned, StopAt: noon.Add(8 * time.Hour)},
		}}
	ok(d.Migrations().Create(ctx, m, run.Run{ID: m.RunID, Kind: migration.RunKind, Subject: id, Title: words.Say("Migrate"), Created: noon}, entry("migration.start")))
	return m
}

func claim(t testing.TB, d *DB, owner string, at time.Time) (run.Run, run.Claim) {
	t.Helper()
	r, g, err := d.Claim(context.Background(), owner, at, time.Minute, 0)
	if err != nil {
		t.Fatal(err)
	}
	return r, g
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

func TestSecondProcessIsRefused(t *testing.T) {
	folder := t.TempDir()
	keys, err := secret.OpenKeyring(filepath.Join(folder, "bakplane.key"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := Open(context.Background(), folder, keys, run.NewNotifier(), storetest.Kinds())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := Open(context.Background(), folder, keys, run.NewNotifier(), storetest.Kinds()); !fault.Is(err, fault.Conflict) {
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
