package arn

import (
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/fault"
)

func TestObjectsAreNamed(t *testing.T) {
	const point = "arn:aws-cn:s3:cn-north-1:123456789012:accesspoint/backups"
	for _, c := range []struct{ partition, place, key, want string }{
		{"", "bucket", "key.bak", "arn:aws:s3:::bucket/key.bak"},
		{Standard, "bucket", "a/b c/*", "arn:aws:s3:::bucket/a/b c/*"},
		{China, "bucket", "k", "arn:aws-cn:s3:::bucket/k"},
		{Gov, "bucket", "k", "arn:aws-us-gov:s3:::bucket/k"},
		{Europe, "bucket", "k", "arn:aws-eusc:s3:::bucket/k"},
		{Standard, "bucket", "", "arn:aws:s3:::bucket"},
		{Standard, point, "dir/k.bak", point + "/object/dir/k.bak"}, // its own partition counts
		{Standard, point, "", point},
	} {
		got := Object(c.partition, c.place, c.key)
		if got != c.want {
			t.Errorf("Object(%q, %q, %q) = %s, want %s", c.partition, c.place, c.key, got, c.want)
		}
		n, err := Parse(got)
		if err != nil || n.String() != got || n.Key != c.key || n.Place() != c.place {
			t.Errorf("%s is read as %+v, %v", got, n, err)
		}
	}
}

func TestPartitionsOfRegions(t *testing.T) {
	for region, want := range map[string]string{"eu-central-1": Standard, "": Standard, "us-east-1": Standard, "cn-northwest-1": China, "us-gov-west-1": Gov, "eusc-de-east-1": Europe} {
		if got := PartitionOf(region); got != want {
			t.Errorf("%q lies in %s, want %s", region, got, want)
		}
	}
}

// The user guide of RDS prints two spellings; the one with accesspoint is S3's own.
func TestBothSpellingsOfAccessPoints(t *testing.T) {
	n, err := Parse("arn:aws:s3:us-east-1:123456789012:backups/object/k")
	if err != nil || n.String() != "arn:aws:s3:us-east-1:123456789012:accesspoint/backups/object/k" {
		t.Errorf("read as %s, %v", n, err)
	}
}

func TestOtherTextsAreRefused(t *testing.T) {
	for text, says := range map[string]string{
		"":                      "arn:",
		"bucket":                "arn:",
		"s3://bucket/key":       "arn:",
		"arn:aws:s3:bucket/key": "arn:",
		"arn:azure:s3:::bucket": "partition",
		"arn:aws:kms:us-east-1:123456789012:key/1":               "service s3",
		"arn:aws:s3:::Bucket/key":                                "lower-case",
		"arn:aws:s3:::/key":                                      "lower-case",
		"arn:aws:s3:us-east-1:12:accesspoint/a-name":             "twelve digits",
		"arn:aws:s3::123456789012:accesspoint/a-name":            "region",
		"arn:aws:s3:us-east-1:123456789012:accesspoint/a-name/k": "object/key",
	} {
		_, err := Parse(text)
		if _, fix := fault.Words(err); !fault.Is(err, fault.Invalid) || !strings.Contains(fix, says) {
			t.Errorf("%q: %v, fix %q", text, err, fix)
		}
	}
}
