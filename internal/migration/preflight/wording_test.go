package preflight

import (
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/migration"
)

func TestCallsADayAreWordedForPeople(t *testing.T) {
	for every, want := range map[time.Duration]string{
		10 * time.Minute: "A log backup every 10 min uses up the 20 imports a day in 2 h 30 min; then only those kept for the cutover are left. Choose 1 h 36 min or more, unless the cutover comes before.",
		96 * time.Minute: "A log backup every 1 h 36 min fits into the 20 imports a day. ",
	} {
		var told string
		for _, f := range JudgeLive(Facts{Migration: migration.Migration{Traits: serviceTraits}, Instance: migration.TargetInstance{Region: "cn-hangzhou"}}, SourceFacts{Every: every}) {
			if f.Code == "calls" {
				told += strings.Join([]string{f.Text.String(), f.Fix.String()}, " ")
			}
		}
		if told != want {
			t.Errorf("every %s: %q, want %q", every, told, want)
		}
	}
}
