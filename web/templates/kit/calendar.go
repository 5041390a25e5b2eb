package kit

import (
	"fmt"
	"strconv"
	"time"
)

// Calendar is the coming backups, drawn: week by week for some weeks, one small
// field a day for a year. Its days are those of UTC, as the services count.
type Calendar struct {
	ID    string // unique on the page
	Label string // the drawing in one sentence
	From  time.Time
	Days  int // more than maxWeekDays of them are drawn as a year
	Today time.Time
	Marks []CalendarMark // in order of At
	Note  string         // how the marks came about, for the line below
}

// CalendarMark is one coming backup.
type CalendarMark struct {
	At   time.Time // UTC
	Kind Kind
	When When   // for the table beside the drawing
	Keep string // how long its set is kept: 30 days; empty = not told
	Note string // why it is taken, or what else is to be said; may be empty
}

// Forever words a retention that never ends.
const Forever = "for ever"

// maxWeekDays are the most days that are drawn as weeks.
const maxWeekDays = 62

func (c Calendar) isYear() bool { return c.Days > maxWeekDays }

func (m CalendarMark) title() string {
	t := m.Kind.Text + " " + m.When.Exact
	if m.Keep != "" {
		t += ", kept " + m.Keep
	}
	if m.Note != "" {
		t += ", " + m.Note
	}
	return t
}

// Flat draws the calendar for wide screens.
func (c Calendar) Flat() Drawing {
	if c.isYear() {
		return c.year(c.ID+"-flat", 860, 1)
	}
	return c.weeks(c.ID+"-flat", 860, true)
}

// Tall draws it for narrow ones: a year in two halves, weeks without times.
func (c Calendar) Tall() Drawing {
	if c.isYear() {
		return c.year(c.ID+"-tall", 340, 2)
	}
	return c.weeks(c.ID+"-tall", 340, false)
}

// monday is the first day of the week that t lies in.
func monday(t time.Time) time.Time {
	d := day(t)
	return d.AddDate(0, 0, -(int(d.Weekday())+6)%7)
}

func day(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

func (c Calendar) byDay() map[time.Time][]CalendarMark {
	out := map[time.Time][]CalendarMark{}
	for _, m := range c.Marks {
		out[day(m.At)] = append(out[day(m.At)], m)
	}
	return out
}

func (c Calendar) weeks(id string, width float64, words bool) Drawing {
	const top, left = 18.0, 0.0
	cell, pitch := width/7, 46.0
	if !words {
		pitch = 38
	}
	d := Drawing{ID: id, Width: int(width)}
	for i, name := range []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"} {
		d.text("lane", left+float64(i)*cell+4, 12, name)
	}
	first, end, marks := monday(c.From), day(c.From).AddDate(0, 0, c.Days), c.byDay()
	y := top
	for week := first; week.Before(end); week = week.AddDate(0, 0, 7) {
		for i := range 7 {
			t, x := week.AddDate(0, 0, i), left+float64(i)*cell
			class := "day"
			switch {
			case t.Before(day(c.From)) || !t.Before(end):
				class = "day out"
			case t.Equal(day(c.Today)):
				class = "day today"
			}
			d.rect(class, x+1, y+1, cell-3, pitch-3, "")
			number := strconv.Itoa(t.Day())
			if t.Day() == 1 || t.Equal(first) {
				number = t.Format("2 Jan")
			}
			d.text("date", x+6, y+14, number)
			d.dayMarks(marks[t], x+5, y+20, cell-10, words)
		}
		y += pitch
	}
	d.Height = int(y) + 2
	return d
}

// dayMarks draws the backups of one day side by side: with their time where
// there is room for it.
func (d *Drawing) dayMarks(ms []CalendarMark, x, y, width float64, words bool) {
	if len(ms) == 0 {
		return
	}
	const height = 17.0
	w := width / float64(len(ms))
	if len(ms) > 4 {
		d.rect("mark "+ms[0].Kind.Class, x, y, width, height, fmt.Sprintf("%d backups, the first: %s", len(ms), ms[0].title()))
		d.text("on", x+5, y+12.5, fmt.Sprintf("%d ×", len(ms)))
		return
	}
	for i, m := range ms {
		at := x + float64(i)*w
		d.rect("mark "+m.Kind.Class, at, y, max(w-2, 3), height, m.title())
		text := m.Kind.Text + " " + m.At.UTC().Format("15:04")
		if !fits(text, w+2) {
			text = m.At.UTC().Format("15:04")
		}
		if !words {
			text = m.At.UTC().Format("15") + "h"
		}
		if fits(text, w+4) {
			d.text("on", at+5, y+12.5, text)
		}
	}
}

func (c Calendar) year(id string, width float64, parts int) Drawing {
	const left, top = 28.0, 16.0
	d := Drawing{ID: id, Width: int(width)}
	marks := c.byDay()
	first, end := monday(c.From), day(c.From).AddDate(0, 0, c.Days)
	weeks := int(end.Sub(first).Hours()/(24*7)) + 1
	columns := (weeks + parts - 1) / parts
	cell := (width - left) / float64(columns)
	block := 7*cell + top + 8
	for i := range weeks {
		week := first.AddDate(0, 0, 7*i)
		x, y := left+float64(i%columns)*cell, float64(i/columns)*block
		if i%columns == 0 {
			for row, name := range []string{"Mon", "", "Wed", "", "Fri", "", "Sun"} {
				if name != "" {
					d.text("lane", 0, y+top+float64(row)*cell+cell*0.75, name)
				}
			}
		}
		if month := week.AddDate(0, 0, 6); month.Day() <= 7 && float64(columns-i%columns)*cell > 24 {
			d.text("lane", x, y+10, month.Format("Jan"))
		}
		for row := range 7 {
			t := week.AddDate(0, 0, row)
			if t.Before(day(c.From)) || !t.Before(end) {
				continue
			}
			class, title := "cell", ""
			if ms := marks[t]; len(ms) > 0 {
				class = "cell mark " + ms[0].Kind.Class
				title = ms[0].title()
				for _, m := range ms[1:] {
					title += "; " + m.title()
				}
				if ms[0].Keep == Forever {
					class += " ever"
				}
			}
			if t.Equal(day(c.Today)) {
				class += " today"
			}
			d.rect(class, x, y+top+float64(row)*cell, cell-2, cell-2, title)
		}
	}
	d.Height = int(float64((weeks+columns-1)/columns)*block) + 2
	return d
}

// kinds are those that appear, in the order of a chain, for the legend.
func (c Calendar) kinds() (out []Kind) {
	for _, k := range []Kind{KindFull, KindDiff, KindLog, KindSnapshot} {
		for _, m := range c.Marks {
			if m.Kind.Class == k.Class {
				out = append(out, k)
				break
			}
		}
	}
	return out
}

// tableRows are the marks that the table beside the drawing lists.
func (c Calendar) tableRows() []CalendarMark { return c.Marks[:min(len(c.Marks), 60)] }
