package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/words"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// Verified walks the chain from where a walk ended.
func (s *Kit) Verified(ctx context.Context, from audit.Walk) (w Wholeness, err error) {
	walk, err := s.Audit.VerifyAuditFrom(ctx, from)
	if err != nil && !errors.As(err, &w.Broken) {
		return w, err
	}
	w.Entries, w.Head, w.At = walk.Seq, walk.Head, s.Now()
	return w, nil
}

// Wholeness is what walks over the chain of entries found.
type Wholeness struct {
	Entries int64
	Head    audit.Hash
	Broken  *audit.Broken
	Whole   time.Time // when the newest walk from the first entry ended; zero = none did
	Checked int64     // how many entries that one had
	At      time.Time // when the newest walk ended
	Going   bool      // another one is under way
}

// Words tell a person how far the chain of entries is known to be whole.
func (w Wholeness) Words(z kit.Zone) kit.Help {
	switch {
	case w.Whole.IsZero():
		return kit.Help{Tone: kit.ToneRun, Title: "The chain of entries is being checked.", Cause: "From the first to the last, for the first time since Bakplane was started.", Fix: "Look again in a moment."}
	case w.Broken != nil:
		return kit.Help{Title: fmt.Sprintf("The chain is broken at entry %d.", w.Broken.Seq), Cause: fmt.Sprintf("Entry %d %s. The %s before it are as they were written.", w.Broken.Seq, w.Broken.Why, kit.Count(int(w.Entries), "entry", "entries")),
			Fix: "Somebody or something changed the database file outside of Bakplane. Keep a copy of it as it is, and compare it with your backups of the data folder."}
	}
	h := kit.Help{Tone: kit.ToneOK, Title: fmt.Sprintf("The chain of %s entries is whole.", words.Number(w.Entries))}
	switch since := w.Entries - w.Checked; {
	case w.Going:
		h.Cause = "That was found " + z.At(w.At).Exact + "; it is being checked again now."
	case since > 0:
		h.Cause = fmt.Sprintf("The first %s were checked %s, the %s since then just now.", words.Number(w.Checked), z.At(w.Whole).Exact, words.Number(since))
	case w.At.After(w.Whole):
		h.Cause = "Checked " + z.At(w.Whole).Exact + ", from the first to the last; none came since."
	default:
		h.Cause = "Checked just now, from the first to the last."
	}
	h.Cause += " Newest hash " + w.Head.String()[:16] + "…: noted elsewhere, it also shows entries cut off at the end."
	return h
}
