package app_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/demo"
	"github.com/bakplane/bakplane/internal/emulator/emulators"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
	s3emu "github.com/bakplane/bakplane/internal/emulator/s3"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
	"github.com/bakplane/bakplane/internal/objectstore/objectstoretest"
)

// A person adds an account of AWS and a bucket in S3, sees it among the places
// and tests it; when a policy shuts something out, the test names the line.
func TestABucketInS3IsAddedAndTested(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.reader()
	says := func(page string, all ...string) {
		t.Helper()
		for _, want := range all {
			if !strings.Contains(page, want) {
				t.Errorf("%q is not said: %s", want, page)
			}
		}
	}
	says(r.get("/settings"), "AWS accounts", "S3 buckets")
	says(r.post("/settings/aws-accounts", url.Values{"name": {"Frankfurt"}, "region": {"Frankfurt"}, "access_key_id": {emulators.S3KeyID}, "secret": {emulators.S3Secret}}), "is not a region")
	says(r.post("/settings/aws-accounts", url.Values{"name": {"Frankfurt"}, "region": {emulators.S3Region}, "access_key_id": {emulators.S3KeyID}, "secret": {emulators.S3Secret}}), "The AWS account is saved", "Frankfurt")
	accounts, err := h.app.DB.Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	id := ""
	for _, a := range accounts {
		if a.Name == "Frankfurt" {
			id = a.ID
		}
	}
	form := url.Values{"bucket": {"reports"}, "region": {emulators.S3Region}, "account_id": {id}, "address": {h.cloud.S3.URL}, "path_style": {"yes"}}
	if err := h.cloud.S3.SetBucket(s3emu.Bucket{Name: "reports", Region: emulators.S3Region, Owner: emulators.S3Owner, Encryption: "AES256"}); err != nil {
		t.Fatal(err)
	}
	bad := url.Values{"bucket": {"No Bucket"}, "region": {emulators.S3Region}}
	says(r.post("/settings/s3-buckets", bad), "is not a bucket name")
	says(r.post("/settings/s3-buckets", form), "The S3 bucket is saved", "reports")
	says(r.get("/storage"), "reports", "S3 bucket", "fit for migrations")
	buckets, err := h.app.DB.Buckets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range buckets {
		if b.Bucket == "reports" {
			id = b.ID
		}
	}
	says(r.get("/storage/"+id), "Test it", "/storage/"+id+"/test")
	says(r.post("/storage/"+id+"/test", nil), "everything works", "Abort the upload")
	if err := h.cloud.S3.SetBucket(s3emu.Bucket{Name: "reports", Region: emulators.S3Region, Owner: emulators.S3Owner, Encryption: "aws:kms", Deny: []string{"s3:PutObject"}}); err != nil {
		t.Fatal(err)
	}
	says(r.post("/storage/"+id+"/test", nil), "2 steps fail", "A policy denies s3:PutObject outright", "not tried", "kms:GenerateDataKey")
	says(r.get("/audit"), "Tested the bucket reports")
}

// Backup files that lie in S3 are the source of a migration to ApsaraDB: their
// bytes go through the dashboard into OSS, and what is applied there is what
// lay in S3.
func TestFilesInS3AreMigratedToTheOtherCloud(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a long journey")
	}
	h := newHouse(t)
	dir := t.TempDir()
	if _, err := mtf.Chain(dir, mtf.Options{Database: "ledger", Server: "SQL1", Started: time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC), DataSize: 20 << 20, Checksums: true}); err != nil {
		t.Fatal(err)
	}
	from, err := folder.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	to, err := h.app.Ports.Bucket(t.Context(), demo.S3)
	if err != nil {
		t.Fatal(err)
	}
	files, err := from.List(t.Context(), "", "", 100)
	if err != nil || len(files) < 3 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, f := range files {
		source, err := objectstore.OpenSource(t.Context(), from, f.Key)
		if err != nil {
			t.Fatal(err)
		}
		_, err = objectstore.Upload{Bucket: to, Key: "ledger/" + f.Key, Source: source, Ledger: new(objectstoretest.Memory)}.Run(t.Context())
		source.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
	d := h.draft(func(w *migration.FilesRequest) { w.SourceID, w.SourcePrefix = demo.S3, "ledger/" })
	if d.Plan == nil || !d.Plan.Whole() {
		t.Fatalf("plan %+v", d.Plan)
	}
	id := h.start(d)
	m := h.until(id, "every file applied", following)
	if got, want := m.AppliedTo(), d.Plan.Reaches; got != want {
		t.Errorf("applied to %s, want %s", got, want)
	}
}
