package app_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/emulator/emulators"
	s3emu "github.com/bakplane/bakplane/internal/emulator/s3"
)

// A person adds an account of AWS and a bucket in S3, sees it among the places
// and tests it; when a policy shuts something out, the test names the line.
func TestABucketInS3IsAddedAndTested(t *testing.T) {
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
