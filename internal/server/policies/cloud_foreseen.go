package policies

import (
	"fmt"
	"time"

	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/policy/clouds"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// foreseenNotes word what else a policy will do.
func foreseenNotes(f clouds.Foreseen) (notes []kit.Help) {
	for _, n := range f.Notes {
		notes = append(notes, kit.Help{Tone: kit.ToneWarn, Title: n})
	}
	return notes
}

// rpoFact is the most that can be lost under a policy.
func rpoFact(s clouds.Standard) kit.Fact {
	d, why := clouds.WorstRPO(s)
	f := kit.Fact{Label: "Worst-case RPO", Value: rpoWords(d), Note: why, Words: true}
	if d > 24*time.Hour {
		f.Tone = kit.ToneWarn
	}
	return f
}

func rpoWords(d time.Duration) string {
	if d == 0 {
		return "not known"
	}
	return kit.Span(d)
}

// calendar draws coming backups.
func calendar(z kit.Zone, id string, slots []clouds.CloudSlot, snapshot bool, days int, note string) *kit.Calendar {
	c := &kit.Calendar{ID: id, From: z.Now, Today: z.Now, Days: days, Note: note}
	for _, slot := range slots {
		kind := server.KindTag(string(slot.Kind))
		if snapshot {
			kind = kit.KindSnapshot
		}
		c.Marks = append(c.Marks, kit.CalendarMark{At: slot.At, Kind: kind, When: z.At(slot.At), Keep: keepWords(slot.Keep), Note: slot.Why})
	}
	c.Label = fmt.Sprintf("%s in the coming %s; the list below has each with its time.", kit.Count(len(slots), "backup", "backups"), kit.Count(days, "day", "days"))
	return c
}

func keepWords(days int) string {
	if days == clouds.Forever {
		return kit.Forever
	}
	return kit.Count(days, "day", "days")
}

// comingNote says how sure the drawn kinds are.
const comingNote = "The service begins within the hour. Which backups are full and which differential follows from its rule for automatic ones."

// quota draws a forecast of backup storage; nil when nothing can be told.
func quota(f clouds.StorageForecast, snapshot bool) *kit.Quota {
	full, class := "full", "full"
	if snapshot {
		full, class = "snapshot", "snap"
	}
	q := &kit.Quota{ID: "storage", Free: f.Free, Words: f.Words}
	for _, p := range []kit.QuotaPart{{Name: full, Class: class, Bytes: f.Full}, {Name: "differential", Class: "diff", Bytes: f.Diff}, {Name: "log", Class: "log", Bytes: f.Log}} {
		if p.Bytes > 0 {
			q.Parts = append(q.Parts, p)
		}
	}
	if f.Free > 0 && q.Used() > f.Free {
		q.Tone = kit.ToneWarn
	}
	q.Label = fmt.Sprintf("%s kept at once, %s free of charge", kit.Bytes(q.Used()).Text, kit.Bytes(f.Free).Text)
	return q
}

// changeRows word differences as a table.
func changeRows(cs []policy.Change) (rows []kit.Change) {
	for _, c := range cs {
		rows = append(rows, kit.Change{What: c.Name, Before: c.Before, After: c.After})
	}
	return rows
}
