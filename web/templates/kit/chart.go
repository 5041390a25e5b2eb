package kit

import "strconv"

// Chart is numbers over time: a table, which a script draws as lines.
type Chart struct {
	ID     string // unique on the page
	Title  string
	Note   string
	Unit   string // bytes, seconds or rate (bytes per second): how the axis is worded
	Series []ChartSeries
	Rows   []ChartRow // oldest first
}

// ChartSeries is one line.
type ChartSeries struct {
	Name  string
	Class string // of its colour: full, diff, log, snap, ok, warn or ink
	Dots  bool   // points without a line between them
}

// ChartRow is one moment with a value of each series.
type ChartRow struct {
	When   When
	Unix   int64
	Values []ChartValue
}

// ChartValue is one number as people say it; the zero value is none.
type ChartValue struct {
	Text string
	Raw  float64
}

func (v ChartValue) data() string {
	if v.Text == "" {
		return ""
	}
	return strconv.FormatFloat(v.Raw, 'g', 10, 64)
}
