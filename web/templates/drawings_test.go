package templates_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"golang.org/x/net/html"

	"github.com/bakplane/bakplane/web/templates/kit"
)

// shapes counts the shapes of a drawing whose class holds a word.
func shapes(d kit.Drawing, class string) (n int) {
	for _, s := range d.Shapes {
		if slices.Contains(strings.Fields(s.Class), class) {
			n++
		}
	}
	return n
}

func parsed(t *testing.T, c templ.Component) *html.Node {
	t.Helper()
	var buf bytes.Buffer
	if err := c.Render(context.Background(), &buf); err != nil {
		t.Fatal(err)
	}
	doc, err := html.Parse(&buf)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestACalendarShowsEveryBackupOnItsDay(t *testing.T) {
	c := kit.Calendar{ID: "c", Label: "Coming backups", From: now, Today: now, Days: 28}
	for i := range 28 {
		at := now.Truncate(24*time.Hour).AddDate(0, 0, i).Add(18 * time.Hour)
		c.Marks = append(c.Marks, kit.CalendarMark{At: at, Kind: kit.KindFull, When: zone.At(at)})
	}
	for _, d := range []kit.Drawing{c.Flat(), c.Tall()} {
		// 20 November 2026 is a Friday: five weeks are drawn, four of them whole.
		if n := shapes(d, "day"); n != 35 {
			t.Errorf("%d days, want 35", n)
		}
		if n := shapes(d, "out"); n != 7 {
			t.Errorf("%d days outside, want 7", n)
		}
		if n := shapes(d, "mark"); n != 28 {
			t.Errorf("%d backups, want 28", n)
		}
		inside(t, d)
	}
	for i := range 5 { // too many for a day: one block that counts them
		c.Marks = append(c.Marks, kit.CalendarMark{At: now.Add(time.Duration(i) * time.Hour), Kind: kit.KindLog})
	}
	if d := c.Flat(); shapes(d, "mark") != 28 || !slices.ContainsFunc(d.Shapes, func(s kit.Shape) bool { return s.Text == "6 ×" }) {
		t.Error("a day with many backups does not count them")
	}
	text := textOf(parsed(t, kit.CalendarPicture(c)))
	if !strings.Contains(text, "20 Nov 18:00") || !strings.Contains(text, "21 Nov 02:00") {
		t.Error("the list beside the calendar lacks UTC or local time")
	}
}

func TestAYearsCalendarHasADayForEach(t *testing.T) {
	c := kit.Calendar{ID: "y", From: now, Today: now, Days: 366}
	for m := range 12 {
		at := time.Date(2026, time.Month(12+m), 1, 18, 0, 0, 0, time.UTC)
		c.Marks = append(c.Marks, kit.CalendarMark{At: at, Kind: kit.KindFull, Keep: kit.Forever})
	}
	for _, d := range []kit.Drawing{c.Flat(), c.Tall()} {
		if n := shapes(d, "cell"); n != 366 {
			t.Errorf("%d days, want 366", n)
		}
		if n := shapes(d, "ever"); n != 12 {
			t.Errorf("%d sets kept for ever, want 12", n)
		}
		inside(t, d)
	}
}

func TestATimelineTellsWindowsFromGaps(t *testing.T) {
	from, gap, back := now.AddDate(0, 0, -9), now.AddDate(0, 0, -5), now.AddDate(0, 0, -4)
	l := kit.Timeline{ID: "t", Label: "Recovery window", From: from, To: now, Now: now, Field: "f-at", Chosen: now.AddDate(0, 0, -2),
		Windows: []kit.Stretch{{From: from, To: gap, Text: "any second", Title: "Any second.", Begin: zone.At(from), Ends: zone.At(gap)},
			{From: back, To: now, Text: "any second", Title: "Any second.", Begin: zone.At(back), Ends: zone.At(now)}},
		Gaps: []kit.Stretch{{From: gap, To: back, Text: "no log", Title: "A log backup is missing.", Begin: zone.At(gap), Ends: zone.At(back)}}}
	for i := range 9 * 24 * 12 {
		l.Ticks = append(l.Ticks, kit.SetTick{At: from.Add(time.Duration(i) * 5 * time.Minute), Kind: kit.KindLog})
	}
	for _, d := range []kit.Drawing{l.Flat(), l.Tall()} {
		if shapes(d, "window") != 2 || shapes(d, "missing") != 1 || shapes(d, "chosen") != 1 {
			t.Errorf("%d windows, %d gaps, %d markers", shapes(d, "window"), shapes(d, "missing"), shapes(d, "chosen"))
		}
		ticks := slices.IndexFunc(d.Shapes, func(s kit.Shape) bool { return s.Class == "tick log" })
		if ticks < 0 || shapes(d, "tick") != 1 {
			t.Fatalf("%d shapes for the logs, want one", shapes(d, "tick"))
		}
		if n := strings.Count(d.Shapes[ticks].Text, "M"); n < 100 || n > 500 {
			t.Errorf("%d of 2,592 logs are drawn: ticks run together, or are lost", n)
		}
		if title := d.Shapes[ticks].Title; !strings.HasPrefix(title, "2,592 log backups, from ") {
			t.Errorf("on hover: %q", title)
		}
		inside(t, d)
	}
	doc := parsed(t, kit.TimelinePicture(l))
	if text := textOf(doc); strings.Index(text, "A log backup is missing.") < strings.Index(text, "Any second.") {
		t.Error("the list is not in the order of time")
	}
	windows := ""
	walk(doc, func(n *html.Node) {
		if attr(n, "data-timeline") == "f-at" {
			windows = attr(n, "data-windows")
		}
	})
	if strings.Count(windows, "-") != 2 || strings.Count(windows, ",") != 1 {
		t.Errorf("the script is told of windows %q", windows)
	}
	empty := kit.Timeline{ID: "e"}
	if d := empty.Flat(); len(d.Shapes) != 0 {
		t.Error("nothing known is drawn as something")
	}
}

func TestStorageIsDrawnAgainstItsFreePart(t *testing.T) {
	for name, q := range map[string]kit.Quota{
		"below": {Parts: []kit.QuotaPart{{Name: "full", Class: "full", Bytes: 180 << 30}, {Name: "log", Class: "log", Bytes: 1}}, Free: 250 << 30},
		"above": {Parts: []kit.QuotaPart{{Name: "full", Class: "full", Bytes: 900 << 30}}, Free: 250 << 30},
		"none":  {Free: 250 << 30},
		"bare":  {},
	} {
		for _, d := range []kit.Drawing{q.Flat(), q.Tall()} {
			inside(t, d)
			if got, want := shapes(d, "here"), min(q.Free, 1); int64(got) != want {
				t.Errorf("%s: %d marks of the free part", name, got)
			}
		}
	}
}

func TestAChartIsATableToo(t *testing.T) {
	c := kit.Chart{ID: "s", Title: "Size", Unit: "bytes", Series: []kit.ChartSeries{{Name: "Full", Class: "full"}, {Name: "Log", Class: "log", Dots: true}},
		Rows: []kit.ChartRow{{When: zone.At(now), Unix: now.Unix(), Values: []kit.ChartValue{{Text: "4.0 GB", Raw: 4 << 30}, {}}}}}
	var xs, ys []string
	walk(parsed(t, kit.ChartFigure(c)), func(n *html.Node) {
		if n.Data == "tr" && attr(n, "data-x") != "" {
			xs = append(xs, attr(n, "data-x"))
		}
		if n.Data == "td" && attr(n, "class") == "num" {
			ys = append(ys, attr(n, "data-y"))
		}
	})
	if len(xs) != 1 || xs[0] != "1795182125" || !slices.Equal(ys, []string{"4294967296", ""}) {
		t.Errorf("x %v, y %v", xs, ys)
	}
}

// inside fails when a shape leaves its picture.
func inside(t *testing.T, d kit.Drawing) {
	t.Helper()
	for _, s := range d.Shapes {
		if strings.Contains(s.Class, "chosen") && s.X < 0 {
			continue // waits outside for a click
		}
		if s.Tag != "text" && (s.X < -1 || s.X+s.W > float64(d.Width)+1) || s.Y < 0 || s.Y+s.H > float64(d.Height)+1 {
			t.Errorf("%s: %+v lies outside %d × %d", d.ID, s, d.Width, d.Height)
		}
	}
}
