package app

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/servermigration"
)

// desk is where migrations of whole servers are ordered.
func (a *App) desk() *servermigration.Desk {
	return &servermigration.Desk{Store: a.DB.Servers(), Ports: a.Ports, Now: a.config.Now, NewID: NewID}
}

// looks is how often accounts are looked at through which servers are migrated:
// busy while a job is at work or an order goes on, else quiet. With the pause
// that is set unless somebody changes it, half a minute and five minutes.
func (c Config) looks() (busy, quiet time.Duration) { return 30 * c.Poll, 300 * c.Poll }

// moveServers carries out orders about servers, and looks at the accounts that
// are watched.
func (a *App) moveServers(ctx context.Context) {
	worker := &servermigration.Worker{Store: a.DB.Servers(), Runs: a.DB, Ports: a.Ports, Now: a.config.Now, Settle: min(a.config.Settle, 30*time.Second)}
	if a.config.Poll < time.Second { // shorter than anybody waits for a service that takes hours
		worker.Poll = a.config.Poll
	}
	busy, quiet := a.config.looks()
	tick := max(min(3*time.Second, busy/10), 10*time.Millisecond)
	w := a.watcher()
	w.Busy, w.Quiet = busy-tick/2, quiet // the tick nearest to it counts
	worker.Moved = w.Hurry
	a.Engine.Workers[servermigration.Kind] = worker
	a.working.Go(func() {
		a.every(ctx, tick, "look at source servers", w.Turn)
		w.Wait()
	})
}

// watcher looks at accounts through which servers are migrated.
func (a *App) watcher() *servermigration.Watcher {
	return &servermigration.Watcher{Store: a.DB.Servers(), Ports: a.Ports, Log: a.log, Now: a.config.Now}
}
