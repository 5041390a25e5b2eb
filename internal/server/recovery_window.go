package server

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/web/templates"
)

// recovery is to which moments something can be restored, worked out of its
// records.
type recovery struct {
	records []backup.Record
	windows []backup.Window // those that hold more than one moment, or a set that stands alone
}

// cloudRecovery is that of an instance of a cloud, or of one of its databases.
func (s *Server) cloudRecovery(ctx context.Context, instanceID, database string) (recovery, error) {
	records, err := s.Catalogue.Sets(ctx, instanceID, database, backup.MaxSets)
	return recovery{records: records, windows: backup.Windows(records)}, err
}

// recoveryOutline is the same for pages that show windows and no sets.
func (s *Server) recoveryOutline(ctx context.Context, instanceID, database string) (recovery, error) {
	records, err := s.Catalogue.Outlines(ctx, instanceID, database, backup.MaxSets)
	return recovery{records: records, windows: backup.Windows(records)}, err
}

// at is the window that holds a moment.
func (r recovery) at(t time.Time) (backup.Window, bool) {
	for _, w := range slices.Backward(r.windows) {
		if w.Holds(t) {
			return w, true
		}
	}
	return backup.Window{}, false
}

// newest is the window that ends last.
func (r recovery) newest() (backup.Window, bool) {
	if len(r.windows) == 0 {
		return backup.Window{}, false
	}
	return r.windows[len(r.windows)-1], true
}

// timeline draws windows, what lies between them, and the sets.
func (r recovery) timeline(z templates.Zone, id, field string, chosen time.Time) *templates.Timeline {
	if len(r.records) == 0 {
		return nil
	}
	t := &templates.Timeline{ID: id, Field: field, Chosen: chosen, Now: z.Now, To: z.Now, Local: z.Local}
	for i := range r.records {
		rec := &r.records[i]
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
		t.Ticks = append(t.Ticks, templates.SetTick{At: at, Kind: setKind(*rec), Title: setKind(*rec).Text + " " + z.At(at).Exact})
	}
	if t.From.IsZero() {
		return nil
	}
	margin := t.To.Sub(t.From) / 50
	t.From = t.From.Add(-margin)
	var end time.Time
	gaps := 0
	for _, w := range r.windows {
		s := templates.Stretch{From: w.From, To: w.To, Text: "any second", Title: "Any second from " + z.At(w.From).Exact + " to " + z.At(w.To).Exact + ".", Begin: z.At(w.From), Ends: z.At(w.To)}
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
	if w, ok := r.newest(); ok && w.Next != nil && z.Now.After(end) {
		t.Gaps = append(t.Gaps, gapBetween(z, end, z.Now, w.Next.Words))
		gaps++
	}
	t.Label = fmt.Sprintf("%s to which it can be restored, %s between them; the list below says from when to when.", templates.Count(len(t.Windows), "window", "windows"), templates.Count(gaps, "gap", "gaps"))
	return t
}

// why says what was missing at the end of a window.
func (r recovery) why(end time.Time) string {
	for _, w := range r.windows {
		if w.To.Equal(end) && w.Next != nil {
			return w.Next.Words
		}
	}
	return "No log backups join what lies on both sides."
}

func gapBetween(z templates.Zone, from, to time.Time, why string) templates.Stretch {
	return templates.Stretch{From: from, To: to, Text: "cannot be restored", Title: why, Begin: z.At(from), Ends: z.At(to)}
}

// rpoChart draws how old the newest restorable moment had become each time
// before a log or data backup brought the next one.
func (r recovery) rpoChart(z templates.Zone) *templates.Chart {
	c := &templates.Chart{ID: "rpo", Title: "Worst RPO reached", Note: "how far apart restorable moments lay, per day", Unit: "seconds", Series: []templates.ChartSeries{{Name: "Longest stretch without a backup", Class: "log"}}}
	var last time.Time
	worst := map[time.Time]time.Duration{}
	var days []time.Time
	for i := range r.records {
		rec := &r.records[i]
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
		c.Rows = append(c.Rows, templates.ChartRow{When: z.At(d), Unix: d.Unix(), Values: []templates.ChartValue{{Text: templates.Span(worst[d]), Raw: worst[d].Seconds()}}})
	}
	if len(c.Rows) < 3 {
		return nil
	}
	return c
}
