package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/web/templates"
)

// weeksDrawn are the weeks of coming backups on a page.
const weeksDrawn = 4

// known is what the catalogue has of an instance's past, for what is foreseen.
func (s *Server) known(ctx context.Context, instanceID string) (k policy.Known, err error) {
	for _, kind := range []backup.Kind{backup.Full, backup.Differential} {
		rows, err := s.Catalogue.Records(ctx, backup.RecordFilter{InstanceID: instanceID, Origin: backup.InCloud, Kind: kind, State: backup.Complete, Limit: 500})
		if err != nil {
			return k, err
		}
		for _, r := range rows {
			if r.Cloud != nil && r.Gone.IsZero() {
				k.Sets = append(k.Sets, *r.Cloud)
			}
		}
	}
	logs, err := s.Catalogue.Records(ctx, backup.RecordFilter{InstanceID: instanceID, Origin: backup.InCloud, Kind: backup.Log, From: s.Now().Add(-24 * time.Hour), Limit: 500})
	for _, r := range logs {
		k.LogBytesPerDay += r.Bytes()
	}
	return k, err
}

// foreseen is what a policy will do at an instance.
func (s *Server) foreseen(ctx context.Context, in cloudSeen, want policy.Standard) (policy.Foreseen, error) {
	k, err := s.known(ctx, in.ID)
	return policy.Foresee(in.InstanceID, in.activity, want, k, s.Now().UTC(), weeksDrawn), err
}

// barred are the findings that bar the way, by field; those of the instance as
// a whole have an empty one.
func barred(findings []policy.Finding) map[string]string {
	out := map[string]string{}
	for _, f := range findings {
		if f.Bars && out[f.Field] == "" {
			out[f.Field] = sentences(f.Text, f.Fix)
		}
	}
	return out
}

func sentences(text, fix string) string {
	if fix == "" {
		return text
	}
	return text + " " + fix
}

// notesOf word findings that belong to no field of a form, and warnings.
func notesOf(findings []policy.Finding) (notes []templates.Help) {
	for _, f := range findings {
		switch {
		case f.Bars && (f.Field == "" || f.Field == policy.FieldRows):
			notes = append(notes, templates.Help{Title: f.Text, Fix: f.Fix})
		case !f.Bars:
			notes = append(notes, templates.Help{Tone: templates.ToneWarn, Title: f.Text, Fix: f.Fix})
		}
	}
	return notes
}

// foreseenNotes word what else a policy will do.
func foreseenNotes(f policy.Foreseen) (notes []templates.Help) {
	for _, n := range f.Notes {
		notes = append(notes, templates.Help{Tone: templates.ToneWarn, Title: n})
	}
	return notes
}

// rpoFact is the most that can be lost under a policy.
func rpoFact(s policy.Standard) templates.Fact {
	d, why := policy.WorstRPO(s)
	f := templates.Fact{Label: "Worst-case RPO", Value: rpoWords(d), Note: why, Words: true}
	if d > 24*time.Hour {
		f.Tone = templates.ToneWarn
	}
	return f
}

func rpoWords(d time.Duration) string {
	if d == 0 {
		return "not known"
	}
	return templates.Span(d)
}

// calendar draws coming backups.
func calendar(z templates.Zone, id string, slots []policy.CloudSlot, snapshot bool, days int, note string) *templates.Calendar {
	c := &templates.Calendar{ID: id, From: z.Now, Today: z.Now, Days: days, Note: note}
	for _, slot := range slots {
		kind := kindTag(string(slot.Kind))
		if snapshot {
			kind = templates.KindSnapshot
		}
		c.Marks = append(c.Marks, templates.CalendarMark{At: slot.At, Kind: kind, When: z.At(slot.At), Keep: keepWords(slot.Keep), Note: slot.Why})
	}
	c.Label = fmt.Sprintf("%s in the coming %s; the list below has each with its time.", templates.Count(len(slots), "backup", "backups"), templates.Count(days, "day", "days"))
	return c
}

func keepWords(days int) string {
	if days == policy.Forever {
		return templates.Forever
	}
	return templates.Count(days, "day", "days")
}

// comingNote says how sure the drawn kinds are.
const comingNote = "The service begins within the hour. Which backups are full and which differential follows from its rule for automatic ones."

// quota draws a forecast of backup storage; nil when nothing can be told.
func quota(f policy.StorageForecast, snapshot bool) *templates.Quota {
	full, class := "full", "full"
	if snapshot {
		full, class = "snapshot", "snap"
	}
	q := &templates.Quota{ID: "storage", Free: f.Free, Words: f.Words}
	for _, p := range []templates.QuotaPart{{Name: full, Class: class, Bytes: f.Full}, {Name: "differential", Class: "diff", Bytes: f.Diff}, {Name: "log", Class: "log", Bytes: f.Log}} {
		if p.Bytes > 0 {
			q.Parts = append(q.Parts, p)
		}
	}
	if f.Free > 0 && q.Used() > f.Free {
		q.Tone = templates.ToneWarn
	}
	q.Label = fmt.Sprintf("%s kept at once, %s free of charge", templates.Bytes(q.Used()).Text, templates.Bytes(f.Free).Text)
	return q
}

// changeRows word differences as a table.
func changeRows(cs []policy.Change) (rows []templates.Change) {
	for _, c := range cs {
		rows = append(rows, templates.Change{What: c.Name, Before: c.Before, After: c.After})
	}
	return rows
}

// refusedFields are what a rule or the service said about single fields.
func refusedFields(err error) map[string]string {
	var o *policy.Objection
	if errors.As(err, &o) {
		fields := barred(o.Findings)
		delete(fields, "")
		return fields
	}
	var r *policy.Refusal
	if !errors.As(err, &r) || r.Field == "" {
		return nil
	}
	return map[string]string{r.Field: "The service: " + r.Said + " (" + r.Code + ")"}
}
