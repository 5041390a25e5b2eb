package explain

import (
	"strings"

	"github.com/bakplane/bakplane/internal/fault"
)

// Sentence recognises a text of another side by all its fragments, which are in
// lower case.
type Sentence struct {
	Code      fault.Code
	Fragments []string
}

// Recognised is the code of the first sentence whose fragments all stand in a
// text, whatever its case; empty when none does. Narrower sentences stand before
// the wider ones that they contain.
func Recognised(sentences []Sentence, text string) fault.Code {
	low := strings.ToLower(text)
next:
	for _, s := range sentences {
		for _, f := range s.Fragments {
			if !strings.Contains(low, f) {
				continue next
			}
		}
		return s.Code
	}
	return ""
}
