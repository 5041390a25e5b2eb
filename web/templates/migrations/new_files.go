package migrations

import "github.com/bakplane/bakplane/web/templates/kit"

// PickFiles is step 1 of a new migration: where the files are, where the
// database goes.
type PickFiles struct {
	From  []kit.Tab // backup files, or a server at work
	Form  kit.Form
	Empty *kit.Empty // something is missing before this can begin
}

// PlanFiles is step 2: what the files really are and what would be done.
type PlanFiles struct {
	Crumbs    []kit.Link
	Path      string    // where from → where to
	Databases []kit.Tab // more than one database in the folder: choose
	Facts     []kit.Fact
	Problems  []kit.Help // a gap, no full, two forks: why it cannot start as it is
	Chain     *kit.Chain
	Joined    string
	Order     []PlanFile // in order of application
	Left      []PlanFile // left out, with the reason
	Read      string     // 5 files, 212 KB read
	Calls     []kit.Call
	Form      *kit.Form // options and the way to preflight; nil when nothing can be planned
}

// PlanFile is one file as it really is.
type PlanFile struct {
	Order    string // 1, 2, …; empty when left out
	Name     string
	NewName  string // the safe name it gets in the bucket; empty = keeps its own
	Kind     kit.Kind
	Database string
	Taken    kit.When
	Size     kit.Size
	FirstLSN string
	LastLSN  string
	Badge    kit.Badge
	Why      string // its role in one sentence, and what its name hides
}

func trailSteps(live bool) []string {
	if live {
		return []string{"Which database, where to", "Checks, then start"}
	}
	return []string{"Where from, where to", "What the files are", "Checks, then start"}
}
