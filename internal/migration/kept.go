package migration

import (
	"context"
	"strings"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/tsql"
	"github.com/bakplane/bakplane/internal/words"
)

// Keeping is what a person wants kept of what RESTORE elsewhere would lose,
// where the target can (Traits.Keeps).
type Keeping struct {
	CDC   bool   // change data capture: RESTORE DATABASE … WITH RECOVERY, KEEP_CDC
	Owner string // login that is to own the database once it is open; empty = whoever restored it
}

// Keeper is a Target that can keep what Keeping names.
type Keeper interface {
	// OpenKeeping is Open with change data capture kept; with write it does
	// what OpenWritable does too.
	OpenKeeping(ctx context.Context, taskID, database string, check CheckMode, key string, write bool) error
	// Kept tells of an open database whether its changes are captured, and
	// which login owns it; an owner that is not told is empty.
	Kept(ctx context.Context, database string) (Keeping, error)
	// Give makes a login the owner of an open database. Repeating is harmless.
	Give(ctx context.Context, database, login string) error
}

// StepKeep is the step in which it is looked whether what was to be kept is
// there.
const StepKeep = "keep"

// check refuses what the target cannot keep.
func (k Keeping) check(to endpoint.Traits, mode AccessMode) error {
	switch {
	case k == Keeping{}:
		return nil
	case to.KeepsWithLast && k.Owner == "":
		return nil
	case to.KeepsWithLast:
		return fault.New(fault.Invalid, "The target keeps change data capture and no owner: whoever restores the database owns it there.", "Leave the owner out, and see to it by hand once the database is open.")
	case !to.Keeps:
		return fault.New(fault.Invalid, "The target keeps neither change data capture nor an owner: its service opens databases its own way.", "Leave both out, and see to them by hand once the database is open.")
	case mode == Immediate:
		return fault.New(fault.Invalid, "With immediate access the restore itself opens the database, and nothing can be kept.", "Choose to open it later, or leave change data capture and owner out.")
	}
	if k.Owner == "" {
		return nil
	}
	_, err := tsql.Name(k.Owner)
	return err
}

// captureStatement turns change data capture on at the target.
func (m Migration) captureStatement() string {
	if m.Traits.Capture != "" {
		return m.Traits.Capture + " " + tsql.ShownText(m.Database)
	}
	return "EXEC " + tsql.Shown(m.Database) + ".sys.sp_cdc_enable_db"
}

// keep gives an open database to its owner and looks whether everything that was
// to be kept is there. What is not is told with the statement that a person can
// type; it holds nobody up who waits for the database. A target that is out of
// reach is asked again.
func (j *job) keep(ctx context.Context, m Migration) (run.Step, []run.Event, error) {
	target, ok := j.target.(Keeper)
	if !ok || m.Keep == (Keeping{}) {
		return run.Step{}, nil, nil
	}
	var said, fix words.Text
	is, err := target.Kept(ctx, m.Database)
	if err == nil && m.Keep.Owner != "" && !strings.EqualFold(is.Owner, m.Keep.Owner) {
		if err = target.Give(ctx, m.Database, m.Keep.Owner); err == nil {
			is, err = target.Kept(ctx, m.Database)
		}
	}
	if fault.Is(err, fault.Unavailable) {
		return run.Step{}, nil, err
	}
	now, name := j.Now(), tsql.Shown(m.Database)
	owned := m.Keep.Owner == "" || strings.EqualFold(is.Owner, m.Keep.Owner)
	step := run.Step{Key: StepKeep, Title: words.Say("Look at what was kept"), State: run.StepDone, Started: now, Finished: now}
	switch {
	case err != nil && m.Keep.Owner == "":
		said, fix = words.Say("What was kept could not be looked at: %s", err), words.Say("Look at is_cdc_enabled in sys.databases by hand.")
	case err != nil:
		said, _ = fault.Texts(err)
		fix = words.Say("Give the database its owner by hand: ALTER AUTHORIZATION ON DATABASE::%s TO %s.", name, tsql.Shown(m.Keep.Owner))
	case m.Keep.CDC && !is.CDC && m.Traits.KeepsWithLast:
		said, fix = words.Say("Change data capture is off although it was to be kept: no file was left whose restore could open the database with it, or the source had it off at the end, or the target's edition does not have it."), words.Say("Turn it on anew: %s.", m.captureStatement())
	case m.Keep.CDC && !is.CDC:
		said, fix = words.Say("Change data capture is off although it was to be kept: the source had it off at the end, or the target's edition does not have it."), words.Say("Turn it on anew: %s.", m.captureStatement())
	case !owned:
		said, fix = words.Say("%s owns the database, not %s.", is.Owner, m.Keep.Owner), words.Say("ALTER AUTHORIZATION ON DATABASE::%s TO %s.", name, tsql.Shown(m.Keep.Owner))
	case m.Keep.CDC && m.Keep.Owner != "":
		said = words.Say("Change data capture is on, and %s owns the database.", is.Owner)
	case m.Keep.CDC:
		said = words.Say("Change data capture is on.")
	default:
		said = words.Say("%s owns the database.", is.Owner)
	}
	level := run.Info
	if !fix.IsZero() {
		step.State, level = run.StepFailed, run.Problem
	}
	step.Message = words.Join(said, fix)
	return step, j.event(StepKeep, level, step.Message), nil
}
