package policy

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

func TestWhyAPolicyTakesNoMoreOfADatabase(t *testing.T) {
	gone := time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)
	other := &Family{InstanceID: "b", Server: "B", Database: "shop2"}
	all := Policy{Name: "nightly", Servers: []string{"a"}}
	for _, row := range []struct {
		name    string
		policy  Policy
		removed bool
		is      backup.Protection
		moved   *Family
		want    Leftover
		says    string
	}{
		{"chosen", all, false, backup.Protection{}, nil, InUse, ""},
		{"its family is elsewhere too, and it is still here", all, false, backup.Protection{}, other, InUse, ""},
		{"the policy is gone, whatever else", all, true, backup.Protection{Dropped: gone}, other, PolicyRemoved, "nightly was removed"},
		{"its server is not named", Policy{Name: "nightly", Servers: []string{"c"}}, false, backup.Protection{}, nil, ServerLeft, "does not name its server"},
		{"another replica is named", Policy{Name: "nightly", Servers: []string{"c"}}, false, backup.Protection{Replicas: []string{"a", "c"}}, nil, InUse, ""},
		{"dropped", all, false, backup.Protection{Dropped: gone}, nil, Dropped, "since 2026-03-01 04:00 UTC"},
		{"moved", all, false, backup.Protection{Dropped: gone}, other, Moved, "B has shop2 of the same family"},
		{"excluded", Policy{Name: "nightly", Servers: []string{"a"}, Databases: Selection{Exclude: []string{"sh*"}}}, false, backup.Protection{}, nil, NotChosen, `excluded by "sh*"`},
		{"chosen by nothing", Policy{Name: "nightly", Servers: []string{"a"}, Databases: Selection{Include: []string{"crm"}}}, false, backup.Protection{}, nil, NotChosen, "no pattern chooses it"},
		{"dropped and excluded", Policy{Name: "nightly", Servers: []string{"a"}, Databases: Selection{Exclude: []string{"shop"}}}, false, backup.Protection{Dropped: gone}, nil, Dropped, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.is.InstanceID, row.is.Database = "a", "shop"
			got := LeftoverOf(row.policy, row.removed, row.is, row.moved)
			if says := got.Words(row.policy, row.is, row.moved).String(); got != row.want || !strings.Contains(says, row.says) || (got == InUse) != (says == "") {
				t.Errorf("%q: %s", got, says)
			}
			if got.Unattended() != (row.want == PolicyRemoved || row.want == ServerLeft) {
				t.Errorf("unattended %v", got.Unattended())
			}
		})
	}
}

// TestWhatGoesWhenAPersonLetsGo: everything of the policy, the newest chain too,
// but not what is held, what that stands on, and what is somebody else's.
func TestWhatGoesWhenAPersonLetsGo(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(full, diff, log *backup.Record)
		goes   []string
	}{
		{"all", func(_, _, _ *backup.Record) {}, []string{"full", "diff", "log"}},
		{"a pinned differential keeps its full", func(_, d, _ *backup.Record) { d.Pinned = true }, []string{"log"}},
		{"one that is kept until a day keeps the chain below it", func(_, _, l *backup.Record) { l.Expires = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC) }, nil},
		{"a person's own differential keeps the full of the policy", func(_, d, _ *backup.Record) { d.PolicyID = "" }, []string{"log"}},
		{"another policy's log keeps what it stands on", func(_, _, l *backup.Record) { l.PolicyID = "q" }, nil},
		{"what others took asks for nothing", func(_, d, _ *backup.Record) { d.Origin, d.PolicyID = backup.ByOthers, "" }, []string{"full", "log"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			full, diff, log := takenOn("full", 1), takenOn("diff", 2), takenOn("log", 3)
			diff.Set.Kind, diff.Set.DifferentialBaseLSN, diff.Set.DifferentialBase = backup.Differential, full.Set.First, full.Set.ID
			log.Set.Kind, log.Set.First = backup.Log, diff.Set.First
			row.change(&full, &diff, &log)
			out, err := Clear(Policy{ID: "p", Zone: "UTC"}, []backup.Record{full, diff, log}, time.Date(2026, 5, 20, 2, 0, 0, 0, time.UTC))
			if err != nil {
				t.Fatal(err)
			}
			var goes []string
			for _, r := range out.Remove {
				goes = append(goes, r.Record.ID)
			}
			if !slices.Equal(goes, row.goes) {
				t.Errorf("%v goes, want %v", goes, row.goes)
			}
		})
	}
}
