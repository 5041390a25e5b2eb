package policies

import "github.com/bakplane/bakplane/web/templates/kit"

// AdvancedPolicy is the advanced policy of an instance.
type AdvancedPolicy struct {
	Head     kit.CloudHead
	Facts    []kit.Fact
	Gate     kit.Help // why writing is open or closed
	Rows     []SparseRow
	Empty    kit.Empty
	Pairs    []kit.Pair
	Calendar *kit.Calendar
	Form     *kit.Form
	Call     string
}

// SparseRow is one rule of an advanced policy.
type SparseRow struct {
	Cycle, Days, Keep string
	ID                string
}
