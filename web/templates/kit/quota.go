package kit

// Quota is storage used against what is free of charge, drawn as a bar with a
// mark where the free part ends.
type Quota struct {
	ID    string // unique on the page
	Label string // the bar in one sentence
	Parts []QuotaPart
	Free  int64 // bytes without charge; 0 = not known
	Words string
	Tone  Tone
}

// QuotaPart is one kind of what is stored.
type QuotaPart struct {
	Name  string // full, differential, log, snapshot
	Class string // of its colour
	Bytes int64
}

// Used is the sum of the parts, in bytes.
func (q Quota) Used() (n int64) {
	for _, p := range q.Parts {
		n += p.Bytes
	}
	return n
}

// Flat draws the bar for wide screens.
func (q Quota) Flat() Drawing { return q.draw(q.ID+"-flat", 860, 24, true) }

// Tall draws it for narrow ones, without words inside.
func (q Quota) Tall() Drawing { return q.draw(q.ID+"-tall", 340, 20, false) }

func (q Quota) draw(id string, width, height float64, words bool) Drawing {
	d := Drawing{ID: id, Width: int(width), Height: int(height) + 22}
	whole := float64(max(q.Used(), q.Free)) * 1.04
	if whole <= 0 {
		whole = 1
	}
	d.rect("room", 0, 0, width, height, "")
	x := 0.0
	for _, p := range q.Parts {
		if p.Bytes <= 0 {
			continue
		}
		w := max(float64(p.Bytes)/whole*width, 2)
		w = min(w, width-x)
		text := p.Name + " " + Bytes(p.Bytes).Text
		d.rect("mark "+p.Class, x, 0, max(w-1, 1), height, text)
		if words && fits(text, w) {
			d.text("on", x+8, height/2+4, text)
		}
		x += w
	}
	if q.Free > 0 {
		at := float64(q.Free) / whole * width
		d.line("here", at, 0, 0, height+6)
		d.marker(at, height+17, Bytes(q.Free).Text+" free of charge", width)
	}
	return d
}
