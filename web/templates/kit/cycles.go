package kit

import "time"

// Cycles shows the synchronisations of something over time: those that ended,
// the one at work and those that are expected.
type Cycles struct {
	ID       string // unique on the page
	Label    string // the drawing in one sentence
	From, To time.Time
	Runs     []CycleMark
	Now      time.Time
	End      time.Time // what the marks may not pass, such as the end of a validity; zero = none
	EndText  string
}

// CycleMark is one synchronisation.
type CycleMark struct {
	From, To time.Time
	Class    string // full, diff, log or window, as kinds of backups are coloured; missing = expected, off = no longer there
	Text     string // inside, where it fits
	Title    string
}

// Flat draws for wide screens, Tall for narrow ones.
func (c Cycles) Flat() Drawing { return c.draw(c.ID+"-flat", 860, 8) }

// Tall is the same with fewer words.
func (c Cycles) Tall() Drawing { return c.draw(c.ID+"-tall", 340, 4) }

func (c Cycles) draw(id string, width float64, labels int) Drawing {
	d := Drawing{ID: id, Width: int(width)}
	total := c.To.Sub(c.From)
	if total <= 0 {
		d.Height = 1
		return d
	}
	at := func(m time.Time) float64 {
		return timeLeft + min(max(float64(m.Sub(c.From))/float64(total), 0), 1)*(width-timeLeft-timeRight)
	}
	const top, height = 6.0, 30.0
	for _, r := range c.Runs {
		if r.To.Before(c.From) || r.From.After(c.To) {
			continue
		}
		w := max(at(r.To)-at(r.From), 5)
		if r.Class == "off" {
			d.Shapes = append(d.Shapes, Shape{Tag: "rect", X: at(r.From), Y: top, W: w, H: height, Class: "off", Fill: "url(#" + id + "-h)", Title: r.Title})
			continue
		}
		d.rect(r.Class, at(r.From), top, w, height, r.Title)
		if r.Text != "" && fits(r.Text, w) {
			d.text("in", at(r.From)+6, top+20, r.Text)
		}
	}
	axis := top + height + 8
	d.line("axis", timeLeft, axis, width-timeLeft-timeRight, 0)
	Timeline{ID: c.ID, From: c.From, To: c.To}.labels(&d, axis, at, labels)
	if !c.Now.Before(c.From) && !c.Now.After(c.To) {
		d.line("here", at(c.Now), 2, 0, axis)
	}
	if !c.End.IsZero() && c.End.After(c.From) && c.End.Before(c.To) {
		d.line("joint", at(c.End), 2, 0, axis)
		d.Shapes = append(d.Shapes, Shape{Tag: "text", X: at(c.End) - 4, Y: top + 20, Class: "missing-t", Anchor: "end", Text: c.EndText})
	}
	d.Height = int(axis) + 20
	return d
}
