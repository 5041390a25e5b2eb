package app

import (
	"context"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/server"
)

// troubles are what is wrong with the house itself, for the banner and for
// those who ask whether it is well.
func (a *App) troubles() (out []server.Trouble) {
	if err := a.DB.Trouble(); err != nil {
		message, fix := fault.Words(err)
		out = append(out, server.Trouble{Title: message, Fix: fix})
	}
	if a.broken.Load() {
		out = append(out, server.Trouble{Title: "The audit trail is not whole.", Fix: "The Audit page says where it is broken and what to do.", Href: "/audit"})
	}
	if own := a.own(); own.Why != nil {
		message, fix := fault.Words(own.Why)
		out = append(out, server.Trouble{Title: "No copy of Bakplane's own data could be taken: " + message, Fix: fix, Href: "/settings#own"})
	}
	return out
}

// probe writes as long as the database could not be written: what was wrong may
// be over, and nobody else might write.
func (a *App) probe(ctx context.Context) error {
	before := a.DB.Trouble()
	if before == nil {
		return nil
	}
	if err := a.DB.Probe(ctx); err == nil {
		a.log.Info("the database can be written again")
	}
	return nil
}
