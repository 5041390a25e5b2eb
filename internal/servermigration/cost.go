package servermigration

import (
	"time"

	"github.com/bakplane/bakplane/internal/words"
)

// Cost is something in the account that costs money now.
type Cost struct {
	What  words.Text
	ID    string    // in the account; may be empty
	Since time.Time // zero = not known
	Until words.Text
}

// Costs tells what of a job costs money now: its intermediate instance, which
// lives also while the job waits, is paused or has failed, its images, and what
// the orders about it made and did not release. Prices are not known here.
func Costs(j Job, transition Presence, orders []Order) (out []Cost) {
	if j.TransitionID != "" && transition != Missing && j.Status.Unfinished() {
		c := Cost{What: words.Say("Intermediate instance with its disks"), ID: j.TransitionID, Since: j.Started, Until: words.Say("until the job is completed or deleted")}
		switch {
		case j.Target == ToInstance:
			c.What = words.Say("Intermediate disk SMC_Temp_Disk")
		case transition == NotKnown:
			c.What = words.Say("Intermediate instance with its disks (whether it is still there was not looked at)")
		}
		out = append(out, c)
	}
	if n := len(Kept(j, nil)); n > 0 && j.Target != ToInstance {
		out = append(out, Cost{What: words.Say("%s and the snapshots under them", words.Count(n, "image", "images")), Since: Kept(j, nil)[0].End, Until: words.Say("until somebody deletes them: they stay when the job is deleted")})
	}
	for _, o := range orders {
		switch {
		case o.What == Try && o.Made != "" && o.Code == "" && !Released(orders, o.Made):
			out = append(out, Cost{What: words.Say("Instance made of the image %s", o.Ask.Machine.ImageID), ID: o.Made, Since: o.Answered, Until: words.Say("until it is released")})
		case o.What == Verify && o.Made != "" && o.Ask.Check != nil && o.Ask.Check.Keep:
			out = append(out, Cost{What: words.Say("Instance that the verification kept, with its network"), ID: "OOS-" + o.Made, Since: o.Answered, Until: words.Say("until somebody removes it")})
		}
	}
	return out
}

// Released reports whether one of the orders released an instance.
func Released(orders []Order, machine string) bool {
	for _, o := range orders {
		if o.What == Release && o.Ask.Name == machine && o.Why.IsZero() && !o.Finished.IsZero() {
			return true
		}
	}
	return false
}

// Tried are the images that instances were made of by the orders, and are used as
// long as those are not released.
func Tried(orders []Order) map[string]bool {
	used := map[string]bool{}
	for _, o := range orders {
		if o.What == Try && o.Made != "" && !Released(orders, o.Made) {
			used[o.Ask.Machine.ImageID] = true
		}
	}
	return used
}

// WillCost names the kinds of resources that cost money while a job lasts.
func WillCost(d Draft) []words.Text {
	if d.Target == ToInstance {
		return []words.Text{words.Say("An intermediate disk (SMC_Temp_Disk) at the target instance until the job is over."), words.Say("The target instance itself.")}
	}
	out := []words.Text{words.Say("An intermediate instance with its disks: from the first run until the job is completed or deleted, also while it waits, is paused or has failed."),
		words.Say("Snapshots of each run, and the images made of them, until somebody deletes them.")}
	if d.Network == Internet {
		out = append(out, words.Say("Its traffic into the internet, which is little: data comes in."))
	}
	return out
}
