package sqlite

import (
	"context"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/policy"
)

// looked puts a server and a policy that looks after it into d.
func looked(t testing.TB, d *DB) policy.Policy {
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
