package awsrds

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/fault"
)

// Lifecycle is the state of a task in the service's words (guide, "Tracking the
// status of tasks"); others are kept and count as at work.
type Lifecycle string

const (
	Created         Lifecycle = "CREATED" // queued, up to five minutes before it begins, or behind others
	InProgress      Lifecycle = "IN_PROGRESS"
	Success         Lifecycle = "SUCCESS"
	Failed          Lifecycle = "ERROR"
	CancelRequested Lifecycle = "CANCEL_REQUESTED"
	Cancelled       Lifecycle = "CANCELLED"
)

// Over reports whether nothing more comes of it.
func (l Lifecycle) Over() bool { return l == Success || l == Failed || l == Cancelled }

// Task is a row of rds_task_status. The service keeps it for 36 days.
type Task struct {
	ID        int64
	Type      string // BACKUP_DB, RESTORE_DB_LOG_NORECOVERY, …
	Database  string
	Percent   int // 0…100 in steps of five; -1 = not told
	Minutes   int // that it has been at work; -1 = not told
	Lifecycle Lifecycle
	Info      string // lines of progress and the text of the error
	Updated   time.Time
	Created   time.Time // UTC, as far as the server's clock is believed
	ARN       string
	KMS       string
}

// restores reports whether it changes a database in restore.
func (t Task) restores() bool {
	return strings.HasPrefix(t.Type, "RESTORE_DB") || t.Type == "FINISH_RESTORE"
}

// begins reports whether it restores a full backup.
func (t Task) begins() bool { return t.Type == "RESTORE_DB" || t.Type == "RESTORE_DB_NORECOVERY" }

const (
	clocks     = "SELECT GETDATE() AS server_local, GETUTCDATE() AS server_utc"
	statusCall = clocks + "; EXEC msdb.dbo.rds_task_status"
)

// tasks lists what the service knows of a database, of all with an empty name,
// by task id. A look that fails is an error and never "none".
func tasks(ctx context.Context, server SQL, database string) ([]Task, error) {
	statement, args := statusCall, []any(nil)
	if database != "" {
		statement, args = statusCall+" @db_name = @p1", []any{database}
	}
	var out []Task
	var local, utc time.Time
	err := server.Batch(ctx, statement, args, func(columns []string, values []any) {
		r := recordOf(columns, values)
		if r.has("server_utc") {
			local, utc = r.date("server_local"), r.date("server_utc")
			return
		}
		if t := taskOf(r, columns, values); t.ID > 0 {
			t.Created, t.Updated = moment(t.Created, local, utc), moment(t.Updated, local, utc)
			out = append(out, t)
		}
	}, nil)
	if err != nil {
		return nil, explained(err)
	}
	slices.SortFunc(out, func(a, b Task) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil
}

// placesOf are the columns by their place: the fourteen of today, of which older
// versions had twelve.
var placesOf = []string{"task_id", "task_type", "database_name", "complete", "durationmins", "lifecycle", "task_info", "last_updated", "created_at", "s3_object_arn", "overwrite_s3_backup_file", "kms_master_key_arn"}

// taskOf reads a row by names, and by places where the names are others.
func taskOf(r record, columns []string, values []any) Task {
	if !r.has("task_id") && len(values) >= len(placesOf) {
		r = recordOf(append(slices.Clone(placesOf), columns[len(placesOf):]...), values)
	}
	return Task{ID: r.number("task_id", 0), Type: strings.ToUpper(r.text("task_type")), Database: r.text("database_name"),
		Percent: int(r.number("complete", -1)), Minutes: int(r.number("durationmins", -1)), Lifecycle: Lifecycle(strings.ToUpper(r.text("lifecycle"))),
		Info: r.text("task_info"), Updated: r.date("last_updated"), Created: r.date("created_at"), ARN: r.text("s3_object_arn"), KMS: r.text("kms_master_key_arn")}
}

// ahead is how far a task may seem to be made in the future before its times are
// taken for UTC.
const ahead = 2 * time.Minute

// moment turns a time of the service into UTC of the server's clock. In which
// zone it is, is not documented: local time, unless that were in the future.
func moment(told, local, utc time.Time) time.Time {
	if told.IsZero() || local.IsZero() {
		return told
	}
	if told.After(local.Add(ahead)) {
		return told
	}
	return told.Add(utc.Sub(local).Round(15 * time.Minute))
}

var idLine = regexp.MustCompile(`(?i)task id:?\s*([0-9]+)`)

// submit gives the service a task and returns its id: the first column of the
// row, or the printed line. With neither, nobody knows whether it was queued:
// the caller looks before it submits again.
func submit(ctx context.Context, server SQL, c call) (int64, error) {
	statement, args := procedure(c.name, c.args)
	var id int64
	err := server.Batch(ctx, statement, args, func(columns []string, values []any) {
		if id == 0 && len(values) > 0 {
			id = recordOf(columns[:1], values[:1]).number(normalised(columns[0]), 0)
		}
	}, func(text string) {
		if m := idLine.FindStringSubmatch(text); m != nil && id == 0 {
			id, _ = strconv.ParseInt(m[1], 10, 64)
		}
	})
	switch {
	case id > 0:
		return id, nil // queued, whatever came after the row
	case err != nil:
		return 0, explained(err)
	}
	return 0, fault.New(fault.Unavailable, "The service took the task and told no number.", "The list of its tasks is looked through before anything is submitted again.").WithCode("connection")
}

// carry runs a procedure whose answer says nothing that is needed.
func carry(ctx context.Context, server SQL, c call) error {
	statement, args := procedure(c.name, c.args)
	return explained(server.Batch(ctx, statement, args, nil, nil))
}
