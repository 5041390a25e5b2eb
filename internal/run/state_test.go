package run

import "testing"

func TestMovesOneByOne(t *testing.T) {
	all := []State{Queued, Running, Waiting, Paused, Succeeded, Failed, Canceled}
	allowed := map[State]string{ // in the order of all
		Queued:    ".R.P..C",
		Running:   "Q.WPSFC",
		Waiting:   "QR.P..C",
		Paused:    "Q.....C",
		Succeeded: ".......",
		Failed:    "Q.....C",
		Canceled:  ".......",
	}
	for _, from := range all {
		for i, to := range all {
			if got, want := CanMove(from, to), allowed[from][i] != '.'; got != want {
				t.Errorf("%s → %s: %v", from, to, got)
			}
		}
		if from.Ended() != (from == Succeeded || from == Canceled) || from.NeedsPerson() != (from == Paused || from == Failed) {
			t.Errorf("%s: ended %v, needs a person %v", from, from.Ended(), from.NeedsPerson())
		}
		if from.Ended() && len(Moves()[from]) > 0 {
			t.Errorf("%s has ended and moves", from)
		}
	}
}
