package servermigration

import (
	"cmp"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// Look is what was seen just now of what an order is about.
type Look struct {
	At           time.Time
	Job          *Job          // nil = the service does not list it
	Server       *Server       // nil = the service does not list it
	Transition   Presence      // of the intermediate instance
	AtWork, Cap  int           // jobs at work of the account, and how many may be
	Machine      *Machine      // of Try and Release; nil = it does not exist
	Verification *Verification // nil = none was begun
	// Settle is how long the service may take until a call shows, before the call
	// is made again after a lost answer. Nothing documents it; 0 = 30 seconds.
	Settle time.Duration
}

func (l Look) settle() time.Duration { return cmp.Or(l.Settle, 30*time.Second) }

// Step is what a worker does next for an order.
type Step struct {
	Do       Do
	Text     words.Text // why it waits, or what came of it
	Fix      words.Text
	Code     fault.Code
	Made     string // what came of it, where it is known only now
	Progress float64
	After    time.Duration // how long to wait before the next look
}

// Do is what a step does.
type Do string

// Steps.
const (
	Call Do = "call" // make the call now
	Wait Do = "wait" // look again later
	Done Do = "done" // it is done, as the service shows
	Fail Do = "fail" // it is not done, and nothing more is tried
)

const (
	// sends bounds how often a call is made whose answers are lost.
	sends = 4
	// stale is how old an order may be that cannot be undone and was never sent:
	// after it somebody else may be at the source server.
	stale = 15 * time.Minute
)

func done(text words.Text) Step { return Step{Do: Done, Text: text} }

func wait(text words.Text, after time.Duration) Step {
	return Step{Do: Wait, Text: text, After: after}
}

func fail(text words.Text, fix string) Step {
	return Step{Do: Fail, Text: text, Fix: words.Text{Format: fix}}
}

// failWith is a failure that the common table explains.
func failWith(code fault.Code) Step {
	r := explain.Of(code)
	return Step{Do: Fail, Code: code, Text: r.CauseText(), Fix: r.FixText()}
}

// Next says what an order has to do now. It looks before it acts: a call is
// made when the service shows that it has not been made, and made again only
// while the service still shows what was there before.
func Next(o Order, l Look) Step {
	switch o.What {
	case Create, Verify, Try:
		return nextMaking(o, l)
	case Release, Rename, Remove:
		return nextOther(o, l)
	}
	if l.Job == nil || l.Job.Status == Gone {
		if o.What == Delete {
			return done(words.Say("The service does not list the job any more. Its images stay."))
		}
		return failWith("smc-gone")
	}
	if shown, s := effect(o, *l.Job, l); shown {
		return s
	}
	return send(o, l)
}

// send has the call made where it is allowed and not too late.
func send(o Order, l Look) Step {
	late := l.At.Sub(o.Ordered)
	switch {
	case !o.Answered.IsZero(): // what the service took is never sent again
		return wait(words.Say("The service took it; nothing of it shows yet."), l.settle())
	case o.Sent.IsZero() && !o.What.Undone() && late > stale:
		return fail(words.Say("It was ordered %s ago and not sent: it cannot be undone, so it is not sent that late.", words.Roughly(late)), "Look at the job and order it again.")
	case !o.Sent.IsZero() && l.At.Sub(o.Sent) < l.settle():
		return wait(words.Say("Nobody knows yet whether the service took the call: its answer was lost."), l.settle()-l.At.Sub(o.Sent))
	case o.Sends >= sends:
		return failWith("smc-unanswered")
	}
	v := Allowed(o.What, Facts{Now: l.At, Job: *l.Job, Server: l.Server, Transition: l.Transition, AtWork: l.AtWork, Cap: l.Cap})
	switch {
	case v.OK:
		return Step{Do: Call}
	case v.Later:
		return wait(v.Why, l.settle())
	}
	return Step{Do: Fail, Code: v.Code, Text: v.Why, Fix: v.Fix}
}

// effect is what the service shows of an order about a job; false = nothing yet,
// and the call may have to be made.
func effect(o Order, j Job, l Look) (bool, Step) {
	sent, answered := !o.Sent.IsZero(), !o.Answered.IsZero()
	switch o.What {
	case Start, Resume, Retry:
		return started(o, j, l)
	case Pause:
		if j.Status == Stopped {
			return true, done(words.Say("The job is paused. Its intermediate instance stays and costs."))
		}
		if answered && j.Status == Running {
			return true, wait(words.Say("The service took it; the job is %s.", j.StatusWords()), l.settle()/3)
		}
		if answered || (sent && j.Status != Running && j.Status != Waiting) {
			return true, fail(words.Say("The job is %s now.", j.StatusWords()), "Look at the job.")
		}
	case Sync:
		return synchronised(o, j, l)
	case Complete:
		return completed(o, j, l)
	case Adjust:
		if j.Every == o.Ask.Change.Every && j.Keep == o.Ask.Change.Keep {
			return true, done(words.Say("Every %s, %s kept. A new interval counts from the end of the next synchronisation.", words.Count(j.Every, "hour", "hours"), words.Count(j.Keep, "image", "images")))
		}
		if answered && l.At.Sub(o.Answered) < 10*l.settle() {
			return true, wait(words.Say("The service took it and still shows the former settings."), l.settle()/3)
		}
		if answered {
			return true, fail(words.Say("The service took it and shows other settings: every %s, %s.", words.Count(j.Every, "hour", "hours"), words.Count(j.Keep, "image", "images")), "Look at the job in the console.")
		}
	case Delete:
		if j.Status == Deleting || answered {
			return true, wait(words.Say("The service deletes the job and its helpers. That may take a while."), l.settle()/3)
		}
	}
	return false, Step{}
}

func started(o Order, j Job, l Look) (bool, Step) {
	from := states[o.What][0]
	switch {
	case j.Status == Running, j.Status == Waiting && !o.Sent.IsZero(), j.Status == Finished && !o.Sent.IsZero():
		if o.Sent.IsZero() {
			return true, done(words.Say("The job is at work: it was started elsewhere."))
		}
		return true, done(words.Say("The job is %s.", j.StatusWords()))
	case o.Answered.IsZero():
		return false, Step{}
	case j.Status == InError && (from != InError || l.At.Sub(o.Answered) >= 4*l.settle()):
		return true, broken(j)
	case j.Status == from && l.At.Sub(o.Answered) < 20*l.settle():
		return true, wait(words.Say("The service took it; the job has not begun yet."), l.settle()/3)
	case j.Status == from:
		return true, fail(words.Say("The service took it %s ago, and the job is still %s.", words.Roughly(l.At.Sub(o.Answered)), j.StatusWords()), "Look at the job in the console, or order it again.")
	}
	return true, fail(words.Say("The job is %s now.", j.StatusWords()), "Look at the job.")
}

// synchronised follows a synchronisation by hand to its image. One that began by
// itself in the same moment is as good: it holds the same data.
func synchronised(o Order, j Job, l Look) (bool, Step) {
	if o.Sent.IsZero() {
		return false, Step{}
	}
	last, any := j.Last()
	switch {
	case len(j.Cycles) > o.Before.Cycles && any && j.Status != Running:
		return true, Step{Do: Done, Made: last.ImageID, Text: words.Say("A synchronisation has ended; its image is %s.", last.ImageID)}
	case j.Status == Running:
		return true, Step{Do: Wait, Text: words.Say("The job is %s.", j.StatusWords()), Progress: j.Progress, After: l.settle() / 3}
	case j.Status == InError:
		return true, broken(j)
	case j.Status == Waiting && o.Answered.IsZero():
		return false, Step{}
	case j.Status == Waiting:
		return true, wait(words.Say("The service took it; the synchronisation has not begun yet."), l.settle()/3)
	}
	return true, fail(words.Say("The job is %s now.", j.StatusWords()), "Look at the job.")
}

// completed follows a completion to its end. A job that waits again was not
// completed: a synchronisation of its own had begun in that moment.
func completed(o Order, j Job, l Look) (bool, Step) {
	switch {
	case j.Status == Finished && o.Sent.IsZero():
		return true, done(words.Say("The job is completed: that was ordered elsewhere."))
	case j.Status == Finished:
		return true, done(words.Say("The job is completed. The intermediate instance is released by the service; the images stay."))
	case o.Sent.IsZero():
		return false, Step{}
	case j.Status == Running:
		return true, Step{Do: Wait, Text: words.Say("The job is %s.", j.StatusWords()), Progress: j.Progress, After: l.settle() / 3}
	case j.Status == InError:
		return true, broken(j)
	case j.Status == Waiting && o.Answered.IsZero():
		return false, Step{}
	case j.Status == Waiting:
		return true, wait(words.Say("The service took the completion, and the job still waits."), l.settle())
	}
	return true, fail(words.Say("The job is %s now.", j.StatusWords()), "Look at the job.")
}

// broken says why a job failed.
func broken(j Job) Step {
	code := CauseOf(j.ErrorCode, j.ErrorText)
	r := explain.Of(code)
	said := strings.TrimSpace(j.ErrorCode + " " + j.ErrorText)
	return Step{Do: Fail, Code: code, Text: words.Join(r.CauseText(), words.Plain(said)), Fix: r.FixText()}
}
