package kit

// Stop is how long writes at the source stop, drawn as one bar.
type Stop struct {
	Title string // If you cut over now; Writes were stopped
	Note  string // measured on 6 increments
	Label string // the bar in one sentence
	Parts []StopPart
	Why   string // how it was computed, or why it cannot be told yet
	Gate  string // what keeps the target from being opened too early
}

// StopPart is one phase of the stop.
type StopPart struct {
	Name  string // tail, upload, apply, open, ours
	Class string // of its colour
	Share float64
	Words string // 4 s
}

// Flat draws the bar for wide screens, with words where they fit; Tall draws
// it for narrow ones, without.
func (s Stop) Flat() Drawing { return s.draw("stop-flat", 860, 26, true) }

// Tall draws the bar for narrow screens.
func (s Stop) Tall() Drawing { return s.draw("stop-tall", 340, 22, false) }

func (s Stop) draw(id string, width, height float64, words bool) Drawing {
	d := Drawing{ID: id, Width: int(width), Height: int(height)}
	total := 0.0
	for _, p := range s.Parts {
		total += p.Share
	}
	x := 0.0
	for _, p := range s.Parts {
		if total <= 0 || p.Share <= 0 {
			continue
		}
		w := max(p.Share/total*width, 2)
		if x+w > width {
			w = width - x
		}
		d.rect("part "+p.Class, x, 0, w-1, height, p.Name+" "+p.Words)
		if text := p.Name + " " + p.Words; words && fits(text, w) {
			d.text("on", x+8, height/2+4, text)
		}
		x += w
	}
	return d
}
