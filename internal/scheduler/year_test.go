package scheduler_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/scheduler"
)

// world is a clock that people set, and a process that is stopped at random.
type environment struct {
	t         *testing.T
	rand      *rand.Rand
	ran       time.Duration // by a clock that nobody sets
	clock     time.Time
	high      time.Time // the clock was never later when somebody looked
	templates []*template
	worst     time.Duration // between a slot's time and its runs, where nothing had gone wrong
	trouble   bool          // has just gone wrong
}

// live runs a year. start gives the scheduler of a new life of the process.
func (w *environment) live(end time.Time, start func() *scheduler.Scheduler) (lives, jumps int) {
	ctx := w.t.Context()
	s := start()
	lives = 1
	look := func() {
		if w.clock.After(w.high) {
			for _, t := range w.templates {
				t.looked(w.clock)
			}
			w.high = w.clock
		}
		if err := s.Turn(ctx); err != nil {
			w.t.Fatal(err)
		}
	}
	pass := func(d time.Duration) { w.clock, w.ran = w.clock.Add(d), w.ran+d }
	look()
	trouble := w.clock.Add(time.Hour)
	for w.clock.Before(end) {
		next := s.Next()
		if trouble.Before(next) {
			pass(max(trouble.Sub(w.clock), 0))
			switch w.rand.IntN(4) {
			case 0: // the clock is put forward, and somewhen back, by an hour
				pass(time.Second)
				w.clock = w.clock.Add(time.Hour)
				jumps++
			case 1:
				w.clock = w.clock.Add(-time.Hour)
				jumps++
			default: // stopped, for a moment or for days
				pass([]time.Duration{time.Second, 10 * time.Minute, 3 * time.Hour, 60 * time.Hour}[w.rand.IntN(4)])
				s = start()
				lives++
			}
			w.trouble = true
			look()
			w.trouble = false
			trouble = w.clock.Add(time.Duration(1+w.rand.IntN(14*24*60)) * time.Minute)
			continue
		}
		// The scheduler sleeps as long as it says, and no longer than a second;
		// seconds in which it finds nothing are left out.
		if d := next.Sub(w.clock); d > 0 {
			pass(d)
		}
		look()
	}
	return lives, jumps
}

// key is a slot as a number: millions of them are compared.
func key(local string, k backup.Kind) uint32 {
	at, err := time.Parse("2006-01-02T15:04", local)
	if err != nil {
		panic(err)
	}
	return uint32(at.Unix()/60-29_000_000)<<3 + uint32(len(k)%5)
}

// memory is a store of nothing but what makes a slot unique.
type memory struct {
	w          *environment
	policies   []policy.Policy
	index      map[string]int
	watermarks map[string]policy.Watermark
	slots      []map[uint32]bool // by policy; true = fired
	counts     []int
	runs       int
}

func newMemory(w *environment, policies []policy.Policy) *memory {
	m := &memory{w: w, policies: policies, index: map[string]int{}, watermarks: map[string]policy.Watermark{}, slots: make([]map[uint32]bool, len(policies)), counts: make([]int, len(policies))}
	for i, p := range policies {
		m.index[p.ID], m.slots[i] = i, map[uint32]bool{}
	}
	return m
}

func (m *memory) Since(_ context.Context, revision int64) ([]policy.Policy, int64, error) {
	if revision > 0 {
		return nil, revision, nil
	}
	return m.policies, 1, nil
}

func (m *memory) Watermarks(context.Context) (all []policy.Watermark, err error) {
	for _, v := range m.watermarks {
		all = append(all, v)
	}
	return all, nil
}

func (m *memory) Decide(_ context.Context, b policy.Batch) error {
	fresh := map[policy.Slot]bool{}
	for _, s := range b.Slots {
		i := m.index[s.PolicyID]
		k := key(s.Local, s.Kind)
		if _, there := m.slots[i][k]; there {
			continue
		}
		m.slots[i][k], fresh[s.Slot] = s.Verdict == policy.Fired, true
		m.counts[i] += s.Count
		if s.Verdict == policy.Fired && !m.w.trouble {
			m.w.worst = max(m.w.worst, m.w.clock.Sub(s.At))
		}
	}
	for _, q := range b.Runs {
		if fresh[q.Slot] {
			m.runs++
		}
	}
	for _, v := range b.Watermarks {
		m.watermarks[v.PolicyID+string(v.Kind)] = v
	}
	return nil
}

// TestAYearOfSlots lets policies live through a year with both changes of
// several zones' clocks, a clock that is set forward and back by an hour, and
// restarts. What each slot must become is found by looking at the clock every
// minute. BAKPLANE_POLICIES says how many there are; CI and the bench take ten
// thousand.
func TestAYearOfSlots(t *testing.T) {
	n := 64
	if v, err := strconv.Atoi(os.Getenv("BAKPLANE_POLICIES")); err == nil {
		n = v
	}
	from := time.Date(2026, 1, 1, 0, 0, 30, 0, time.UTC)
	end := from.AddDate(1, 0, 0)
	w := &environment{t: t, rand: rand.New(rand.NewPCG(2026, uint64(n))), clock: from, high: from, templates: times(from.Truncate(time.Minute), end.AddDate(0, 0, 8))}
	var policies []policy.Policy
	for i := range n {
		p := w.templates[i%len(w.templates)].Policy
		p.ID, p.Name = fmt.Sprintf("%05d", i), fmt.Sprintf("policy %d", i)
		policies = append(policies, p)
	}
	m := newMemory(w, policies)
	lives, jumps := w.live(end, func() *scheduler.Scheduler { return w.scheduler(m) })
	right, fired := 0, 0
	for i := range policies {
		want := w.templates[i%len(w.templates)]
		if why := want.differs(m.slots[i], m.counts[i]); why != "" {
			t.Errorf("policy %d (%s, %+v): %s", i, want.Zone, want.Rules, why)
			if right < i-3 {
				t.FailNow()
			}
			continue
		}
		right++
		fired += len(want.fired)
	}
	if w.worst >= time.Second || m.runs != fired {
		t.Errorf("the latest punctual slot came after %s; %d runs for %d slots", w.worst, m.runs, fired)
	}
	t.Logf("YEAR policies=%d right=%d fired=%d lives=%d jumps=%d worst_ms=%d", n, right, fired, lives, jumps, w.worst.Milliseconds())
}

func (w *environment) scheduler(s scheduler.Store) *scheduler.Scheduler {
	id := 0
	return &scheduler.Scheduler{Store: s, Notifier: run.NewNotifier(), Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return w.clock }, Ran: func() time.Duration { return w.ran },
		NewID: func() string { id++; return strconv.Itoa(id) }}
}

// differs compares what became of a policy's slots with what must.
func (t *template) differs(slots map[uint32]bool, accounted int) string {
	fired := 0
	for _, yes := range slots {
		if yes {
			fired++
		}
	}
	for _, key := range t.fired {
		if !slots[key] {
			return fmt.Sprintf("slot %d did not fire", key)
		}
	}
	if fired != len(t.fired) {
		return fmt.Sprintf("%d fired, %d must", fired, len(t.fired))
	}
	if accounted != t.accounts {
		return fmt.Sprintf("%d slots are accounted for, there are %d", accounted, t.accounts)
	}
	return ""
}
