package kit

// CloudOrder is a page on which something is chosen or decided about the
// backups of an instance: a form, and beside it what it will do.
type CloudOrder struct {
	Head     CloudHead
	Title    string // of the form's card
	Intro    string
	Notes    []Help
	Facts    []Fact
	Changes  []Change
	Same     string // said instead of Changes when nothing changes
	Points   []string
	Timeline *Timeline
	Calendar *Calendar
	Quota    *Quota
	Call     string // the exact call, a parameter on each line
	Form     *Form
	Recheck  string // address that words the page anew when a field changes; empty = nothing follows from the fields
}

// Change is one field before and after.
type Change struct {
	What, Before, After string
}
