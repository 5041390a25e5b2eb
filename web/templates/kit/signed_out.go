package kit

// SignIn is the page before everything else.
type SignIn struct {
	Form   Form
	Reason string // why the person is here: signed out, session ended; may be empty
}

// FirstStart asks for the first administrator.
type FirstStart struct {
	Form Form
}

// Problem is a page that says why there is no other page: not found, denied,
// broken. It is also what a fragment request gets.
type Problem struct {
	Status  int
	Title   string
	Message string
	Fix     string
	Actions []Action
	Ref     string // to find the matching lines of the log
}
