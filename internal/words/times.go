package words

import "time"

// Layouts of times in sentences, for time.Time.Format.
const (
	Day     = "2 Jan 2006"
	Minute  = "2 Jan 2006 15:04"
	Second  = "2006-01-02 15:04:05"
	OfDay   = "15:04"
	Precise = "15:04:05"
)

// Moment is a moment in a sentence: "2026-11-20 13:42:05 UTC".
type Moment time.Time

func (m Moment) String() string { return time.Time(m).UTC().Format(Second) + " UTC" }

// When is a moment as people read it, with the exact form on hover. The zero
// When shows as nothing.
type When struct {
	Machine string // RFC 3339, UTC
	UTC     string // 20 Nov 13:42
	Local   string // 21:42, with the date when it is another one; empty when the zone is UTC
	Exact   string // 2026-11-20 13:42:05 UTC · 2026-11-20 21:42:05 UTC+08:00
}

// Zone words times for one reader.
type Zone struct {
	Local *time.Location
	Now   time.Time
}

// At words t; the year is left out while it is the current one.
func (z Zone) At(t time.Time) When {
	if t.IsZero() {
		return When{}
	}
	u, l := t.UTC(), t.In(z.Local)
	day := "2 Jan 15:04"
	if u.Year() != z.Now.UTC().Year() {
		day = Minute
	}
	w := When{Machine: u.Format(time.RFC3339), UTC: u.Format(day), Exact: Moment(u).String()}
	if _, offset := l.Zone(); offset != 0 {
		w.Local = l.Format(OfDay)
		if l.YearDay() != u.YearDay() {
			w.Local = l.Format("2 Jan 15:04")
		}
		w.Exact += " · " + l.Format(Second+" UTC-07:00")
	}
	return w
}

// Clock words t for a list of things of the same hours: time only on the
// current UTC day, with seconds.
func (z Zone) Clock(t time.Time) When {
	w := z.At(t)
	if w.Machine == "" {
		return w
	}
	u, n := t.UTC(), z.Now.UTC()
	if u.YearDay() == n.YearDay() && u.Year() == n.Year() {
		w.UTC = u.Format(Precise)
		if w.Local != "" {
			w.Local = t.In(z.Local).Format(Precise)
		}
	}
	return w
}

// Ago words how long before now t was: "12 s ago", "just now".
func (z Zone) Ago(t time.Time) string {
	d := z.Now.Sub(t)
	if t.IsZero() {
		return ""
	}
	if d < 2*time.Second {
		return "just now"
	}
	return Span(d).String() + " ago"
}
