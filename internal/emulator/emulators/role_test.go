package emulators

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	s3emu "github.com/bakplane/bakplane/internal/emulator/s3"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/rds"
)

// What the role of an instance does goes over the wire, and is refused there.
func TestTheRoleOfAnInstanceReachesItsBucketOverTheWire(t *testing.T) {
	account := s3emu.Account{KeyID: "ASIAROLE", Secret: "s", Token: "session", Owner: "111111111111"}
	run, err := s3emu.Start(s3emu.Config{Dir: t.TempDir(), Region: "eu-central-1", Accounts: []s3emu.Account{account},
		Buckets: []s3emu.Bucket{{Name: "backups"}, {Name: "elsewhere", Region: "us-west-2"}, {Name: "foreign", Owner: "222222222222"}}}, "", "")
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	store := Role(s3emu.Client{URL: run.URL, Region: "eu-central-1", Account: account})
	ctx := t.Context()
	for _, c := range []struct{ key, body, kms string }{{"shop/full 1-of-2+ä.bak", "one", ""}, {"shop/sealed.bak", "two", "arn:aws:kms:eu-central-1:111111111111:key/1"}, {"shop/empty", "", ""}} {
		if err := store.Put(ctx, "backups", c.key, bytes.NewReader([]byte(c.body)), int64(len(c.body)), c.kms); err != nil {
			t.Fatalf("put %s: %v", c.key, err)
		}
		body, kms, err := store.Get(ctx, "backups", c.key)
		if err != nil {
			t.Fatalf("get %s: %v", c.key, err)
		}
		if got, err := io.ReadAll(body); err != nil || string(got) != c.body || kms != c.kms {
			t.Errorf("%s holds %q under %q, %v", c.key, got, kms, err)
		}
		body.Close()
		if there, err := store.Exists(ctx, "backups", c.key); err != nil || !there {
			t.Errorf("%s is there: %v, %v", c.key, there, err)
		}
	}
	if there, err := store.Exists(ctx, "backups", "nothing"); err != nil || there {
		t.Errorf("nothing is there: %v, %v", there, err)
	}
	if keys, err := store.List(ctx, "backups", "shop/", 2); err != nil || !slices.Equal(keys, []string{"shop/empty", "shop/full 1-of-2+ä.bak"}) {
		t.Errorf("listed %q, %v", keys, err)
	}
	for bucket, want := range map[string]string{"backups": "eu-central-1", "elsewhere": "us-west-2"} {
		if region, err := store.Region(ctx, bucket); err != nil || region != want {
			t.Errorf("%s lies in %s, %v", bucket, region, err)
		}
	}
	if _, err := store.Region(ctx, "missing"); !errors.Is(err, rds.ErrNoBucket) {
		t.Errorf("a missing bucket: %v", err)
	}
	if _, err := store.List(ctx, "foreign", "", 1); !errors.Is(err, rds.ErrDenied) {
		t.Errorf("another account's: %v", err)
	}
}
