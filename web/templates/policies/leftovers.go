package policies

import "github.com/bakplane/bakplane/web/templates/kit"

// Leftovers are backups that policies took of databases of which they take no
// more.
type Leftovers struct {
	Rows   []LeftoverRow
	Looked string // how long ago all was judged
	Look   kit.Action
	Empty  kit.Empty
	Pager  kit.Pager
}

// LeftoverRow is one database, of one policy.
type LeftoverRow struct {
	Name, Policy kit.Link
	Server       string
	Why          string
	Sets         string
	Size         kit.Size
	Goes         string // what goes by the last rule, and how
	Run          kit.Link
}

// LeftoverSet is one set that stays or goes, and why.
type LeftoverSet struct {
	PruneSet
	Badge kit.Badge
}

// Leftover is one database: what keeps each set, and what a person may let go of.
type Leftover struct {
	Title  string
	Crumbs []kit.Link
	Facts  []kit.Fact
	Words  string
	Sets   []LeftoverSet
	More   string
	Form   *kit.Form
	Notes  []kit.Help
}
