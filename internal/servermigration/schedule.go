package servermigration

import (
	"cmp"
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/words"
)

// NextSync is when the next synchronisation is expected to begin: the interval
// counts from the end of the last one. The service tells no such time. Zero
// where none is expected.
func NextSync(j Job) time.Time {
	last, any := j.Last()
	switch {
	case j.Status == Ready:
		return j.Scheduled
	case j.Once || j.Every <= 0 || !any || (j.Status != Waiting && j.Status != Running):
		return time.Time{}
	case j.Status == Running:
		return time.Time{} // it counts from the end of the one at work
	}
	return last.End.Add(time.Duration(cmp.Or(j.Until, j.Every)) * time.Hour)
}

// Takes is how long a synchronisation takes by the middle of the last five that
// ended, the first one left out, which copied everything; n is over how many.
func Takes(j Job) (d time.Duration, n int) {
	var took []time.Duration
	for i, c := range ended(j) {
		if i > 0 {
			took = append(took, c.End.Sub(c.Start))
		}
	}
	if len(took) > 5 {
		took = took[len(took)-5:]
	}
	if len(took) == 0 {
		return 0, 0
	}
	slices.Sort(took)
	return took[len(took)/2], len(took)
}

func ended(j Job) (out []Cycle) {
	for _, c := range j.Cycles {
		if !c.End.IsZero() {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b Cycle) int { return a.End.Compare(b.End) })
	return out
}

// Expected are the next synchronisations as they would follow one another, each
// taking as long as those before. They are a forecast.
func Expected(j Job, n int, until time.Time) (out []Cycle) {
	at := NextSync(j)
	takes, _ := Takes(j)
	for i := 0; i < n && !at.IsZero() && !at.After(until); i++ {
		out = append(out, Cycle{Start: at, End: at.Add(takes)})
		if j.Once || j.Every <= 0 {
			break
		}
		at = at.Add(takes + time.Duration(j.Every)*time.Hour)
	}
	return out
}

// DropsNext is the image that the next synchronisation has the service drop, when
// as many are kept as may be: the oldest that nobody uses. used are images that
// instances were made of, as far as this dashboard knows.
func DropsNext(j Job, used map[string]bool) (Cycle, bool) {
	all := Kept(j, used)
	if j.Status == Finished || j.Status == Gone || j.Status == Deleting || j.Status == Expired {
		return Cycle{}, false
	}
	if j.Keep <= 0 || len(all) < j.Keep {
		return Cycle{}, false
	}
	for _, c := range all {
		if !used[c.ImageID] {
			return c, true
		}
	}
	return Cycle{}, false
}

// Kept are the images that should still be there, oldest first: the newest as
// many as are kept, and older ones that are used. The service lists the runs of
// a job without saying whether their images still exist.
func Kept(j Job, used map[string]bool) []Cycle {
	all := slices.DeleteFunc(ended(j), func(c Cycle) bool { return c.Unlisted })
	if j.Keep <= 0 {
		return all
	}
	beyond := len(all) - j.Keep
	n := -1
	return slices.DeleteFunc(all, func(c Cycle) bool {
		n++
		return n < beyond && !used[c.ImageID]
	})
}

// Validity says when a job expires and what that means in its state; zero where
// there is nothing to say. soon: within three days, or past.
func Validity(j Job, now time.Time) (text words.Text, soon bool) {
	if j.ValidTill.IsZero() {
		switch j.Status {
		case Finished, Gone, Deleting:
			return words.Text{}, false
		}
		return words.Say("The service tells no end of its validity; 30 days after it was made is likely."), false
	}
	left := j.ValidTill.Sub(now)
	soon = left < 72*time.Hour
	switch j.Status {
	case Finished, Gone, Deleting:
		return words.Text{}, false
	case Expired:
		return words.Say("Expired; the service deletes it about %s, and its images stay.", j.ValidTill.Add(afterExpired)), true
	case Running:
		if left <= 0 {
			return words.Say("Its validity has ended; a job at work is left alone."), false
		}
		return words.Say("Valid until %s; a job at work is left alone then.", j.ValidTill), false
	case Waiting:
		if left <= 0 {
			return words.Say("Its validity has ended. Whether a waiting job expires is not documented."), true
		}
		return words.Say("Valid for %s more, until %s. Whether a waiting job expires then is not documented: complete it before.", words.Roughly(left), j.ValidTill), soon
	}
	if left <= 0 {
		return words.Say("Its validity has ended: it expires, and is deleted seven days later."), true
	}
	return words.Say("Expires in %s, at %s, and is deleted seven days later.", words.Roughly(left), j.ValidTill), soon
}
