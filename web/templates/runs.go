package templates

// Runs is the list of long pieces of work.
type Runs struct {
	Tabs  []Tab
	Rows  []RunRow
	Pager Pager
	Empty Empty
}

// RunRow is one line of the list.
type RunRow struct {
	Title    Link
	Kind     string
	Badge    Badge
	Now      string // what it is doing or why it stopped
	Progress *Progress
	Begun    When
	Took     string
}

// Fragments of the list.
func (v Runs) Fragments() []Fragment { return []Fragment{{"runs-list", runRows(v)}} }

// Run is one piece of work, step by step.
type Run struct {
	Title   string
	Crumbs  []Link
	Under   string
	Badge   Badge
	Actions []Action
	Pairs   []Pair
	Needs   []Help
	Steps   []RunStep
	Events  []Event
	Pager   Pager
}

// RunStep is one step with its attempts.
type RunStep struct {
	State    string // as Step.State
	Title    string
	Note     string
	Attempts string // 1, 2 …
	Begun    When
	Took     string
	Progress *Progress
}

// Fragments of the page.
func (v Run) Fragments() []Fragment {
	return []Fragment{
		{"run-head", runHead(v)}, {"run-needs", runNeeds(v)}, {"run-steps", runSteps(v)}, {"run-events", runEvents(v)},
	}
}

// Audit is who did what.
type Audit struct {
	Verdict Help // is the chain of entries whole, or broken where
	Check   Action
	Rows    []AuditRow
	Pager   Pager
	Filter  Form
}

// AuditRow is one entry.
type AuditRow struct {
	Seq     string
	When    When
	Who     string
	From    string // web, 192.0.2.7
	Action  string
	Summary string
	Subject Link
	Before  string
	After   string
	Hash    string // the first digits; the whole in HashAll
	HashAll string
	Broken  bool
}
