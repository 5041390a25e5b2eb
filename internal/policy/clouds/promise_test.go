package clouds

import (
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/policy"
)

// What a service's own policy promises: the objective follows from its logs,
// and what is due from its days, its hour and the sets that came.
func TestCloudPromises(t *testing.T) {
	// 20 November 2026 is a Friday.
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 11, day, hour, minute, 0, 0, time.UTC) }
	never := time.Time{}
	weekly := Standard{RetentionDays: 7, Days: []time.Weekday{time.Monday, time.Thursday}, Hour: 18, Method: Physical, Log: LogEvery30}
	five, asData, none := weekly, weekly, weekly
	five.Log, asData.Log, none.Days = LogEvery5, LogAsData, nil
	sparse := Advanced{Hour: 2, Method: Physical, Log: LogEvery30, Rows: []Sparse{
		{Cycle: Weekly, Days: []int{1, 4}, RetentionDays: 30}, {Cycle: Monthly, Days: []int{21}, RetentionDays: 365}}}
	sparseAsData := sparse
	sparseAsData.Log = LogAsData
	for name, c := range map[string]struct {
		content         Content
		since           time.Time // of the policy
		full, diff, log time.Time
		objective       time.Duration
		slack           time.Duration
		due             time.Time
	}{
		"the next log":                        {Content{Standard: weekly}, at(1, 0, 0), at(19, 18, 40), never, at(20, 9, 0), 30 * time.Minute, logSlack, at(20, 9, 45)},
		"a log did not come":                  {Content{Standard: weekly}, at(1, 0, 0), at(19, 18, 40), never, at(20, 7, 0), 30 * time.Minute, logSlack, at(20, 7, 45)},
		"every five minutes":                  {Content{Standard: five}, at(1, 0, 0), at(19, 18, 40), never, at(20, 9, 0), 5 * time.Minute, logSlack, at(20, 9, 20)},
		"no log yet: the next data backup":    {Content{Standard: weekly}, at(1, 0, 0), at(19, 18, 40), never, never, 30 * time.Minute, logSlack, at(23, 23, 0)},
		"logs come with data":                 {Content{Standard: asData}, at(1, 0, 0), at(19, 18, 40), never, at(19, 18, 40), 4*24*time.Hour + time.Hour, dataSlack, at(23, 23, 0)},
		"a data backup did not come":          {Content{Standard: asData}, at(1, 0, 0), at(16, 18, 40), never, at(16, 18, 40), 4*24*time.Hour + time.Hour, dataSlack, at(19, 23, 0)},
		"a differential is a data backup":     {Content{Standard: asData}, at(1, 0, 0), at(16, 18, 40), at(19, 18, 30), never, 4*24*time.Hour + time.Hour, dataSlack, at(23, 23, 0)},
		"by hand, before its hour":            {Content{Standard: asData}, at(1, 0, 0), at(19, 17, 0), never, never, 4*24*time.Hour + time.Hour, dataSlack, at(19, 23, 0)},
		"a change owes nothing of before":     {Content{Standard: asData}, at(20, 8, 0), at(2, 18, 40), never, never, 4*24*time.Hour + time.Hour, dataSlack, at(23, 23, 0)},
		"no days":                             {Content{Standard: none}, at(1, 0, 0), at(19, 18, 40), never, never, 30 * time.Minute, logSlack, never},
		"advanced: a day of any rule":         {Content{AdvancedOn: true, Advanced: &sparse, Standard: weekly}, at(1, 0, 0), at(19, 2, 40), never, never, 30 * time.Minute, logSlack, at(21, 7, 0)},
		"advanced: logs with data, the weeks": {Content{AdvancedOn: true, Advanced: &sparseAsData, Standard: weekly}, at(1, 0, 0), at(21, 2, 40), never, never, 4*24*time.Hour + time.Hour, dataSlack, at(23, 7, 0)},
	} {
		is := backup.Protection{Promise: backup.Promise{InstanceID: "i", Database: "crm", Objective: time.Hour, Since: at(1, 0, 0)}, LastFull: c.full, LastDifferential: c.diff, LastLog: c.log}
		got := Promises(LastPolicy{c.content, c.since}, is, at(20, 9, 10))
		if got.PolicyID != "" || got.Objective != c.objective || got.Slack != c.slack || !got.Due.Equal(c.due) || !got.Since.Equal(at(1, 0, 0)) || got.InstanceID != "i" || got.Database != "crm" {
			t.Errorf("%s: %+v, want %v and %v, due %v", name, got, c.objective, c.slack, c.due)
		}
	}
	fresh := Promises(LastPolicy{Content{Standard: weekly}, at(1, 0, 0)}, backup.Protection{LastFull: at(2, 18, 0), LastLog: at(3, 0, 0)}, at(20, 9, 10))
	if !fresh.Since.Equal(at(20, 9, 10)) || !fresh.Due.Equal(at(20, 9, 55)) {
		t.Errorf("a database that was promised nothing before: %+v", fresh)
	}
}

// A policy stands since the oldest version that is the same as the newest.
func TestReadLast(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }
	of := func(hour, n int) policy.Version {
		return Content{Standard: Standard{Hour: hour, RetentionDays: 7}}.version("i", day(n))
	}
	bad := policy.Version{Content: []byte("{"), At: day(9)}
	for name, c := range map[string]struct {
		versions []policy.Version
		known    bool
		hour     int
		since    time.Time
	}{
		"none was read":       {nil, false, 0, time.Time{}},
		"one":                 {[]policy.Version{of(18, 3)}, true, 18, day(3)},
		"acknowledged":        {[]policy.Version{of(18, 5), of(18, 3), of(2, 1)}, true, 18, day(3)},
		"there and back":      {[]policy.Version{of(18, 5), of(2, 3), of(18, 1)}, true, 18, day(5)},
		"the newest unread":   {[]policy.Version{bad, of(18, 3)}, false, 0, time.Time{}},
		"an older one unread": {[]policy.Version{of(18, 5), bad, of(18, 1)}, true, 18, day(5)},
	} {
		got, known := ReadLast(c.versions)
		if known != c.known || got.Content.Standard.Hour != c.hour || !got.Since.Equal(c.since) {
			t.Errorf("%s: %+v, %v", name, got, known)
		}
	}
}
