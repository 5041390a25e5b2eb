package s3_test

import (
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/emulator/control"
	emulator "github.com/bakplane/bakplane/internal/emulator/s3"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
)

// A trial says which of its steps fails and which line of a policy is missing.
func TestATrialNamesTheMissingLine(t *testing.T) {
	all := []string{"s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListMultipartUploadParts", "s3:ListBucketMultipartUploads", "s3:AbortMultipartUpload"}
	failing := map[string][]string{ // what fails without the line, by the names of steps
		"s3:ListBucket": {"List files"}, "s3:GetObject": {"Read it"}, "s3:PutObject": {"Write a file", "Begin an upload in parts"}, "s3:DeleteObject": {"Delete the file"},
		"s3:ListMultipartUploadParts": {"List the parts"}, "s3:ListBucketMultipartUploads": {"List unfinished uploads"}, "s3:AbortMultipartUpload": {"Abort the upload"},
	}
	for _, without := range append([]string{""}, all...) {
		var has []string
		for _, a := range all {
			if a != without {
				has = append(has, a)
			}
		}
		limited := emulator.Account{KeyID: "AKIALIMITED", Secret: secret, Owner: us.Owner, User: "limited", Allow: has}
		run := service(t, func(c *emulator.Config) { c.Accounts = append(c.Accounts, limited) })
		cfg := config(run)
		cfg.AccessKeyID, cfg.Secret = limited.KeyID, limited.Secret
		var failed []string
		for _, tried := range objectstore.Try(t.Context(), open(t, cfg), "bakplane-test/1") {
			if tried.Err == nil {
				continue
			}
			failed = append(failed, tried.What.String())
			if _, fix := fault.Words(tried.Err); !fault.Is(tried.Err, fault.Denied) || !strings.Contains(fix, "Allow "+without+" on arn:aws:s3:::backups") {
				t.Errorf("without %s: %s says %v, fix %q", without, tried.What, tried.Err, fix)
			}
		}
		if strings.Join(failed, ", ") != strings.Join(failing[without], ", ") {
			t.Errorf("without %q fails: %q, want %q", without, failed, failing[without])
		}
		if without != "" {
			continue
		}
		b := open(t, config(run))
		if left, err := b.List(t.Context(), "", "", 10); err != nil || len(left) > 0 {
			t.Errorf("a trial leaves %v, %v", left, err)
		}
		if left, err := b.Uploads(t.Context(), "", 10); err != nil || len(left) > 0 {
			t.Errorf("a trial leaves uploads %v, %v", left, err)
		}
	}
}

// What passes from here and fails from RDS is said.
func TestRemarksOfABucket(t *testing.T) {
	const policy = `{"Version":"2012-10-17","Statement":[{"Sid":"OnlyOurs","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}},
		{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}]}`
	run := service(t, func(c *emulator.Config) {
		c.Buckets = append(c.Buckets, emulator.Bucket{Name: "remarkable", ObjectLock: 30, Encryption: "aws:kms", Policy: policy, Expires: 14})
	})
	cfg := config(run)
	if got := open(t, cfg).Remarks(t.Context()); len(got) != 0 {
		t.Errorf("remarks of an ordinary bucket: %v", got)
	}
	cfg.Bucket = "remarkable"
	var text strings.Builder
	for _, r := range open(t, cfg).Remarks(t.Context()) {
		text.WriteString(r.Text.String() + " " + r.Fix.String() + "\n")
	}
	for _, want := range []string{"Object Lock, 30 days", "kms:Decrypt", "denies requests by aws:SourceVpce (statement OnlyOurs)", "(tidy) deletes files 14 days"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not said in:\n%s", want, text.String())
		}
	}
	if strings.Contains(text.String(), "SourceIp") {
		t.Errorf("a statement that allows is taken for a denial:\n%s", text.String())
	}
}

// A server that never saw an upload in a bucket answers a list of them as if
// one of them were missing: there are none. Another refusal stays one.
func TestABucketThatNeverHadAnUpload(t *testing.T) {
	run := service(t)
	b := open(t, config(run))
	bite(t, run, control.Rule{Operation: "ListMultipartUploads", Status: 404, Code: "NoSuchUpload"})
	if found, err := b.Uploads(t.Context(), "", 10); err != nil || len(found) != 0 {
		t.Errorf("%+v, %v", found, err)
	}
	bite(t, run, control.Rule{Operation: "ListMultipartUploads", Status: 403, Code: "AccessDenied"})
	if found, err := b.Uploads(t.Context(), "", 10); !fault.Is(err, fault.Denied) {
		t.Errorf("%+v, %v", found, err)
	}
}
