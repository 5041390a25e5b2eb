package migrations

import (
	"testing"

	"github.com/bakplane/bakplane/internal/endpoint"
)

// TestTheBucketThatIsOfferedFirst is one that the chosen target reads, or the
// target that stands first in the form; what a person chose stays.
func TestTheBucketThatIsOfferedFirst(t *testing.T) {
	buckets := []endpoint.Bucket{{ID: "frankfurt", Kind: "s3", Service: true}, {ID: "disk", Kind: "folder"}, {ID: "hangzhou", Kind: "oss", Service: true}}
	reads := func(k endpoint.BucketKind) endpoint.Traits { return endpoint.Traits{Reads: []endpoint.BucketKind{k}} }
	targets := []endpoint.Instance{{ID: "rm", Traits: reads("oss")}, {ID: "rds", Traits: reads("s3")}, {ID: "own"}}
	for _, tc := range []struct{ instance, chosen, want string }{
		{"", "", "hangzhou"}, {"rm", "", "hangzhou"}, {"rds", "", "frankfurt"}, {"own", "", ""}, {"rds", "hangzhou", "hangzhou"},
	} {
		f := stagingField(buckets, targets, tc.instance, tc.chosen)
		if f.Value != tc.want || len(f.Options) != 2 {
			t.Errorf("%+v: %q of %+v", tc, f.Value, f.Options)
		}
	}
}
