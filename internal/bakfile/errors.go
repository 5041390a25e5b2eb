package bakfile

import (
	"errors"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// Reason says why a file cannot be read as a backup.
type Reason string

const (
	// Empty: the file has no bytes.
	Empty Reason = "empty"
	// NotBackup: the file is something else; Error.Looks names it when known.
	NotBackup Reason = "not_backup"
	// OtherTape: a tape-format file of another program.
	OtherTape Reason = "other_tape"
	// Encrypted: SQL Server's container, but its content cannot be decoded.
	Encrypted Reason = "encrypted"
	// Unsupported: a SQL Server backup in a form this reader does not know.
	Unsupported Reason = "unsupported"
	// Damaged: begins like a backup and does not continue like one.
	Damaged Reason = "damaged"
)

// Error is what Read returns for a file that it could read but not
// understand. It is also a *fault.Error of kind Invalid, with what to do. A
// failure of the reader underneath is passed on wrapped and is not an Error.
type Error struct {
	Reason Reason
	Looks  string // what a NotBackup file looks like, such as "a ZIP archive"; empty = unknown
	fault  *fault.Error
}

func (e *Error) Error() string { return e.fault.Error() }

// Unwrap gives the fault with its sentences.
func (e *Error) Unwrap() error { return e.fault }

// ReasonOf returns the reason of the Error in err's chain, empty without one.
func ReasonOf(err error) Reason {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}

func refuse(why Reason, message, fix string) *Error {
	return &Error{Reason: why, fault: fault.New(fault.Invalid, message, fix)}
}

func empty() *Error {
	return refuse(Empty, "The file is empty.",
		"Copy the backup again; the backup or the copy never wrote anything.")
}

func damaged(message string) *Error {
	return refuse(Damaged, message,
		"Copy the file again from where it was made and compare sizes or hashes; if the original reads the same, take another backup.")
}

func otherTape(software string) *Error {
	by := "another program"
	if software != "" {
		by = "“" + words.Visible(software) + "”"
	}
	return refuse(OtherTape, "This is a tape-format file of "+by+", not a backup made by SQL Server.",
		"Give a file written by BACKUP DATABASE or BACKUP LOG; a database inside this archive must be taken out with the program that made it.")
}
