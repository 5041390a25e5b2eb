package policy

import "testing"

func TestHostileCronLinesAreRefused(t *testing.T) {
	for _, line := range []string{"", "TZ=0", "CRON_TZ=UTC 0 1 * * *", "0 0", "61 * * * *", "* * * * * *", "@never", "@every 1s x"} {
		if _, err := parseCron(line); err == nil {
			t.Errorf("%q was taken", line)
		}
	}
}

func TestLinesWithoutTimesAreRefused(t *testing.T) {
	for _, line := range []string{"0 0 30 2 *", "0 0 31 4,6 *", "@every 1h"} {
		if _, err := parseCron(line); err == nil {
			t.Errorf("%q was taken", line)
		}
	}
	for _, zone := range []string{"", "Local", "Mars/Olympus", "../etc/passwd", "TZ=0"} {
		if _, err := LoadZone(zone); err == nil {
			t.Errorf("zone %q was taken", zone)
		}
	}
}
