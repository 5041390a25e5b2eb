package sourcescript

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/bakplane/bakplane/internal/words"
)

// literal writes a text as an expression that every client sends as it stands
// and every reader sees as it is. What cannot be seen, or turns the direction of
// what can, stands as its number; $( is taken apart, because sqlcmd would look
// for a variable of its own there (documentation page "Use sqlcmd with
// scripting variables").
func literal(text string) string {
	var parts []string
	var run strings.Builder
	flush := func() {
		if run.Len() > 0 {
			parts = append(parts, "N'"+strings.ReplaceAll(run.String(), "'", "''")+"'")
			run.Reset()
		}
	}
	before := rune(0)
	for _, r := range text {
		if before == '$' && r == '(' {
			flush()
		}
		before = r
		if visible(r) {
			run.WriteRune(r)
			continue
		}
		flush()
		for _, unit := range utf16.Encode([]rune{r}) {
			parts = append(parts, fmt.Sprintf("NCHAR(%d)", unit))
		}
	}
	flush()
	if len(parts) == 0 {
		return "N''"
	}
	return strings.Join(parts, " + ")
}

// visible reports whether a rune can be told from what stands beside it.
// Blanks but the plain one look like it, marks of direction like nothing.
func visible(r rune) bool {
	return r == ' ' || unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.Is(unicode.Zs, r) && !words.Hidden(r)
}
