package kit

// RunRow is one line of the list.
type RunRow struct {
	Title    Link
	Kind     string
	Badge    Badge
	Now      string // what it is doing or why it stopped
	Progress *Progress
	Begun    When
	Took     string
}

// Runs is the list of long pieces of work.
type Runs struct {
	Tabs  []Tab
	Rows  []RunRow
	Pager Pager
	Empty Empty
}

// Fragments of the list.
func (v Runs) Fragments() []Fragment { return []Fragment{{"runs-list", RunRows(v)}} }
