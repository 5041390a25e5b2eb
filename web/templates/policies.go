package templates

// Policies is the list of policies of our own.
type Policies struct {
	Rows  []OwnPolicyRow
	Empty Empty
	Pager Pager
}

// OwnPolicyRow is one policy: what it looks after, when, and how that went.
type OwnPolicyRow struct {
	Name      Link
	Badge     Badge
	Servers   string
	Databases string
	Rules     []RuleWords
	Next      []SlotWords
	Last      []SlotWords
	Objective string
}

// RuleWords is when one kind of backup is taken, and how long it is kept.
type RuleWords struct {
	Kind  Kind
	Words string
	Cron  string
	Keep  string
}

// SlotWords is one time at which a rule wants or wanted backups.
type SlotWords struct {
	Kind  Kind
	When  When
	Badge Badge  // what became of it; empty for coming ones
	Why   string // a sentence
	Runs  []Link
}

// Fragments of the list.
func (v Policies) Fragments() []Fragment { return []Fragment{{"policies-list", ownPolicyRows(v)}} }

// OwnPolicyForm is the form of a policy of our own, and what it means so far.
type OwnPolicyForm struct {
	Title   string
	Crumbs  []Link
	Action  string // where the preview is
	Recheck string // where the form is worded anew
	Cancel  string
	Hidden  []Hidden
	Problem *Help
	Notes   []Help

	Basics    []Field
	Databases []Field
	Matches   []MatchGroup
	Zone      []Field // zone, missed slots and window
	Rules     []OwnRuleForm
	How       []Field
}

// OwnRuleForm is the part of the form about one kind of backup.
type OwnRuleForm struct {
	Kind  Kind
	Name  string // Full backups
	Cron  Field
	Keep  []Field // days, count, daily, weekly, monthly, yearly
	Error string  // about how long sets are kept
	Words string  // what the line means
	Next  []When
	Kept  string // what the numbers mean
}

// MatchGroup is what a selection chooses at one server now.
type MatchGroup struct {
	Server   string
	Note     string // as the server says now, or as it is known from
	Chosen   []string
	LeftOut  []MatchLeft
	More     string // and 12 more
	Trouble  string
	OfCount  string // 3 of 7 databases
	NotAsked bool
}

// MatchLeft is a database that is not backed up, and why.
type MatchLeft struct{ Name, Why string }

// OwnPolicyPreview is what saving a policy will do.
type OwnPolicyPreview struct {
	Title    string
	Crumbs   []Link
	Facts    []Fact
	Notes    []Help
	Changes  []Differs
	Same     string // said instead of Changes
	Calendar *Calendar
	Kept     []KeptWords
	Goes     PruneView
	Form     Form
}

// Differs is one field before and after.
type Differs struct{ What, Before, After string }

// KeptWords is how many sets of a kind one database will have.
type KeptWords struct {
	Kind  Kind
	Sets  string
	Rule  string
	Words string
}

// PruneView is which sets go and which restore points are lost.
type PruneView struct {
	Title     string
	Words     string
	Databases []PruneDatabase
	More      string
}

// PruneDatabase is one database of which sets go.
type PruneDatabase struct {
	Name Link
	Sets []PruneSet
	More string
	Lost []string // from … to …
}

// PruneSet is one set that goes, and why.
type PruneSet struct {
	Name Link
	Kind Kind
	When When
	Size Size
	Why  string
}

// OwnPrune is the pruning by hand, shown before it is ordered.
type OwnPrune struct {
	Title  string
	Crumbs []Link
	Facts  []Fact
	Goes   PruneView
	Form   *Form
	Notes  []Help
}

// OwnPolicy is one policy with what came of it.
type OwnPolicy struct {
	Name      string
	Crumbs    []Link
	Under     string
	Badge     Badge
	Actions   []Action
	Facts     []Fact
	Notes     []Help
	Rules     []RuleWords
	Pairs     []Pair
	Servers   []Link
	Calendar  *Calendar
	Slots     []SlotWords
	SlotsNone Empty
	Older     Pager
	Databases []ProtectionRow
	None      Empty
	MoreRows  string
	Versions  []OwnVersion
	Danger    []Action
}

// OwnVersion is one version of a policy.
type OwnVersion struct {
	Number  string
	When    When
	Who     string
	Note    string
	Changes []string // against the version before it
	Current bool
	Action  *Action
}

// ProtectionRow is one database with the answer whether it is protected.
type ProtectionRow struct {
	Name    Link
	Where   string
	Badge   Badge
	Full    Backed
	Diff    Backed
	Log     Backed
	RPO     string
	RPOTone Tone
	Against string // objective
	Why     string
	Action  *Action
}

// Fragments of the page.
func (v OwnPolicy) Fragments() []Fragment {
	return []Fragment{{"policy-facts", Facts(v.Facts)}, {"policy-slots", policySlots(v)}, {"policy-databases", policyDatabases(v)}}
}
