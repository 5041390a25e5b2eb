package instances

import "github.com/bakplane/bakplane/web/templates/kit"

// LogCopies is how the log backups that a service takes by itself stand against
// their copies in a bucket of ours.
type LogCopies struct {
	Name    string
	Crumbs  []kit.Link
	Under   string
	Actions []kit.Action
	Trouble *kit.Help // it could not be asked
	Target  string    // where copies go; empty = the service was not told
	Setup   *LogSetup // what sets it, where that is to be done
	Rows    []LogCopy
	Empty   kit.Empty
	More    string // what is not shown; empty = nothing
}

// LogSetup tells a service where copies go.
type LogSetup struct {
	Help      kit.Help
	Statement string // as a person would type it
	Post      string // where a POST does it
	Label     string
}

// LogCopy is a database.
type LogCopy struct {
	Name, Href string
	Badge      kit.Badge
	Listed     string // log backups that the service has
	Copied     kit.When
	Missing    string
	Leaves     kit.When  // when the oldest that is missing is gone for good
	Help       *kit.Help // a gap
}
