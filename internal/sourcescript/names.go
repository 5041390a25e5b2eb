package sourcescript

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/bakplane/bakplane/internal/fault"
)

// ParseNames reads names of databases separated by ; or , or line ends. A name
// that holds one of those, or begins with [, stands in brackets as in T-SQL,
// with ] doubled: [a;b], [x]]y]. Blanks around names mean nothing. A name given
// twice counts once; nothing at all is all user databases.
func ParseNames(list string) (names []string, err error) {
	if utf8.RuneCountInString(list) > MaxList {
		return nil, fault.Newf(fault.Invalid, "The list of databases has more than %d characters.", MaxList).WithFix("Leave it empty to take all user databases of the server, or make several scripts.")
	}
	rest := strings.TrimSpace(list)
	for rest != "" {
		var name string
		if rest[0] == '[' {
			if name, rest, err = bracketed(rest); err != nil {
				return nil, err
			}
		} else if at := strings.IndexFunc(rest, separates); at >= 0 {
			name, rest = strings.TrimSpace(rest[:at]), rest[at+1:]
		} else {
			name, rest = strings.TrimSpace(rest), ""
		}
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
		rest = strings.TrimSpace(rest)
	}
	return names, nil
}

// FormatNames writes a list that ParseNames reads back.
func FormatNames(names []string) string {
	var out []string
	for _, n := range names {
		if strings.ContainsFunc(n, separates) || strings.HasPrefix(n, "[") || strings.TrimSpace(n) != n {
			n = "[" + strings.ReplaceAll(n, "]", "]]") + "]"
		}
		out = append(out, n)
	}
	return strings.Join(out, "; ")
}

func separates(r rune) bool { return r == ';' || r == ',' || r == '\n' || r == '\r' }

// bracketed reads a name in brackets and the separator behind it.
func bracketed(text string) (name, rest string, err error) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		if text[i] != ']' {
			b.WriteByte(text[i])
			continue
		}
		if i+1 < len(text) && text[i+1] == ']' {
			b.WriteByte(']')
			i++
			continue
		}
		rest = strings.TrimLeft(text[i+1:], " \t")
		if rest != "" && !strings.ContainsRune(";,\r\n", rune(rest[0])) {
			return "", "", fault.Newf(fault.Invalid, "Behind the name in brackets stands %q.", clip(rest)).WithFix("Put ; or , between names, and double a ] that belongs to a name: [x]]y].")
		}
		return b.String(), strings.TrimPrefix(strings.TrimPrefix(rest, ";"), ","), nil
	}
	return "", "", fault.Newf(fault.Invalid, "A name in brackets does not end: %q.", clip(text)).WithFix("Close it with ], and double a ] that belongs to the name: [x]]y].")
}
