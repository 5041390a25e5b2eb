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
// lives also while the job waits, is paused or has failed, and its images.
// Prices are not known here.
func Costs(j Job, transition Presence, made []Order) (out []Cost) {
	if j.TransitionID != "" && transition != Missing && j.Status != Finished {
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
	for _, o := range made {
		switch {
		case o.What == Try && o.Made != "" && o.Code == "":
			out = append(out, Cost{What: words.Say("Instance made of the image %s", o.Ask.Machine.ImageID), ID: o.Made, Since: o.Answered, Until: words.Say("until it is released")})
		case o.What == Verify && o.Made != "" && o.Ask.Check != nil && o.Ask.Check.Keep:
			out = append(out, Cost{What: words.Say("Instance that the verification kept, with its network"), ID: "OOS-" + o.Made, Since: o.Answered, Until: words.Say("until somebody removes it")})
		}
	}
	return out
}
