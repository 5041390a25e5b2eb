package drafting

import (
	"fmt"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
)

func invalid(message, fix string) error { return fault.New(fault.Invalid, message, fix) }

// stopTime reads a moment in UTC, as programs write it or as a person types it.
func stopTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, invalid(fmt.Sprintf("%q is not a time.", text), "Write it in UTC, such as 2026-11-20 13:30.")
}
