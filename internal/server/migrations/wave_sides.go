package migrations

import (
	"fmt"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration/progress"
	"github.com/bakplane/bakplane/internal/migration/wave"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// sideBadge words where a database can be written to.
func sideBadge(s wave.Side) kit.Badge {
	switch s {
	case wave.SideSource:
		return kit.Badge{Text: "source"}
	case wave.SideTarget:
		return kit.Badge{Text: "target", Tone: kit.ToneOK}
	}
	return kit.Badge{Text: "neither", Tone: kit.ToneWarn}
}

// sidesFact counts where the databases of a wave can be written to.
func sidesFact(got progress.Wave) kit.Fact {
	n := map[wave.Side]int{}
	for _, k := range got.Members {
		side, _ := wave.WritableAt(k.M)
		n[side]++
	}
	f := kit.Fact{Label: "Writable at the source", Value: fmt.Sprintf("%d of %d", n[wave.SideSource], len(got.Members)), Note: fmt.Sprintf("%d at the target · %d at neither", n[wave.SideTarget], n[wave.SideNeither])}
	if n[wave.SideNeither] > 0 {
		f.Tone = kit.ToneWarn
	}
	return f
}

// waveBounds says what is asked for at once, how many, and who decided so.
func (s *Pages) waveBounds(calls endpoint.Calls) []kit.Pair {
	most := func(n int, setting, usual, why string) string {
		words := fmt.Sprintf("%d at once", n)
		if n <= 0 {
			words = "no bound"
		}
		return words + ", set by " + setting + " (" + usual + " unless set). " + why
	}
	out := []kit.Pair{
		{Key: "Backups at the server", Value: most(s.Config.Caps.Backups, "--backups", "3", "Ours: more would read the same disks and each take longer. A tail never waits for its turn.")},
		{Key: "Uploads", Value: most(s.Config.Caps.Uploads, "--uploads", "4", "Ours, over all migrations: they share one line. What writes wait for goes first.")},
		{Key: "Files at the instance", Value: most(s.Config.Restores, "--restores", "5", "Ours: it restores them with the CPU and disks that its databases use.")},
		{Key: "Databases of a wave", Value: fmt.Sprintf("%d. Ours; how many an instance may hold its service says.", wave.Most)},
	}
	if calls.Counted() {
		out = append(out, kit.Pair{Key: "Imports a day", Value: fmt.Sprintf("%d for a database, %d for the instance. The service's own.", calls.Database, calls.Instance)})
	}
	return out
}
