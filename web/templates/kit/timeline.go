package kit

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Timeline shows to which moments something can be restored: windows, what
// lies between them, the sets, and the moment a person chose.
type Timeline struct {
	ID       string // unique on the page
	Label    string // the drawing in one sentence
	From, To time.Time
	Windows  []Stretch // restorable; in order, not touching
	Gaps     []Stretch // not restorable, with the reason
	Ticks    []SetTick // in order of At
	Chosen   time.Time
	Now      time.Time // marked where it lies inside; zero = not drawn
	Field    string    // id of the input that a click fills; empty = none
	Local    *time.Location
}

// Stretch is a stretch of time with its words.
type Stretch struct {
	From, To    time.Time
	Text        string // inside, where it fits: no log
	Title       string // on hover, and in the table
	Begin, Ends When
}

// SetTick is a backup set.
type SetTick struct {
	At    time.Time
	Kind  Kind
	Title string
}

// Flat draws the timeline for wide screens, Tall for narrow ones.
func (t Timeline) Flat() Drawing { return t.draw(t.ID+"-flat", 860, 8) }

// Tall is the same with fewer words.
func (t Timeline) Tall() Drawing { return t.draw(t.ID+"-tall", 340, 4) }

// left is where the time begins in a drawing; the right end is its width less
// rightEdge. The script that turns a click into a moment is told both.
const (
	timeLeft  = 40.0
	timeRight = 8.0
)

func (t Timeline) draw(id string, width float64, labels int) Drawing {
	d := Drawing{ID: id, Width: int(width)}
	total := t.To.Sub(t.From)
	if total <= 0 {
		d.Height = 1
		return d
	}
	at := func(m time.Time) float64 {
		return timeLeft + min(max(float64(m.Sub(t.From))/float64(total), 0), 1)*(width-timeLeft-timeRight)
	}
	y := 4.0
	for _, k := range []Kind{KindFull, KindSnapshot, KindDiff, KindLog} {
		if t.lane(&d, k, y, at) {
			y += 20
		}
	}
	band := y + 2
	d.text("lane", 0, band+15, "restore")
	for _, w := range t.Windows {
		d.rect("window", at(w.From), band, at(w.To)-at(w.From), 22, w.Title)
		if fits(w.Text, at(w.To)-at(w.From)) {
			d.text("ink", at(w.From)+7, band+15, w.Text)
		}
	}
	for _, g := range t.Gaps {
		x, wide := at(g.From), max(at(g.To)-at(g.From), 3)
		d.rect("missing", x, band, wide, 22, g.Title)
		if fits(g.Text, wide) {
			d.text("missing-t", x+7, band+15, g.Text)
		}
	}
	axis := band + 30
	d.line("axis", timeLeft, axis, width-timeLeft-timeRight, 0)
	t.labels(&d, axis, at, labels)
	if !t.Now.IsZero() && !t.Now.Before(t.From) && !t.Now.After(t.To) {
		d.line("joint", at(t.Now), 2, 0, axis-2)
	}
	// Always there, so that a script can move it; outside while nothing is chosen.
	x := -20.0
	if !t.Chosen.IsZero() {
		x = at(t.Chosen)
	}
	d.line("here chosen", x, 2, 0, axis+2)
	d.Height = int(axis) + 20
	return d
}

// manyTicks is how many sets of a kind are drawn each for itself, with its
// words on hover; more are one shape, which a browser draws and a page carries
// in a tenth of the bytes.
const manyTicks = 80

// lane draws the sets of one kind as ticks. Logs that would fall on the tick
// before them are left out.
func (t Timeline) lane(d *Drawing, k Kind, y float64, at func(time.Time) float64) bool {
	var of []SetTick
	for _, s := range t.Ticks {
		if s.Kind.Class == k.Class {
			of = append(of, s)
		}
	}
	if len(of) == 0 {
		return false
	}
	d.text("lane", 0, y+12, strings.ToLower(k.Text))
	wide := 5.0
	if k.Class == "log" {
		wide = 1.5
	}
	var outline strings.Builder
	last := -10.0
	for _, s := range of {
		x := at(s.At)
		if x-last < 2 && k.Class == "log" {
			continue
		}
		last = x
		if len(of) <= manyTicks {
			d.rect("tick "+k.Class, x-wide/2, y, wide, 14, s.Title)
			continue
		}
		outline.WriteString("M" + px(x-wide/2) + " " + px(y) + "h" + px(wide) + "v14h-" + px(wide) + "z")
	}
	if outline.Len() > 0 {
		d.Shapes = append(d.Shapes, Shape{Tag: "path", Class: "tick " + k.Class, Text: outline.String(),
			Title: Count(len(of), strings.ToLower(k.Text)+" backup", strings.ToLower(k.Text)+" backups") + ", from " + of[0].At.UTC().Format("2 Jan 15:04") + " to " + of[len(of)-1].At.UTC().Format("2 Jan 15:04") + " UTC"})
	}
	return true
}

var timeSteps = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	24 * time.Hour, 2 * 24 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour, 28 * 24 * time.Hour, 91 * 24 * time.Hour, 182 * 24 * time.Hour, 364 * 24 * time.Hour}

func (t Timeline) labels(d *Drawing, axis float64, at func(time.Time) float64, most int) {
	step := timeSteps[len(timeSteps)-1]
	for _, s := range timeSteps {
		if int(t.To.Sub(t.From)/s) <= most {
			step = s
			break
		}
	}
	layout := "2 Jan"
	if step < 24*time.Hour {
		layout = "2 Jan 15:04"
	}
	for m := t.From.UTC().Truncate(step).Add(step); !m.After(t.To); m = m.Add(step) {
		x := at(m)
		d.line("joint", x, axis-3, 0, 6)
		anchor := "middle"
		if x+30 > float64(d.Width) {
			anchor = "end"
		}
		d.Shapes = append(d.Shapes, Shape{Tag: "text", X: x, Y: axis + 15, Class: "lsn-t", Anchor: anchor, Text: m.Format(layout)})
	}
}

// windowsData are the windows as seconds, for the script: from-to,from-to.
func (t Timeline) windowsData() string {
	var out []string
	for _, w := range t.Windows {
		out = append(out, unix(w.From)+"-"+unix(w.To))
	}
	return strings.Join(out, ",")
}

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// stretches are windows and gaps in the order of time.
func (t Timeline) stretches() []Stretch {
	all := append(append([]Stretch{}, t.Windows...), t.Gaps...)
	slices.SortStableFunc(all, func(a, b Stretch) int { return a.From.Compare(b.From) })
	return all
}
