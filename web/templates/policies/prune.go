package policies

import "github.com/bakplane/bakplane/web/templates/kit"

// PruneView is which sets go and which restore points are lost.
type PruneView struct {
	Title     string
	Words     string
	Databases []PruneDatabase
	More      string
}

// PruneDatabase is one database of which sets go.
type PruneDatabase struct {
	Name kit.Link
	Sets []PruneSet
	More string
	Lost []string // from … to …
}

// PruneSet is one set that goes, and why.
type PruneSet struct {
	Name kit.Link
	Kind kit.Kind
	When kit.When
	Size kit.Size
	Why  string
}

// Prune is the pruning by hand, shown before it is ordered.
type Prune struct {
	Title  string
	Crumbs []kit.Link
	Facts  []kit.Fact
	Goes   PruneView
	Form   *kit.Form
	Notes  []kit.Help
}
