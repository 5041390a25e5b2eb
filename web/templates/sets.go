package templates

// Sets is the catalogue: backup sets of every instance, wherever they lie.
type Sets struct {
	Filter  Form
	Facts   []Fact
	Rows    []SetRow
	Empty   Empty
	Pager   Pager
	Actions []Action
}

// SetRow is one set of the catalogue.
type SetRow struct {
	Name     Link // 20 Nov 18:00
	Exact    string
	Local    string
	Kind     Kind
	Database Link
	Where    string
	Origin   string
	Mode     string
	Badge    Badge
	Marks    []Badge // pinned, copy-only, verified
	Size     Size
	Took     string
	Copies   string
}

// Fragments of the list.
func (v Sets) Fragments() []Fragment { return []Fragment{{"sets-list", setRows(v)}} }

// SetPage is one set with what is known of it.
type SetPage struct {
	Title   string
	Crumbs  []Link
	Kind    Kind
	Badge   Badge
	Actions []Action
	Facts   []Fact
	Notes   []Help
	Pairs   []Pair
	LSNs    []Pair
	Files   []SetPlace
	NoFiles Empty
	Chain   []SetRow
	NoChain string
	Needing []SetRow
	More    string // how many others need it
	Pin     Form
	Pinned  bool
}

// SetPlace is where a copy of a set lies.
type SetPlace struct {
	Place Link
	Keys  []string
	Size  Size
	When  When
}

// DatabasePage is one database of an instance.
type DatabasePage struct {
	Name     string
	Crumbs   []Link
	Under    string
	Badge    Badge
	Actions  []Action
	Facts    []Fact
	Notes    []Help
	Timeline *Timeline
	Form     *Form // to a moment
	NoWindow Empty
	Chart    *Chart
	Rows     []SetRow
	Empty    Empty
	All      Link
	Pairs    []Pair
}

// Fragments of the page.
func (v DatabasePage) Fragments() []Fragment {
	return []Fragment{{"database-facts", Facts(v.Facts)}, {"database-notes", databaseNotes(v)}, {"database-sets", databaseSets(v)}}
}

// RestorePage is a restore, planned and not yet ordered.
type RestorePage struct {
	Title    string
	Crumbs   []Link
	Notes    []Help
	Facts    []Fact
	Points   []string
	Timeline *Timeline
	Steps    []SetRow
	Calls    []string // the exact statements
	CallNote string
	Heading  string
	Form     *Form
}
