package servermigration

import (
	"context"
	"fmt"
	"strings"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// Gather puts jobs of one account together as a wave.
func (d *Desk) Gather(ctx context.Context, accountID, name string, jobs []string, who audit.Actor) (id string, err error) {
	switch {
	case name == "" || len(name) > 100:
		return "", fault.New(fault.Invalid, "The wave has no name, or one of more than 100 characters.", "Give it one that your colleagues know.")
	case len(jobs) < 2:
		return "", fault.New(fault.Invalid, "A wave has at least two jobs.", "Choose more.")
	case len(jobs) > MostJobs:
		return "", fault.New(fault.Invalid, "A wave has at most 1,000 jobs.", "Choose fewer.")
	}
	w := Wave{ID: d.NewID(), AccountID: accountID, Name: name, Created: d.Now(), By: who.Name}
	e := audit.New(who, w.Created, "server.wave", "server-wave/"+w.ID, fmt.Sprintf("Made the wave %s of %s.", name, words.Count(len(jobs), "job", "jobs"))).With(nil, map[string]any{"jobs": jobs})
	return w.ID, d.Store.NewWave(ctx, w, jobs, e)
}

// OrderWave orders the same of every job of a wave that allows it. Those that
// begin when the cap of the account lets them wait in the queue. typed is the
// wave's name, for what cannot be undone.
func (d *Desk) OrderWave(ctx context.Context, waveID string, w What, ask Ask, typed string, who audit.Actor) (said words.Text, err error) {
	wave, err := d.Store.Wave(ctx, waveID)
	if err != nil {
		return said, err
	}
	if w != Start && w != Complete {
		return said, fault.New(fault.Invalid, "A wave is started and completed; the rest is ordered of each job.", "Open the job.")
	}
	if !w.Undone() && strings.TrimSpace(typed) != wave.Name {
		return said, fault.New(fault.Invalid, "Completing cannot be undone, and the name typed is not the wave's.", "Type the wave's name.")
	}
	from := states[w][0]
	jobs, err := d.Store.Jobs(ctx, Filter{AccountID: wave.AccountID, WaveID: waveID, States: []Status{from}})
	if err != nil {
		return said, err
	}
	done, why := 0, words.Text{}
	ask.WaveID = waveID
	for _, j := range jobs {
		if _, err := d.Order(ctx, j.AccountID, j.ID, w, ask, j.Name, who); err != nil {
			if fault.Of(err) == fault.Unknown || fault.Is(err, fault.Unavailable) {
				return said, err
			}
			message, _ := fault.Texts(err)
			why = words.Join(why, words.Say("%s: %s", j.Name, message))
			continue
		}
		done++
	}
	said = words.Join(words.Say("%s ordered of %s.", w.Title(), words.Count(done, "job", "jobs")), why)
	if done == 0 {
		return said, fault.Told(fault.Conflict, said, words.Say("Mend what stands there, then order it again."))
	}
	return said, nil
}
