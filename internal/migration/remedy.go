package migration

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/tsql"
	"github.com/bakplane/bakplane/internal/words"
)

// Remedy is something that a person may have done at a source so that a line
// of the preflight passes. Nothing of it happens by itself.
type Remedy string

const (
	RemedyRecovery   Remedy = "recovery-full" // recovery model FULL
	RemedyPageVerify Remedy = "page-verify"   // page verify CHECKSUM
	RemedyCheck      Remedy = "checkdb"       // DBCC CHECKDB
	// RemedyWritable is done at a target, after a cutover: see OrderWritable.
	RemedyWritable Remedy = "read-write"
)

// Title is what the button says.
func (r Remedy) Title() words.Text {
	return map[Remedy]words.Text{RemedyRecovery: words.Say("Set recovery model FULL"), RemedyPageVerify: words.Say("Set page verify CHECKSUM"), RemedyCheck: words.Say("Run DBCC CHECKDB now"), RemedyWritable: words.Say("Set the target READ_WRITE")}[r]
}

// Statement is what the server gets.
func (r Remedy) Statement(database string) string {
	switch r {
	case RemedyRecovery:
		return "ALTER DATABASE " + tsql.Shown(database) + " SET RECOVERY FULL"
	case RemedyPageVerify:
		return "ALTER DATABASE " + tsql.Shown(database) + " SET PAGE_VERIFY CHECKSUM"
	case RemedyWritable:
		return "ALTER DATABASE " + tsql.Shown(database) + " SET READ_WRITE WITH ROLLBACK IMMEDIATE"
	}
	return "DBCC CHECKDB (" + tsql.ShownText(database) + ") WITH NO_INFOMSGS, ALL_ERRORMSGS, TABLERESULTS"
}

// Effects say what it brings about, in order.
func (r Remedy) Effects() []string {
	switch r {
	case RemedyRecovery:
		return []string{"The log is kept from now on until it is backed up: without log backups it grows.",
			"A full backup must follow before log backups can. It is the first step of the migration; when you do not start it, take one by other means or set SIMPLE again."}
	case RemedyPageVerify:
		return []string{"Pages get a checksum when they are written next. Those that are not written keep none until their index is rebuilt."}
	}
	return []string{"Every page of the database is read: it takes as long as that does, and the server is busier meanwhile.", "Nothing is repaired. What is found is kept here with its date."}
}

// patienceWithSource is how long a source that does not answer is asked again.
const patienceWithSource = 2 * time.Minute

// RemedyRun is one remedy at a source, with what came of it.
type RemedyRun struct {
	ID       string // of its run too
	ServerID string
	Database string
	Remedy   Remedy
	Ordered  time.Time
	Finished time.Time  // zero while it goes on
	Found    []string   // by a check: errors; empty = none
	Why, Fix words.Text // why it could not be done; empty when it was
	State    run.State  // of the run, as the store tells it
}

// Going reports whether it is queued or at work.
func (w RemedyRun) Going() bool {
	return w.Finished.IsZero() && !w.State.Ended() && w.State != run.Failed
}

// Words says what came of it.
func (w RemedyRun) Words() words.Text {
	switch {
	case w.Going():
		return words.Say("%s: under way.", w.Remedy.Title())
	case w.Finished.IsZero():
		return words.Say("It was canceled.")
	case !w.Why.IsZero():
		return w.Why
	case w.Remedy == RemedyCheck && len(w.Found) > 0:
		return words.Say("DBCC CHECKDB found %s: %s", words.Count(len(w.Found), "error", "errors"), w.Found[0])
	case w.Remedy == RemedyCheck:
		return words.Say("DBCC CHECKDB found no errors.")
	}
	return words.Say("Done: %s.", w.Remedy.Statement(w.Database))
}

// RemedyRuns keeps remedies. Every method is one transaction.
type RemedyRuns interface {
	RemedyRun(ctx context.Context, id string) (RemedyRun, error)
	// LastRemedyRun is the newest of a kind for a database; nil when there was none.
	LastRemedyRun(ctx context.Context, serverID, database string, r Remedy) (*RemedyRun, error)
	// BeginRemedyRun writes it and its run, queued; Conflict while the same goes on.
	BeginRemedyRun(ctx context.Context, w RemedyRun, r run.Run, e audit.Entry) error
	NoteRemedyRun(ctx context.Context, g run.Claim, w RemedyRun, n run.Note, e audit.Entry) error
}

// RemedyRunKind is the kind of the runs that do remedies.
const RemedyRunKind = "remedy"

// OrderRemedy has a remedy done at a source.
func OrderRemedy(ctx context.Context, s RemedyRuns, serverID, database string, r Remedy, newID func() string, by By) (id string, err error) {
	if r.Title().IsZero() || r == RemedyWritable {
		return "", fault.Newf(fault.Invalid, "%q is not something that is done at a source.", r).WithFix("Choose recovery-full, page-verify or checkdb.")
	}
	if database == "" {
		return "", fault.New(fault.Invalid, "No database is named.", "")
	}
	return beginRemedy(ctx, s, serverID, database, r, "source", newID, by)
}

// OrderWritable has the target of a cutover take writes, where it came up
// read-only and its service opened it without more: the last step of the cutover.
func OrderWritable(ctx context.Context, s RemedyRuns, m Migration, newID func() string, by By) (id string, err error) {
	if !ComesUpReadOnly(m) || m.Opened.IsZero() {
		return "", fault.New(fault.Conflict, "The target of this migration is not open, or did not come up read-only.", "See its page.")
	}
	return beginRemedy(ctx, s, m.InstanceID, m.Database, RemedyWritable, "target", newID, by)
}

func beginRemedy(ctx context.Context, s RemedyRuns, serverID, database string, r Remedy, where string, newID func() string, by By) (id string, err error) {
	w := RemedyRun{ID: newID(), ServerID: serverID, Database: database, Remedy: r, Ordered: by.At}
	e := audit.New(by.Actor, by.At, where+"."+string(r), "instance/"+serverID, "Ordered at the "+where+": "+r.Statement(database)).
		With(nil, map[string]any{"database": database, "statement": r.Statement(database)})
	return w.ID, s.BeginRemedyRun(ctx, w, run.Run{ID: w.ID, Kind: RemedyRunKind, Subject: serverID, Title: words.Say("%s · %s", r.Title(), database), Created: by.At}, e)
}

// Remedies does remedies: a worker for runs of RemedyRunKind. Each may be done again
// after a death: the server is looked at first, or checked once more.
type Remedies struct {
	Store RemedyRuns
	Runs  run.Store
	Ports Ports
	Now   func() time.Time
}

var _ run.Worker = (*Remedies)(nil)

// Work implements run.Worker.
func (r *Remedies) Work(ctx context.Context, it run.Run, g run.Claim) (run.Outcome, error) {
	w, err := r.Store.RemedyRun(ctx, it.ID)
	if err != nil {
		return run.Outcome{}, err
	}
	step := run.Step{Key: string(w.Remedy), Title: words.Plain(w.Remedy.Statement(w.Database)), State: run.StepActive, Started: r.Now()}
	if w.Remedy == RemedyCheck {
		step.Total = 100
	}
	if err := r.Runs.Note(ctx, g, run.Note{Steps: []run.Step{step}}); err != nil {
		return run.Outcome{}, err
	}
	err = r.do(ctx, g, &w)
	switch {
	case ctx.Err() != nil:
		return run.Outcome{}, context.Cause(ctx)
	case fault.Is(err, fault.Unavailable) && r.Now().Sub(w.Ordered) < patienceWithSource:
		return run.Outcome{}, err
	}
	w.Finished = r.Now()
	step.State, step.Finished, step.Done = run.StepDone, w.Finished, step.Total
	level := run.Info
	if err != nil {
		w.Why, w.Fix = fault.Texts(err)
	}
	if err != nil || len(w.Found) > 0 {
		step.State, level = run.StepFailed, run.Problem
	}
	step.Message = w.Words()
	n := run.Note{Steps: []run.Step{step}, Events: []run.Event{{At: w.Finished, Step: step.Key, Level: level, Text: w.Words()}}}
	e := audit.New(audit.Engine, w.Finished, "source."+string(w.Remedy), "instance/"+w.ServerID, w.Database+": "+w.Words().String())
	out := run.Outcome{State: run.Succeeded, Message: w.Words(), Fix: w.Fix}
	if step.State == run.StepFailed { // what failed, or found damage, is not green
		out.State = run.Failed
	}
	return out, r.Store.NoteRemedyRun(ctx, g, w, n, e)
}

func (r *Remedies) do(ctx context.Context, g run.Claim, w *RemedyRun) error {
	if w.Remedy == RemedyWritable {
		target, err := r.Ports.Reader(ctx, w.ServerID)
		if err != nil {
			return err
		}
		return target.SetReadOnly(ctx, w.Database, false)
	}
	server, _, err := r.Ports.Server(ctx, w.ServerID)
	if err != nil {
		return err
	}
	switch w.Remedy {
	case RemedyRecovery:
		return server.SetRecoveryModel(ctx, w.Database, "FULL")
	case RemedyPageVerify:
		return server.SetPageVerify(ctx, w.Database)
	}
	asking, stop := context.WithCancel(ctx)
	ended, ordered := make(chan struct{}), *w
	go func() { defer close(ended); r.percent(asking, g, server, ordered) }()
	w.Found, err = server.CheckDB(ctx, w.Database, false)
	stop()
	<-ended
	return err
}

// percent saves how far the check is, as the server tells it.
func (r *Remedies) percent(ctx context.Context, g run.Claim, server backup.Server, w RemedyRun) {
	for rest(ctx, time.Second) == nil {
		running, err := server.Running(ctx, w.Database)
		if err != nil {
			continue // the check itself tells what is wrong
		}
		for _, s := range running {
			if len(s.Command) >= 4 && s.Command[:4] == "DBCC" {
				_ = r.Runs.Progress(ctx, g, string(w.Remedy), int64(s.Percent), 100, 0)
			}
		}
	}
}
