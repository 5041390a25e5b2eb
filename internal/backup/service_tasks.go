package backup

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
)

// TaskLister is a Server whose service carries out backups and restores as
// tasks, those that were ordered elsewhere among them. Errors are those of
// Server: a look that fails is unknown, and never "none".
type TaskLister interface {
	// ServiceTasks lists what the service remembers, newest first.
	ServiceTasks(ctx context.Context) ([]ServiceTask, error)
	// CancelTask asks the service to end a task; it may take a while.
	CancelTask(ctx context.Context, id string) error
}

// TaskLog keeps what services told of their tasks for longer than they keep it.
// Of one instance the newest are kept, in a number that is bounded.
type TaskLog interface {
	// KeepTasks notes what an instance's service tells now. What is told again
	// costs no write.
	KeepTasks(ctx context.Context, instanceID string, tasks []ServiceTask) error
	// Tasks lists them, newest first; next leads on, empty = there are no more.
	Tasks(ctx context.Context, instanceID, before string, limit int) (tasks []ServiceTask, next string, err error)
}

// sameTask is how far the beginnings of one task may lie apart in two looks: the
// service tells them in a zone it does not name, which may be read otherwise after
// the server's clock was set, and clocks differ by at most 26 hours between zones.
const sameTask = 26 * time.Hour

// Same reports whether two tasks of one instance with one id are the same task: an
// instance that was made anew behind the same address counts from the beginning.
func (t ServiceTask) Same(o ServiceTask) bool {
	return t.ID == o.ID && t.Type == o.Type && t.Database == o.Database && t.Created.Sub(o.Created).Abs() <= sameTask
}

// CompressionSwitch is a Server whose backups are compressed or not by a switch
// of the whole instance, and never by an option of one backup.
type CompressionSwitch interface {
	Compression(ctx context.Context) (on bool, err error)
	// SetCompression turns it; the same again is harmless.
	SetCompression(ctx context.Context, on bool) error
	// CompressionStatement is SetCompression as a person would type it.
	CompressionStatement(on bool) string
}

// ServiceTask is one task of a service.
type ServiceTask struct {
	ID        string
	Type      string // in the service's words
	Database  string // empty where it is about none
	State     string // in the service's words
	Over      bool
	Failed    bool
	Percent   int           // as the service told it last; -1 = not told
	Lasted    time.Duration // as the service told it, in minutes; negative = not told
	Text      string        // its own lines, the newest last
	Object    string        // what it reads or writes
	Created   time.Time     // UTC
	Updated   time.Time     // UTC, when the service last told anything
	Code      fault.Code    // of what failed; empty else
	CanCancel bool
}
