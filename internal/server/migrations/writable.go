package migrations

import (
	"context"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/remedy"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/internal/words"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// writableNeeds says what stands between an opened target and its writers: one
// that came up read-only, as its source was frozen, is not done with.
func (s *Pages) writableNeeds(ctx context.Context, m migration.Migration, here string, needs []kit.Help) ([]kit.Help, error) {
	if m.Stage != migration.StageOpened || !migration.ComesUpReadOnly(m) {
		return needs, nil
	}
	last, err := s.Remedies.LastRemedyRun(ctx, m.InstanceID, m.Database, migration.RemedyWritable)
	if err != nil || last != nil && last.Ordered.After(m.Opened) && !last.Going() && !last.Finished.IsZero() && last.Why.IsZero() {
		return needs, err
	}
	in, err := s.Endpoints.Instance(ctx, m.InstanceID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	h := kit.Help{Tone: kit.ToneWarn, Title: "The database is open, and takes no writes yet", Said: migration.RemedyWritable.Statement(m.Database),
		Cause: "The source was frozen READ_ONLY, which is written into the log: the target came up so.",
		Fix:   "Run this statement at the target, as the last step of the cutover. The login under Settings needs db_owner for the button, which looks first whether it was done by other means. Then make accounts, grant them rights on " + m.Database + ", and point the application at it."}
	switch {
	case last != nil && last.Going():
		h.Actions = []kit.Action{{Label: "It is being set READ_WRITE", Href: "/runs/" + last.ID}}
	case in.Readable():
		h.Actions = []kit.Action{{Label: migration.RemedyWritable.Title().String() + "…", Href: here + "/writable", Primary: true}}
	default:
		h.Title = "The database is open, and takes no writes until this statement was run"
		h.Fix = "Run this statement at the target, as the last step of the cutover, or give the instance a login under Settings, and a button does it. Then make accounts, grant them rights on " + m.Database + ", and point the application at it."
	}
	if last != nil && !last.Why.IsZero() {
		h.Cause += " It was tried and failed: " + words.Join(last.Why, last.Fix).String()
	}
	return []kit.Help{h}, nil
}

// writableAsk shows the statement before it is sent to the target.
func (s *Pages) writableAsk(c echo.Context) (server.View, error) {
	m, err := s.Migrations.Migration(c.Request().Context(), c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	here := "/migrations/" + m.ID
	if m.Opened.IsZero() || !migration.ComesUpReadOnly(m) {
		return server.View{}, fault.New(fault.NotFound, "The target is not open, or did not come up read-only.", "See the page of the migration.")
	}
	r := migration.RemedyWritable
	v := kit.Decision{Title: r.Title().String(), Crumbs: []kit.Link{{Text: "Migrations", Href: "/migrations"}, {Text: m.Database, Href: here}, {Text: r.Title().String()}},
		Points: []string{"The target takes writes from then on.", "Sessions that read in it meanwhile are ended.", "The source stays READ_ONLY."},
		Calls:  []kit.Call{{Title: "At the target", Request: r.Statement(m.Database)}},
		Form:   &kit.Form{Action: here + "/writable", Submit: r.Title().String(), Cancel: here}}
	return decisionView(v, nil), nil
}

// writableOrder has it done, and waits a little for it.
func (s *Pages) writableOrder(c echo.Context) error {
	ctx := c.Request().Context()
	m, err := s.Migrations.Migration(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	id, err := remedy.OrderWritable(ctx, s.Remedies, m, s.NewID, s.By(c))
	if err != nil {
		return err
	}
	w := s.workDone(ctx, id)
	tone := kit.ToneOK
	if !w.Why.IsZero() {
		tone = kit.ToneBad
	}
	s.Say(c, tone, words.Join(w.Words(), w.Fix).String())
	return server.SeeOther(c, "/migrations/"+m.ID)
}
