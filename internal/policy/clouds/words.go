package clouds

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Words of the fields, for tables of before and after and for sentences.

func (l LogFrequency) Words() string {
	switch l {
	case LogEvery30:
		return "every 30 minutes"
	case LogEvery5:
		return "every 5 minutes"
	}
	return "with each data backup"
}

func (p Priority) Words() string {
	switch p {
	case SecondaryFirst:
		return "secondary first"
	case PrimaryOnly:
		return "primary only"
	}
	return "none"
}

func (m Method) Words() string {
	if m == Snapshot {
		return "snapshot"
	}
	return "physical"
}

// EveryWords is how often snapshots are taken besides those at the hour.
func EveryWords(minutes int) string {
	switch {
	case minutes <= 0:
		return "none"
	case minutes < 60:
		return fmt.Sprintf("every %d minutes", minutes)
	case minutes == 60:
		return "every hour"
	}
	return fmt.Sprintf("every %d hours", minutes/60)
}

func daysWords(n int) string {
	switch n {
	case Forever:
		return "for ever"
	case 1:
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}

// WeekWords names days of the week, Monday first.
func WeekWords(days []time.Weekday) string {
	sorted := sortDays(days)
	if len(sorted) == 7 {
		return "every day"
	}
	var names []string
	for _, d := range sorted {
		names = append(names, d.String()[:3])
	}
	return strings.Join(names, ", ")
}

// HourWords is a backup hour in UTC and, where it differs, in a zone. The
// zone's offset is that of the given day.
func HourWords(hour int, zone *time.Location, day time.Time) string {
	at := time.Date(day.Year(), day.Month(), day.Day(), hour, 0, 0, 0, time.UTC)
	words := fmt.Sprintf("%02d:00–%02d:00 UTC", hour, (hour+1)%24)
	if zone == nil {
		return words
	}
	local := at.In(zone)
	if _, offset := local.Zone(); offset == 0 {
		return words
	}
	words += fmt.Sprintf(" (%s–%s %s", local.Format("15:04"), local.Add(time.Hour).Format("15:04"), zoneName(local))
	switch d := local.Day() - at.Day(); {
	case d == 1 || d < -1:
		words += ", the day after"
	case d == -1 || d > 1:
		words += ", the day before"
	}
	return words + ")"
}

// Beijing is the zone that the service's console shows times in.
var Beijing = time.FixedZone("UTC+8", 8*3600)

// TwoZones is a moment in UTC, as the API takes it, and in UTC+8, as the
// console shows it.
func TwoZones(t time.Time) string {
	return t.UTC().Format("2006-01-02 15:04:05 UTC") + " (" + t.In(Beijing).Format("2006-01-02 15:04:05") + " in the console, UTC+8)"
}

func zoneName(t time.Time) string {
	name, offset := t.Zone()
	if strings.Trim(name, "+-0123456789") != "" {
		return name
	}
	if offset%3600 == 0 {
		return fmt.Sprintf("UTC%+d", offset/3600)
	}
	return "UTC" + t.Format("-07:00")
}

// Words is a rule in a sentence's part, such as "monthly on 1 and the last day,
// kept 365 days".
func (s Sparse) Words() string {
	var days []string
	for _, d := range sortInts(s.Days) {
		switch {
		case s.Cycle == Weekly && d >= 1 && d <= 7:
			days = append(days, time.Weekday(d % 7).String()[:3])
		case s.Cycle == Monthly && d == LastDay:
			continue
		case s.Cycle == Yearly && d >= 100:
			days = append(days, fmt.Sprintf("%d %s", d%100, time.Month(d/100)))
		default:
			days = append(days, fmt.Sprint(d))
		}
	}
	if s.Cycle == Monthly && slices.Contains(s.Days, LastDay) {
		days = append(days, "the last day")
	}
	kept := "kept " + daysWords(s.RetentionDays)
	return fmt.Sprintf("%s on %s, %s", s.Cycle, strings.Join(days, ", "), kept)
}
