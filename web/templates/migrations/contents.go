package migrations

import "github.com/bakplane/bakplane/web/templates/kit"

// Contents is what source and target hold after a cutover, as far as it was
// compared.
type Contents struct {
	Badge   kit.Badge
	Words   string
	Fix     string
	Rows    []ContentsRow
	More    string   // what is not shown
	Notes   []string // how each side was read, and what the sums are worth
	Actions []kit.Action
}

// ContentsRow is one table on both sides.
type ContentsRow struct {
	Table, Source, Target string
	Badge                 kit.Badge
	Note                  string
}
