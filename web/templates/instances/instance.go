package instances

import "github.com/bakplane/bakplane/web/templates/kit"

// Instance is one server, asked just now.
type Instance struct {
	Name      string
	Crumbs    []kit.Link
	Under     string
	Badge     kit.Badge
	Actions   []kit.Action
	Trouble   *kit.Help // it could not be asked
	Tabs      []kit.Tab // of an instance of a cloud
	Facts     []kit.Fact
	Databases []DatabaseRow
	Held      *Held // what its service holds by itself; nil = nothing is said of that
	Bare      bool  // nothing but names and sizes is told of the databases
	Empty     kit.Empty
}

// Held is what a service holds of the whole instance.
type Held struct {
	Age       string // of the look
	Can       string // what it can and cannot do
	Help      *kit.Help
	Facts     []kit.Fact
	Snapshots []HeldSnapshot
	More      string
}

// HeldSnapshot is one snapshot.
type HeldSnapshot struct {
	Name, Kind string
	Taken      kit.When
	Size       kit.Size
	Badge      kit.Badge
}

// DatabaseRow is one database of a server.
type DatabaseRow struct {
	Name     string
	Href     string    // of its page; empty = it has none
	Badge    kit.Badge // state
	Recovery kit.Badge // recovery model
	Size     kit.Size
	Note     string // log size, compatibility
	Full     kit.Backed
	Diff     kit.Backed
	Log      kit.Backed
	Marks    []kit.Badge // TDE, availability group, read-only
	Action   *kit.Action
	Off      bool // a system database
}
