package migrations

import "github.com/bakplane/bakplane/web/templates/kit"

// Preflight is step 3: every check with its finding, and the start.
type Preflight struct {
	Crumbs  []kit.Link
	Path    string
	Verdict kit.Help // can start, can start with warnings, cannot start
	Checks  []Check
	Live    bool     // from a server at work: two steps, not three
	Order   []string // what will be done, in order
	Calls   []kit.Call
	Form    *kit.Form // the start; nil while something forbids it
	Back    kit.Action
}

func (v Preflight) step() int {
	if v.Live {
		return 1
	}
	return 2
}

// Check is one thing that was looked at.
type Check struct {
	Badge  kit.Badge
	Title  string
	Found  string
	Cause  string
	Fix    string
	Action *kit.Action
}
