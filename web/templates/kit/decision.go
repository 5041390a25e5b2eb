package kit

// Decision is a page that asks once more before something is done: what will
// happen, the exact call, the choice, the button.
type Decision struct {
	Title  string
	Crumbs []Link
	Badge  Badge
	Intro  string
	Points []string // what will happen, in order
	Notes  []Help
	Stop   *Stop // how long writes would stop
	Calls  []Call
	Form   *Form // nil = it cannot be done now, Notes say why
}

// Call is one changing call, exactly as it is or was sent.
type Call struct {
	Title   string // CreateMigrateTask, full backup
	Request string
	Badge   Badge // empty before it is made
	When    When
	Note    string
}
