package clouds

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
)

// The RDS API names the fields of advanced rows (AdvancedDataPolicies) without
// describing their values. The words used here are those of the backup
// service's own API (DBS 2021-01-01, ModifyBackupPolicy), which is documented
// for another engine: dayOfWeek, dayOfMonth and dayOfYear with numbers, Monday
// as 1, and delay with days, or never. Rows that do not fit are counted as
// unread and their policy is shown, not written.
const (
	keyWeek, keyMonth, keyYear = "dayOfWeek", "dayOfMonth", "dayOfYear"
	keptDays, keptForever      = "delay", "never"
)

// ReadRow reads one row of an advanced policy as the service told it.
func ReadRow(id, key, value, retention string, days int) (Sparse, bool) {
	s := Sparse{ID: id, RetentionDays: days, FilterKey: key, FilterValue: value}
	switch {
	case strings.EqualFold(retention, keptForever), days == Forever:
		s.RetentionDays = Forever
	case days <= 0:
		return s, false
	}
	switch strings.ToLower(key) {
	case strings.ToLower(keyWeek):
		s.Cycle = Weekly
	case strings.ToLower(keyMonth):
		s.Cycle = Monthly
	case strings.ToLower(keyYear):
		s.Cycle = Yearly
	default:
		return s, false
	}
	for text := range strings.SplitSeq(value, ",") {
		n, ok := readDay(s.Cycle, strings.TrimSpace(text))
		if !ok {
			return s, false
		}
		s.Days = append(s.Days, n)
	}
	slices.Sort(s.Days)
	s.Days = slices.Compact(s.Days)
	return s, true
}

func readDay(c Cycle, s string) (int, bool) {
	if c == Monthly && isLast(s) {
		return LastDay, true
	}
	if c == Yearly {
		month, day, ok := strings.Cut(strings.ReplaceAll(s, "/", "-"), "-")
		if !ok {
			if len(s) != 4 {
				return 0, false // a number of the year, or a date: nobody knows
			}
			month, day = s[:2], s[2:]
		}
		m, err1 := strconv.Atoi(month)
		d, err2 := strconv.Atoi(day)
		return m*100 + d, err1 == nil && err2 == nil && validDate(m, d)
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= 1 && (c == Weekly && n <= 7 || c == Monthly && n <= 31)
}

func isLast(s string) bool {
	return slices.Contains([]string{"-1", "l", "last", "lastday"}, strings.ToLower(s))
}

// validDate takes 29 February, which comes in leap years only.
func validDate(month, day int) bool {
	return month >= 1 && month <= 12 && day >= 1 && time.Date(2024, time.Month(month), day, 0, 0, 0, 0, time.UTC).Day() == day
}

// forms are how the instance itself writes what is not documented.
type forms struct{ last, date string }

func seen(rows []Sparse) (f forms) {
	for _, r := range rows {
		for text := range strings.SplitSeq(r.FilterValue, ",") {
			text = strings.TrimSpace(text)
			if r.Cycle == Monthly && isLast(text) {
				f.last = text
			}
			if r.Cycle == Yearly && text != "" {
				f.date = text
			}
		}
	}
	return f
}

func (f forms) write(s Sparse) (key, value string, err error) {
	var days []string
	for _, d := range s.Days {
		switch {
		case s.Cycle == Monthly && d == LastDay:
			if f.last == "" {
				return "", "", unwritten("the last day of a month")
			}
			days = append(days, f.last)
		case s.Cycle == Yearly:
			month, day := d/100, d%100
			switch {
			case strings.Contains(f.date, "-"):
				days = append(days, padded(f.date, month, day, "-"))
			case strings.Contains(f.date, "/"):
				days = append(days, padded(f.date, month, day, "/"))
			case f.date != "":
				days = append(days, fmt.Sprintf("%02d%02d", month, day))
			default:
				return "", "", unwritten("a date of the year")
			}
		default:
			days = append(days, strconv.Itoa(d))
		}
	}
	return map[Cycle]string{Weekly: keyWeek, Monthly: keyMonth, Yearly: keyYear}[s.Cycle], strings.Join(days, ","), nil
}

func padded(like string, month, day int, sep string) string {
	if len(like) == 5 {
		return fmt.Sprintf("%02d%s%02d", month, sep, day)
	}
	return fmt.Sprintf("%d%s%d", month, sep, day)
}

func unwritten(what string) error {
	return fault.Newf(fault.Conflict, "How the service wants %s to be written is not documented, and no rule of this instance shows it.", what).
		WithFix("Add this rule in the console once; from then on it can be changed here.").
		Because(&Refusal{Field: FieldRows, Said: "the form of " + what + " is unknown"})
}

// AdvancedCall is the call that turns the advanced policy was into a: rows that
// are new, changed or gone, by their ids. Rows that stay are not sent.
// EnableAdvancedBackupPolicy is never sent: it may be a switch with no way
// back.
func AdvancedCall(instanceID string, was, a Advanced) (backup.Call, error) {
	if was.Unread > 0 {
		return backup.Call{}, fault.Newf(fault.Conflict, "%d of the instance's rules cannot be read by this version, so that nothing is written over them.", was.Unread).
			WithFix("Change this policy in the console.").Because(&Refusal{Field: FieldRows, Said: "unread rows"})
	}
	f := seen(was.Rows)
	weekly, period := []time.Weekday{}, 0
	for _, r := range a.Rows {
		if r.Cycle == Weekly && len(weekly) == 0 {
			for _, d := range r.Days {
				weekly = append(weekly, time.Weekday(d%7))
			}
			period = r.RetentionDays
		}
	}
	if period == Forever || period > backup.MostRetention {
		period = backup.MostRetention
	}
	c := dataMode(instanceID, a.Hour, weekly, period).With("BackupMethod", string(a.Method))
	if a.Method == Physical {
		c = c.With("EnableIncrementDataBackup", strconv.FormatBool(a.Incremental))
	}
	c = withLog(c, a.Log)
	n := 0
	row := func(action string, s Sparse) error {
		n++
		p := func(name, value string) { c = c.With(fmt.Sprintf("AdvancedDataPolicies.%d.%s", n, name), value) }
		p("StrategyId", s.ID)
		p("ActionType", action)
		if action == "DELETE" {
			return nil
		}
		key, value, err := f.write(s)
		if err != nil {
			return err
		}
		p("BakType", "F")
		p("FilterType", "crontab")
		p("FilterKey", key)
		p("FilterValue", value)
		if s.RetentionDays == Forever {
			p("RetentionType", keptForever)
		} else {
			p("RetentionType", keptDays)
			p("RetentionValue", strconv.Itoa(s.RetentionDays))
		}
		p("SrcType", "db")
		p("DestType", "level1")
		return nil
	}
	for _, s := range a.Rows {
		action := "CREATE"
		if i := slices.IndexFunc(was.Rows, func(o Sparse) bool { return s.ID != "" && o.ID == s.ID }); i >= 0 {
			if sameRow(was.Rows[i], s) {
				continue
			}
			action = "UPDATE"
		}
		if err := row(action, s); err != nil {
			return backup.Call{}, err
		}
	}
	for _, o := range was.Rows {
		if !slices.ContainsFunc(a.Rows, func(s Sparse) bool { return s.ID == o.ID }) {
			_ = row("DELETE", o) // names an id only
		}
	}
	if a.LogRetentionDays != was.LogRetentionDays && a.LogID != "" {
		c = c.With("AdvancedLogPolicies.1.StrategyId", a.LogID).With("AdvancedLogPolicies.1.ActionType", "UPDATE").
			With("AdvancedLogPolicies.1.EnableLogBackup", "1").With("AdvancedLogPolicies.1.LogRetentionType", keptDays).
			With("AdvancedLogPolicies.1.LogRetentionValue", strconv.Itoa(a.LogRetentionDays))
	}
	return c, nil
}

func sameRow(a, b Sparse) bool {
	return a.Cycle == b.Cycle && a.RetentionDays == b.RetentionDays && slices.Equal(sortInts(a.Days), sortInts(b.Days))
}

func sortInts(n []int) []int {
	out := slices.Clone(n)
	slices.Sort(out)
	return slices.Compact(out)
}
