package activity

import "github.com/bakplane/bakplane/web/templates/kit"

// Overview answers: is every database protected as promised, what runs, what
// failed, what needs a person.
type Overview struct {
	Under   string // checked 12 s ago
	Facts   []kit.Fact
	Moves   []kit.Fact          // of migrations
	Late    []kit.ProtectionRow // not protected as promised, late longest first
	First   []FirstStep         // what to set up, in order; empty once everything is
	Needs   []Need
	Running []Moving
	Recent  []kit.Event
}

// FirstStep is one line of what a new house needs.
type FirstStep struct {
	Done   bool
	Title  string
	Text   string
	Action *kit.Action
}

// Need is a thing that stands still until somebody acts.
type Need struct {
	Name   kit.Link
	Where  string
	Badge  kit.Badge
	What   string
	Since  string
	Exact  string // of Since
	Action *kit.Action
}

// Moving is a thing at work.
type Moving struct {
	Name     kit.Link
	What     string
	Progress *kit.Progress
	Badge    kit.Badge
}

// Fragments of the overview, in page order.
func (v Overview) Fragments() []kit.Fragment {
	return []kit.Fragment{
		{ID: "overview-facts", Component: kit.Facts(v.Facts)},
		{ID: "overview-late", Component: overviewLate(v)},
		{ID: "overview-moves", Component: kit.Facts(v.Moves)},
		{ID: "overview-first", Component: firstSteps(v)},
		{ID: "overview-needs", Component: overviewNeeds(v)},
		{ID: "overview-running", Component: overviewRunning(v)},
		{ID: "overview-recent", Component: overviewRecent(v)},
	}
}
