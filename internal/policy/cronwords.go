package policy

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// CronWords says what a cron line means, in half a sentence: "every 15
// minutes", "at 02:30 on Sunday". Lines that are not read are given back as
// they are; NewCalendar says what is wrong with them.
func CronWords(line string) string {
	line = strings.TrimSpace(line)
	if w, ok := map[string]string{"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *",
		"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *"}[line]; ok {
		line = w
	}
	f := strings.Fields(line)
	if _, err := parseCron(line); err != nil || len(f) != 5 {
		return line
	}
	words := clockWords(f[0], f[1])
	days, weekdays := everyOne(f[2]), everyOne(f[4])
	switch {
	case !days && !weekdays: // cron takes either
		words += " on " + dayWords(f[2]) + " and on every " + namesOf(f[4], weekdayName)
	case !days:
		words += " on " + dayWords(f[2])
	case !weekdays:
		words += " on " + namesOf(f[4], weekdayName)
	}
	if !everyOne(f[3]) {
		words += " in " + namesOf(f[3], monthName)
	}
	return words
}

func everyOne(field string) bool { return field == "*" || field == "?" || field == "*/1" }

// clockWords says the minutes and hours of a day.
func clockWords(minute, hour string) string {
	every := func(field, one, many string) (string, bool) {
		if everyOne(field) {
			return "every " + one, true
		}
		n, found := strings.CutPrefix(field, "*/")
		return "every " + n + " " + many, found
	}
	m, everyMinute := every(minute, "minute", "minutes")
	h, everyHour := every(hour, "hour", "hours")
	switch {
	case everyMinute && everyOne(hour):
		return m
	case everyMinute && everyHour:
		return m + " of " + h
	case everyMinute:
		return m + " from hour " + listed(hour)
	case everyHour && minute == "0":
		return h
	case everyHour:
		return h + " at minute " + listed(minute)
	}
	hours, ok := numbers(hour)
	minutes, okay := numbers(minute)
	if !ok || !okay || len(hours)*len(minutes) > 8 {
		return "at minute " + listed(minute) + " of hour " + listed(hour)
	}
	var times []string
	for _, h := range hours {
		for _, m := range minutes {
			times = append(times, fmt.Sprintf("%02d:%02d", h, m))
		}
	}
	return "at " + and(times)
}

// numbers reads a list of plain numbers.
func numbers(field string) (out []int, ok bool) {
	for _, part := range strings.Split(field, ",") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil, false
		}
		out = append(out, n)
	}
	return out, true
}

func listed(field string) string {
	parts := strings.Split(field, ",")
	for i, p := range parts {
		parts[i] = strings.Replace(p, "-", " to ", 1)
	}
	return and(parts)
}

func dayWords(field string) string {
	if n, ok := strings.CutPrefix(field, "*/"); ok {
		return "every " + n + " days of the month"
	}
	return "day " + listed(field) + " of the month"
}

func namesOf(field string, name func(string) string) string {
	parts := strings.Split(field, ",")
	for i, p := range parts {
		from, to, isRange := strings.Cut(p, "-")
		if parts[i] = name(from); isRange {
			parts[i] += " to " + name(to)
		}
	}
	return and(parts)
}

func weekdayName(field string) string {
	if n, err := strconv.Atoi(field); err == nil {
		return time.Weekday(n % 7).String()
	}
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.EqualFold(field, d.String()[:3]) {
			return d.String()
		}
	}
	return field
}

func monthName(field string) string {
	if n, err := strconv.Atoi(field); err == nil && n >= 1 && n <= 12 {
		return time.Month(n).String()
	}
	for m := time.January; m <= time.December; m++ {
		if strings.EqualFold(field, m.String()[:3]) {
			return m.String()
		}
	}
	return field
}

func and(parts []string) string {
	if n := len(parts); n > 1 {
		return strings.Join(parts[:n-1], ", ") + " and " + parts[n-1]
	}
	return parts[0]
}
