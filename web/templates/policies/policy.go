package policies

import "github.com/bakplane/bakplane/web/templates/kit"

// Policy is one policy with what came of it.
type Policy struct {
	Name      string
	Crumbs    []kit.Link
	Under     string
	Badge     kit.Badge
	Actions   []kit.Action
	Facts     []kit.Fact
	Notes     []kit.Help
	Rules     []RuleWords
	Pairs     []kit.Pair
	Servers   []kit.Link
	Calendar  *kit.Calendar
	Slots     []SlotWords
	SlotsNone kit.Empty
	Older     kit.Pager
	Databases []kit.ProtectionRow
	None      kit.Empty
	MoreRows  string
	Versions  []Version
	Danger    []kit.Action
}

// Fragments of the page.
func (v Policy) Fragments() []kit.Fragment {
	return []kit.Fragment{{ID: "policy-facts", Component: kit.Facts(v.Facts)}, {ID: "policy-slots", Component: policySlots(v)}, {ID: "policy-databases", Component: policyDatabases(v)}}
}

// Version is one version of a policy.
type Version struct {
	Number  string
	When    kit.When
	Who     string
	Note    string
	Changes []string // against the version before it
	Current bool
	Action  *kit.Action
}
