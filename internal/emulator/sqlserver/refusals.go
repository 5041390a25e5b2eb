package sqlserveremu

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
)

// refusal is an error as SQL Server numbers and words it (public pages
// "Database engine events and errors").
func refusal(number, class int, format string, args ...any) error {
	return tds.Refuse(number, class, format, args...)
}

// refusals are several errors of one statement, the cause first.
type refusals []error

func (r refusals) Error() string {
	var all []string
	for _, e := range r {
		all = append(all, e.Error())
	}
	return strings.Join(all, " ")
}

// messages puts an error into tokens.
func messages(err error) []tds.Message {
	var many refusals
	var one tds.Message
	var bad *tsql.Error
	switch {
	case errors.As(err, &many):
		var out []tds.Message
		for _, e := range many {
			out = append(out, messages(e)...)
		}
		return out
	case errors.As(err, &one):
		return []tds.Message{one}
	case errors.As(err, &bad):
		return []tds.Message{{Number: bad.Number, State: bad.State, Class: bad.Class, Text: bad.Text, Line: bad.Line}}
	}
	return []tds.Message{{Number: 50000, State: 1, Class: 16, Text: err.Error()}}
}

func errNoDatabase(name string) error {
	return tds.Message{Number: 911, State: 11, Class: 16, Text: fmt.Sprintf("Database '%s' does not exist. Make sure that the name is entered correctly.", name)}
}

func errRestoring(name string) error {
	return refusal(927, 14, "Database '%s' cannot be opened. It is in the middle of a restore.", name)
}

func errOffline(name string) error {
	return refusal(942, 14, "Database '%s' cannot be opened because it is offline.", name)
}

func errSuspect(name string) error {
	return refusal(926, 14, "Database '%s' cannot be opened. It has been marked SUSPECT by recovery. See the SQL Server errorlog for more information.", name)
}

func errTaken(name string) error {
	return refusal(924, 14, "Database '%s' is already open and can only have one user at a time.", name)
}

func errReadOnly(name string) error {
	return refusal(3906, 16, "Failed to update database \"%s\" because the database is read-only.", name)
}

func errLogFull(name string) error {
	return refusal(9002, 17, "The transaction log for database '%s' is full due to 'LOG_BACKUP'.", name)
}

func errNoAccess(login, name string) error {
	return refusal(916, 14, "The server principal \"%s\" is not able to access the database \"%s\" under the current security context.", login, name)
}

func errDenied(what, name string) error {
	return refusal(262, 14, "%s permission denied in database '%s'.", what, name)
}

func errNoObject(name string) error { return refusal(208, 16, "Invalid object name '%s'.", name) }

// abnormal adds the message that closes every failed BACKUP and RESTORE.
func abnormal(statement string, err error) error {
	if err == nil {
		return nil
	}
	return refusals{err, refusal(3013, 16, "%s is terminating abnormally.", statement)}
}

var (
	// Only its number makes it a failure: the file is whole.
	errUnwritten = refusal(3009, 16, "Could not insert a backup or restore history/detail record in the msdb database. This may indicate a problem with the msdb database. The backup/restore operation was still successful.")

	errAborted = refusal(3204, 16, "The backup or restore was aborted.")
	errInUse   = refusal(3101, 16, "Exclusive access could not be obtained because the database is in use.")
	errInTran  = refusal(3021, 16, "Cannot perform a backup or restore operation within a transaction.")
	errSerial  = refusal(3023, 16, "Backup, file manipulation operations (such as ALTER DATABASE ADD FILE) and encryption changes on a database must be serialized. Reissue the statement after the current backup or file manipulation operation is completed.")
)

func errDeadlock(session int) error {
	return refusal(1205, 13, "Transaction (Process ID %d) was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction.", session)
}

func errStopTooEarly() error {
	return refusal(4335, 16, "The specified STOPAT time is too early. All or part of the database is already rolled forward beyond that point.")
}
