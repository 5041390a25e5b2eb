package backup

import (
	"time"

	"github.com/bakplane/bakplane/internal/fault"
)

// ReadStopTime reads the moment to restore to, in UTC, as programs write it
// (RFC 3339) or as a person types it.
func ReadStopTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fault.Newf(fault.Invalid, "%q is not a time.", text).WithFix("Write it in UTC, such as 2026-11-20 13:30.")
}
