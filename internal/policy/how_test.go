package policy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/endpoint"
)

// TestWhatNoServerTakesOfABackupIsSaid by field, with what to do.
func TestWhatNoServerTakesOfABackupIsSaid(t *testing.T) {
	for _, tc := range []struct {
		how   How
		field string // empty = fine
	}{
		{How{}, ""},
		{How{BlockSize: 512, Transfer: 65536, Buffers: 1, Key: "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555", AsBucket: true, Overwrite: true}, ""},
		{How{BlockSize: 65536, Transfer: 4194304, Buffers: 1024, Key: "arn:aws-cn:kms:cn-north-1:111122223333:key/mrk-1"}, ""},
		{How{BlockSize: 3000}, FieldBlockSize}, {How{BlockSize: 256}, FieldBlockSize}, {How{BlockSize: 131072}, FieldBlockSize}, {How{BlockSize: -512}, FieldBlockSize},
		{How{Transfer: 65535}, FieldTransfer}, {How{Transfer: 100000}, FieldTransfer}, {How{Transfer: 4194304 + 65536}, FieldTransfer}, {How{Transfer: -65536}, FieldTransfer},
		{How{Buffers: -1}, FieldBuffers}, {How{Buffers: 1025}, FieldBuffers},
		{How{Key: "alias/aws/rds"}, FieldKey}, {How{Key: "arn:aws:kms:eu-central-1:111122223333:alias/aws/rds"}, FieldKey}, {How{Key: "arn:aws:s3:::bucket"}, FieldKey},
	} {
		found := tc.how.Wrong()
		if tc.field == "" && len(found) > 0 || tc.field != "" && (len(found) != 1 || found[0].Field != tc.field || !found[0].Bars || found[0].Fix.IsZero()) {
			t.Errorf("%+v: %+v", tc.how, found)
		}
	}
}

// TestAKeyOfACloudIsForItsInstances: a policy that chooses a server of one's own
// too is refused, with the reason.
func TestAKeyOfACloudIsForItsInstances(t *testing.T) {
	c := &check{policy: Policy{How: How{Key: "arn:aws:kms:eu-central-1:111122223333:key/1"}}, facts: Facts{Lacking: map[string]endpoint.Lacks{"shop": {Keys: true}, "far": {Logs: true}}}}
	c.lacking()
	if said := fmt.Sprint(c.out); len(c.out) != 1 || !c.out[0].Bars || c.out[0].Field != FieldKey || !strings.Contains(said, "shop") {
		t.Errorf("%+v", c.out)
	}
}
