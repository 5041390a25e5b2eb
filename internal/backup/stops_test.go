package backup

import (
	"strings"
	"testing"
	"time"
)

// stopAt plans for a second of the clock of build: minutes and seconds.
func stopAt(minute, second int) Options {
	at := clock(minute).Time().Add(time.Duration(second) * time.Second)
	return Options{StopAt: &at}
}

// stops draws the steps of a plan, those WITH STOPAT marked.
func stops(p Plan) string {
	var words []string
	for _, s := range p.Steps {
		word := s.Set.FileName()
		if s.StopAt {
			word += "!"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// TestEveryLogThatMayHoldTheMomentStops: backups take a minute here, so a
// moment within one may lie in its log or in the next.
func TestEveryLogThatMayHoldTheMomentStops(t *testing.T) {
	lines := []string{"F 1 10 12", "L 2 10 20 begins", "L 3 20 30", "L 4 30 40", "L 5 40 50"}
	for _, tt := range []struct {
		name string
		o    Options
		want string
	}{
		{"between two backups", stopAt(35, 0), "F1 L2 L3 L4!"},
		{"while one was taken", stopAt(30, 30), "F1 L2 L3! L4!"},
		{"in the second in which one ended", stopAt(31, 0), "F1 L2 L3! L4!"},
		{"in the second after", stopAt(31, 1), "F1 L2 L3! L4!"},
		{"well after", stopAt(31, 2), "F1 L2 L3 L4!"},
		{"without a moment", Options{}, "F1 L2 L3 L4 L5"},
	} {
		if got := stops(Plans(build(t, lines...), tt.o)[0]); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	sets := build(t, lines...)
	sets[2].Finished, sets[2].Started = Moment{}, Moment{}
	if got := stops(Plans(sets, stopAt(45, 0))[0]); got != "F1 L2 L3! L4 L5!" {
		t.Errorf("a log that tells no time: %s", got)
	}
}

// TestAdviceAboutMinimallyLoggedChangesHolds takes every moment that the advice
// names, and gets a plan that ends there.
func TestAdviceAboutMinimallyLoggedChangesHolds(t *testing.T) {
	for name, lines := range map[string][]string{
		"behind a log":      {"F 1 10 12", "L 2 10 20 begins", "L 3 20 30 bulk", "L 4 30 40"},
		"behind a full":     {"F 2 10 20", "L 3 10 30 begins bulk", "L 4 30 40"},
		"with nothing more": {"F 1 10 12", "L 2 10 20 begins", "L 3 20 30 bulk"},
		"two of them":       {"F 1 10 12", "L 2 10 20 begins bulk", "L 3 20 30 bulk", "L 4 30 40"},
	} {
		for _, second := range []int{0, 30} { // between the backups, and while the log was taken
			p := Plans(build(t, lines...), stopAt(25+5*(second/30), second))[0]
			if p.ReachesStop || p.Whole() || len(p.Missing) != 1 || p.Missing[0].MissingKind != MissingStop {
				t.Fatalf("%s: %s, %+v", name, picture(p), p.Missing)
			}
			fix := p.Missing[0].Fix
			for ended, until := range map[int]string{21: "2", 31: "3"} {
				at := clock(ended).Time()
				if !strings.Contains(fix, at.Format(time.DateTime+" UTC")) {
					t.Errorf("%s: %s is not offered: %s", name, at, fix)
				}
				p := Plans(build(t, lines...), Options{StopAt: &at})[0]
				if got := stops(p); !p.Whole() || !p.ReachesStop || !strings.HasSuffix(got, until) || strings.Contains(got, "!") {
					t.Errorf("%s: to %s: %s, %+v", name, at, got, p.Missing)
				}
			}
		}
	}
}

func TestAQuietHourIsReached(t *testing.T) {
	lines := []string{"F 1 10 12", "L 2 10 20 begins", "L 5 20 20 idle"}
	p := Plans(build(t, lines...), stopAt(40, 0))[0]
	if got := picture(p); got != "F1 L2 | L5:covered | " || !p.ReachesStop || len(p.Notes) == 0 || strings.Contains(stops(p), "!") {
		t.Errorf("%s, reaches %v, notes %v", got, p.ReachesStop, p.Notes)
	}
	if p := Plans(build(t, lines...), stopAt(55, 0))[0]; p.ReachesStop || p.Whole() {
		t.Errorf("nothing tells of a time after the last backup: %s", picture(p))
	}
	full := Plans(build(t, "F 1 10 12"), stopAt(11, 0))[0]
	if !full.ReachesStop || !full.Whole() {
		t.Errorf("the end of the full backup itself: %s", picture(full))
	}
}

// TestAMomentOfUTCNeedsSetsThatTellIt: compared with the server's clock as it
// stood, a stop would be off by hours, and nothing would show it.
func TestAMomentOfUTCNeedsSetsThatTellIt(t *testing.T) {
	for name, lines := range map[string][]string{
		"in a log":   {"F 1 10 12", "L 2 10 20 begins"},
		"behind all": {"F 1 10 12"},
	} {
		sets := build(t, lines...)
		for i := range sets {
			sets[i].Started.UTC, sets[i].Finished.UTC = nil, nil
		}
		o := stopAt(15, 0)
		p := Plans(sets, o)[0]
		if p.ReachesStop || p.Whole() || len(p.Missing) != 1 || p.Missing[0].MissingKind != MissingStop || !strings.Contains(p.Missing[0].Words, "from UTC") {
			t.Errorf("%s: %s, %+v", name, picture(p), p.Missing)
		}
		o.Clock = true
		if p := Plans(sets, o)[0]; p.ReachesStop != (len(lines) > 1) {
			t.Errorf("%s, on the server's clock: %s", name, picture(p))
		}
		if p := Plans(sets, Options{})[0]; !p.Whole() {
			t.Errorf("%s, to the end: %s", name, picture(p))
		}
		if p := Plans(sets, stopAt(11, 0))[0]; !p.Whole() || !p.ReachesStop {
			t.Errorf("%s, to the end of the full backup as it is listed: %s", name, picture(p))
		}
	}
}

// TestAWayAroundALogStaysOnItsFork: a log that can only be applied as a whole is
// gone around on its own fork or not at all. Another fork holds other contents,
// and is offered; no log is applied past the moment.
func TestAWayAroundALogStaysOnItsFork(t *testing.T) {
	p := Plans(build(t, "F 1 10 12", "L 3 10 30 fork=5 from=0 point=15", "L 4 10 60 bulk"), stopAt(20, 0))[0]
	if p.Choice == nil || len(p.Choice.Candidates) != 2 {
		t.Fatalf("%s: no choice", picture(p))
	}
	for fork, want := range map[int]string{1005: "F1 L3!", 1000: "F1 L4!"} {
		o := stopAt(20, 0)
		o.Fork = id(fork)
		if got := stops(Plans(build(t, "F 1 10 12", "L 3 10 30 fork=5 from=0 point=15", "L 4 10 60 bulk"), o)[0]); got != want {
			t.Errorf("fork %d: %s, want %s", fork, got, want)
		}
	}
	// On one fork a log without minimally logged changes that reaches the moment is stopped in.
	if got := stops(Plans(build(t, "F 1 10 12", "L 2 10 30", "L 3 10 40 bulk"), stopAt(15, 0))[0]); got != "F1 L2!" {
		t.Errorf("two logs: %s", got)
	}
}
