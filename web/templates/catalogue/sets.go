package catalogue

import "github.com/bakplane/bakplane/web/templates/kit"

// Sets is the catalogue: backup sets of every instance, wherever they lie.
type Sets struct {
	Filter  kit.Form
	Facts   []kit.Fact
	Rows    []SetRow
	Empty   kit.Empty
	Pager   kit.Pager
	Actions []kit.Action
}

// SetRow is one set of the catalogue.
type SetRow struct {
	Name     kit.Link // 20 Nov 18:00
	Exact    string
	Local    string
	Kind     kit.Kind
	Database kit.Link
	Where    string
	Origin   string
	Mode     string
	Badge    kit.Badge
	Marks    []kit.Badge // pinned, copy-only, verified
	Size     kit.Size
	Took     string
	Copies   string
}

// Fragments of the list.
func (v Sets) Fragments() []kit.Fragment {
	return []kit.Fragment{{ID: "sets-list", Component: setRows(v)}}
}
