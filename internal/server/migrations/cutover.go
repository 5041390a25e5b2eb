package migrations

import (
	"context"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/progress"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// cutoverAsk asks once more before writes at the source are stopped.
func (s *Pages) cutoverAsk(c echo.Context) (server.View, error) { return s.cutoverView(c, nil) }

func (s *Pages) cutoverView(c echo.Context, refused error) (server.View, error) {
	ctx := c.Request().Context()
	m, err := s.Migrations.Migration(ctx, c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	here := "/migrations/" + m.ID
	v := kit.Decision{Title: "Cut over " + m.Database, Crumbs: crumbs(m, "Cut over")}
	if _, err := migration.Cutover(m); err != nil {
		message, fix := fault.Words(err)
		v.Intro, v.Notes = "It cannot be cut over now.", []kit.Help{{Title: message, Fix: fix, Actions: []kit.Action{{Label: "Back", Href: here}}}}
		return decisionView(v, refused), nil
	}
	live, err := s.Progress.LiveSource(ctx, m)
	if err != nil {
		return server.View{}, err
	}
	v.Intro = "Writes to " + m.SourceDatabase + " on " + live.Server.Name + " stop, and its last log goes to the target. It stands at LSN " + m.AppliedTo().String() + " now."
	v.Points = cutoverPoints(m, live.Server.Name)
	v.Stop = predicted("How long writes would stop", m, live.Stop)
	v.Notes = cutoverNotes(m, live)
	if v.Calls, err = s.cutoverCalls(ctx, m); err != nil {
		return server.View{}, err
	}
	v.Form = &kit.Form{Action: here + "/cutover", Submit: "Cut over now", Cancel: here, Problem: server.ProblemOf(refused)}
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

func cutoverNotes(m migration.Migration, live progress.LiveSource) (out []kit.Help) {
	if !live.Stop.Known {
		out = append(out, kit.Help{Tone: kit.ToneWarn, Title: "How long it takes cannot be told yet", Cause: live.Stop.Why})
	}
	if live.Glance.Err != nil {
		message, fix := fault.Words(live.Glance.Err)
		out = append(out, kit.Help{Tone: kit.ToneWarn, Title: "The source does not answer at the moment", Cause: message, Fix: fix})
	}
	if m.LiveSource.Freeze == migration.FreezeStopped {
		return append(out, kit.Help{Tone: kit.ToneWarn, Title: "Is the application stopped?",
			Cause: "Nothing but you stops writes. Whoever writes after the last log keeps the target closed.", Fix: "Stop services, jobs and people's tools first, and keep them stopped until they are pointed at the target."})
	}
	return append(out, kit.Help{Tone: kit.ToneRun, Title: "Stop the application first, if it cannot bear a refused write",
		Cause: "The freeze refuses writes from one instant on. What was written before is on the target; nothing is lost.", Fix: "Until the order to open is given, Abort makes the source writable again."})
}

// cutoverCalls words what would be sent, with the names it would get now.
func (s *Pages) cutoverCalls(ctx context.Context, m migration.Migration) ([]kit.Call, error) {
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
	in := s.Drafting.PlaceFor(ctx, target, staging, m.Database, nil)
	in.Database, in.Key, in.Mode, in.Check, in.Kind, in.Opens = m.Database, migration.StagedKey(m, place, t.Key), m.Mode, m.Check, t.Kind, m.OpensByFile()
	tail := "Import the tail"
	if in.Opens {
		tail = "Import the tail, which opens the database: once the gate is open"
	}
	return []kit.Call{
		{Title: "Freeze, at " + i.Name, Request: sourceBackupStatement(m, t), Note: "The name holds the time of the order."},
		{Title: tail, Request: s.requestOf(ctx, m, migration.VerbImport, in)},
		{Title: "Open the database, once the gate is open", Request: s.requestOf(ctx, m, migration.VerbOpen, migration.RestoreCall{})}}, nil
}

// cutoverOrder orders the cutover.
func (s *Pages) cutoverOrder(c echo.Context) error {
	ctx, id := c.Request().Context(), c.Param("id")
	m, err := s.Migrations.Migration(ctx, id)
	if err != nil {
		return err
	}
	var predicted migration.Stop
	if m.LiveSource != nil {
		live, err := s.Progress.LiveSource(ctx, m)
		if err != nil {
			return err
		}
		predicted = live.Stop
	}
	err = migration.OrderPredictedCutover(ctx, s.Migrations, id, predicted, s.By(c))
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		v, viewErr := s.cutoverView(c, err)
		if viewErr != nil {
			return viewErr
		}
		return s.Refused(c, v)
	}
	return s.Ordered(c, err, "Ordered: the cutover begins.")
}

// oneMoreOrder lets the cutover go on with what was written behind the last log.
func (s *Pages) oneMoreOrder(c echo.Context) error {
	err := migration.OrderOneMore(c.Request().Context(), s.Migrations, c.Param("id"), s.By(c))
	return s.Ordered(c, err, "Ordered: one more log is taken, and the proof is tried again.")
}
