package settings

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/settings"
)

// storageTest tries in a bucket what backups and migrations do there, and says
// which step fails and what is missing.
func (s *Pages) storageTest(c echo.Context) error {
	t, err := s.TryBucket(c)
	if err != nil {
		return err
	}
	v := trialView(t.Bucket, t.Steps)
	for _, remark := range t.Remarks {
		note := kit.Help{Title: remark.Text.String(), Fix: remark.Fix.String()}
		if remark.Bad {
			note.Tone = kit.ToneWarn
		}
		v.Notes = append(v.Notes, note)
	}
	return server.Render(c, http.StatusOK, views.TrialPage(s.Frame(c, "Test of "+t.Bucket.Name, "storage", ""), v))
}

// storageTested leads whoever comes back to the address of a trial to the place.
func (s *Pages) storageTested(c echo.Context) error {
	return server.SeeOther(c, "/storage/"+c.Param("id"))
}

// trialView words a trial.
func trialView(b endpoint.Bucket, tried []objectstore.Trial) views.Trial {
	here := "/storage/" + b.ID
	v := views.Trial{Name: b.Name, Crumbs: []kit.Link{{Text: "Storage", Href: "/storage"}, {Text: b.Name, Href: here}, {Text: "Test"}}, Badge: kit.Badge{Text: "everything works", Tone: kit.ToneOK},
		Actions: []kit.Action{{Label: "Test again", Href: here + "/test", Post: true}}}
	failed := 0
	for _, t := range tried {
		row := views.Tried{What: t.What.String(), Badge: kit.Badge{Text: "works", Tone: kit.ToneOK}}
		switch {
		case t.Skipped:
			row.Badge = kit.Badge{Text: "not tried", Tone: kit.ToneIdle}
		case t.Err != nil:
			failed++
			message, fix := fault.Words(t.Err)
			row.Badge, row.Note = kit.Badge{Text: "fails", Tone: kit.ToneBad}, message+" "+fix
		}
		v.Rows = append(v.Rows, row)
	}
	switch failed {
	case 0:
	case 1:
		v.Badge = kit.Badge{Text: "1 step fails", Tone: kit.ToneBad}
	default:
		v.Badge = kit.Badge{Text: fmt.Sprintf("%d steps fail", failed), Tone: kit.ToneBad}
	}
	return v
}
