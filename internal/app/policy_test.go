package app_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/db/sqlite"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/sqlserver"
)

// keeping is a store with one server, a night's policy and daily full backups
// of one database that it took.
func keeping(t *testing.T, now time.Time) (*sqlite.DB, policy.Editor, policy.Policy) {
	t.Helper()
	d := openStore(t, t.TempDir())
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	furnishServer(t, d)
	k := policy.Editor{Store: d.Policies(), Sets: d.Catalogue(), Environment: policy.KnownFacts{Places: d, Records: d.Catalogue()}, Now: func() time.Time { return now }, NewID: app.NewID}
	p, err := k.Save(t.Context(), policy.Policy{Name: "Nightly", Enabled: true, Servers: []string{"s"}, Zone: "UTC", Missed: policy.MissedSkip,
		Rules: []policy.Rule{{Kind: backup.Full, Cron: "0 2 * * *", Keep: policy.Keep{Days: 30}}}}, policy.By{Actor: audit.Engine})
	if err != nil {
		t.Fatal(err)
	}
	var records []backup.Record
	for i := range 30 {
		at := now.AddDate(0, 0, -30+i).Add(time.Hour)
		began := at.Add(-time.Hour)
		var id backup.GUID
		id[0] = byte(i + 1)
		records = append(records, backup.Record{InstanceID: "s", Database: "shop", Origin: backup.ByUs, PolicyID: p.ID, State: backup.Complete, Seen: now,
			Set: backup.Set{Kind: backup.Full, ID: id, Database: "shop", Complete: true, RecoveryModel: "SIMPLE", First: backup.LSN{VLF: 1, Block: uint32(i + 1)}, Last: backup.LSN{VLF: 1, Block: uint32(i + 2)},
				Started: backup.Moment{Local: began, UTC: &began}, Finished: backup.Moment{Local: at, UTC: &at}},
			Copies: []backup.Copy{{BucketID: "f", Keys: []string{fmt.Sprint(i)}, Size: 100, At: at}}})
	}
	if err := d.Catalogue().Put(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	return d, k, p
}

func TestAPolicyIsForeseenChangedAndRolledBack(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	d, k, p := keeping(t, now)
	ctx := t.Context()

	shorter := p
	shorter.Rules = []policy.Rule{{Kind: backup.Full, Cron: "0 2 * * *", Keep: policy.Keep{Days: 7}}, {Kind: backup.Log, Cron: "0 * * * *", Keep: policy.Keep{Days: 7}}}
	v, err := k.Preview(ctx, shorter)
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Loses) != 1 || len(v.Loses[0].Goes) != 23 || v.Bytes != 2300 || len(v.Loses[0].Lost) != 23 || len(v.Changes) != 2 || len(v.Outlook.Next) != 20 {
		t.Errorf("%+v", v)
	}
	if len(v.Findings) != 1 || v.Findings[0].Field != "log.cron" {
		t.Errorf("%+v", v.Findings)
	}
	if _, err := k.Save(ctx, shorter, policy.By{Actor: audit.Engine, Note: "less"}); err != nil {
		t.Fatal(err)
	}
	bad := p
	bad.Version, bad.Zone = 2, "Mars"
	var o *policy.Objection
	if _, err := k.Save(ctx, bad, policy.By{}); !fault.Is(err, fault.Invalid) || !errors.As(err, &o) || o.Findings[0].Field != policy.FieldZone {
		t.Errorf("%v", err)
	}
	if _, err := k.Save(ctx, p, policy.By{Actor: audit.Engine}); !fault.Is(err, fault.Conflict) {
		t.Errorf("an old version was saved over a newer: %v", err)
	}
	back, err := k.RollBack(ctx, p.ID, 1, policy.By{Actor: audit.Engine})
	if err != nil || back.Version != 3 || back.Rules[0].Keep.Days != 30 || len(back.Rules) != 1 {
		t.Fatalf("%+v %v", back, err)
	}
	versions, err := d.Policies().Versions(ctx, policy.Subject(p.ID), 10)
	if err != nil || len(versions) != 3 || versions[0].Note != "rolled back to version 1" {
		t.Errorf("%+v %v", versions, err)
	}
	if again, err := k.Save(ctx, back, policy.By{Actor: audit.Engine}); err != nil || again.Version != 3 {
		t.Errorf("what is there already made a version: %+v %v", again, err)
	}
	if err := k.Remove(ctx, p.ID, policy.By{Actor: audit.Engine}); err != nil {
		t.Error(err)
	}
}

func openStore(t testing.TB, folder string) *sqlite.DB {
	t.Helper()
	keys, err := secret.OpenKeyring(filepath.Join(folder, "bakplane.key"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := sqlite.Open(t.Context(), folder, keys, run.NewNotifier(), app.Specs())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func furnishServer(t testing.TB, d *sqlite.DB) {
	t.Helper()
	e := audit.New(audit.Engine, time.Now(), "test", "test", "Furnished.")
	if err := d.SaveBucket(t.Context(), endpoint.Bucket{ID: "f", Name: "f", Kind: folder.BucketKind, Path: "/b"}, e); err != nil {
		t.Fatal(err)
	}
	if err := d.SaveInstance(t.Context(), endpoint.Instance{ID: "s", Name: "s", Kind: sqlserver.InstanceKind, Host: "h", Login: "sa", FolderID: "f"}, e); err != nil {
		t.Fatal(err)
	}
}
