package servermigration

import (
	"time"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// Kind is the kind of the runs that carry out orders.
const Kind = "server-order"

// Order is one changing call that a person ordered, with what came of it. Its
// id is that of its run, and the token with which what it makes is made once.
type Order struct {
	ID        string
	AccountID string
	SourceID  string // empty where it is about none
	JobID     string // of an order to make a job: once it is made
	What      What
	Ask       Ask
	Ordered   time.Time // UTC
	By        string    // who, for people

	Sent     time.Time // the call was written down as about to be made, the last time; zero = never
	Sends    int
	Before   Mark      // what was there then
	Answered time.Time // the service took it; zero = not, or nobody knows
	Made     string    // id of the job, execution or instance that came of it
	Result   words.Text
	Finished time.Time // zero while it goes on
	Code     fault.Code
	Why, Fix words.Text // why it was not done; empty when it was
	State    run.State  // of its run, as the store tells it
}

// Going reports whether it is queued or at work.
func (o Order) Going() bool {
	return o.Finished.IsZero() && !o.State.Ended() && o.State != run.Failed
}

// Unsure reports whether the call was sent and nobody knows whether it was
// taken.
func (o Order) Unsure() bool { return !o.Sent.IsZero() && o.Answered.IsZero() }

// Ask is what an order wants, by What; the rest is empty. Its JSON is kept.
type Ask struct {
	Draft   *Draft        `json:"draft,omitempty"`
	Change  *Change       `json:"change,omitempty"`
	Last    bool          `json:"last,omitempty"` // complete: after one more synchronisation
	Check   *Check        `json:"check,omitempty"`
	Machine *MachineDraft `json:"machine,omitempty"`
	Region  string        `json:"region,omitempty"`
	Name    string        `json:"name,omitempty"`
	About   string        `json:"about,omitempty"`
	Force   bool          `json:"force,omitempty"`
	WaveID  string        `json:"wave_id,omitempty"` // ordered for a whole wave
}

// What is what an order does.
type What string

// Orders. Start, Resume and Retry are the same call of the service, in three
// states of a job.
const (
	Create   What = "create"
	Start    What = "start"
	Pause    What = "pause"
	Resume   What = "resume"
	Retry    What = "retry"
	Sync     What = "sync" // synchronise now
	Complete What = "complete"
	Adjust   What = "adjust" // interval and images kept
	Delete   What = "delete"
	Verify   What = "verify"
	Try      What = "try"     // make an instance of an image
	Release  What = "release" // remove such an instance
	Rename   What = "rename"
	Remove   What = "remove" // take a source server out of the list
)

// OfJobs are the orders about a job, in the order in which people need them.
var ofJobs = []What{Start, Retry, Resume, Sync, Complete, Pause, Adjust, Verify, Try, Delete}

// OfJobs lists the orders about a job, in the order in which people need them.
func OfJobs() []What { return append([]What(nil), ofJobs...) }

// Title is an order in a few words.
func (w What) Title() words.Text {
	switch w {
	case Create:
		return words.Say("Make a migration job")
	case Start:
		return words.Say("Start")
	case Pause:
		return words.Say("Pause")
	case Resume:
		return words.Say("Go on")
	case Retry:
		return words.Say("Try again")
	case Sync:
		return words.Say("Synchronise now")
	case Complete:
		return words.Say("Complete")
	case Adjust:
		return words.Say("Change interval and images")
	case Delete:
		return words.Say("Delete the job")
	case Verify:
		return words.Say("Verify an image")
	case Try:
		return words.Say("Make an instance of an image")
	case Release:
		return words.Say("Release the instance")
	case Rename:
		return words.Say("Rename the source server")
	case Remove:
		return words.Say("Remove the source server")
	}
	return words.Plain(string(w))
}

// Undone reports whether what an order does can be undone.
func (w What) Undone() bool { return w != Complete && w != Delete && w != Remove && w != Release }

// Mark is what was there of a job before a call was sent, so that it is known
// later whether the call did something.
type Mark struct {
	Status Status `json:"status,omitempty"`
	Phase  Phase  `json:"phase,omitempty"`
	Cycles int    `json:"cycles,omitempty"`
	Error  string `json:"error,omitempty"`
}

// MarkOf is what is there of a job now.
func MarkOf(j Job) Mark {
	return Mark{Status: j.Status, Phase: j.Phase, Cycles: len(j.Cycles), Error: j.ErrorCode}
}
