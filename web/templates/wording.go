package templates

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

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
		day = "2 Jan 2006 15:04"
	}
	w := When{Machine: u.Format(time.RFC3339), UTC: u.Format(day), Exact: u.Format("2006-01-02 15:04:05") + " UTC"}
	if _, offset := l.Zone(); offset != 0 {
		w.Local = l.Format("15:04")
		if l.YearDay() != u.YearDay() {
			w.Local = l.Format("2 Jan 15:04")
		}
		w.Exact += " · " + l.Format("2006-01-02 15:04:05 UTC-07:00")
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
		w.UTC = u.Format("15:04:05")
		if w.Local != "" {
			w.Local = t.In(z.Local).Format("15:04:05")
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
	return Span(d) + " ago"
}

// Span words a duration with at most two units: "40 s", "2 min 10 s", "13 h".
func Span(d time.Duration) string {
	if d < 0 {
		d = 0
	}
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second && d%time.Second >= 100*time.Millisecond:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 10*time.Minute:
		return pair(int(d/time.Minute), "min", int(d%time.Minute/time.Second), "s")
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 10*time.Hour:
		return pair(int(d/time.Hour), "h", int(d%time.Hour/time.Minute), "min")
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d d", int(d.Hours()/24))
}

func pair(a int, au string, b int, bu string) string {
	if b == 0 {
		return fmt.Sprintf("%d %s", a, au)
	}
	return fmt.Sprintf("%d %s %d %s", a, au, b, bu)
}

// Size is a number of bytes as people say it, exact on hover.
type Size struct {
	Text  string // 412.0 GB
	Exact string // 442,381,631,488 bytes
}

// Bytes words n in powers of 1024, the way SQL Server tools and the cloud's
// console do; unknown (negative) shows as nothing.
func Bytes(n int64) Size {
	if n < 0 {
		return Size{}
	}
	return Size{Text: bytesText(float64(n)), Exact: humanize.Comma(n) + " bytes"}
}

func bytesText(f float64) string {
	units := []string{"B", "KB", "MB", "GB", "TB", "PB"}
	i := 0
	for f >= 999.5 && i < len(units)-1 {
		f /= 1024
		i++
	}
	if i == 0 || f >= 100 {
		return fmt.Sprintf("%.0f %s", f, units[i])
	}
	return fmt.Sprintf("%.1f %s", f, units[i])
}

// Progress is a bar with words: value, rate and estimate.
type Progress struct {
	Label string // for those who do not see the bar: "Upload of orders.bak"
	Value int64
	Max   int64  // 0 = not known: the bar moves without a value
	Words string // 31 % · 128 of 412 GB · 96 MB/s · about 50 min left
}

// Transfer words the progress of done out of total bytes at a rate in bytes
// per second; a rate of 0 is not shown and gives no estimate.
func Transfer(label string, done, total int64, rate float64) *Progress {
	p := &Progress{Label: label, Value: done, Max: total}
	var words []string
	if total > 0 {
		words = append(words, fmt.Sprintf("%d %%", int(math.Floor(100*float64(done)/float64(total)))),
			bytesText(float64(done))+" of "+bytesText(float64(total)))
	} else {
		words = append(words, bytesText(float64(done)))
	}
	if rate > 0 {
		words = append(words, bytesText(rate)+"/s")
		if total > done {
			left := time.Duration(float64(total-done) / rate * float64(time.Second))
			words = append(words, "about "+Span(left)+" left")
		}
	}
	p.Words = strings.Join(words, " · ")
	return p
}

// Count words n of a thing: "1 file", "2 files", "1,204 files".
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return humanize.Comma(int64(n)) + " " + many
}
