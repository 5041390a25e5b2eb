package wave

import (
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/tsql"
)

// Side is where a database can be written to.
type Side string

const (
	SideSource  Side = "source"
	SideTarget  Side = "target"
	SideNeither Side = "neither"
)

// WritableAt says where a database can be written to by what was done and seen
// so far, and why it is so, a sentence. Never both by what is done here: the
// target is opened only while the source is frozen, or shown to be still.
func WritableAt(m migration.Migration) (Side, string) {
	switch f := m.LiveSource; {
	case f == nil && !m.Opened.IsZero():
		return SideTarget, "The target is open. What the source does is not known here."
	case f == nil:
		return SideSource, "The target is not open. What the source does is not known here."
	case !m.Opened.IsZero():
		return writableOpen(m)
	case f.Frozen.IsZero():
		return SideSource, "Writes were never stopped."
	case f.Freeze == migration.FreezeStopped:
		return writableStopped(m)
	case !f.GivenBack.IsZero():
		return SideSource, "It was given back."
	case !f.AbortAsked.IsZero():
		return SideNeither, "The source is frozen and being given back."
	case m.OpenOrdered():
		return SideNeither, "The source is frozen; the target was told to open."
	}
	if m.LiveSource.Freezing() {
		return SideNeither, "Writes at the source are being stopped: some may still be answered until the tail of the log is taken."
	}
	return SideNeither, "The source is frozen; the target is not open."
}

func writableOpen(m migration.Migration) (Side, string) {
	switch {
	case m.LiveSource.Freeze == migration.FreezeStopped:
		return SideTarget, "The target is open. The source was left as it is and takes writes that nobody carries over: keep everybody away from it."
	case m.LiveSource.Freeze != migration.FreezeReadOnly:
		return SideTarget, "The target is open; the source is kept frozen."
	case migration.Unfreezes(m):
		return SideTarget, "The target is open and was set READ_WRITE; the source is kept READ_ONLY."
	}
	return SideNeither, "The target is open and came up read-only, as the source was frozen READ_ONLY: ALTER DATABASE " + tsql.Shown(m.Database) + " SET READ_WRITE there."
}

// writableStopped is of a source that only a person keeps from being written
// to: it takes writes at every moment, and what is written behind its last log
// keeps the target closed.
func writableStopped(m migration.Migration) (Side, string) {
	switch {
	case !m.LiveSource.AbortAsked.IsZero():
		return SideSource, "The cutover was aborted; the source was left as it is."
	case m.OpenOrdered():
		return SideSource, "The source was left as it is: whoever writes there now is not carried over, for the target was told to open."
	}
	return SideSource, "The source was left as it is, and the application is said to be stopped; the target is not open."
}
