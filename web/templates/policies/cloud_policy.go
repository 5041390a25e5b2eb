package policies

import "github.com/bakplane/bakplane/web/templates/kit"

// CloudPolicy is the backup policy of an instance: what is set and what it
// means.
type CloudPolicy struct {
	Head     kit.CloudHead
	Facts    []kit.Fact
	Notes    []kit.Help // drift first
	Pairs    []kit.Pair
	Raw      []kit.Pair // what else the service tells
	Calendar *kit.Calendar
	Quota    *kit.Quota
	Versions []CloudVersion
	Empty    kit.Empty // of the versions
	Advanced string    // whether the advanced policy is on, a sentence
	More     []kit.Action
}

// CloudVersion is one version of a policy.
type CloudVersion struct {
	Number  string
	When    kit.When
	Who     string
	Note    string
	Changes []string // against the version before it
	Current bool
	Action  *kit.Action // roll back
}
