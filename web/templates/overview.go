package templates

// Overview answers: is every database protected as promised, what runs, what
// failed, what needs a person.
type Overview struct {
	Under   string // checked 12 s ago
	Facts   []Fact
	Moves   []Fact          // of migrations
	Late    []ProtectionRow // not protected as promised, late longest first
	First   []FirstStep     // what to set up, in order; empty once everything is
	Needs   []Need
	Running []Moving
	Recent  []Event
}

// FirstStep is one line of what a new house needs.
type FirstStep struct {
	Done   bool
	Title  string
	Text   string
	Action *Action
}

// Need is a thing that stands still until somebody acts.
type Need struct {
	Name   Link
	Where  string
	Badge  Badge
	What   string
	Since  string
	Exact  string // of Since
	Action *Action
}

// Moving is a thing at work.
type Moving struct {
	Name     Link
	What     string
	Progress *Progress
	Badge    Badge
}

// Fragments of the overview, in page order.
func (v Overview) Fragments() []Fragment {
	return []Fragment{
		{"overview-facts", Facts(v.Facts)},
		{"overview-late", overviewLate(v)},
		{"overview-moves", Facts(v.Moves)},
		{"overview-first", firstSteps(v)},
		{"overview-needs", overviewNeeds(v)},
		{"overview-running", overviewRunning(v)},
		{"overview-recent", overviewRecent(v)},
	}
}

// Protections is the list of databases with the answer for each.
type Protections struct {
	Under string
	Tabs  []Tab
	Rows  []ProtectionRow
	Empty Empty
	Pager Pager
}

// Fragments of the list.
func (v Protections) Fragments() []Fragment {
	return []Fragment{{"protection-list", protectionRows(v)}}
}
