// Package run holds long pieces of work that survive any death of the
// process: their states, steps and events, and the engine that drives them.
package run

// State is where a run stands.
type State string

const (
	Queued    State = "queued"    // to be claimed as soon as possible
	Running   State = "running"   // claimed; its lease tells until when
	Waiting   State = "waiting"   // comes back by itself at WakeAt
	Paused    State = "paused"    // a person must decide
	Succeeded State = "succeeded" // ended
	Failed    State = "failed"    // stopped; keeps its cursor and may be retried
	Canceled  State = "canceled"  // ended by a person
)

// Moves is the table of allowed moves; docs/architecture.md draws it.
func Moves() map[State][]State {
	return map[State][]State{
		Queued:  {Running, Paused, Canceled},
		Running: {Queued, Waiting, Paused, Succeeded, Failed, Canceled},
		Waiting: {Queued, Running, Paused, Canceled},
		Paused:  {Queued, Canceled},
		Failed:  {Queued, Canceled},
	}
}

// CanMove reports whether a run may go from one state to another.
func CanMove(from, to State) bool {
	for _, s := range Moves()[from] {
		if s == to {
			return true
		}
	}
	return false
}

// Ended reports whether nothing moves the run any more.
func (s State) Ended() bool { return s == Succeeded || s == Canceled }

// NeedsPerson reports whether the run stands still until somebody acts.
func (s State) NeedsPerson() bool { return s == Paused || s == Failed }
