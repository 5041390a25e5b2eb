package query

import (
	"math"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

func firstOf(a []any) any {
	for _, v := range a {
		if v != nil {
			return v
		}
	}
	return nil
}

func nullIf(fold value.Collation, a []any) (any, error) {
	if a[0] == nil || a[1] == nil {
		return a[0], nil
	}
	c, err := fold.Compare(a[0], a[1])
	if c == 0 {
		return nil, err
	}
	return a[0], err
}

func reverse(s string) string {
	r := []rune(s)
	for i, k := 0, len(r)-1; i < k; i, k = i+1, k-1 {
		r[i], r[k] = r[k], r[i]
	}
	return string(r)
}

func part(s string, from, n int64) string {
	r := []rune(s)
	end := min(max(from+n-1, 0), int64(len(r)))
	from = min(max(from-1, 0), int64(len(r)))
	if end <= from {
		return ""
	}
	return string(r[from:end])
}

func charIndex(what, in string) int64 {
	i := strings.Index(strings.ToLower(in), strings.ToLower(what))
	if i < 0 {
		return 0
	}
	return int64(len([]rune(strings.ToLower(in)[:i]))) + 1
}

func quoteName(a []any) any {
	open, closing := "[", "]"
	if len(a) > 1 {
		if q := value.Text(a[1]); q != "[" && q != "]" {
			open, closing = q, q
		}
	}
	s := value.Text(a[0])
	if len([]rune(s)) > 128 {
		return nil
	}
	return open + strings.ReplaceAll(s, closing, closing+closing) + closing
}

func concat(a []any) any {
	var b strings.Builder
	for _, v := range a {
		b.WriteString(value.Text(v))
	}
	return b.String()
}

func absolute(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	if c, err := (value.Collation{}).Compare(v, int64(0)); err != nil || c >= 0 {
		return v, err
	}
	return arithmetic("-", int64(0), v)
}

func rounded(v any, f func(float64) float64) any {
	if isInt(v) {
		return v
	}
	x, _ := value.Float(v)
	if _, ok := v.(tds.Decimal); ok {
		return tds.NewDecimal(int64(f(x)))
	}
	return f(x)
}

func roundTo(v any, places int64) any {
	if d, ok := v.(tds.Decimal); ok && places >= 0 && places <= 38 {
		return d.Rescale(int(places)).Rescale(d.Scale)
	}
	if isInt(v) {
		return v
	}
	f, _ := value.Float(v)
	unit := math.Pow(10, float64(places))
	return math.Round(f*unit) / unit
}

// dateUnits are the parts of dates by their names.
var dateUnits = map[string]time.Duration{"nanosecond": 1, "ns": 1, "microsecond": time.Microsecond, "mcs": time.Microsecond,
	"millisecond": time.Millisecond, "ms": time.Millisecond, "second": time.Second, "ss": time.Second, "s": time.Second,
	"minute": time.Minute, "mi": time.Minute, "n": time.Minute, "hour": time.Hour, "hh": time.Hour,
	"day": 24 * time.Hour, "dd": 24 * time.Hour, "d": 24 * time.Hour, "week": 7 * 24 * time.Hour, "wk": 7 * 24 * time.Hour}

// dateDiff counts the boundaries between two times.
func dateDiff(a []any) (any, error) {
	from, err := value.Convert(a[1], tds.DateTime2(7))
	if err != nil || from == nil {
		return nil, err
	}
	to, err := value.Convert(a[2], tds.DateTime2(7))
	if err != nil || to == nil {
		return nil, err
	}
	x, y := from.(time.Time).UTC(), to.(time.Time).UTC()
	name := strings.ToLower(value.Text(a[0]))
	switch name {
	case "year", "yy", "yyyy":
		return int64(y.Year() - x.Year()), nil
	case "month", "mm", "m":
		return int64(12*(y.Year()-x.Year()) + int(y.Month()) - int(x.Month())), nil
	}
	unit, ok := dateUnits[name]
	if !ok {
		return nil, tds.Refuse(155, 15, "'%s' is not a recognized datediff option.", value.Text(a[0]))
	}
	count := func(t time.Time) int64 { // rounds down, also before 1970
		n := t.UnixNano() / int64(unit)
		if t.UnixNano()%int64(unit) < 0 {
			n--
		}
		return n
	}
	return count(y) - count(x), nil
}

func dateAdd(a []any) (any, error) {
	at, err := value.Convert(a[2], tds.DateTime2(7))
	if err != nil || at == nil || a[1] == nil {
		return nil, err
	}
	n := value.Whole(a[1])
	t := at.(time.Time)
	switch name := strings.ToLower(value.Text(a[0])); name {
	case "year", "yy", "yyyy":
		return t.AddDate(int(n), 0, 0), nil
	case "month", "mm", "m":
		return t.AddDate(0, int(n), 0), nil
	default:
		unit, ok := dateUnits[name]
		if !ok {
			return nil, tds.Refuse(155, 15, "'%s' is not a recognized dateadd option.", value.Text(a[0]))
		}
		if unit >= 24*time.Hour {
			return t.AddDate(0, 0, int(n)*int(unit/(24*time.Hour))), nil
		}
		return t.Add(time.Duration(n) * unit), nil
	}
}

func datePart(a []any) (any, error) {
	at, err := value.Convert(a[1], tds.DateTimeOffset(7))
	if err != nil || at == nil {
		return nil, err
	}
	t := at.(time.Time)
	switch strings.ToLower(value.Text(a[0])) {
	case "year", "yy", "yyyy":
		return int64(t.Year()), nil
	case "month", "mm", "m":
		return int64(t.Month()), nil
	case "day", "dd", "d":
		return int64(t.Day()), nil
	case "hour", "hh":
		return int64(t.Hour()), nil
	case "minute", "mi", "n":
		return int64(t.Minute()), nil
	case "second", "ss", "s":
		return int64(t.Second()), nil
	case "tzoffset", "tz":
		_, offset := t.Zone()
		return int64(offset / 60), nil
	}
	return nil, tds.Refuse(155, 15, "'%s' is not a recognized datepart option.", value.Text(a[0]))
}
