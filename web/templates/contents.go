package templates

// Contents is what source and target hold after a cutover, as far as it was
// compared.
type Contents struct {
	Badge   Badge
	Words   string
	Fix     string
	Rows    []ContentsRow
	More    string   // what is not shown
	Notes   []string // how each side was read, and what the sums are worth
	Actions []Action
}

// ContentsRow is one table on both sides.
type ContentsRow struct {
	Table, Source, Target string
	Badge                 Badge
	Note                  string
}
