package query

import (
	"strings"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

// ColumnsOf reads "name type, name type".
func ColumnsOf(text string) []Column {
	var out []Column
	for _, part := range splitColumns(text) {
		name, typ, _ := strings.Cut(strings.TrimSpace(part), " ")
		if quoted, ok := strings.CutPrefix(strings.TrimSpace(part), "["); ok {
			name, typ, _ = strings.Cut(quoted, "] ")
		}
		t, err := value.ParseType(typ)
		if err != nil {
			panic("view column " + part + ": " + err.Error()) // a mistake in the emulator
		}
		out = append(out, Column{Name: name, Type: t})
	}
	return out
}

func splitColumns(text string) (out []string) {
	depth, from := 0, 0
	for i, c := range text {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			out = append(out, text[from:i])
			from = i + 1
		}
	}
	return append(out, text[from:])
}
