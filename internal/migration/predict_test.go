package migration

import (
	"testing"
	"time"
)

// TestPredictNeedsOneIncrement, and says what it does not know.
func TestPredictNeedsOneIncrement(t *testing.T) {
	measured := func(n int, check CheckMode) Migration {
		return fed(func(m *Migration) {
			m.Check, m.Files, m.LiveSource.SourceBackups = check, nil, nil
			for i := range n {
				f := file(i+1, "log", FileApplied, uint32(i), uint32(i+1))
				f.Staged, f.Applied = t0.Add(2*time.Second), t0.Add(3*time.Second)
				m.Files = append(m.Files, f)
				m.LiveSource.SourceBackups = append(m.LiveSource.SourceBackups, SourceBackup{Verdict: Accepted, File: f.Ord, Intended: t0, Settled: t0.Add(time.Second)})
				m.Calls = append(m.Calls, Call{Verb: VerbImport, File: f.Ord, Verdict: Accepted, Intended: t0.Add(2 * time.Second)})
			}
		})
	}
	six := []time.Duration{1 * time.Second, 2 * time.Second, 9 * time.Second, 8 * time.Second, 7 * time.Second, time.Hour, time.Hour, time.Hour}
	for _, tc := range []struct {
		n     int
		check CheckMode
		opens []time.Duration
		known bool
		open  time.Duration
	}{
		{1, CheckAsync, six, false, 0}, {2, CheckAsync, nil, true, time.Minute}, {2, CheckSync, nil, false, 0}, {2, CheckSync, six, true, 7 * time.Second},
	} {
		if s := Predict(measured(tc.n, tc.check), 0, tc.opens); s.Known != tc.known || s.Open != tc.open || s.Known && s.Samples != tc.n-1 || s.Why == "" {
			t.Errorf("%d measured, %s: %+v", tc.n, tc.check, s)
		}
	}
	if s := Measured(cutOver(FreezeTail, nil)); s.Known {
		t.Errorf("measured before it is over: %+v", s)
	}
	if s := Measured(fed(func(m *Migration) { m.Opened = t0 })); s.Known {
		t.Errorf("measured without a freeze: %+v", s)
	}
	done := cutOver(FreezeTail, func(m *Migration) {
		m.LiveSource.SourceBackups[2].Settled = t0.Add(2 * time.Second)
		m.Files[2].Staged, m.Files[2].Applied, m.Opened = t0.Add(5*time.Second), t0.Add(10*time.Second), t0.Add(20*time.Second)
		m.Calls = []Call{{Verb: VerbImport, File: 3, Verdict: Accepted, Intended: t0.Add(6 * time.Second)}, {Verb: VerbOpen, Verdict: Accepted, Intended: t0.Add(12 * time.Second)}}
	})
	if s := Measured(done); s.Tail != 2*time.Second || s.Upload != 3*time.Second || s.Apply != 4*time.Second || s.Open != 8*time.Second || s.Total() != 20*time.Second {
		t.Errorf("%+v", s)
	}
}
