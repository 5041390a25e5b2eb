package policy

import (
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// Queue makes the runs that a decided slot of a policy asks for: one for every
// server when it fired, none otherwise.
func Queue(p Policy, d Decided, now time.Time, newID func() string) (queued []Queued) {
	if d.Verdict != Fired {
		return nil
	}
	for _, server := range p.Servers {
		w := BackupJob{ID: newID(), RunID: newID(), PolicyID: p.ID, Version: p.Version, Slot: d.Slot, ServerID: server, Kind: d.Kind}
		queued = append(queued, Queued{Slot: d.Slot, Job: w, Note: d.Why,
			Run: run.Run{ID: w.RunID, Kind: RunKind, Subject: w.ID, Place: server, Title: words.Say("%s · %s", Title(d.Kind), p.Name), Created: now.UTC()}})
	}
	return queued
}

// Title is what runs that take backups of a kind are called.
func Title(k backup.Kind) words.Text {
	switch k {
	case backup.Full:
		return words.Say("Full backup")
	case backup.Differential:
		return words.Say("Differential backup")
	case backup.Log:
		return words.Say("Log backup")
	}
	return words.Say("Backup")
}
