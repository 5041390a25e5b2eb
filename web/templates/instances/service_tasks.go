package instances

import "github.com/bakplane/bakplane/web/templates/kit"

// ServiceTasks are the tasks of an instance whose service carries them out.
type ServiceTasks struct {
	Name    string
	Crumbs  []kit.Link
	Under   string
	Actions []kit.Action
	Trouble *kit.Help // it could not be asked
	Rows    []ServiceTask
	Empty   kit.Empty
	Older   string // where older ones are; empty = there are none
}

// ServiceTask is a row.
type ServiceTask struct {
	ID, Type, Database string
	Object             string
	Badge              kit.Badge
	Progress           *kit.Progress
	Created            kit.When
	Lasted             string
	Text               string    // the service's own lines
	Help               *kit.Help // why it failed and what to do
	Cancel             string    // where a POST asks to end it; empty = it cannot
}
