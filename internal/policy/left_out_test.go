package policy

import (
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

// TestWhatPoliciesLeaveOut: by a pattern, where none chooses it; and what is left
// of what was said before.
func TestWhatPoliciesLeaveOut(t *testing.T) {
	calendar := func(id string, enabled bool, s Selection) *Calendar {
		c, err := NewCalendar(Policy{ID: id, Name: id, Enabled: enabled, Servers: []string{"s"}, Zone: "UTC", Missed: MissedSkip, Databases: s, Rules: []Rule{{Kind: backup.Full, Cron: "0 6 * * *"}}})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	but := Selection{Exclude: []string{"*_test"}}
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	holds, over := now.Add(time.Hour), now
	for name, tc := range map[string]struct {
		calendars []*Calendar
		database  string
		said      backup.Waiver
		promised  string
		policy    string
		changes   bool
	}{
		"excluded":                           {[]*Calendar{calendar("p", true, but)}, "shop_test", backup.Waiver{}, "", "p", true},
		"said already":                       {[]*Calendar{calendar("p", true, but)}, "shop_test", backup.Waiver{PolicyID: "p", Why: `The policy p leaves it out: excluded by "*_test".`, Until: holds}, "", "p", false},
		"chosen":                             {[]*Calendar{calendar("p", true, but)}, "shop", backup.Waiver{}, "p", "", false},
		"chosen by now":                      {[]*Calendar{calendar("p", true, but)}, "shop", backup.Waiver{PolicyID: "p", Until: holds}, "p", "", true},
		"chosen by another":                  {[]*Calendar{calendar("p", true, but), calendar("q", true, Selection{Include: []string{"shop*"}})}, "shop_test", backup.Waiver{}, "q", "", false},
		"no pattern chooses it":              {[]*Calendar{calendar("p", true, Selection{Include: []string{"stock"}})}, "shop", backup.Waiver{}, "", "", false},
		"the policy rests":                   {[]*Calendar{calendar("p", false, but)}, "shop_test", backup.Waiver{PolicyID: "p", Until: holds}, "", "", true},
		"a person's word stands":             {[]*Calendar{calendar("p", true, but)}, "shop_test", backup.Waiver{By: "Anna", Until: holds}, "", "p", false},
		"a person's word is over":            {[]*Calendar{calendar("p", true, but)}, "shop_test", backup.Waiver{By: "Anna", Until: over}, "", "p", true},
		"a copy that nothing promises":       {nil, "copy", backup.Waiver{By: backup.ByHouse, Until: holds}, "", "", false},
		"a copy that a policy chooses":       {[]*Calendar{calendar("p", true, but)}, "copy", backup.Waiver{By: backup.ByHouse, Until: holds}, "p", "", true},
		"a person's word on a promised one":  {[]*Calendar{calendar("p", true, but)}, "shop", backup.Waiver{By: "Anna", Until: holds}, "p", "", false},
		"system databases are not left out":  {[]*Calendar{calendar("p", true, but)}, "msdb", backup.Waiver{}, "", "", false},
		"a word whose policy is gone by now": {nil, "shop_test", backup.Waiver{PolicyID: "p", Until: holds}, "", "", true},
	} {
		is := backup.Protection{Promise: backup.Promise{InstanceID: "s", Database: tc.database}, Waiver: tc.said}
		got := LeftOut(tc.calendars, is)
		if got.PolicyID != tc.policy || (got.Why != "") != (tc.policy != "") {
			t.Errorf("%s: %+v", name, got)
		}
		if c := supersedes(got, is, backup.Promise{PolicyID: tc.promised}, now); c != tc.changes {
			t.Errorf("%s: changes what was said: %v", name, c)
		}
	}
}
