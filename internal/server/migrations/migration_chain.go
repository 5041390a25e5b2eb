package migrations

import (
	"fmt"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// migrationChain draws the files of a migration and where the target stands.
func migrationChain(z kit.Zone, m migration.Migration) kit.Chain {
	c := kit.Chain{ID: "chain", Here: -1}
	applied := 0
	var last migration.File
	for _, f := range m.Chain() {
		if m.Further(f) {
			continue // drawn once for all stripes
		}
		state := kit.SetPlanned
		switch f.State {
		case migration.FileApplied:
			state = kit.SetApplied
			applied++
			last = f
		case migration.FileSent:
			state = kit.SetRunning
		case migration.FileRefused:
			state = kit.SetFailed
			if m.Problem != nil && m.Problem.Code == "gap" && m.Problem.File == f.Ord && last.Ord != 0 {
				c.Sets = append(c.Sets, gap(last.LastLSN.String(), f.FirstLSN.String()))
			}
		}
		set := chainSet(z, server.KindTag(f.Kind), state, f.Started, f.Size, f.Source, f.FirstLSN, f.LastLSN)
		if w := fileBadge(m, f); w.Text != "" {
			set.Text += " · " + w.Text
		}
		c.Sets = append(c.Sets, set)
	}
	if applied > 0 {
		c.Here, c.HereText = applied, "target is here · "+z.At(last.Started).UTC
	}
	if m.Mode == migration.Pending && m.Opened.IsZero() && !m.Stage.Ended() && m.OpenAsked.IsZero() && (m.LiveSource == nil || m.LiveSource.Tail.IsZero()) {
		c.NotYet = "next log"
		if m.LiveSource != nil {
			c.NotYet = "tail"
		}
	}
	c.Label = fmt.Sprintf("Backup chain of %s: %s in LSN order, %d applied", m.SourceDatabase, kit.Count(len(m.Chain()), "file", "files"), applied)
	return c
}

func chainSet(z kit.Zone, k kit.Kind, state kit.SetState, at time.Time, size int64, name string, first, last backup.LSN) kit.ChainSet {
	w := z.At(at)
	text := w.UTC
	if size > 0 {
		text += " · " + kit.Bytes(size).Text
	}
	return kit.ChainSet{Kind: k, State: state, Text: text, Short: at.UTC().Format("15:04"), FirstLSN: first.String(), LastLSN: last.String(),
		Title: fmt.Sprintf("%s, %s, LSN %s to %s", name, w.Exact, first, last)}
}

func gap(from, to string) kit.ChainSet {
	return kit.ChainSet{Kind: kit.KindLog, State: kit.SetMissing, Text: "missing", Short: "?", FirstLSN: from, LastLSN: to,
		Title: "The log from LSN " + from + " to " + to + " is missing"}
}

// planChain draws a plan: what would be applied, what is missing, what is not
// needed, what cannot follow.
func planChain(z kit.Zone, p *backup.Plan) kit.Chain {
	c := kit.Chain{ID: "plan", Here: -1}
	add := func(s *backup.Set, state kit.SetState) {
		c.Sets = append(c.Sets, chainSet(z, server.KindTag(string(s.Kind)), state, s.Started.Time(), s.FileSize(), s.FileName(), s.First, s.Last))
	}
	for _, l := range p.LeftOut {
		switch l.Reason {
		case backup.Covered, backup.Superseded:
			add(l.Set, kit.SetCovered)
		}
	}
	for _, st := range p.Steps {
		add(st.Set, kit.SetPlanned)
	}
	gaps := 0
	for _, m := range p.Missing {
		if m.MissingKind == backup.MissingLog {
			gaps++
			c.Sets = append(c.Sets, gap(m.From.String(), m.To.String()))
			if m.After != nil {
				add(m.After, kit.SetBeyond)
			}
		}
	}
	for _, l := range p.LeftOut {
		if l.Reason == backup.BeyondGap && !drawnAfter(p, l.Set) {
			add(l.Set, kit.SetBeyond)
		}
	}
	c.Label = fmt.Sprintf("Backup chain of %s: %s to apply, %s left out, %s missing", p.Database, kit.Count(len(p.Steps), "backup", "backups"),
		kit.Count(len(p.LeftOut), "backup", "backups"), kit.Count(gaps, "log", "logs"))
	return c
}

func drawnAfter(p *backup.Plan, s *backup.Set) bool {
	for _, m := range p.Missing {
		if m.After == s {
			return true
		}
	}
	return false
}

func planWords(p *backup.Plan) string {
	switch {
	case p.Choice != nil:
		return "by LSN · more than one fork"
	case len(p.Missing) > 0:
		return "by LSN · not whole"
	}
	return "by LSN · one fork · no gap"
}
