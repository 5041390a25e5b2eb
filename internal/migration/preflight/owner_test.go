package preflight

import (
	"testing"

	"github.com/bakplane/bakplane/internal/migration"
)

// TestWhoIsToOwnTheDatabaseMustBeThere at the target, before anything begins.
func TestWhoIsToOwnTheDatabaseMustBeThere(t *testing.T) {
	for _, tc := range []struct {
		name  string
		owner string
		there bool
		want  migration.Level
	}{
		{"nobody is named", "", false, ""},
		{"it is there", "app", true, migration.Passed},
		{"it is not", "app", false, migration.Barred},
	} {
		j := &judge{}
		j.host(Facts{Migration: migration.Migration{Database: "shop", Keep: migration.Keeping{Owner: tc.owner}}, Host: &HostCheck{Owner: tc.there}})
		if got := levelsOf(t, j.out)["owner"]; got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}
