package clouds

import (
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/words"
)

// Automatic tells what an automatic backup by hand will be, and why: full when
// the instance had no full backup within three days, else differential (page
// "Back up data"). It is barred on Cluster Edition with the secondary first.
func Automatic(was Standing, sets []backup.CloudSet, now time.Time) (kind backup.Kind, why, barred words.Text) {
	if was.Can.Cluster && was.Standard.Method == Physical && was.Standard.Priority == SecondaryFirst {
		return "", words.Text{}, words.Say("On Cluster Edition with backups on the secondary first, only full backups can be taken by hand.")
	}
	at := lastFull(sets, now)
	switch {
	case at.IsZero():
		return backup.Full, words.Say("The instance has no full backup that a differential could build on."), words.Text{}
	case now.Sub(at) > threeDays:
		return backup.Full, words.Say("The last full backup is %s old, and a differential builds on one of at most three days.", now.Sub(at)), words.Text{}
	}
	return backup.Differential, words.Say("The last full backup is %s old; within three days a differential is taken.", now.Sub(at)), words.Text{}
}

// Today counts the backups of an instance in the 24 hours before now, and tells
// when the oldest of them leaves. The service makes at most backup.OrdersADay
// sets a day; when its day begins is not documented.
func Today(sets []backup.CloudSet, jobs []backup.Job, now time.Time) (made int, frees time.Time) {
	for _, s := range sets {
		if age := now.Sub(s.Started); age >= 0 && age < 24*time.Hour {
			made++
			if at := s.Started.Add(24 * time.Hour); frees.IsZero() || at.Before(frees) {
				frees = at
			}
		}
	}
	for _, j := range jobs {
		if !j.Ended() {
			made++
		}
	}
	return made, frees
}

// CheckOrder tells what speaks against a backup by hand.
func CheckOrder(o backup.Order, was Standing, sets []backup.CloudSet, jobs []backup.Job, now time.Time) []policy.Finding {
	out := reachable(was.Can)
	bar := func(field string, text, fix words.Text) {
		out = append(out, policy.Finding{Field: field, Bars: true, Text: text, Fix: fix})
	}
	if _, err := backup.OrderCall("", o); err != nil {
		field := policy.FieldDatabases
		if o.Snapshot && o.Automatic {
			field = FieldMode
		}
		message, fix := fault.Texts(err)
		if len(o.Databases) > 0 && !o.Snapshot && !o.Automatic && o.RetentionDays != 0 {
			field = FieldRetention
		}
		bar(field, message, fix)
	}
	if o.Snapshot && !was.Can.Snapshot {
		bar(FieldMethod, words.Say("The instance's disks do not take snapshots: they are for cloud disks."), words.Say("Choose physical."))
	}
	if o.Automatic {
		if _, _, barred := Automatic(was, sets, now); !barred.IsZero() {
			bar(FieldMode, barred, words.Say("Choose full."))
		}
	}
	for _, j := range jobs {
		if !j.Ended() {
			bar("", words.Say("Another backup of the instance is under way."), words.Say("Wait until it has ended."))
			break
		}
	}
	if made, frees := Today(sets, nil, now); made >= backup.OrdersADay {
		bar("", words.Say("The instance had %d backups within 24 hours, and the service makes %d a day.", made, backup.OrdersADay),
			words.Say("Try again after %s.", frees.UTC().Format("15:04 UTC")))
	}
	return out
}

// Extension tells whether the expiry of a set can be moved.
type Extension struct {
	Can    bool
	Why    []words.Text // reasons against it
	Unsure words.Text   // what only the service knows
}

// Extendable tells it of a set (RDS API ModifyBackupSetExpireTime): only
// successful manual physical full sets of single databases, and only longer.
// No field of a set says whether it is one of single databases; where the set
// names as many databases as the instance has, the service decides. databases
// is how many the instance has; 0 = unknown.
func Extendable(s backup.CloudSet, databases int, now time.Time) Extension {
	var e Extension
	no := func(when bool, why words.Text) {
		if when {
			e.Why = append(e.Why, why)
		}
	}
	no(!s.Manual, words.Say("It was taken by the policy: only sets by hand can be kept longer."))
	no(s.Snapshot, words.Say("It is a snapshot: only physical sets can be kept longer."))
	no(s.Kind != backup.Full, words.Say("It is a differential: only full sets can be kept longer."))
	no(s.Failed, words.Say("It failed."))
	no(s.Region != "", words.Say("It is a copy in another region."))
	no(!s.Expires.IsZero() && !s.Expires.After(now), words.Say("It has expired."))
	no(s.Expires.IsZero(), words.Say("It has no expiry that could be moved."))
	e.Can = len(e.Why) == 0
	if e.Can && (len(s.Databases) == 0 || databases == 0 || len(s.Databases) >= databases) {
		e.Unsure = words.Say("Only sets of single databases can be kept longer, and the service does not tell which are: it may refuse.")
	}
	return e
}

// CheckExpiry tells what speaks against a new expiry of a set.
func CheckExpiry(s backup.CloudSet, until time.Time, databases int, now time.Time) (out []policy.Finding) {
	e := Extendable(s, databases, now)
	for _, why := range e.Why {
		out = append(out, policy.Finding{Field: FieldExpiry, Bars: true, Text: why})
	}
	switch {
	case len(out) > 0:
	case !until.After(s.Expires):
		out = append(out, policy.Finding{Field: FieldExpiry, Bars: true, Text: words.Say("The expiry can only be moved later: it is %s.", TwoZones(s.Expires)), Fix: words.Say("Choose a later moment.")})
	case !e.Unsure.IsZero():
		out = append(out, policy.Finding{Field: FieldExpiry, Text: e.Unsure})
	}
	return out
}

// farExpiry is how far ahead an expiry is taken without a second question: no
// retention of the service's standard policies is longer.
const farExpiry = 730 * 24 * time.Hour

// FarExpiry is the question about an expiry that is so far ahead that it may be
// a slip, as of a year typed wrong: it can never be moved back, and is paid for
// until then. It bars until a person is sure.
func FarExpiry(until, now time.Time) (f policy.Finding, far bool) {
	if until.Sub(now) <= farExpiry {
		return f, false
	}
	return policy.Finding{Field: FieldExpiry, Bars: true, Text: words.Say("%s is more than 730 days from now, and the expiry can never be moved back.", TwoZones(until)), Fix: words.Say("Choose an earlier moment, or confirm that you mean it.")}, true
}
