package kit

import (
	"fmt"
	"strconv"
)

// Chain is a backup chain to be drawn, in the order of application.
type Chain struct {
	ID       string     // unique on the page
	Label    string     // the drawing in one sentence, for those who do not see it
	Sets     []ChainSet // full first
	NotYet   string     // text of a dashed block for what is still expected; empty = none
	Here     int        // the target has applied this many of Sets; negative = no marker
	HereText string     // target is here · 20 Nov 15:00
}

// ChainSet is one block of the drawing.
type ChainSet struct {
	Kind     Kind
	State    SetState
	Text     string // Fri 01:00 · 412 GB · applied
	Short    string // where Text does not fit: 13:30
	Title    string // on hover: file, LSNs
	FirstLSN string
	LastLSN  string
	Count    int // how many sets of the same kind and state the block stands for; 0 and 1 mean one
}

// SetState is how far a block of the drawing is.
type SetState string

const (
	SetApplied SetState = "applied"
	SetRunning SetState = "running"
	SetPlanned SetState = "planned"
	SetFailed  SetState = "failed"
	SetMissing SetState = "missing" // nobody has it: drawn dashed
	SetBeyond  SetState = "beyond"  // there, but cannot follow: it lies behind a gap
	SetCovered SetState = "covered" // not needed: drawn hatched, takes no part in the order
)

// Drawing is a picture as a list of shapes, ready for SVG.
type Drawing struct {
	ID            string
	Width, Height int
	Shapes        []Shape
}

// Shape is a rectangle, a line or a text. A line runs from X, Y to X+W, Y+H.
type Shape struct {
	Tag        string // rect, line, text, or path with its outline in Text
	X, Y, W, H float64
	Class      string
	Fill       string // only for the hatch; everything else is coloured by its class
	Anchor     string // of a text: start, middle or end
	Text       string
	Title      string
}

// average widths of a character at the sizes the style sheet sets, generous
// enough for capitals and digits.
const (
	charText = 6.1
	charLSN  = 6.4
)

func fits(text string, width float64) bool { return float64(len([]rune(text)))*charText+14 <= width }

// grouped joins neighbouring logs of the same state until at most limit
// blocks are left; joints of the chain that were inside a block are not drawn.
// Covered sets are taken out and returned beside.
func grouped(sets []ChainSet, limit int) (line, covered []ChainSet) {
	for _, s := range sets {
		if s.Count == 0 {
			s.Count = 1
		}
		if s.State == SetCovered {
			if n := len(covered); n > 0 && covered[n-1].Kind == s.Kind {
				covered[n-1] = join(covered[n-1], s)
				continue
			}
			covered = append(covered, s)
			continue
		}
		line = append(line, s)
	}
	for len(line) > limit {
		best := -1
		for i := 1; i < len(line); i++ {
			a, b := line[i-1], line[i]
			if a.Kind.Class != "log" || a.Kind != b.Kind || a.State != b.State || (a.State != SetApplied && a.State != SetPlanned) {
				continue
			}
			if best < 0 || a.Count+b.Count < line[best-1].Count+line[best].Count {
				best = i
			}
		}
		if best < 0 {
			break
		}
		line[best-1] = join(line[best-1], line[best])
		line = append(line[:best], line[best+1:]...)
	}
	return line, covered
}

func join(a, b ChainSet) ChainSet {
	n := a.Count + b.Count
	j := ChainSet{Kind: a.Kind, State: a.State, Count: n, FirstLSN: a.FirstLSN, LastLSN: b.LastLSN}
	j.Short = fmt.Sprintf("%d logs", n)
	j.Text = j.Short
	if a.Kind.Class != "log" {
		j.Short = fmt.Sprintf("%d sets", n)
		j.Text = j.Short
	}
	if j.State == SetCovered {
		j.Text += " not needed"
	}
	j.Title = fmt.Sprintf("%d backups, LSN %s to %s", n, a.FirstLSN, b.LastLSN)
	return j
}

func (s ChainSet) textClass() string {
	switch s.State {
	case SetApplied, SetFailed:
		return "on"
	case SetMissing:
		return "missing-t"
	}
	return "ink"
}

// Flat draws the chain from left to right, one lane for each kind.
func (c Chain) Flat() Drawing {
	const width, left, right = 860.0, 46.0, 12.0
	line, covered := grouped(c.Sets, 12)
	d := Drawing{ID: c.ID + "-flat", Width: int(width)}

	lanes := map[string]float64{}
	y := 6.0
	for _, kind := range []string{"full", "diff", "log"} {
		used := kind == "log" && c.NotYet != ""
		for _, s := range append(append([]ChainSet{}, line...), covered...) {
			used = used || s.Kind.Class == kind
		}
		if used {
			lanes[kind] = y
			d.text("lane", 0, y+15, kind)
			y += 36
		}
	}
	axis := y

	weight := func(s ChainSet) float64 {
		switch {
		case s.Kind.Class == "full":
			return 4
		case s.Kind.Class == "diff":
			return 3.6
		case s.Count > 1:
			return 1.6
		}
		return 1.2
	}
	total := 0.0
	for _, s := range line {
		total += weight(s)
	}
	if c.NotYet != "" {
		total += 1.4
	}
	unit := 0.0
	if total > 0 {
		unit = min((width-left-right)/total, 110)
	}

	d.line("axis", left, axis, width-left-right, 0)
	x, logsFrom, here, applied := left, left, -1.0, 0
	var joints []joint
	for i, s := range line {
		w := weight(s) * unit
		if i == 0 {
			joints = append(joints, joint{x: x, lsn: s.FirstLSN, rank: 1})
		}
		d.block(s, x, lanes[s.Kind.Class], w-2, 22)
		x += w
		rank := 2
		if s.Kind.Class != "log" {
			logsFrom, rank = x, 1
		}
		if i == len(line)-1 {
			rank = 0
		}
		joints = append(joints, joint{x: x - 1, lsn: s.LastLSN, rank: rank})
		applied += s.Count
		if c.Here > 0 && here < 0 && applied >= c.Here {
			here = x - 1
		}
	}
	for _, s := range covered {
		d.hatched(s, left, lanes[s.Kind.Class], max(logsFrom-left-2, 60), 22)
	}
	if c.NotYet != "" {
		w := max(1.4*unit, 40)
		d.rect("expected", x, lanes["log"], w-2, 22, "")
		if fits(c.NotYet, w) {
			d.text("ink", x+7, lanes["log"]+15, c.NotYet)
		}
	}
	d.joints(joints, axis, left, width-right)
	d.Height = int(axis) + 22
	if here >= 0 {
		d.line("here", here, 2, 0, axis+2)
		d.marker(here, axis+34, c.HereText, width)
		d.Height = int(axis) + 40
	}
	return d
}

// joint is where two sets meet; a small rank is labelled first.
type joint struct {
	x    float64
	lsn  string
	rank int
}

// joints ticks every joint on the axis and labels as many as have room.
func (d *Drawing) joints(js []joint, axis, left, right float64) {
	type span struct{ from, to float64 }
	var taken []span
	for rank := 0; rank <= 2; rank++ {
		for _, j := range js {
			if j.rank != rank {
				continue
			}
			d.line("joint", j.x, axis-3, 0, 6)
			if j.lsn == "" {
				continue
			}
			w := float64(len(j.lsn)) * charLSN
			from, anchor := j.x-w/2, "middle"
			if from < left {
				from, anchor = j.x, "start"
			} else if from+w > right {
				from, anchor = j.x-w, "end"
			}
			free := true
			for _, t := range taken {
				if from < t.to+10 && from+w > t.from-10 {
					free = false
				}
			}
			if free {
				taken = append(taken, span{from, from + w})
				d.Shapes = append(d.Shapes, Shape{Tag: "text", X: j.x, Y: axis + 16, Class: "lsn-t", Anchor: anchor, Text: j.lsn})
			}
		}
	}
}

func (d *Drawing) marker(x, y float64, text string, width float64) {
	anchor := "middle"
	half := float64(len([]rune(text))) * charText / 2
	if x+half > width {
		anchor = "end"
	} else if x-half < 0 {
		anchor = "start"
	}
	d.Shapes = append(d.Shapes, Shape{Tag: "text", X: x, Y: y, Class: "here-t", Anchor: anchor, Text: text})
}

// Tall draws the chain from top to bottom, for narrow screens.
func (c Chain) Tall() Drawing {
	const width, pitch, height = 340.0, 42.0, 25.0
	line, covered := grouped(c.Sets, 9)
	d := Drawing{ID: c.ID + "-tall", Width: int(width)}
	indent := map[string]float64{"full": 0, "diff": 14, "log": 28}
	y, applied, marked := 18.0, 0, false
	if len(line) > 0 {
		d.Shapes = append(d.Shapes, Shape{Tag: "text", X: width, Y: y - 5, Class: "lsn-t", Anchor: "end", Text: line[0].FirstLSN})
	}
	row := func(s ChainSet) {
		x := indent[s.Kind.Class]
		d.text("lane", 0, y+16, s.Kind.Class)
		if s.State == SetCovered {
			d.hatched(s, 34+x, y, width-34-x, height)
		} else {
			d.block(s, 34+x, y, width-34-x, height)
		}
		y += pitch
	}
	lastBig := -1
	for i, s := range line {
		if s.Kind.Class != "log" {
			lastBig = i
		}
	}
	for i, s := range line {
		row(s)
		applied += s.Count
		d.Shapes = append(d.Shapes, Shape{Tag: "text", X: width, Y: y - 5, Class: "lsn-t", Anchor: "end", Text: s.LastLSN})
		if c.Here > 0 && !marked && applied >= c.Here {
			marked = true
			d.line("here", 0, y-1, width, 0)
			d.text("here-t", 0, y+13, c.HereText)
			y += 22
		}
		if i == lastBig {
			for _, s := range covered {
				row(s)
			}
		}
	}
	if lastBig < 0 {
		for _, s := range covered {
			row(s)
		}
	}
	if c.NotYet != "" {
		x := 34 + indent["log"]
		d.rect("expected", x, y, width-x, height, "")
		d.text("ink", x+8, y+16, c.NotYet)
		y += pitch
	}
	d.Height = int(y) + 2
	return d
}

func (d *Drawing) block(s ChainSet, x, y, w, h float64) {
	class := s.Kind.Class + " " + string(s.State)
	if s.State == SetMissing {
		class = "missing"
	}
	d.rect(class, x, y, w, h, s.Title)
	d.inside(s, x, y, w, h, s.textClass())
}

func (d *Drawing) hatched(s ChainSet, x, y, w, h float64) {
	d.Shapes = append(d.Shapes, Shape{Tag: "rect", X: x, Y: y, W: w, H: h, Class: "off", Fill: "url(#" + d.ID + "-h)", Title: s.Title})
	if text := choose(s, w); text != "" {
		d.rect("plate", x+6, y+4, float64(len([]rune(text)))*charText+6, h-8, "")
		d.text("ink", x+9, y+h/2+4, text)
	}
}

func (d *Drawing) inside(s ChainSet, x, y, w, h float64, class string) {
	if text := choose(s, w); text != "" {
		d.text(class, x+8, y+h/2+4, text)
	}
}

func choose(s ChainSet, w float64) string {
	if fits(s.Text, w) {
		return s.Text
	}
	if fits(s.Short, w+6) {
		return s.Short
	}
	return ""
}

func (d *Drawing) rect(class string, x, y, w, h float64, title string) {
	d.Shapes = append(d.Shapes, Shape{Tag: "rect", X: x, Y: y, W: w, H: h, Class: class, Title: title})
}

func (d *Drawing) line(class string, x, y, dx, dy float64) {
	d.Shapes = append(d.Shapes, Shape{Tag: "line", X: x, Y: y, W: dx, H: dy, Class: class})
}

func (d *Drawing) text(class string, x, y float64, text string) {
	d.Shapes = append(d.Shapes, Shape{Tag: "text", X: x, Y: y, Class: class, Anchor: "start", Text: text})
}

func px(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }

func (c Chain) has(state SetState) bool {
	for _, s := range c.Sets {
		if s.State == state {
			return true
		}
	}
	return false
}
