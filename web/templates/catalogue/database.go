package catalogue

import "github.com/bakplane/bakplane/web/templates/kit"

// DatabasePage is one database of an instance.
type DatabasePage struct {
	Name     string
	Crumbs   []kit.Link
	Under    string
	Badge    kit.Badge
	Actions  []kit.Action
	Facts    []kit.Fact
	Notes    []kit.Help
	Timeline *kit.Timeline
	Form     *kit.Form // to a moment
	NoWindow kit.Empty
	Chart    *kit.Chart
	Rows     []SetRow
	Empty    kit.Empty
	All      kit.Link
	Pairs    []kit.Pair
}

// Fragments of the page.
func (v DatabasePage) Fragments() []kit.Fragment {
	return []kit.Fragment{{ID: "database-facts", Component: kit.Facts(v.Facts)}, {ID: "database-notes", Component: databaseNotes(v)}, {ID: "database-sets", Component: databaseSets(v)}}
}
