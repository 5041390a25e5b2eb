package servermigration

import (
	"strings"
	"testing"
)

// TestTheNewServerIsSetBesideTheSource: what is missing, not open or holds less
// is never called the same.
func TestTheNewServerIsSetBesideTheSource(t *testing.T) {
	before := []Counted{{Database: "shop", State: "ONLINE", Rows: 10, Objects: 3}, {Database: "crm", State: "ONLINE", Rows: 5, Objects: 1}, {Database: "gone", State: "ONLINE"}, {Database: "disk", State: "ONLINE"}, {Database: "off", State: "ONLINE"}, {Database: "msdb", State: "ONLINE", Rows: 900}, {Database: "more", State: "ONLINE", Rows: 1}}
	then := []Counted{{Database: "Shop", State: "ONLINE", Rows: 10, Objects: 3}, {Database: "crm", State: "ONLINE", Rows: 4, Objects: 1}, {Database: "disk", State: "RECOVERY_PENDING"}, {Database: "off", State: "OFFLINE"}, {Database: "msdb", State: "ONLINE", Rows: 1}, {Database: "more", State: "ONLINE", Rows: 2}}
	want := map[string]struct {
		same bool
		says string
	}{"shop": {true, "As many"}, "crm": {false, "1 row fewer"}, "gone": {false, "not at the new"}, "disk": {false, "drive letter"}, "off": {false, "OFFLINE"}, "msdb": {true, "Online"}, "more": {false, "differ"}}
	got := SetBeside(before, then)
	if len(got) != len(want) {
		t.Fatalf("%d rows", len(got))
	}
	for _, b := range got {
		if w := want[b.Database]; b.Same != w.same || !strings.Contains(b.Says.String(), w.says) {
			t.Errorf("%s: %v %s", b.Database, b.Same, b.Says)
		}
	}
}
