package migrations

import "github.com/bakplane/bakplane/web/templates/kit"

// Waves is the list of groups of databases that move together.
type Waves struct {
	Tabs  []kit.Tab
	Rows  []WaveRow
	Pager kit.Pager
	Empty kit.Empty // shown when there are no rows
}

// Fragments of the list.
func (v Waves) Fragments() []kit.Fragment {
	return []kit.Fragment{{ID: "waves-list", Component: waveRows(v)}}
}

// WaveRow is one line of the list.
type WaveRow struct {
	Name      kit.Link
	Databases string
	Badge     kit.Badge
	Progress  *kit.Progress
	Next      string
	Begun     kit.When
}
