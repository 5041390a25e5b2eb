package backup

import (
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
)

// Waiver says that backups of a database are not needed: a person's word until a
// day, or that of a policy which names its server and leaves it out. While it
// holds the database is neither late nor counted as one that cannot be
// restored. Backups of it are taken and kept all the same where a policy says so.
type Waiver struct {
	InstanceID, Database string
	Why                  string
	Until                time.Time // UTC
	By                   string    // who said so; empty = a policy
	PolicyID             string    // the policy that leaves it out, for as long as it does
}

// Bounds of what a person says.
const (
	LongestWaiver = 366 * 24 * time.Hour // then somebody thinks about it again
	waiverWhy     = 200                  // characters of the reason
)

// ByHouse is who says it of a copy that was just restored. Unlike a person's word
// it ends when a policy chooses the database.
const ByHouse = "Bakplane"

// Holds reports whether it counts at a moment.
func (w Waiver) Holds(now time.Time) bool { return now.Before(w.Until) }

// Check refuses a person's word without a reason or without an end.
func (w Waiver) Check(now time.Time) error {
	switch {
	case strings.TrimSpace(w.Why) == "":
		return fault.New(fault.Invalid, "It has no reason.", "Write why nobody needs backups of it: whoever looks next wants to know.")
	case len([]rune(w.Why)) > waiverWhy:
		return fault.Newf(fault.Invalid, "The reason is longer than %d characters.", waiverWhy).WithFix("Make it shorter.")
	case w.Until.IsZero():
		return fault.New(fault.Invalid, "It has no end.", "Choose a day, at most a year from now, on which somebody thinks about it again.")
	case !w.Until.After(now):
		return fault.New(fault.Invalid, "Its end lies in the past.", "Choose a later day.")
	case w.Until.After(now.Add(LongestWaiver)):
		return fault.New(fault.Invalid, "Its end is more than a year away.", "Choose an earlier day: nothing is left out without anybody thinking about it again.")
	}
	return nil
}

// Waived reports whether somebody said that backups of it are not needed, and
// who and why.
func (p Protection) Waived(now time.Time) (why string, ok bool) {
	switch w := p.Waiver; {
	case !w.Holds(now):
		return "", false
	case w.PolicyID != "":
		return w.Why, true
	default:
		return w.By + " said that it needs no backups: " + strings.TrimSuffix(w.Why, ".") + ".", true
	}
}
