package policy

import (
	"fmt"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/words"
)

// whyKept tells every ground of a set in a sentence each.
func (r *retention) whyKept(i int) string {
	s := &r.sets[i]
	at := r.finished(i).In(r.zone)
	k := r.policy.KeepFor(s.Set.Kind)
	var said []string
	say := func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	for _, g := range r.grounds[i] {
		switch g {
		case ForEver:
			say("%s are kept for ever.", plural(s.Set.Kind))
		case ByDays:
			say("It finished within the last %s.", words.Span(time.Duration(k.Days)*24*time.Hour))
		case ByCount:
			say("It is one of the newest %d.", k.Count)
		case ByDay:
			say("It is the first of %s.", at.Format("Mon 2 Jan 2006"))
		case ByWeek:
			year, week := at.ISOWeek()
			say("It is the first of week %d of %d.", week, year)
		case ByMonth:
			say("It is the first of %s.", at.Format("January 2006"))
		case ByYear:
			say("It is the first of %d.", at.Year())
		case Pinned:
			if s.PinNote != "" {
				say("It is pinned: %s.", strings.TrimSuffix(s.PinNote, "."))
			} else {
				say("It is pinned.")
			}
		case Unexpired:
			say("It was taken to be kept until %s.", s.Expires.In(r.zone).Format("2 Jan 2006 15:04"))
		case Newest:
			if s.Set.Kind == backup.Full {
				say("It is the newest full backup, or the newest restore point stands on it.")
			} else {
				say("The newest restore point stands on it.")
			}
		case Unrelieved:
			say("%s", r.unrelieved(s.Set.Kind))
		case Needed:
			n := &r.sets[r.needer[i]]
			say("The %s backup of %s cannot be restored without it.", n.Set.Kind, r.finished(r.needer[i]).In(r.zone).Format("2 Jan 2006 15:04"))
		}
	}
	return strings.Join(said, " ")
}

func (r *retention) unrelieved(k backup.Kind) string {
	what, demands := "full backup", "complete"
	if k != backup.Full {
		what = "full or differential backup"
	}
	if r.policy.How.Verify {
		demands += " and verified"
	}
	if r.policy.BucketID != "" {
		demands += " and in the bucket"
	}
	return fmt.Sprintf("No newer %s is %s yet.", what, demands)
}

// whyRemoved tells why nothing keeps a set.
func (r *retention) whyRemoved(i int) string {
	s := &r.sets[i]
	ago := words.Span(r.now.Sub(r.finished(i)))
	switch {
	case s.State == backup.Broken:
		return "It is broken, and a newer backup is complete."
	case r.present[i] == nil:
		return "Nothing can be restored from it."
	case !s.Expires.IsZero():
		return fmt.Sprintf("It was to be kept until %s, and no kept set needs it.", s.Expires.In(r.zone).Format("2 Jan 2006 15:04"))
	}
	return fmt.Sprintf("It finished %s ago. %s are kept %s; none of this holds it, and no kept set needs it.", ago, plural(s.Set.Kind), r.policy.KeepFor(s.Set.Kind).Words())
}

func plural(k backup.Kind) string {
	switch k {
	case backup.Full:
		return "Full backups"
	case backup.Differential:
		return "Differential backups"
	case backup.Log:
		return "Log backups"
	}
	return "Backups"
}
