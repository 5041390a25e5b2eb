package activity

import (
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// TestTheAuditPageSaysWhatWasCheckedWhen: what came since the last walk from
// the first entry is told apart from what that walk saw.
func TestTheAuditPageSaysWhatWasCheckedWhen(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	z := kit.Zone{Local: time.UTC, Now: noon.Add(time.Minute)}
	var tr trail
	say := func(want ...string) {
		t.Helper()
		h := tr.known.Words(z)
		for _, w := range want {
			if !strings.Contains(h.Title+" "+h.Cause, w) {
				t.Errorf("%q is not in: %s %s", w, h.Title, h.Cause)
			}
		}
	}
	say("is being checked")
	tr.note(server.Wholeness{Entries: 100, At: noon}, true)
	say("100 entries is whole", "just now, from the first to the last")
	tr.note(server.Wholeness{Entries: 100, At: noon.Add(time.Minute)}, false)
	say("100 entries is whole", "none came since")
	tr.note(server.Wholeness{Entries: 103, At: noon.Add(time.Minute)}, false)
	say("103 entries is whole", "The first 100 were checked", "the 3 since then just now")
	tr.known.Going = true
	say("being checked again now")
	tr.note(server.Wholeness{Entries: 101, At: noon.Add(time.Minute), Broken: &audit.Broken{Seq: 102, Why: "was changed after it was written"}}, false)
	say("broken at entry 102")
	if tr.before.Seq != 101 {
		t.Errorf("the next walk goes on behind %d", tr.before.Seq)
	}
}
