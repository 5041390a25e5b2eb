package tsql

import "fmt"

// Error is a refusal as SQL Server words it.
type Error struct {
	Number, State, Class int
	Text                 string
	Line                 int
}

func (e *Error) Error() string { return e.Text }

func syntax(t token) *Error {
	if t.kind == end {
		return &Error{102, 1, 15, "Incorrect syntax near '" + t.before + "'.", t.line}
	}
	if t.kind == word && keywords[t.upper()] {
		return &Error{156, 1, 15, "Incorrect syntax near the keyword '" + t.text + "'.", t.line}
	}
	return &Error{102, 1, 15, "Incorrect syntax near '" + t.text + "'.", t.line}
}

func unknownOption(t token, statement string) *Error {
	return &Error{155, 1, 15, fmt.Sprintf("'%s' is not a recognized %s option.", t.text, statement), t.line}
}

func addKeywords(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}
