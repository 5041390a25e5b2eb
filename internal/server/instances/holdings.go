package instances

import (
	"context"
	"fmt"
	"slices"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/scan"
	"github.com/bakplane/bakplane/internal/server"
	views "github.com/bakplane/bakplane/web/templates/instances"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// snapshotsShown bounds the list of snapshots, the newest first.
const snapshotsShown = 30

// heldCard shows what the service was last seen to hold of an instance; nil where
// it is not looked at.
func (s *Pages) heldCard(ctx context.Context, z kit.Zone, i endpoint.Instance) (*views.Held, error) {
	if !i.Traits.Holds || s.Looks == nil {
		return nil, nil
	}
	v := &views.Held{Can: "It holds the whole instance: it is restored as a new instance, in the console, to any moment that is named here. A single database is not restored from it, and nothing of it lies in a bucket of yours."}
	if i.AccountID == "" {
		v.Help = &kit.Help{Tone: kit.ToneRun, Title: "What the service holds by itself is not looked at.", Fix: "Give the instance an account of its cloud that may read its backups.", Actions: []kit.Action{{Label: "Change it", Href: s.SettingOf(i), Small: true}}}
		return v, nil
	}
	var seen scan.Holdings
	at, err := s.Looks.LastLook(ctx, i.ID, backup.LookHoldings, &seen)
	if err != nil {
		return nil, err
	}
	if at.IsZero() {
		v.Age = "not looked at yet"
		return v, nil
	}
	if !seen.Trouble.IsZero() {
		v.Help = &kit.Help{Tone: kit.ToneWarn, Title: "The service could not be looked at " + z.Ago(at) + ".", Cause: seen.Trouble.String(), Fix: seen.Fix.String()}
	}
	if seen.Seen.IsZero() {
		v.Age = "never seen"
		return v, nil
	}
	v.Age = "looked at " + z.Ago(seen.Seen)
	v.Facts = heldFacts(z, seen.Holdings)
	shots := slices.Clone(seen.Snapshots)
	slices.SortStableFunc(shots, func(a, b backup.HeldSnapshot) int { return b.Created.Compare(a.Created) })
	for _, h := range shots[:min(len(shots), snapshotsShown)] {
		row := views.HeldSnapshot{Name: h.ID, Kind: "automated", Size: kit.Bytes(h.Bytes), Badge: kit.Badge{Text: h.Status, Tone: kit.ToneOK}}
		if h.Manual {
			row.Kind = "by hand"
		}
		if !h.Usable() {
			row.Badge.Tone = kit.ToneWarn
		}
		if !h.Created.IsZero() {
			row.Taken = z.At(h.Created)
		}
		v.Snapshots = append(v.Snapshots, row)
	}
	switch n := len(shots); {
	case seen.More:
		v.More = fmt.Sprintf("The newest %d of more than %d are shown.", len(v.Snapshots), n)
	case n > snapshotsShown:
		v.More = fmt.Sprintf("The newest %d of %d are shown.", snapshotsShown, n)
	}
	return v, nil
}

func heldFacts(z kit.Zone, h backup.Holdings) []kit.Fact {
	auto := kit.Fact{Label: "Automated backups", Value: "off", Note: "nothing there can be restored to a moment", Tone: kit.ToneWarn, Words: true}
	if h.Retention > 0 {
		auto = kit.Fact{Label: "Automated backups", Value: server.FirstOf(h.Automated, "not told"), Note: "kept for " + kit.Count(h.Retention, "day", "days") + ", taken " + h.Window + " UTC", Words: true}
	}
	to := kit.Fact{Label: "Restorable", Value: "no", Note: "there is no usable snapshot", Tone: kit.ToneBad, Words: true}
	if held := h.Held(); !held.To.IsZero() {
		to = kit.Fact{Label: "Restorable until", Value: z.Ago(held.To), Note: z.At(held.To).UTC, Title: z.At(held.To).Exact, Words: true}
		if held.From.Before(held.To) {
			to.Note = "to any moment from " + z.At(held.From).UTC + " on"
		}
	}
	return []kit.Fact{auto, to}
}
