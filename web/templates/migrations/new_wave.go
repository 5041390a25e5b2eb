package migrations

import "github.com/bakplane/bakplane/web/templates/kit"

// PickWave is step 1 of a wave: which databases of a server, where they go.
type PickWave struct {
	From      []kit.Tab
	Servers   []kit.Tab
	Form      *kit.Form // nil when the server cannot be asked
	Databases []WaveChoice
	Trouble   *kit.Help
	Empty     *kit.Empty // something is missing before this can begin
}

// WaveChoice is one database that can be ticked.
type WaveChoice struct {
	Name     string
	Size     kit.Size
	Recovery string
	State    kit.Badge
	On       bool
	Off      bool // cannot be ticked

	Place, PlaceField string // in the order of beginning; empty place = after those with one
}

// WaveChecks is step 2: what was found for each database, and the start.
type WaveChecks struct {
	Crumbs  []kit.Link
	Path    string
	Verdict kit.Help
	Whole   []Check    // of all that can start, together
	Bounds  []kit.Pair // what is asked for at once
	Begin   []string   // databases in the order in which they begin
	Blocks  []WaveBlock
	Order   []string
	Form    *kit.Form // the start of those that may; nil while none may
	Back    kit.Action
}

// WaveBlock is what was found for one database. Checks that passed are only
// counted.
type WaveBlock struct {
	Name   string
	Badge  kit.Badge
	Words  string
	Checks []Check
}
