package smc

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	smcemu "github.com/bakplane/bakplane/internal/emulator/smc"
	"github.com/bakplane/bakplane/internal/servermigration"
)

var walks = flag.Int("walks", 40, "random walks of TestTheRulesAgreeWithTheService")

// What our rules allow the service takes, and what they forbid it refuses, over
// the wire and in whatever state a job has come into. The two exceptions are
// said: an order that no page names is tried, and a retry without the
// intermediate instance is taken and fails.
func TestTheRulesAgreeWithTheService(t *testing.T) {
	c := begin(t, func(c *smcemu.Config) { c.Pace = 30 })
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	reached := map[servermigration.Status]int{}
	r := rand.New(rand.NewPCG(seed, 0))
	for walk := range *walks {
		syncs := r.IntN(2) == 0
		c.Settings(smcemu.SettingsPatch{StartWaiting: &syncs})
		online := false
		c.Source(windows, smcemu.SourcePatch{Offline: &online})
		d := draft()
		d.ValidTill, d.Every = c.Now().Add(8*24*time.Hour), 1+r.IntN(12)
		d.Name, d.ImageName = d.Name+itoa(walk), d.ImageName+itoa(walk)
		id := c.create(d)
		for range 25 {
			c.Forward(time.Duration(r.IntN(200)) * time.Second)
			switch r.IntN(12) {
			case 0:
				off := r.IntN(2) == 0
				c.Source(windows, smcemu.SourcePatch{Offline: &off})
			case 1:
				c.Job(id, smcemu.JobPatch{Trouble: &smcemu.Trouble{Phase: []string{"Preparing", "Syncing", "Processing"}[r.IntN(3)], Code: "InternalError", Info: "Do Rsync Disk 0 Failed, return: 7680"}})
			case 2:
				c.ReleaseInstance(c.State().Jobs[id].Transition)
			case 3:
				c.Forward(time.Duration(r.IntN(30)) * time.Hour)
			}
			jobs, err := c.Jobs(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if len(jobs) == 0 {
				reached[servermigration.Gone]++
				break
			}
			f := servermigration.Facts{Now: c.Now(), Job: jobs[0], Cap: servermigration.MostAtWork, Transition: servermigration.There}
			reached[f.Job.Status]++
			if f.Job.TransitionID != "" {
				if m, err := c.Machines(t.Context(), region, f.Job.TransitionID); err == nil && len(m) == 0 {
					f.Transition = servermigration.Missing
				}
			}
			servers, err := c.Servers(t.Context(), windows)
			if err != nil {
				t.Fatal(err)
			}
			f.Server = &servers[0]
			what := []servermigration.What{servermigration.Start, servermigration.Resume, servermigration.Retry, servermigration.Pause, servermigration.Sync, servermigration.Complete, servermigration.Adjust, servermigration.Delete}[r.IntN(8)]
			if (what == servermigration.Delete || what == servermigration.Complete) && r.IntN(4) > 0 {
				continue // it would end the walk
			}
			v := servermigration.Allowed(what, f)
			if v.OK && v.Unsure {
				continue
			}
			if !v.OK && f.Job.Status == servermigration.InError && f.Transition == servermigration.Missing {
				continue
			}
			// Of the three orders that are one call, only the one that fits is asked.
			if call := map[servermigration.What]servermigration.Status{servermigration.Start: servermigration.Ready, servermigration.Resume: servermigration.Stopped, servermigration.Retry: servermigration.InError}; call[what] != "" && call[what] != f.Job.Status {
				continue
			}
			if what == servermigration.Sync && f.Job.Status != servermigration.Waiting {
				continue
			}
			err = ordered(c, what, id)
			if v.OK != (err == nil) {
				t.Fatalf("seed %d, walk %d: %s of a job that is %s/%s, source %s: allowed %v (%s), the service says %v", seed, walk, what, f.Job.Status, f.Job.Phase, f.Server.State, v.OK, v.Why, err)
			}
		}
		c.DropJob(id)
	}
	for _, s := range []servermigration.Status{servermigration.Ready, servermigration.Running, servermigration.Waiting, servermigration.InError} {
		if reached[s] == 0 {
			t.Errorf("no walk came to %s: %v", s, reached)
		}
	}
}

func itoa(n int) string { return string(rune('a'+n/26%26)) + string(rune('a'+n%26)) }

func ordered(c *cloud, what servermigration.What, id string) error {
	ctx := c.t.Context()
	switch what {
	case servermigration.Pause:
		return c.Stop(ctx, id)
	case servermigration.Complete:
		return c.Complete(ctx, id, id[len(id)-1]%2 == 0)
	case servermigration.Adjust:
		return c.Change(ctx, id, servermigration.Change{Every: 2, Keep: 3})
	case servermigration.Delete:
		return c.Delete(ctx, id)
	}
	return c.Start(ctx, id)
}
