package migration

import "github.com/bakplane/bakplane/internal/words"

// Finding is one line of a preflight.
type Finding struct {
	Code  string
	Title string // what was looked at
	Level Level
	Text  words.Text // what was found
	Fix   words.Text // what to do; empty when passed

	Remedy Remedy // that can be ordered here; empty = none
}

// Level grades a finding. Failed ones keep the migration from starting.
type Level string

const (
	Passed Level = "passed"
	Warned Level = "warned"
	Barred Level = "failed"
)

// MayStart reports whether no finding bars the way.
func MayStart(fs []Finding) bool {
	for _, f := range fs {
		if f.Level == Barred {
			return false
		}
	}
	return true
}
