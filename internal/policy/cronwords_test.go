package policy

import "testing"

func TestCronLinesInWords(t *testing.T) {
	for line, want := range map[string]string{
		"*/15 * * * *":         "every 15 minutes",
		"* * * * *":            "every minute",
		"0 * * * *":            "every hour",
		"5 */4 * * *":          "every 4 hours at minute 5",
		"30 2 * * 0":           "at 02:30 on Sunday",
		"30 2 * * 7":           "30 2 * * 7", // the library knows no 7
		"0 1,13 * * mon-fri":   "at 01:00 and 13:00 on Monday to Friday",
		"*/10 8-18 * * *":      "every 10 minutes from hour 8 to 18",
		"0 3 1,15 * *":         "at 03:00 on day 1 and 15 of the month",
		"0 3 1 1,7 *":          "at 03:00 on day 1 of the month in January and July",
		"0 3 1 * 0":            "at 03:00 on day 1 of the month and on every Sunday",
		"@daily":               "at 00:00",
		"1-5 1-5 * * *":        "at minute 1 to 5 of hour 1 to 5",
		"TZ=0 * * * * *":       "TZ=0 * * * * *",
		"":                     "",
		"0 0 31 2 *":           "0 0 31 2 *", // never
		"not a line of cron x": "not a line of cron x",
	} {
		if got := CronWords(line); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}
