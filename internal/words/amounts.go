package words

import (
	"fmt"
	"strconv"
	"time"
)

// Bytes is a size, worded in powers of 1024 as SQL Server's tools and the
// clouds' consoles do: "980 KB", "1.0 MB", "412 GB". Below zero is nothing.
type Bytes int64

func (b Bytes) String() string { return Scaled(float64(b)) }

// Scaled words a number of bytes that need not be whole, such as a rate.
func Scaled(f float64) string {
	f = max(f, 0)
	units := []string{"B", "KB", "MB", "GB", "TB", "PB"}
	i := 0
	for f >= 999.5 && i < len(units)-1 {
		f /= 1024
		i++
	}
	if i == 0 || f >= 99.95 {
		return fmt.Sprintf("%.0f %s", f, units[i])
	}
	return fmt.Sprintf("%.1f %s", f, units[i])
}

// Span is a duration, worded with at most two units: "40 s", "2 min 10 s",
// "1 h 36 min", "13 h", "3 d 4 h". Below zero is "0 s".
type Span time.Duration

func (s Span) String() string {
	d := max(time.Duration(s), 0)
	switch {
	case d == 0:
		return "0 s"
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
	if days := int(d / (24 * time.Hour)); days < 10 {
		return pair(days, "d", int(d%(24*time.Hour)/time.Hour), "h")
	}
	return fmt.Sprintf("%d d", int(d.Hours()/24))
}

// Roughly is an estimate no finer than it is: whole seconds, upwards, up to a
// minute, then steps of five.
func Roughly(d time.Duration) Span {
	if d < time.Minute {
		return Span((max(d, 0) + time.Second - 1).Truncate(time.Second))
	}
	return Span(d.Round(5 * time.Second))
}

func pair(a int, au string, b int, bu string) string {
	if b == 0 {
		return fmt.Sprintf("%d %s", a, au)
	}
	return fmt.Sprintf("%d %s %d %s", a, au, b, bu)
}

// Number is a number of things, worded in groups of three: "1,204".
type Number int64

func (n Number) String() string {
	digits := strconv.FormatInt(int64(n), 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// Count words a number of things: "1 file", "1,204 files". The format is "1 "
// or "%s " and the word.
func Count[N int | int64](n N, one, many string) Text {
	if n == 1 {
		return Text{Format: "1 " + one}
	}
	return Text{Format: "%s " + many, Args: []any{Number(n)}}
}
