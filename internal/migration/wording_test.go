package migration

import (
	"strings"
	"testing"
	"time"
)

func TestLasting(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		want string
	}{
		{-time.Second, "0 s"}, {0, "0 s"}, {499 * time.Millisecond, "0 s"},
		{90 * time.Second, "90 s"}, {119*time.Second + 400*time.Millisecond, "119 s"},
		{119*time.Second + 600*time.Millisecond, "2 min"}, {2 * time.Minute, "2 min"}, {150 * time.Second, "3 min"},
		{96 * time.Minute, "96 min"}, {time.Hour, "60 min"}, {179 * time.Minute, "179 min"},
		{3*time.Hour - time.Second, "3 h"}, {3 * time.Hour, "3 h"}, {4*time.Hour + 30*time.Minute, "4 h 30 min"}, {24 * time.Hour, "24 h"},
		{48*time.Hour - time.Second, "2 days"}, {80 * time.Hour, "3 days"},
	} {
		if got := lasting(c.d); got != c.want {
			t.Errorf("%s is worded %q, want %q", c.d, got, c.want)
		}
	}
}

func TestCallsADayAreWordedForPeople(t *testing.T) {
	for every, want := range map[time.Duration]string{
		10 * time.Minute: "A log backup every 10 min uses up the 20 imports a day in 150 min; then only those kept for the cutover are left. Choose 96 min or more, unless the cutover comes before.",
		96 * time.Minute: "A log backup every 96 min fits into the 20 imports a day. ",
	} {
		var told string
		for _, f := range JudgeLive(Facts{Instance: TargetInstance{Region: "cn-hangzhou"}}, SourceFacts{Every: every}) {
			if f.Code == "calls" {
				told += strings.Join([]string{f.Text, f.Fix}, " ")
			}
		}
		if told != want {
			t.Errorf("every %s: %q, want %q", every, told, want)
		}
	}
}
