package instances

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backup/logcopy"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/drafting"
	"github.com/bakplane/bakplane/internal/server"
	views "github.com/bakplane/bakplane/web/templates/instances"
	"github.com/bakplane/bakplane/web/templates/kit"
)

const (
	// logDatabasesShown bounds the page: each one is asked of the service.
	logDatabasesShown = 100
	// logSets is how many sets of a database are compared with what is listed.
	logSets = 5000
	// logsSoon is how long before a log is gone for good its row warns.
	logsSoon = 2 * 24 * time.Hour
)

// copier finds an instance whose service copies its log backups.
func (s *Pages) copier(c echo.Context) (in endpoint.Instance, l logcopy.Server, server backup.Server, place migration.Place, err error) {
	ctx := c.Request().Context()
	if in, err = s.Endpoints.Instance(ctx, c.Param("id")); err != nil {
		return in, nil, nil, place, err
	}
	if server, place, err = s.Ports.Server(ctx, in.ID); err != nil {
		return in, nil, nil, place, err
	}
	l, ok := server.(logcopy.Server)
	if !ok {
		return in, nil, nil, place, fault.Newf(fault.NotFound, "%s copies no log backups of its own.", in.Name).WithFix("Take log backups by a policy instead.")
	}
	return in, l, server, place, nil
}

// logCopies shows what the service holds of each database's log, what of it is
// in the bucket, and what will be gone when.
func (s *Pages) logCopies(c echo.Context) (server.View, error) {
	in, l, reached, place, err := s.copier(c)
	if err != nil {
		return server.View{}, err
	}
	here := "/instances/" + in.ID + "/log-copies"
	v := views.LogCopies{Name: "Log copies of " + in.Name, Under: s.WhereIs(in), Crumbs: []kit.Link{{Text: "Instances", Href: "/instances"}, {Text: in.Name, Href: "/instances/" + in.ID}, {Text: "Log copies"}},
		Actions: []kit.Action{{Label: "Ask again", Href: here}, {Label: "Tasks", Href: "/instances/" + in.ID + "/service-tasks"}, {Label: "New policy", Href: "/policies/new?" + url.Values{"servers": {in.ID}}.Encode()}},
		Empty:   kit.Empty{Title: "The login sees no database.", Text: "Databases with log backups of the service appear here."}}
	asking, cancel := context.WithTimeout(c.Request().Context(), server.Patience)
	defer cancel()
	if err := s.fillLogCopies(asking, c, in, l, reached, place, &v); err != nil {
		h := s.AskedInVain(c, err)
		v.Trouble = &h
	}
	return server.View{Title: v.Name, Section: "instances", Page: func(f kit.Frame) templ.Component { return views.LogCopiesPage(f, v) }}, nil
}

func (s *Pages) fillLogCopies(ctx context.Context, c echo.Context, in endpoint.Instance, l logcopy.Server, reached backup.Server, place migration.Place, v *views.LogCopies) (err error) {
	if v.Target, err = l.Target(ctx); err != nil {
		return err
	}
	if _, err := backupjob.LogTarget(ctx, l, in.Name, place); err != nil {
		message, fix := fault.Texts(err)
		if code := fault.CodeOf(err); code != "copy-setup" && code != "copy-elsewhere" {
			return err
		}
		should := place.Path(backupjob.LogFolder(in.Name))
		v.Setup = &views.LogSetup{Help: kit.Help{Tone: kit.ToneWarn, Title: server.Capital(explain.Title(fault.CodeOf(err))) + ".", Cause: message.String(), Fix: fix.String()},
			Statement: l.TargetStatement(should), Post: "/instances/" + in.ID + "/log-copies/target", Label: "Let copies go to " + should}
	}
	databases, err := reached.Databases(ctx)
	if err != nil {
		return err
	}
	z := s.Zone(c)
	for _, d := range drafting.UserFirst(databases) {
		if drafting.System(d.Name) || d.RecoveryModel == "SIMPLE" || d.State != "ONLINE" {
			continue
		}
		if len(v.Rows) == logDatabasesShown {
			v.More = fmt.Sprintf("Only the first %d databases are shown.", logDatabasesShown)
			break
		}
		listed, err := l.ServiceLogs(ctx, d.Name)
		if err != nil {
			return err
		}
		records, err := s.Catalogue.Sets(ctx, in.ID, d.Name, logSets)
		if err != nil {
			return err
		}
		v.Rows = append(v.Rows, logCopyRow(z, in.ID, logcopy.Stand(d.Name, listed, records)))
	}
	return nil
}

// logCopyRow words how one database stands.
func logCopyRow(z kit.Zone, instanceID string, is logcopy.Standing) views.LogCopy {
	row := views.LogCopy{Name: is.Database, Href: server.DatabaseHref(instanceID, is.Database), Listed: fmt.Sprint(is.Listed), Missing: fmt.Sprint(len(is.Missing)), Badge: kit.Badge{Text: "all copied", Tone: kit.ToneOK}}
	if !is.Copied.IsZero() {
		row.Copied = z.At(is.Copied)
	}
	backUp := []kit.Action{{Label: "Back up now", Href: "/instances/" + instanceID + "/database/backup?" + url.Values{"name": {is.Database}}.Encode(), Small: true}}
	gap := func(code fault.Code, said string) {
		e := explain.Of(code, explain.AtService)
		row.Badge = kit.Badge{Text: e.Title, Tone: kit.ToneBad}
		row.Help = &kit.Help{Tone: kit.ToneBad, Title: server.Capital(e.Title) + ".", Said: said, Cause: e.CauseText().String(), Fix: e.FixText().String(), Actions: backUp}
	}
	switch {
	case is.Lost != nil:
		gap("log-gap", fmt.Sprintf("Between %s and %s.", z.At(is.Lost.From).Exact, z.At(is.Lost.To).Exact))
	case len(is.Broken) > 0:
		gap("log-broken", fmt.Sprintf("The log backup of %s does not join the one before it.", z.At(is.Broken[0]).Exact))
	case len(is.Missing) > 0:
		row.Badge = kit.Badge{Text: "to copy", Tone: kit.ToneRun}
		if is.Leaves.Sub(z.Now) < logsSoon {
			row.Badge = kit.Badge{Text: "soon gone", Tone: kit.ToneWarn}
			row.Help = &kit.Help{Tone: kit.ToneWarn, Title: "Log backups will be gone soon.", Cause: "The service keeps them for seven days at most. What is not copied by then leaves a gap that nothing closes.",
				Fix: "Copy them now, or let a policy with a log rule do it.", Actions: []kit.Action{{Label: "Copy now", Href: backUp[0].Href + "&kind=log", Small: true}}}
		}
	case is.Listed == 0:
		row.Badge = kit.Badge{Text: "none yet"}
	case is.Copied.IsZero():
		row.Badge = kit.Badge{Text: "no full backup", Tone: kit.ToneWarn}
		row.Help = &kit.Help{Tone: kit.ToneWarn, Title: "There is no full backup that they could follow.", Fix: "Take a full backup into the bucket first.", Actions: backUp}
	}
	if !is.Leaves.IsZero() {
		row.Leaves = z.At(is.Leaves)
	}
	return row
}

// setLogTarget tells the service where copies go. The wish is in the audit trail
// before it is sent.
func (s *Pages) setLogTarget(c echo.Context) error {
	in, l, _, place, err := s.copier(c)
	if err != nil {
		return err
	}
	ctx, target := c.Request().Context(), place.Path(backupjob.LogFolder(in.Name))
	if err := s.Audit.Record(ctx, s.Entry(c, "log-copies.target", "instance/"+in.ID, "Told "+in.Name+" to copy log backups to "+target+".")); err != nil {
		return err
	}
	if err := l.SetTarget(ctx, target); err != nil {
		return err
	}
	s.Say(c, kit.ToneOK, "Log backups of "+in.Name+" are copied to "+target+" from now on.")
	return server.SeeOther(c, "/instances/"+in.ID+"/log-copies")
}
