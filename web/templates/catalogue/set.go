package catalogue

import "github.com/bakplane/bakplane/web/templates/kit"

// SetPage is one set with what is known of it.
type SetPage struct {
	Title   string
	Crumbs  []kit.Link
	Kind    kit.Kind
	Badge   kit.Badge
	Actions []kit.Action
	Facts   []kit.Fact
	Notes   []kit.Help
	Pairs   []kit.Pair
	LSNs    []kit.Pair
	Files   []SetPlace
	NoFiles kit.Empty
	Chain   []SetRow
	NoChain string
	Needing []SetRow
	More    string // how many others need it
	Pin     kit.Form
	Pinned  bool
}

// SetPlace is where a copy of a set lies.
type SetPlace struct {
	Place kit.Link
	Keys  []string
	Size  kit.Size
	When  kit.When
}
