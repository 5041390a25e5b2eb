package servermigration

import (
	"time"

	"github.com/bakplane/bakplane/internal/words"
)

// Sample is how far a job was at a moment.
type Sample struct {
	At       time.Time `json:"at"`
	Phase    Phase     `json:"phase"`
	Progress float64   `json:"progress"` // percent
}

// mostSamples bounds what is kept of a run at work.
const mostSamples = 120

// Sampled adds what a look saw. A new run or phase begins anew: progress spans
// the phases of a run and goes at another pace in each.
func Sampled(all []Sample, j Job, at time.Time) []Sample {
	if j.Status != Running {
		return nil
	}
	s := Sample{At: at, Phase: j.Phase, Progress: j.Progress}
	if n := len(all); n > 0 && (all[n-1].Phase != s.Phase || all[n-1].Progress > s.Progress) {
		all = nil
	}
	if len(all) >= mostSamples { // every other of the older half goes
		kept := all[:0:0]
		for i, old := range all {
			if i >= mostSamples/2 || i%2 == 0 {
				kept = append(kept, old)
			}
		}
		all = kept
	}
	return append(all, s)
}

// Pace is how fast a run goes and when it ends at that pace.
type Pace struct {
	Rate  float64       // percent an hour in this phase; 0 = not known
	Left  time.Duration // 0 = not known
	How   words.Text    // how it was computed
	Still time.Duration // how long nothing has moved
}

// PaceOf computes a pace from what was seen of a run at work, or from earlier
// runs of the job; a forecast, and it says of what.
func PaceOf(j Job, seen []Sample, now time.Time) Pace {
	if j.Status != Running || len(seen) == 0 {
		return Pace{}
	}
	first, last := seen[0], seen[len(seen)-1]
	still := last.At
	for i := len(seen) - 1; i >= 0 && seen[i].Progress == last.Progress; i-- {
		still = seen[i].At
	}
	p := Pace{Still: now.Sub(still)}
	if took, moved := last.At.Sub(first.At), last.Progress-first.Progress; took >= time.Minute && moved > 0 {
		p.Rate = moved / took.Hours()
		p.Left = time.Duration((100 - last.Progress) / p.Rate * float64(time.Hour))
		p.How = words.Say("by the progress of the last %s in this phase; the next one goes at another pace", words.Roughly(took))
		return p
	}
	if takes, n := Takes(j); n > 0 && !j.Started.IsZero() {
		p.Left = max(0, takes-now.Sub(first.At))
		p.How = words.Say("by the middle of the last %s", words.Count(n, "synchronisation", "synchronisations"))
	}
	return p
}

// standing is how long a copy may stand before a cause is offered: comparing
// shows no progress, and takes as long as the disks need to be read.
const standing = 45 * time.Minute

// Standstill offers what a copy that does not move may mean; zero while nothing
// speaks for it. It is a possible cause, not a finding.
func Standstill(j Job, s *Server, p Pace) words.Text {
	if j.Status != Running || j.Phase != Syncing || p.Still < standing {
		return words.Text{}
	}
	if s != nil && s.Windows() {
		return words.Say("Nothing has moved for %s. Comparing data shows no progress; on Windows a missing shadow copy looks the same: the service Volume Shadow Copy must run, without the QEMU guest agent's VSS provider.", words.Roughly(p.Still))
	}
	return words.Say("Nothing has moved for %s. Comparing data shows no progress and takes as long as the disks need to be read.", words.Roughly(p.Still))
}
