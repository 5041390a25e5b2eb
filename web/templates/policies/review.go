package policies

import "github.com/bakplane/bakplane/web/templates/kit"

// Review is what saving a policy will do.
type Review struct {
	Title    string
	Crumbs   []kit.Link
	Facts    []kit.Fact
	Notes    []kit.Help
	Changes  []Differs
	Same     string // said instead of Changes
	Calendar *kit.Calendar
	Kept     []KeptWords
	Goes     PruneView
	Form     kit.Form
}

// Differs is one field before and after.
type Differs struct{ What, Before, After string }

// KeptWords is how many sets of a kind one database will have.
type KeptWords struct {
	Kind  kit.Kind
	Sets  string
	Rule  string
	Words string
}
