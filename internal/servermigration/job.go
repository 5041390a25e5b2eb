package servermigration

import (
	"time"
)

// Job is a migration job as the service tells it (DescribeReplicationJobs).
type Job struct {
	ID          string // j-…
	SourceID    string
	Name        string
	Description string
	Region      string // where the target is made
	Target      Target
	Status      Status
	Phase       Phase   // while Running
	Progress    float64 // percent over all phases, not of bytes; begins anew with each run
	ErrorCode   string  // empty while all is well
	ErrorText   string  // StatusInfo, the service's own words

	Once  bool // a single run; false = synchronised again and again
	Every int  // hours between the end of a synchronisation and the next, 1 to 168; 0 = Once
	Keep  int  // images kept, 1 to 10; 0 = Once
	// Until is the interval that counts to the next synchronisation, hours, where a
	// look saw it changed since the last one: a new one counts from the end of the
	// next. 0 = Every. The service does not tell it.
	Until int `json:",omitempty"`

	ImageName  string
	ImageID    string // of the newest image, where the service tells it
	InstanceID string // the instance that is the target
	// TransitionID is the intermediate instance that receives the data and costs
	// money as long as it exists; empty = none, or not told.
	TransitionID string
	Network      Network
	VPC, VSwitch string

	Created   time.Time // UTC, as all times here
	Scheduled time.Time // the first run begins then; zero = it is started by hand
	Started   time.Time
	Ended     time.Time
	ValidTill time.Time // zero = not told
	Cycles    []Cycle   // runs that ended with an image, oldest first
}

// Cycle is one run of a job that made an image (ReplicationJobRuns).
type Cycle struct {
	ImageID string
	Start   time.Time
	End     time.Time // zero while it goes on
	Manual  bool      // a person started it
	// Unlisted: the service listed it once and does not any more, so its image may
	// be gone.
	Unlisted bool
}

// Last is the newest run that has ended; false when there is none.
func (j Job) Last() (Cycle, bool) {
	var last Cycle
	for _, c := range j.Cycles {
		if !c.End.IsZero() && !c.End.Before(last.End) {
			last = c
		}
	}
	return last, !last.End.IsZero()
}

// Target is what a job makes.
type Target string

// Targets.
const (
	ToImage     Target = "Image"
	ToContainer Target = "ContainerImage" // not of Windows
	ToInstance  Target = "TargetInstance"
)

// Network is the way that the data takes.
type Network int

// Networks.
const (
	Internet Network = 0
	Private  Network = 2 // over a VPC; a switch is needed
)

// Status is where a job stands. Words that are not known are kept and treated
// as a state in which nothing can be ordered but a look.
type Status string

// States of jobs.
const (
	Ready    Status = "Ready"    // not started
	Running  Status = "Running"  // see Phase
	Stopped  Status = "Stopped"  // paused
	InError  Status = "InError"  // failed; can be started again
	Waiting  Status = "Waiting"  // between two synchronisations
	Finished Status = "Finished" // complete
	Expired  Status = "Expired"  // past its validity; deleted seven days later
	Deleting Status = "Deleting"
	// Gone is ours: the service does not list it any more.
	Gone Status = "Gone"
)

// Known reports whether the state is one of the sheet's.
func (s Status) Known() bool {
	switch s {
	case Ready, Running, Stopped, InError, Waiting, Finished, Expired, Deleting, Gone:
		return true
	}
	return false
}

// Unfinished reports whether a job in this state keeps its source from having
// another one (CreateReplicationJob; help page on incremental migration).
func (s Status) Unfinished() bool {
	switch s {
	case Ready, Running, Stopped, InError, Waiting, Expired:
		return true
	}
	return false
}

// Phase is what a running job does (BusinessStatus).
type Phase string

// Phases.
const (
	Preparing  Phase = "Preparing"  // helpers are made
	Syncing    Phase = "Syncing"    // data is compared and copied; the only phase that can be paused
	Processing Phase = "Processing" // the image or the target is built
	Cleaning   Phase = "Cleaning"   // helpers are released
)
