package policy

import (
	"time"

	"github.com/bakplane/bakplane/internal/backup"
)

// Slot is one time at which a rule wants backups. What makes it one is the
// policy, the kind and the local time on the clock of the policy's zone: in
// autumn the hour that comes twice holds its slots once, at its first coming; in
// spring the slots of the hour that does not exist are due at the first moment
// after it, where the last of them stands for all.
type Slot struct {
	PolicyID string
	Kind     backup.Kind
	Local    string    // 2006-01-02T15:04 on the clock of the policy's zone
	At       time.Time // UTC, when it is due
}

// Key names the slot within its policy; keys are in order of local time.
func (s Slot) Key() string { return s.Local + " " + string(s.Kind) }

// Verdict is what became of a slot.
type Verdict string

const (
	Fired   Verdict = "fired"   // its runs are queued
	Skipped Verdict = "skipped" // its time passed: Why says how
)

// Decided is a slot whose time has come, with what becomes of it.
type Decided struct {
	Slot
	Verdict Verdict
	Why     string // a sentence, for skipped and late ones
	Late    bool   // fired after its time
	Count   int    // slots this row stands for; more than one only where the older of missed ones are passed over together
}
