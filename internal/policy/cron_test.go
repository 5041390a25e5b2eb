package policy

import "testing"

func TestHostileCronLinesAreRefused(t *testing.T) {
	for _, line := range []string{"", "TZ=0", "CRON_TZ=UTC 0 1 * * *", "0 0", "61 * * * *", "* * * * * *", "@never", "@every 1s x"} {
		if _, err := parseCron(line); err == nil {
			t.Errorf("%q was taken", line)
		}
	}
}
