package settings

import "github.com/bakplane/bakplane/web/templates/kit"

// Settings shows what the house knows of the world: accounts, instances,
// buckets, folders, people, tokens.
type Settings struct {
	Groups []Group
}

// Group is one list of settings.
type Group struct {
	ID      string
	Title   string
	Note    string
	Columns []string
	Rows    []GroupRow
	Empty   kit.Empty
	Add     *kit.Action
	Secret  *Secret   // a thing shown once
	Form    *kit.Form // below the list; nil = none
}

// GroupRow is one line: a cell for each column, then actions.
type GroupRow struct {
	Cells   []string
	Badge   kit.Badge
	Actions []kit.Action
}

// Secret is shown once, right after it was made.
type Secret struct {
	Title, Value, Note string
}
