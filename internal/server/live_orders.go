package server

import (
	"context"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/tsql"
	"github.com/bakplane/bakplane/web/templates"
)

// cutoverAsk asks once more before writes at the source are stopped.
func (s *Server) cutoverAsk(c echo.Context) (view, error) { return s.cutoverView(c, nil) }

func (s *Server) cutoverView(c echo.Context, refused error) (view, error) {
	ctx := c.Request().Context()
	m, err := s.Migrations.Migration(ctx, c.Param("id"))
	if err != nil {
		return view{}, err
	}
	here := "/migrations/" + m.ID
	v := templates.Decision{Title: "Cut over " + m.Database, Crumbs: crumbs(m, "Cut over")}
	if _, err := migration.Cutover(m); err != nil {
		message, fix := fault.Words(err)
		v.Intro, v.Notes = "It cannot be cut over now.", []templates.Help{{Title: message, Fix: fix, Actions: []templates.Action{{Label: "Back", Href: here}}}}
		return decisionView(v, refused), nil
	}
	live, err := s.readLiveSource(ctx, m)
	if err != nil {
		return view{}, err
	}
	v.Intro = "Writes to " + m.SourceDatabase + " on " + live.server.Name + " stop, and its last log goes to the target. It stands at LSN " + m.AppliedTo().String() + " now."
	v.Points = cutoverPoints(m, live.server.Name)
	v.Stop = predicted("How long writes would stop", m, live.stop)
	v.Notes = cutoverNotes(m, live)
	if v.Calls, err = s.cutoverCalls(ctx, m); err != nil {
		return view{}, err
	}
	v.Form = &templates.Form{Action: here + "/cutover", Submit: "Cut over now", Cancel: here, Problem: problemOf(refused)}
	return decisionView(v, refused), nil
}

func cutoverPoints(m migration.Migration, server string) []string {
	freeze := "The tail of the log is taken WITH NORECOVERY. From that instant on nobody can read or write the source: its connections end."
	if m.LiveSource.Freeze == migration.FreezeReadOnly {
		freeze = "The source is set READ_ONLY; open transactions are rolled back. Its last log is taken."
	}
	gate := "The gate: the target's last LSN must be that of the tail. If it is not, nothing is opened."
	after := "Afterwards " + server + " keeps the source " + frozenAs(m.LiveSource.Freeze) + "; the application is pointed at the target by you."
	if m.LiveSource.Freeze == migration.FreezeStopped {
		freeze = "You have stopped the application. The server's counters are read, and its last log is taken, an ordinary one; when a transaction is open that has written, nothing is done and you are told whose it is."
		gate = "The gate: the target's last LSN must be where that log ends, and the server's counters must show that nothing was written since. If something was, nothing is opened, and you choose between one more log and the abort."
		after = "Afterwards the source on " + server + " still takes writes, which nobody carries over: keep the application away from it, and point it at the target."
	}
	check := "The target is opened. DBCC CHECKDB runs while it is used."
	if m.Check == migration.CheckSync {
		check = "DBCC CHECKDB runs on the target, then it is opened. Writes stay stopped until then."
	}
	return []string{
		"What is still on its way is applied. When the last log is not fresh, one more is taken, so that little is left for the tail. Nobody notices yet.",
		freeze,
		"The tail is uploaded and applied.",
		gate,
		check,
		after,
	}
}

func cutoverNotes(m migration.Migration, live livePage) (out []templates.Help) {
	if !live.stop.Known {
		out = append(out, templates.Help{Tone: templates.ToneWarn, Title: "How long it takes cannot be told yet", Cause: live.stop.Why})
	}
	if live.glance.Err != nil {
		message, fix := fault.Words(live.glance.Err)
		out = append(out, templates.Help{Tone: templates.ToneWarn, Title: "The source does not answer at the moment", Cause: message, Fix: fix})
	}
	if m.LiveSource.Freeze == migration.FreezeStopped {
		return append(out, templates.Help{Tone: templates.ToneWarn, Title: "Is the application stopped?",
			Cause: "Nothing but you stops writes. Whoever writes after the last log keeps the target closed.", Fix: "Stop services, jobs and people's tools first, and keep them stopped until they are pointed at the target."})
	}
	return append(out, templates.Help{Tone: templates.ToneRun, Title: "Stop the application first, if it cannot bear a refused write",
		Cause: "The freeze refuses writes from one instant on. What was written before is on the target; nothing is lost.", Fix: "Until the order to open is given, Abort makes the source writable again."})
}

// cutoverCalls words what would be sent, with the names it would get now.
func (s *Server) cutoverCalls(ctx context.Context, m migration.Migration) ([]templates.Call, error) {
	i, err := s.Endpoints.Instance(ctx, m.LiveSource.ServerID)
	if err != nil {
		return nil, err
	}
	staging, err := s.Endpoints.Bucket(ctx, m.StagingID)
	if err != nil {
		return nil, err
	}
	target, err := s.Endpoints.Instance(ctx, m.InstanceID)
	if err != nil {
		return nil, err
	}
	place := migration.Place{Folder: i.ServerFolder, BucketID: i.FolderID}
	t := nextSourceBackup(m, place, "log", true, 1, s.Now().UTC())
	in := s.placeFor(ctx, target, staging, m.Database, nil)
	in.Database, in.Key, in.Mode, in.Check = m.Database, migration.StagedKey(m, place, t.Key), m.Mode, m.Check
	return []templates.Call{
		{Title: "Freeze, at " + i.Name, Request: sourceBackupStatement(m, t), Note: "The name holds the time of the order."},
		{Title: "Import the tail", Request: s.requestOf(ctx, m, migration.VerbImport, in)},
		{Title: "Open the database, once the gate is open", Request: s.requestOf(ctx, m, migration.VerbOpen, migration.RestoreCall{})}}, nil
}

// cutoverOrder orders the cutover.
func (s *Server) cutoverOrder(c echo.Context) error {
	ctx, id := c.Request().Context(), c.Param("id")
	m, err := s.Migrations.Migration(ctx, id)
	if err != nil {
		return err
	}
	var predicted migration.Stop
	if m.LiveSource != nil {
		live, err := s.readLiveSource(ctx, m)
		if err != nil {
			return err
		}
		predicted = live.stop
	}
	err = migration.OrderPredictedCutover(ctx, s.Migrations, id, predicted, s.by(c))
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		v, viewErr := s.cutoverView(c, err)
		if viewErr != nil {
			return viewErr
		}
		return s.refused(c, v)
	}
	return s.ordered(c, err, "Ordered: the cutover begins.")
}

// abortAsk asks for the name before a migration is given up.
func (s *Server) abortAsk(c echo.Context) (view, error) { return s.abortView(c, nil) }

func (s *Server) abortView(c echo.Context, refused error) (view, error) {
	ctx := c.Request().Context()
	m, err := s.Migrations.Migration(ctx, c.Param("id"))
	if err != nil {
		return view{}, err
	}
	here := "/migrations/" + m.ID
	v := templates.Decision{Title: "Abort " + m.Database, Crumbs: crumbs(m, "Abort")}
	if _, err := migration.Abort(m); err != nil {
		message, fix := fault.Words(err)
		v.Intro, v.Notes = "It cannot be aborted now.", []templates.Help{{Title: message, Fix: fix, Actions: []templates.Action{{Label: "Back", Href: here}}}}
		return decisionView(v, refused), nil
	}
	i, err := s.Endpoints.Instance(ctx, m.LiveSource.ServerID)
	if err != nil {
		return view{}, err
	}
	v.Points = []string{
		"A backup that is being taken is stopped.",
		"The source, " + m.SourceDatabase + " on " + i.Name + ", is made writable again if it was frozen. This comes first, and goes on only when the server says so.",
		"The restore is ended; the half-restored database on the target is dropped.",
		"Files that are complete stay, in the backup folder and in the " + stagingWord(m) + "."}
	if m.LiveSource.Frozen.IsZero() {
		v.Notes = []templates.Help{{Tone: templates.ToneRun, Title: "Writes have not been stopped", Cause: "The source is writable now and stays so."}}
	} else {
		v.Calls = append(v.Calls, templates.Call{Title: "Give the source back, at " + i.Name, Request: giveBackStatement(m)})
		v.Notes = []templates.Help{{Tone: templates.ToneWarn, Title: "Writes are stopped now", Cause: "Since " + s.zone(c).Clock(m.LiveSource.Frozen).UTC + " UTC. Aborting lets them go on at the source; nothing that was written is lost."}}
	}
	if m.TaskID != "" {
		v.Calls = append(v.Calls, templates.Call{Title: endWord(m), Request: s.requestOf(c.Request().Context(), m, migration.VerbTerminate, migration.RestoreCall{})})
	}
	field := templates.Field{Name: "confirm", Label: "Type " + m.Database + " to confirm", Mono: true, Autocomplete: "off", Focus: true}
	if refused != nil {
		message, fix := fault.Words(refused)
		field.Error = message + " " + fix
	}
	v.Form = &templates.Form{Action: here + "/abort", Submit: "Abort the migration", Cancel: here, Danger: true, Confirm: m.Database, Fields: []templates.Field{field}}
	return decisionView(v, refused), nil
}

func giveBackStatement(m migration.Migration) string {
	if m.LiveSource.Freeze == migration.FreezeStopped {
		return "SELECT state_desc, is_read_only FROM sys.databases WHERE name = " + tsql.ShownText(m.SourceDatabase) + " -- it takes writes already"
	}
	if m.LiveSource.Freeze == migration.FreezeReadOnly {
		return "ALTER DATABASE " + tsql.Shown(m.SourceDatabase) + " SET READ_WRITE WITH ROLLBACK IMMEDIATE"
	}
	return "RESTORE DATABASE " + tsql.Shown(m.SourceDatabase) + " WITH RECOVERY"
}

// oneMoreOrder lets the cutover go on with what was written behind the last log.
func (s *Server) oneMoreOrder(c echo.Context) error {
	err := migration.OrderOneMore(c.Request().Context(), s.Migrations, c.Param("id"), s.by(c))
	return s.ordered(c, err, "Ordered: one more log is taken, and the proof is tried again.")
}

// abortOrder orders the abort.
func (s *Server) abortOrder(c echo.Context) error {
	err := migration.OrderAbort(c.Request().Context(), s.Migrations, c.Param("id"), c.FormValue("confirm"), s.by(c))
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		v, viewErr := s.abortView(c, err)
		if viewErr != nil {
			return viewErr
		}
		return s.refused(c, v)
	}
	return s.ordered(c, err, "Ordered: the source is given back, then the target's task is ended.")
}
