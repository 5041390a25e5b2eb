package server

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// Facts answer how far back and how far forward a restore can go.
func (r recovery) Facts(z kit.Zone) []kit.Fact {
	w, ok := r.Newest()
	if !ok {
		return []kit.Fact{{Label: "Can be restored", Value: "to no moment", Note: "there is no usable data backup", Tone: kit.ToneBad, Words: true}}
	}
	oldest := r.Windows[0].From
	age := z.Now.Sub(w.To)
	newest := kit.Fact{Label: "Newest restorable moment", Value: z.Ago(w.To), Note: z.At(w.To).UTC + " UTC", Title: z.At(w.To).Exact, Words: true}
	if age > 24*time.Hour {
		newest.Tone = kit.ToneWarn
	}
	facts := []kit.Fact{newest,
		{Label: "Oldest", Value: z.At(oldest).UTC, Note: "UTC", Title: z.At(oldest).Exact, Words: true},
		{Label: "Unbroken since", Value: z.At(w.From).UTC, Note: "any second from then on", Title: z.At(w.From).Exact, Words: true}}
	if w.From.Equal(w.To) {
		facts[2].Note = "only this moment: no logs behind it"
	}
	return facts
}

// recovery is to which moments something can be restored, worked out of its
// records.
type recovery struct {
	Records []backup.Record
	Windows []backup.Window // those that hold more than one moment, or a set that stands alone
}

// CloudRecovery is that of an instance of a cloud, or of one of its databases.
func (s *Kit) CloudRecovery(ctx context.Context, instanceID, database string) (recovery, error) {
	records, err := s.Catalogue.Sets(ctx, instanceID, database, backup.MaxSets)
	return recovery{Records: records, Windows: backup.Windows(records)}, err
}

// RecoveryOutline is the same for pages that show windows and no sets.
func (s *Kit) RecoveryOutline(ctx context.Context, instanceID, database string) (recovery, error) {
	records, err := s.Catalogue.Outlines(ctx, instanceID, database, backup.MaxSets)
	return recovery{Records: records, Windows: backup.Windows(records)}, err
}

// at is the window that holds a moment.
func (r recovery) at(t time.Time) (backup.Window, bool) {
	for _, w := range slices.Backward(r.Windows) {
		if w.Holds(t) {
			return w, true
		}
	}
	return backup.Window{}, false
}

// Newest is the window that ends last.
func (r recovery) Newest() (backup.Window, bool) {
	if len(r.Windows) == 0 {
		return backup.Window{}, false
	}
	return r.Windows[len(r.Windows)-1], true
}

// Timeline draws windows, what lies between them, and the sets.
func (r recovery) Timeline(z kit.Zone, id, field string, chosen time.Time) *kit.Timeline {
	if len(r.Records) == 0 {
		return nil
	}
	t := &kit.Timeline{ID: id, Field: field, Chosen: chosen, Now: z.Now, To: z.Now, Local: z.Local}
	for i := range r.Records {
		rec := &r.Records[i]
		at := rec.Finished()
		if rec.State != backup.Complete || at.IsZero() {
			continue
		}
		if t.From.IsZero() || at.Before(t.From) {
			t.From = at
		}
		if at.After(t.To) {
			t.To = at
		}
		t.Ticks = append(t.Ticks, kit.SetTick{At: at, Kind: SetKind(*rec), Title: SetKind(*rec).Text + " " + z.At(at).Exact})
	}
	if t.From.IsZero() {
		return nil
	}
	margin := t.To.Sub(t.From) / 50
	t.From = t.From.Add(-margin)
	var end time.Time
	gaps := 0
	for _, w := range r.Windows {
		s := kit.Stretch{From: w.From, To: w.To, Text: "any second", Title: "Any second from " + z.At(w.From).Exact + " to " + z.At(w.To).Exact + ".", Begin: z.At(w.From), Ends: z.At(w.To)}
		if w.From.Equal(w.To) {
			s.Text, s.Title = "", "Only this moment: the end of a data backup without logs behind it, "+z.At(w.From).Exact+"."
		}
		t.Windows = append(t.Windows, s)
		if !end.IsZero() && w.From.After(end) {
			t.Gaps = append(t.Gaps, gapBetween(z, end, w.From, r.why(end)))
			gaps++
		}
		if w.To.After(end) {
			end = w.To
		}
	}
	if w, ok := r.Newest(); ok && w.Next != nil && z.Now.After(end) {
		t.Gaps = append(t.Gaps, gapBetween(z, end, z.Now, w.Next.Words))
		gaps++
	}
	t.Label = fmt.Sprintf("%s to which it can be restored, %s between them; the list below says from when to when.", kit.Count(len(t.Windows), "window", "windows"), kit.Count(gaps, "gap", "gaps"))
	return t
}

// why says what was missing at the end of a window.
func (r recovery) why(end time.Time) string {
	for _, w := range r.Windows {
		if w.To.Equal(end) && w.Next != nil {
			return w.Next.Words
		}
	}
	return "No log backups join what lies on both sides."
}

func gapBetween(z kit.Zone, from, to time.Time, why string) kit.Stretch {
	return kit.Stretch{From: from, To: to, Text: "cannot be restored", Title: why, Begin: z.At(from), Ends: z.At(to)}
}

// RPOChart draws how old the newest restorable moment had become each time
// before a log or data backup brought the next one.
func (r recovery) RPOChart(z kit.Zone) *kit.Chart {
	c := &kit.Chart{ID: "rpo", Title: "Worst RPO reached", Note: "how far apart restorable moments lay, per day", Unit: "seconds", Series: []kit.ChartSeries{{Name: "Longest stretch without a backup", Class: "log"}}}
	var last time.Time
	worst := map[time.Time]time.Duration{}
	var days []time.Time
	for i := range r.Records {
		rec := &r.Records[i]
		at := rec.Finished()
		if rec.State != backup.Complete || at.IsZero() {
			continue
		}
		if !last.IsZero() {
			day := at.UTC().Truncate(24 * time.Hour)
			if _, known := worst[day]; !known {
				days = append(days, day)
			}
			worst[day] = max(worst[day], at.Sub(last))
		}
		if at.After(last) {
			last = at
		}
	}
	for _, d := range days {
		c.Rows = append(c.Rows, kit.ChartRow{When: z.At(d), Unix: d.Unix(), Values: []kit.ChartValue{{Text: kit.Span(worst[d]), Raw: worst[d].Seconds()}}})
	}
	if len(c.Rows) < 3 {
		return nil
	}
	return c
}
