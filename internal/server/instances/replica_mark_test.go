package instances

import (
	"testing"

	"github.com/bakplane/bakplane/internal/backup"
)

func TestWhatAReplicaTakesIsSaid(t *testing.T) {
	for want, d := range map[string]backup.Database{
		"primary in AG, takes fulls":           {InAvailabilityGroup: true, Member: &backup.Member{Group: "AG", Role: backup.Primary}},
		"secondary in AG, takes logs":          {InAvailabilityGroup: true, PreferredReplica: true, Member: &backup.Member{Group: "AG", Role: backup.Secondary}},
		"secondary in AG, takes no backups":    {InAvailabilityGroup: true, Member: &backup.Member{Group: "AG", Role: backup.Secondary}},
		"primary in AG, takes fulls and logs":  {InAvailabilityGroup: true, PreferredReplica: true, Member: &backup.Member{Group: "AG", Role: backup.Primary}},
		"availability group, takes no backups": {InAvailabilityGroup: true},
	} {
		if got := replicaMark(d); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
