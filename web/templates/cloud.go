package templates

// CloudHead is what stands above every page of an instance of a cloud.
type CloudHead struct {
	Name    string
	Crumbs  []Link
	Under   string
	Badge   Badge
	Actions []Action
	Tabs    []Tab
	Seen    When   // when the service was last asked; zero = not said
	Age     string // 12 s ago
	Look    *Action
	Trouble *Help // it could not be asked
}

// CloudPolicy is the backup policy of an instance: what is set and what it
// means.
type CloudPolicy struct {
	Head     CloudHead
	Facts    []Fact
	Notes    []Help // drift first
	Pairs    []Pair
	Raw      []Pair // what else the service tells
	Calendar *Calendar
	Quota    *Quota
	Versions []PolicyVersion
	Empty    Empty  // of the versions
	Advanced string // whether the advanced policy is on, a sentence
	More     []Action
}

// PolicyVersion is one version of a policy.
type PolicyVersion struct {
	Number  string
	When    When
	Who     string
	Note    string
	Changes []string // against the version before it
	Current bool
	Action  *Action // roll back
}

// Change is one field before and after.
type Change struct {
	What, Before, After string
}

// CloudOrder is a page on which something is chosen or decided about the
// backups of an instance: a form, and beside it what it will do.
type CloudOrder struct {
	Head     CloudHead
	Title    string // of the form's card
	Intro    string
	Notes    []Help
	Facts    []Fact
	Changes  []Change
	Same     string // said instead of Changes when nothing changes
	Points   []string
	Timeline *Timeline
	Calendar *Calendar
	Quota    *Quota
	Call     string // the exact call, a parameter on each line
	Form     *Form
	Recheck  string // address that words the page anew when a field changes; empty = nothing follows from the fields
}

// CloudSets is the list of backup sets of an instance.
type CloudSets struct {
	Head   CloudHead
	Filter Form
	Facts  []Fact
	Rows   []CloudSetRow
	Empty  Empty
	Pager  Pager
	Charts []Chart
}

// CloudSetRow is one set.
type CloudSetRow struct {
	Name     Link // 20 Nov 18:00
	Kind     Kind
	Method   string // physical, snapshot
	Mode     string // by policy, by hand
	Badge    Badge
	Database string
	Size     Size
	Began    When
	Took     string
	Expires  When
	Left     string // in 6 d
	LeftTone Tone
	Copies   string
}

// CloudSet is one set with what can be done with it.
type CloudSet struct {
	Head   CloudHead
	Title  string
	Kind   Kind
	Pairs  []Pair
	Copies []Pair
	Doing  []Doing
}

// Doing is something that can be done, with why it cannot where it cannot.
type Doing struct {
	Title  string
	Text   string
	Action Action
}

// DownloadLinks are shown once.
type DownloadLinks struct {
	Head  CloudHead
	What  string
	Warn  Help
	Links []DownloadLink
	Back  Action
}

// DownloadLink is where something can be fetched for a while.
type DownloadLink struct {
	Name     string
	Public   string
	Intranet string
	Expires  When
	Left     string
}

// CloudLogs is the log backups of an instance and the recovery window.
type CloudLogs struct {
	Head     CloudHead
	Facts    []Fact
	Notes    []Help
	Timeline *Timeline
	Form     *Form // to a moment
	Database Form  // whose window is drawn
	Rows     []CloudLogRow
	Empty    Empty
	Pager    Pager
	Charts   []Chart
}

// CloudLogRow is one log backup.
type CloudLogRow struct {
	From, To When
	Covers   string // 30 min
	Size     Size
	Action   *Action
}

// AdvancedPolicy is the advanced policy of an instance.
type AdvancedPolicy struct {
	Head     CloudHead
	Facts    []Fact
	Gate     Help // why writing is open or closed
	Rows     []SparseRow
	Empty    Empty
	Pairs    []Pair
	Calendar *Calendar
	Form     *Form
	Call     string
}

// SparseRow is one rule of an advanced policy.
type SparseRow struct {
	Cycle, Days, Keep string
	ID                string
}

// Applied are the results of one policy applied to many instances.
type Applied struct {
	Head CloudHead
	Rows []AppliedRow
}

// AppliedRow is the result at one instance.
type AppliedRow struct {
	Name  Link
	Badge Badge
	Text  string
	Fix   string
}

// CloudTasks are what the service is doing for an instance, and our runs about
// its backups.
type CloudTasks struct {
	Head  CloudHead
	Jobs  []CloudJob
	Empty Empty
	Runs  []RunRow
	None  Empty
}

// CloudMigrations are the migrations to an instance.
type CloudMigrations struct {
	Head       CloudHead
	Migrations Migrations
}

// CloudJob is a backup at work at the service.
type CloudJob struct {
	ID       string
	Badge    Badge
	Progress *Progress
	Mode     string
}
