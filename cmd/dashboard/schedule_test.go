package main

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/app"
	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/db"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/scheduler"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/sqlserver"
)

// template is what many policies have in common, and what must become of each.
type template struct {
	policy.Policy
	slots    []expected // of all rules, by moment
	fired    []uint32   // keys
	accounts int        // of slots
	next     int        // of slots: the first that nobody has looked at
}

// expected is a slot as a minute-by-minute look at the clock finds it.
type expected struct {
	kind  backup.Kind
	local string
	at    time.Time
}

// times are sixteen ways to take backups, in zones whose clocks change at
// different moments, by an hour and by half of one.
func times(from, to time.Time) (all []*template) {
	zones := []string{"Asia/Shanghai", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe"}
	for i, rules := range [][][2]string{
		{{"full", "30 2 * * 0"}, {"differential", "30 2 * * *"}},
		{{"full", "0 0 * * *"}},
		{{"full", "15 1 * * 6"}, {"differential", "45 1,13 * * 1-5"}, {"log", "10 */12 * * *"}},
		{{"full", "0 3 1 * *"}, {"differential", "0 3 * * 0"}, {"log", "0 2 * * *"}},
	} {
		for n, zone := range zones {
			t := &template{Policy: policy.Policy{Enabled: true, Version: 1, Changed: from, Servers: []string{"s"}, Zone: zone, Missed: policy.MissedLate, Window: 90 * time.Minute}}
			if (i+n)%2 == 1 {
				t.Missed = policy.MissedSkip
			}
			for _, r := range rules {
				t.Rules = append(t.Rules, policy.Rule{Kind: backup.Kind(r[0]), Cron: r[1]})
			}
			t.enumerate(from, to)
			all = append(all, t)
		}
	}
	return all
}

// enumerate looks at the zone's clock every minute: local minutes that it has
// come to for the first time, or leapt over, are due.
func (t *template) enumerate(from, to time.Time) {
	zone, err := time.LoadLocation(t.Zone)
	if err != nil {
		panic(err)
	}
	lines := make([][5][60]bool, len(t.Rules))
	for i, r := range t.Rules {
		lines[i] = fields(r.Cron)
	}
	local := from.Add(-48 * time.Hour)
	for at := from.Add(-72 * time.Hour); !at.After(to); at = at.Add(time.Minute) {
		on := at.In(zone)
		for shows := time.Date(on.Year(), on.Month(), on.Day(), on.Hour(), on.Minute(), 0, 0, time.UTC); !local.After(shows); local = local.Add(time.Minute) {
			for i, r := range t.Rules {
				if f := lines[i]; at.After(from) && f[0][local.Minute()] && f[1][local.Hour()] && f[2][local.Day()] && f[3][local.Month()] && f[4][local.Weekday()] {
					t.slots = append(t.slots, expected{r.Kind, local.Format("2006-01-02T15:04"), at})
				}
			}
		}
	}
}

// fields reads the few forms of cron lines above.
func fields(line string) (match [5][60]bool) {
	for i, field := range strings.Fields(line) {
		for v := range match[i] {
			for part := range strings.SplitSeq(field, ",") {
				low, high, span := strings.Cut(part, "-")
				step, every := strings.CutPrefix(part, "*/")
				n, _ := strconv.Atoi(low)
				switch {
				case part == "*":
					match[i][v] = true
				case every:
					n, _ = strconv.Atoi(step)
					match[i][v] = v%n == 0
				case span:
					m, _ := strconv.Atoi(high)
					match[i][v] = match[i][v] || n <= v && v <= m
				default:
					match[i][v] = match[i][v] || n == v
				}
			}
		}
	}
	return match
}

// looked tells what a look at the clock makes due: everything up to now that
// no look before has found. Nobody looked in between.
func (t *template) looked(now time.Time) {
	last := map[backup.Kind]*expected{}
	for ; t.next < len(t.slots) && !t.slots[t.next].at.After(now); t.next++ {
		s := &t.slots[t.next]
		t.accounts++
		if before := last[s.kind]; before == nil || s.local > before.local {
			last[s.kind] = s
		}
	}
	var newest []expected
	for _, last := range last {
		if late := now.Sub(last.at); late < time.Minute || t.Missed == policy.MissedLate && late <= t.Window {
			newest = append(newest, *last)
		}
	}
	full := slices.ContainsFunc(newest, func(s expected) bool { return s.kind == backup.Full })
	for _, s := range newest {
		if s.kind != backup.Differential || !full {
			t.fired = append(t.fired, key(s.local, s.kind))
		}
	}
}

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

// TestSlotsInTheStore does the same with the real store for a few policies and
// a shorter time, with every life opening it again.
func TestSlotsInTheStore(t *testing.T) {
	from := time.Date(2026, 10, 20, 0, 0, 30, 0, time.UTC)
	end := from.AddDate(0, 0, 21)
	w := &environment{t: t, rand: rand.New(rand.NewPCG(7, 7)), clock: from, high: from, templates: times(from.Truncate(time.Minute), end.AddDate(0, 0, 8))}
	folder := t.TempDir()
	var store *db.DB
	open := func() *scheduler.Scheduler {
		if store != nil {
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
		}
		store = openStore(t, folder)
		s := w.scheduler(store.Policies())
		s.NewID = newID
		return s
	}
	s := open()
	furnishServer(t, store)
	ids := map[string]*template{}
	for i, tpl := range w.templates {
		p := tpl.Policy
		p.ID, p.Name, p.Version = fmt.Sprintf("p%02d", i), fmt.Sprintf("policy %d", i), 0
		e := audit.New(audit.Engine, from.Truncate(time.Minute), "policy.save", "policy/"+p.ID, "Saved.")
		if _, err := store.Policies().Save(t.Context(), p, "", e); err != nil {
			t.Fatal(err)
		}
		ids[p.ID] = tpl
	}
	first := true
	w.live(end, func() *scheduler.Scheduler {
		if first {
			first = false
			return s
		}
		return open()
	})
	for id, tpl := range ids {
		slots, counts := map[uint32]bool{}, 0
		for before := ""; ; {
			duePolicy, err := store.Policies().Slots(t.Context(), id, before, 100)
			if err != nil {
				t.Fatal(err)
			}
			if len(duePolicy) == 0 {
				break
			}
			for _, d := range duePolicy {
				slots[key(d.Local, d.Kind)], before = d.Verdict == policy.Fired, d.Key()
				counts += d.Count
				works, err := store.Policies().Jobs(t.Context(), d.Slot)
				if err != nil || (len(works) == 1) != (d.Verdict == policy.Fired) {
					t.Fatalf("%s has %d runs (%v)", d.Key(), len(works), err)
				}
			}
		}
		if why := tpl.differs(slots, counts); why != "" {
			t.Errorf("%s (%s, %+v): %s", id, tpl.Zone, tpl.Rules, why)
		}
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}

func openStore(t testing.TB, folder string) *db.DB {
	t.Helper()
	keys, err := secret.OpenKeyring(filepath.Join(folder, "bakplane.key"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(t.Context(), folder, keys, run.NewNotifier(), app.Specs())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func furnishServer(t testing.TB, d *db.DB) {
	t.Helper()
	e := audit.New(audit.Engine, time.Now(), "test", "test", "Furnished.")
	if err := d.SaveBucket(t.Context(), endpoint.Bucket{ID: "f", Name: "f", Kind: folder.BucketKind, Path: "/b"}, e); err != nil {
		t.Fatal(err)
	}
	if err := d.SaveInstance(t.Context(), endpoint.Instance{ID: "s", Name: "s", Kind: sqlserver.InstanceKind, Host: "h", Login: "sa", FolderID: "f"}, e); err != nil {
		t.Fatal(err)
	}
}

// TestManyPoliciesDueTogether has policies whose slots are all due at the same
// moment, in the real store and through the scheduler as it runs: each must
// have its run within the second.
func TestManyPoliciesDueTogether(t *testing.T) {
	n := 500
	if v, err := strconv.Atoi(os.Getenv("BAKPLANE_POLICIES")); err == nil {
		n = v
	}
	store := openStore(t, t.TempDir())
	defer store.Close()
	furnishServer(t, store)
	due := time.Date(2026, 6, 1, 2, 0, 0, 0, time.UTC)
	saved := audit.New(audit.Engine, due.Add(-time.Hour), "policy.save", "policy", "Saved.")
	for i := range n {
		p := policy.Policy{ID: fmt.Sprintf("%05d", i), Name: strconv.Itoa(i), Enabled: true, Servers: []string{"s"}, Zone: "UTC", Missed: policy.MissedSkip, Rules: []policy.Rule{{Kind: backup.Full, Cron: "0 2 * * *"}}}
		if _, err := store.Policies().Save(t.Context(), p, "", saved); err != nil {
			t.Fatal(err)
		}
	}
	clock, began := due.Add(-time.Minute), time.Now()
	s := &scheduler.Scheduler{Store: store.Policies(), Notifier: run.NewNotifier(), Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return clock },
		Ran: func() time.Duration { return clock.Sub(due) }, NewID: newID}
	if err := s.Turn(t.Context()); err != nil {
		t.Fatal(err)
	}
	read := time.Since(began)
	clock, began = s.Next(), time.Now()
	if err := s.Turn(t.Context()); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	watermarks, err := store.Policies().Watermarks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	queued := 0
	for _, m := range watermarks {
		if m.At.Equal(due) {
			queued++
		}
	}
	if !clock.Equal(due) || queued != n {
		t.Fatalf("%d of %d were decided at %s", queued, n, clock)
	}
	t.Logf("TOGETHER policies=%d queued=%d took_ms=%d read_ms=%d", n, queued, took.Milliseconds(), read.Milliseconds())
}
