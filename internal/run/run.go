package run

import (
	"time"

	"github.com/bakplane/bakplane/internal/words"
)

// Run is one long piece of work.
type Run struct {
	ID      string     // UUIDv7
	Kind    string     // which Worker does it, such as "migration"
	Subject string     // id of the thing it works on
	Place   string     // id of the instance or account whose answers it waits for; runs share the hands fairly by it. Empty = it shares with nobody
	Title   words.Text // for people
	State   State

	Owner      string    // who holds it while running
	Fence      int64     // grows with every claim; later writes repeat it
	LeaseUntil time.Time // UTC; after it anybody may claim the run
	WakeAt     time.Time // UTC; while waiting
	Tries      int       // failed tries since the last progress
	Rank       int       // among runs that are due at the same time, lower first
	Request    Request   // what a person asked of a running run

	Message words.Text // why it waits, is paused or failed; a sentence
	Fix     words.Text // what to do about it; a sentence, may be empty

	Created  time.Time // UTC
	Started  time.Time // first claim
	Finished time.Time // zero until ended
}

// Request is what a person asked of a run that is at work: it stops at the next
// safe place.
type Request string

const (
	NoRequest     Request = ""
	RequestPause  Request = "pause"
	RequestCancel Request = "cancel"
	RequestLook   Request = "look" // something changed: do not sleep, look again
)

// Claim is the right to write to a run: the store refuses with Conflict every
// write whose claim is no longer the newest.
type Claim struct {
	RunID string
	Owner string
	Fence int64
}

// Step is one part of a run, in the order of first appearance. Written again
// with Attempt 0 or a zero Started, it keeps what was there.
type Step struct {
	Key      string // unique within the run, such as "upload/2"
	Title    words.Text
	State    StepState
	Attempt  int // from 1
	Started  time.Time
	Finished time.Time
	Done     int64   // of Total, in Unit
	Total    int64   // 0 = nobody knows
	Unit     string  // "bytes", or empty
	Rate     float64 // units per second, measured over the last seconds; 0 = unknown
	Message  words.Text
}

// StepState is where a step stands.
type StepState string

const (
	StepPending StepState = "pending"
	StepActive  StepState = "active"
	StepDone    StepState = "done"
	StepFailed  StepState = "failed"
	StepSkipped StepState = "skipped"
)

// Level grades an event.
type Level string

const (
	Info    Level = "info"
	Warning Level = "warning"
	Problem Level = "problem"
)

// Event is one thing that happened in a run. IDs grow over all runs.
type Event struct {
	ID    int64
	RunID string
	At    time.Time // UTC
	Step  string    // key; may be empty
	Level Level
	Text  words.Text
}

// Outcome is how a worker leaves a run for now.
type Outcome struct {
	State   State // Waiting, Paused, Succeeded, Failed, Canceled or Queued (again, at once)
	WakeAt  time.Time
	Message words.Text
	Fix     words.Text
	Tries   int // to be remembered; 0 after progress
}

// Heeding is the outcome with which a run is left whose person asked for
// something in the last moment, when its worker did not hear it any more: what
// has ended stays ended, and nothing that was asked for is slept over.
func (o Outcome) Heeding(r Request) Outcome {
	switch {
	case o.State.Ended():
	case r == RequestCancel:
		return Outcome{State: Canceled, Message: words.Say("Canceled.")}
	case r == RequestPause && (o.State == Waiting || o.State == Queued):
		return Outcome{State: Paused, Message: words.Say("Paused by a person.")}
	case r == RequestLook:
		return Outcome{State: Queued}
	}
	return o
}
