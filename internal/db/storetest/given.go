package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/words"
)

// migrating puts places and one queued migration of two files into d.
func migrating(t testing.TB, d Store, id string) migration.Migration {
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
	ok(d.Migrations().Create(ctx, m, run.Run{ID: m.RunID, Kind: migration.RunKind, Subject: id, Title: words.Say("Migrate"), Created: noon}, entry("migration.start")))
	return m
}

func claim(t testing.TB, d Store, owner string, at time.Time) (run.Run, run.Claim) {
	t.Helper()
	r, g, err := d.Claim(context.Background(), owner, at, time.Minute, 0)
	if err != nil {
		t.Fatal(err)
	}
	return r, g
}

// looked puts a server and a policy that looks after it into d.
func looked(t testing.TB, d Store) policy.Policy {
	t.Helper()
	ctx := context.Background()
	if err := d.SaveBucket(ctx, endpoint.Bucket{ID: "f", Name: "f", Kind: "folder", Path: "/b"}, entry("bucket.save")); err != nil {
		t.Fatal(err)
	}
	if err := d.SaveInstance(ctx, endpoint.Instance{ID: "s", Name: "s", Kind: "server", Host: "h", Login: "sa", FolderID: "f"}, entry("instance.save")); err != nil {
		t.Fatal(err)
	}
	p, err := d.Policies().Save(ctx, policy.Policy{ID: "p", Name: "Nightly", Enabled: true, Servers: []string{"s"}, Zone: "Asia/Shanghai", BucketID: "f", Missed: policy.MissedLate, Window: time.Hour,
		Rules: []policy.Rule{{Kind: backup.Full, Cron: "@daily", Keep: policy.Keep{Days: 30}}}}, "", entry("policy.save"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}
