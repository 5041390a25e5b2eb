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

// Rates that a forecast goes by while nothing was measured: the cap of the
// intermediate instance over the internet, 100 Mbit/s, and the making of images
// (page on the time of a migration).
const (
	lineRate  = 12_500_000 // bytes a second
	imageRate = 30 << 20   // bytes a second
)

// Planned are the runs of a job to be made as they would follow one another from
// a moment on, and what the first one copies, bytes. How long later ones take is
// not known: they are drawn as a twentieth of the interval.
func Planned(d Draft, s Server, now time.Time, n int) (runs []Cycle, bytes int64) {
	for _, disk := range d.Disks {
		for _, from := range s.Disks {
			if from.Index != disk.Index {
				continue
			}
			if used := from.Used(); used > 0 {
				bytes += used
			} else {
				bytes += int64(from.GiB) << 30
			}
		}
	}
	seconds := float64(bytes)/lineRate + float64(bytes)/imageRate
	takes, every := time.Duration(seconds*float64(time.Second)).Round(time.Minute), time.Duration(d.Every)*time.Hour
	at := d.Start
	if at.IsZero() {
		at = now
	}
	for len(runs) < n {
		runs = append(runs, Cycle{Start: at, End: at.Add(max(takes, 10*time.Minute))})
		at = runs[len(runs)-1].End.Add(every)
		takes = every / 20
	}
	return runs, bytes
}

// ValidFor is the end of a validity of so many days from now on, to the hour, so
// that it lies within the service's limits also when the job is made a while
// later.
func ValidFor(days int, now time.Time) time.Time {
	end := now.UTC().Truncate(time.Hour).AddDate(0, 0, days)
	if end.Sub(now)+2*time.Hour <= mostValid {
		end = end.Add(2 * time.Hour)
	}
	return end
}

// EndsSoon is how long before its end a validity is warned of.
const EndsSoon = 72 * time.Hour

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
	soon = left < EndsSoon
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
