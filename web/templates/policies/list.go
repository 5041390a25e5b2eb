package policies

import "github.com/bakplane/bakplane/web/templates/kit"

// List is the list of policies of our own.
type List struct {
	Rows  []PolicyRow
	Empty kit.Empty
	Pager kit.Pager
}

// Fragments of the list.
func (v List) Fragments() []kit.Fragment {
	return []kit.Fragment{{ID: "policies-list", Component: policyRows(v)}}
}

// PolicyRow is one policy: what it looks after, when, and how that went.
type PolicyRow struct {
	Name      kit.Link
	Badge     kit.Badge
	Servers   string
	Databases string
	Rules     []RuleWords
	Next      []SlotWords
	Last      []SlotWords
	Objective string
}

// RuleWords is when one kind of backup is taken, and how long it is kept.
type RuleWords struct {
	Kind  kit.Kind
	Words string
	Cron  string
	Keep  string
}

// SlotWords is one time at which a rule wants or wanted backups.
type SlotWords struct {
	Kind  kit.Kind
	When  kit.When
	Badge kit.Badge // what became of it; empty for coming ones
	Why   string    // a sentence
	Runs  []kit.Link
}
