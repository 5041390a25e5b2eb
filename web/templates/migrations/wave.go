package migrations

import "github.com/bakplane/bakplane/web/templates/kit"

// Wave is a group of databases on their way.
type Wave struct {
	Name    string
	Crumbs  []kit.Link
	Path    string
	Badge   kit.Badge
	Actions []kit.Action
	Facts   []kit.Fact
	Needs   []kit.Help
	Members []WaveMember
	Pager   kit.Pager
	Checks  []Check // of the whole wave, as it began
	Bounds  []kit.Pair
	Empty   kit.Empty
}

// Fragments of the page, in page order.
func (v Wave) Fragments() []kit.Fragment {
	return []kit.Fragment{
		{ID: "wave-head", Component: waveHead(v)},
		{ID: "wave-facts", Component: kit.Facts(v.Facts)},
		{ID: "wave-needs", Component: waveNeeds(v)},
		{ID: "wave-members", Component: waveMembers(v)},
	}
}

// WaveMember is one database of a wave.
type WaveMember struct {
	Name     kit.Link
	Badge    kit.Badge
	Place    string    // in the order of beginning
	Writable kit.Badge // source, target or neither
	Behind   string    // 4 min
	Log      string    // 2.0 MB of log
	Progress *kit.Progress
	Next     string // what happens or is needed next
	Stop     string // how long its writes were stopped; empty = they were not

	WritableWhy string
}
