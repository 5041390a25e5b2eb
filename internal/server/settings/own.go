package settings

import (
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/settings"
)

// ownGroup tells of the dashboard's own data: how large it is, and whether it is
// backed up.
func (s *Pages) ownGroup(c echo.Context) views.Group {
	g := views.Group{ID: "own", Title: "The dashboard's own data", Note: "people, places, policies, the catalogue, runs and the audit trail", Columns: []string{"What", "How"}}
	if s.Own == nil {
		return g
	}
	z, d := s.Zone(c), s.Own()
	row := func(what, how string, b kit.Badge) {
		g.Rows = append(g.Rows, views.GroupRow{Cells: []string{what, how}, Badge: b})
	}
	row("Folder", d.Folder, kit.Badge{})
	row("Size of the database", words.Bytes(d.Bytes).String(), kit.Badge{})
	row("Kept", "runs that ended "+keptFor(d.KeepRuns)+"; records of backup sets that are gone "+keptFor(d.KeepRemoved)+"; audit entries "+keptFor(d.KeepAudit)+", then exported. Where there are very many, the oldest go sooner.", kit.Badge{})
	if d.AuditFiles > 0 {
		row("Exported audit entries", kit.Count(d.AuditFiles, "file", "files")+" in "+d.AuditTo+"; `dashboard audit verify` reads them too. Keep them with your backups.", kit.Badge{})
	}
	if d.To == "" {
		row("Copies", "Nobody takes any by itself. Start with --backup-to, or have dashboard backup run daily.", kit.Badge{Text: "none", Tone: kit.ToneWarn})
		return g
	}
	row("Copies", "every "+words.Span(d.Every).String()+" to "+d.To+", the newest "+strconv.Itoa(d.Keep)+" are kept", kit.Badge{})
	switch {
	case d.Why != nil:
		message, fix := fault.Words(d.Why)
		row("Newest copy", "It could not be taken: "+message+" "+fix, kit.Badge{Text: "failed", Tone: kit.ToneBad})
	case d.Last.IsZero():
		row("Newest copy", "none yet", kit.Badge{})
	default:
		row("Newest copy", z.At(d.Last).Exact, kit.Badge{})
	}
	return g
}

func keptFor(days int) string {
	if days == 0 {
		return "for ever"
	}
	return "for " + kit.Count(days, "day", "days")
}
