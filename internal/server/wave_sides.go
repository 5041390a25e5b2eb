package server

import (
	"fmt"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/web/templates"
)

// sideBadge words where a database can be written to.
func sideBadge(s migration.Side) templates.Badge {
	switch s {
	case migration.SideSource:
		return templates.Badge{Text: "source"}
	case migration.SideTarget:
		return templates.Badge{Text: "target", Tone: templates.ToneOK}
	}
	return templates.Badge{Text: "neither", Tone: templates.ToneWarn}
}

// sidesFact counts where the databases of a wave can be written to.
func sidesFact(got waveSight) templates.Fact {
	n := map[migration.Side]int{}
	for _, k := range got.members {
		side, _ := migration.WritableAt(k.m)
		n[side]++
	}
	f := templates.Fact{Label: "Writable at the source", Value: fmt.Sprintf("%d of %d", n[migration.SideSource], len(got.members)), Note: fmt.Sprintf("%d at the target · %d at neither", n[migration.SideTarget], n[migration.SideNeither])}
	if n[migration.SideNeither] > 0 {
		f.Tone = templates.ToneWarn
	}
	return f
}

// waveBounds says what is asked for at once, how many, and who decided so.
func (s *Server) waveBounds(calls endpoint.Calls) []templates.Pair {
	most := func(n int, setting, usual, why string) string {
		words := fmt.Sprintf("%d at once", n)
		if n <= 0 {
			words = "no bound"
		}
		return words + ", set by " + setting + " (" + usual + " unless set). " + why
	}
	out := []templates.Pair{
		{Key: "Backups at the server", Value: most(s.cfg.Caps.Backups, "--backups", "3", "Ours: more would read the same disks and each take longer. A tail never waits for its turn.")},
		{Key: "Uploads", Value: most(s.cfg.Caps.Uploads, "--uploads", "4", "Ours, over all migrations: they share one line. What writes wait for goes first.")},
		{Key: "Files at the instance", Value: most(s.cfg.Restores, "--restores", "5", "Ours: it restores them with the CPU and disks that its databases use.")},
		{Key: "Databases of a wave", Value: fmt.Sprintf("%d. Ours; how many an instance may hold its service says.", migration.MaxWave)},
	}
	if calls.Counted() {
		out = append(out, templates.Pair{Key: "Imports a day", Value: fmt.Sprintf("%d for a database, %d for the instance. The service's own.", calls.Database, calls.Instance)})
	}
	return out
}
