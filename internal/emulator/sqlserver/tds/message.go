package tds

import "fmt"

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

// Refuse is an error by its number, its severity and its text.
func Refuse(number, class int, format string, args ...any) error {
	return Message{Number: number, State: 1, Class: class, Text: fmt.Sprintf(format, args...)}
}
