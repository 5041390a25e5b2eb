package tds

// Message is one ERROR or INFO token: an error when its Class, the severity,
// is above 10.
type Message struct {
	Number int
	State  int
	Class  int
	Text   string
	Proc   string
	Line   int
}

// Error makes a Message an error of Go.
func (m Message) Error() string { return m.Text }

// IsError reports whether clients take it for an error.
func (m Message) IsError() bool { return m.Class > 10 }
