package activity

import "github.com/bakplane/bakplane/web/templates/kit"

// Run is one piece of work, step by step.
type Run struct {
	Title   string
	Crumbs  []kit.Link
	Under   string
	Badge   kit.Badge
	Actions []kit.Action
	Pairs   []kit.Pair
	Needs   []kit.Help
	Steps   []RunStep
	Events  []kit.Event
	Pager   kit.Pager
}

// Fragments of the page.
func (v Run) Fragments() []kit.Fragment {
	return []kit.Fragment{
		{ID: "run-head", Component: runHead(v)}, {ID: "run-needs", Component: runNeeds(v)}, {ID: "run-steps", Component: runSteps(v)}, {ID: "run-events", Component: runEvents(v)},
	}
}

// RunStep is one step with its attempts.
type RunStep struct {
	State    string // as Step.State
	Title    string
	Note     string
	Attempts string // 1, 2 …
	Begun    kit.When
	Took     string
	Progress *kit.Progress
}
