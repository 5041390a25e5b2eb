package servermigration

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/secret"
)

// Center is what one cloud account can do with servers: Server Migration
// Center, and what of OOS and ECS is needed around it.
//
// A refusal is a fault of kind Invalid, Conflict, Denied or NotFound with a
// code of internal/explain: the service has done nothing. Unavailable of a
// changing call means that nobody knows whether it was done: look before it is
// made again. A look that failed is an error and never "none".
type Center interface {
	// Servers lists source servers, all of them or those named, at most 50 for
	// each call.
	Servers(ctx context.Context, ids ...string) ([]Server, error)
	// Jobs lists jobs, all of them or those named, at most 50 for each call. A
	// named job that is not in the answer does not exist any more.
	Jobs(ctx context.Context, ids ...string) ([]Job, error)

	// Create makes a job and tells its id. The same token makes no second one.
	Create(ctx context.Context, d Draft, token string) (id string, err error)
	// Start starts a job that is Ready, goes on with one that is Stopped, and
	// tries one again that is InError. Whether it synchronises one that is
	// Waiting is not documented.
	Start(ctx context.Context, id string) error
	// Stop pauses a job while it is Syncing.
	Stop(ctx context.Context, id string) error
	// Complete ends the synchronisations of a job that is Waiting, for good; with
	// last, after one more.
	Complete(ctx context.Context, id string, last bool) error
	// Change changes interval and images kept.
	Change(ctx context.Context, id string, c Change) error
	// Delete deletes a job with its helpers. Its images stay.
	Delete(ctx context.Context, id string) error

	// Rename names a source server.
	Rename(ctx context.Context, id, name, description string) error
	// Remove takes a source server out of the list; with force, its job too.
	Remove(ctx context.Context, id string, force bool) error

	// NewToken makes an activation code. The code is told this once.
	NewToken(ctx context.Context, d TokenDraft) (id string, code secret.Text, err error)
	Tokens(ctx context.Context) ([]Token, error)
	DisableToken(ctx context.Context, id string) error
	DeleteToken(ctx context.Context, id string) error

	// Verify begins a verification of an image (OOS template
	// ACS-SMC-CreateAndVerifyInstance). The same token begins no second one.
	Verify(ctx context.Context, region string, c Check, token string) (execution string, err error)
	Verification(ctx context.Context, region, execution string) (Verification, error)

	// Machines looks at ECS instances, at most 50 for each call. One that is not
	// in the answer does not exist.
	Machines(ctx context.Context, region string, ids ...string) ([]Machine, error)
	// NewMachine makes a pay-as-you-go ECS instance of an image. The same token
	// makes no second one.
	NewMachine(ctx context.Context, region string, d MachineDraft, token string) (id string, err error)
	// RemoveMachine releases an ECS instance, also one at work.
	RemoveMachine(ctx context.Context, region, id string) error
}

// Ports hands out centers by the id of their cloud account.
type Ports interface {
	Center(ctx context.Context, accountID string) (Center, error)
}

// Change is what can be changed of a job that waits.
type Change struct {
	Every int `json:"every_hours"` // hours, 1 to 168
	Keep  int `json:"keep_images"` // images, 1 to 10
}

// TokenDraft is an activation code to be made.
type TokenDraft struct {
	Name        string
	Description string
	Count       int // servers that may register with it, 1 to 1,000
	Days        int // days it is valid, 1 to 90
}

// Token is an activation code as the service lists it, without the code.
type Token struct {
	ID          string
	Name        string
	Description string
	Count       int    // servers that may register
	Registered  int    // that have
	Days        int    // valid from Created
	Status      string // activated, unactivated, expired
	Created     time.Time
}

// Machine is an ECS instance.
type Machine struct {
	ID      string
	Status  string // such as Running or Stopped
	ImageID string
	Private string // address; may be empty
	Public  string // address; may be empty
	Created time.Time
}

// MachineDraft is an ECS instance to be made of an image.
type MachineDraft struct {
	ImageID  string `json:"image_id"`
	Type     string `json:"type"` // such as ecs.g6.large
	VSwitch  string `json:"vswitch"`
	Security string `json:"security_group"` // id of a security group
	Name     string `json:"name"`
}

// Check is what a verification is asked to do.
type Check struct {
	ImageID  string `json:"image_id"`
	Zone     string `json:"zone"`
	Host     string `json:"host"`       // host name of the instance
	Type     string `json:"type"`       // instance type
	Private  string `json:"private_ip"` // its address; begins with 10., 172. or 192.
	Windows  bool   `json:"windows"`
	Folder   string `json:"folder"`   // where commands are run
	Command  string `json:"command"`  // of one's own; may be empty
	Keep     bool   `json:"keep"`     // the instance is left, and costs
	DiskGiB  int    `json:"disk_gib"` // 0 = left to ECS
	RoleName string `json:"role"`     // which OOS assumes; may be empty
}

// Verification is how an execution of OOS stands.
type Verification struct {
	Execution string
	Status    string // Running, Success, Failed, Cancelled, …
	Why       string // the service's words where it failed
	Results   []CheckResult
	Started   time.Time
	Ended     time.Time
}

// CheckResult is what the template printed for one instance.
type CheckResult struct {
	InstanceID string
	Default    string // output of its default check, with its markers
	Own        string // output of one's own command
}
