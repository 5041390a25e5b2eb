package sqlite

import (
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// queued writes runs down without what they are about.
func queued(t testing.TB, d *DB, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if _, err := d.write.ExecContext(t.Context(), `INSERT INTO runs (id, kind, subject, title, state, created) VALUES (?, 'k', 's', 't', 'queued', 1)`, id); err != nil {
			t.Fatal(err)
		}
	}
}

func turn(t testing.TB, d *DB, what string, args ...any) {
	t.Helper()
	if _, err := d.write.ExecContext(t.Context(), `UPDATE runs SET `+what, args...); err != nil {
		t.Fatal(err)
	}
}

func TestWhenARunIsDue(t *testing.T) {
	for _, c := range []struct {
		what  string
		state run.State
		at    time.Duration // of waking, or of the lease's end, from now
		due   bool
	}{
		{"queued", run.Queued, 0, true},
		{"waiting, a moment early", run.Waiting, time.Microsecond, false},
		{"waiting, at its time", run.Waiting, 0, true},
		{"waiting, overslept", run.Waiting, -time.Hour, true},
		{"running, its lease lasts", run.Running, time.Microsecond, false},
		{"running, its lease ends", run.Running, 0, true},
		{"running, its lease is over", run.Running, -time.Hour, true},
		{"paused", run.Paused, -time.Hour, false},
		{"failed", run.Failed, -time.Hour, false},
		{"succeeded", run.Succeeded, -time.Hour, false},
		{"canceled", run.Canceled, -time.Hour, false},
	} {
		d := open(t)
		queued(t, d, "r")
		at := micros(noon.Add(c.at))
		switch c.state {
		case run.Waiting:
			turn(t, d, `state='waiting', wake_at=?`, at)
		case run.Running:
			turn(t, d, `state='running', owner='old', lease_until=?`, at)
		case run.Succeeded, run.Canceled:
			turn(t, d, `state=?, finished=?`, c.state, at)
		default:
			turn(t, d, `state=?`, c.state)
		}
		r, g, err := d.Claim(t.Context(), "me", noon, time.Minute, 0)
		if c.due != (err == nil) || !c.due && !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", c.what, err)
		}
		if err == nil && (r.State != run.Running || g.Owner != "me" || g.Fence != 1 || !r.LeaseUntil.Equal(noon.Add(time.Minute)) || !r.Started.Equal(noon)) {
			t.Errorf("%s: %+v %+v", c.what, r, g)
		}
	}
}

func TestWhichRunIsClaimedFirst(t *testing.T) {
	d := open(t)
	queued(t, d, "a", "b", "c", "d", "e")
	turn(t, d, `rank=1 WHERE id='a'`)
	turn(t, d, `state='waiting', wake_at=? WHERE id='d'`, micros(noon.Add(-time.Minute)))
	turn(t, d, `state='waiting', wake_at=? WHERE id='c'`, micros(noon))
	var got string
	for range 5 {
		r, _ := claim(t, d, "me", noon)
		got += r.ID
	}
	if want := "beadc"; got != want { // queued by rank and id, then who waits longest
		t.Errorf("claimed %s, want %s", got, want)
	}
}

func TestAClaimIsHeldByItsOwnerItsFenceAndItsState(t *testing.T) {
	d := open(t)
	queued(t, d, "r", "other")
	_, g := claim(t, d, "me", noon)
	claim(t, d, "me", noon)
	for what, wrong := range map[string]run.Claim{
		"another owner":   {RunID: g.RunID, Owner: "you", Fence: g.Fence},
		"an older fence":  {RunID: g.RunID, Owner: g.Owner, Fence: g.Fence - 1},
		"a later fence":   {RunID: g.RunID, Owner: g.Owner, Fence: g.Fence + 1},
		"a run not there": {RunID: "none", Owner: g.Owner, Fence: g.Fence},
	} {
		if err := d.Renew(t.Context(), wrong, noon.Add(time.Hour)); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s renews: %v", what, err)
		}
		if _, err := d.Request(t.Context(), wrong); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s listens: %v", what, err)
		}
	}
	if err := d.Renew(t.Context(), g, noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if r, err := d.Run(t.Context(), g.RunID); err != nil || !r.LeaseUntil.Equal(noon.Add(time.Hour)) {
		t.Errorf("%+v %v", r, err)
	}
}

func TestOnlyOthersAreReleased(t *testing.T) {
	d := open(t)
	queued(t, d, "a", "b", "c")
	claim(t, d, "old", noon)
	claim(t, d, "me", noon)
	if n, err := d.ReleaseOthers(t.Context(), "me"); err != nil || n != 1 {
		t.Errorf("released %d: %v", n, err)
	}
	for id, want := range map[string]run.State{"a": run.Queued, "b": run.Running, "c": run.Queued} {
		if r, err := d.Run(t.Context(), id); err != nil || r.State != want {
			t.Errorf("%s: %+v %v", id, r, err)
		}
	}
}

func TestHowARunIsSettled(t *testing.T) {
	for _, c := range []struct {
		what    string
		request run.Request
		out     run.Outcome
		want    run.State // empty = refused
		wake    time.Time
	}{
		{what: "it waits", out: run.Outcome{State: run.Waiting, WakeAt: noon.Add(time.Hour), Tries: 2}, want: run.Waiting, wake: noon.Add(time.Hour)},
		{what: "it waits, and something is new", request: run.RequestLook, out: run.Outcome{State: run.Waiting, WakeAt: noon.Add(time.Hour)}, want: run.Queued},
		{what: "it failed, and something is new", request: run.RequestLook, out: run.Outcome{State: run.Failed}, want: run.Queued},
		{what: "it ended, and something is new", request: run.RequestLook, out: run.Outcome{State: run.Succeeded}, want: run.Succeeded},
		{what: "no such move", out: run.Outcome{State: run.Running}},
		{what: "a wake without waiting", out: run.Outcome{State: run.Paused, WakeAt: noon.Add(time.Hour)}, want: run.Paused},
	} {
		d := open(t)
		queued(t, d, "r")
		_, g := claim(t, d, "me", noon)
		turn(t, d, `request=?`, c.request)
		err := d.RecordOutcome(t.Context(), g, c.out, noon)
		r, unread := d.Run(t.Context(), "r")
		if unread != nil {
			t.Fatal(unread)
		}
		if c.want == "" {
			if !fault.Is(err, fault.Conflict) || r.State != run.Running {
				t.Errorf("%s: %+v %v", c.what, r, err)
			}
			continue
		}
		if err != nil || r.State != c.want || !r.WakeAt.Equal(c.wake) || r.Owner != "" || r.Request != run.NoRequest || r.Finished.IsZero() == c.want.Ended() || c.want == run.Waiting && r.Tries != 2 {
			t.Errorf("%s: %+v %v", c.what, r, err)
		}
	}
}

func TestTriesBeginAnewOnlyWithAStepThatIsDone(t *testing.T) {
	for state, want := range map[run.StepState]int{run.StepDone: 0, run.StepActive: 3, run.StepFailed: 3, run.StepSkipped: 3} {
		d := open(t)
		queued(t, d, "a", "other")
		_, g := claim(t, d, "me", noon)
		turn(t, d, `tries=3`)
		if err := d.Note(t.Context(), g, run.Note{Steps: []run.Step{{Key: "s", Title: words.Say("s"), State: state, Started: noon, Finished: noon}}}); err != nil {
			t.Fatal(state, err)
		}
		r, err := d.Run(t.Context(), g.RunID)
		other, err2 := d.Run(t.Context(), "other")
		if err != nil || err2 != nil || r.Tries != want || other.Tries != 3 {
			t.Errorf("%s: %d tries, of the other %d", state, r.Tries, other.Tries)
		}
	}
}
