package templates

// PickFiles is step 1 of a new migration: where the files are, where the
// database goes.
type PickFiles struct {
	From  []Tab // backup files, or a server at work
	Form  Form
	Empty *Empty // something is missing before this can begin
}

// PickLive is step 1 of a migration from a server at work: which database,
// where it goes, how it is followed.
type PickLive struct {
	From    []Tab
	Servers []Tab
	Form    *Form  // nil when the server cannot be asked
	Trouble *Help  // why it cannot
	Empty   *Empty // something is missing before this can begin
}

// PlanFiles is step 2: what the files really are and what would be done.
type PlanFiles struct {
	Crumbs    []Link
	Path      string // where from → where to
	Databases []Tab  // more than one database in the folder: choose
	Facts     []Fact
	Problems  []Help // a gap, no full, two forks: why it cannot start as it is
	Chain     *Chain
	Joined    string
	Order     []PlanFile // in order of application
	Left      []PlanFile // left out, with the reason
	Read      string     // 5 files, 212 KB read
	Calls     []Call
	Form      *Form // options and the way to preflight; nil when nothing can be planned
}

// PlanFile is one file as it really is.
type PlanFile struct {
	Order    string // 1, 2, …; empty when left out
	Name     string
	NewName  string // the safe name it gets in the bucket; empty = keeps its own
	Kind     Kind
	Database string
	Taken    When
	Size     Size
	FirstLSN string
	LastLSN  string
	Badge    Badge
	Why      string // its role in one sentence, and what its name hides
}

// Preflight is step 3: every check with its finding, and the start.
type Preflight struct {
	Crumbs  []Link
	Path    string
	Verdict Help // can start, can start with warnings, cannot start
	Checks  []Check
	Live    bool     // from a server at work: two steps, not three
	Order   []string // what will be done, in order
	Calls   []Call
	Form    *Form // the start; nil while something forbids it
	Back    Action
}

// Check is one thing that was looked at.
type Check struct {
	Badge  Badge
	Title  string
	Found  string
	Cause  string
	Fix    string
	Action *Action
}

// AddFiles shows which files would bring a migration further.
type AddFiles struct {
	Title    string
	Crumbs   []Link
	Place    string
	Filter   Form
	Problems []Help
	Order    []PlanFile
	Left     []PlanFile
	Form     *Form // nil when nothing can be added
	Back     Action
}

func trailSteps(live bool) []string {
	if live {
		return []string{"Which database, where to", "Checks, then start"}
	}
	return []string{"Where from, where to", "What the files are", "Checks, then start"}
}

func (v Preflight) step() int {
	if v.Live {
		return 1
	}
	return 2
}
