package tsql

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

type kind int

const (
	end    kind = iota
	word        // a name or keyword without brackets
	quoted      // a name in brackets or double quotes
	text        // a string
	number
	binary // 0x…
	variable
	symbol
)

type token struct {
	kind   kind
	text   string // unquoted; as written for words, numbers and symbols
	before string // at the end: the text of the last token
	line   int
}

func (t token) upper() string { return strings.ToUpper(t.text) }

func (t token) is(words ...string) bool {
	if t.kind != word && t.kind != symbol {
		return false
	}
	for _, w := range words {
		if strings.EqualFold(t.text, w) {
			return true
		}
	}
	return false
}

// Bounds of one batch.
const (
	maxTokens = 200_000
	maxDepth  = 100
)

// lex cuts a batch into tokens; the last one is the end.
func lex(s string) ([]token, *Error) {
	var out []token
	line := 1
	last := ""
	for i := 0; i < len(s); {
		c := s[i]
		rest := s[i:]
		switch {
		case c == '\n':
			line++
			i++
		case c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v' || strings.HasPrefix(rest, "\ufeff"):
			_, n := utf8.DecodeRuneInString(rest)
			i += n
		case strings.HasPrefix(rest, "--"):
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest)
			}
			i += n
		case strings.HasPrefix(rest, "/*"):
			n := comment(rest)
			if n < 0 {
				return nil, &Error{113, 1, 15, "Missing end comment mark '*/'.", line}
			}
			line += strings.Count(rest[:n], "\n")
			i += n
		default:
			t, n, err := next(rest, line)
			if err != nil {
				return nil, err
			}
			t.line = line
			last = t.text
			out = append(out, t)
			if len(out) > maxTokens {
				return nil, &Error{191, 1, 15, "Some part of your SQL statement is nested too deeply. Rewrite the query or break it up into smaller queries.", line}
			}
			line += strings.Count(rest[:n], "\n")
			i += n
		}
	}
	return append(out, token{kind: end, before: last, line: line}), nil
}

// comment is the length of the comment, which may hold others, or -1.
func comment(s string) int {
	depth := 0
	for i := 0; i+1 < len(s); i++ {
		switch s[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			i++
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

func next(s string, line int) (t token, n int, err *Error) {
	r, size := utf8.DecodeRuneInString(s)
	switch {
	case r == '\'' || (r == 'N' || r == 'n') && len(s) > 1 && s[1] == '\'':
		from := strings.IndexByte(s, '\'')
		text1, n, ok := delimited(s[from:], '\'')
		if !ok {
			return t, 0, &Error{105, 1, 15, "Unclosed quotation mark after the character string '" + clip(text1) + "'.", line}
		}
		return token{kind: text, text: text1}, from + n, nil
	case r == '[' || r == '"':
		closing := byte('"')
		if r == '[' {
			closing = ']'
		}
		name, n, ok := delimited(s, closing)
		switch {
		case !ok:
			return t, 0, &Error{105, 1, 15, "Unclosed quotation mark after the character string '" + clip(name) + "'.", line}
		case name == "":
			return t, 0, &Error{1038, 4, 15, "An object or column name is missing or empty. For SELECT INTO statements, verify each column has a name. For other statements, look for empty alias names. Aliases defined as \"\" or [] are not allowed. Change the alias to a valid name.", line}
		case units(name) > 128:
			return t, 0, &Error{103, 4, 15, "The identifier that starts with '" + clip(name) + "' is too long. Maximum length is 128.", line}
		}
		return token{kind: quoted, text: name}, n, nil
	case strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X"):
		n := 2
		for n < len(s) && strings.IndexByte("0123456789abcdefABCDEF", s[n]) >= 0 {
			n++
		}
		return token{kind: binary, text: s[:n]}, n, nil
	case r >= '0' && r <= '9' || r == '.' && len(s) > 1 && s[1] >= '0' && s[1] <= '9':
		n := 0
		for n < len(s) && (s[n] >= '0' && s[n] <= '9' || s[n] == '.') {
			n++
		}
		if n < len(s) && (s[n] == 'e' || s[n] == 'E') {
			m := n + 1
			if m < len(s) && (s[m] == '+' || s[m] == '-') {
				m++
			}
			for m < len(s) && s[m] >= '0' && s[m] <= '9' {
				m++
				n = m
			}
		}
		return token{kind: number, text: s[:n]}, n, nil
	case r == '@' || r == '_' || r == '#' || unicode.IsLetter(r):
		n := size
		for n < len(s) {
			r, size := utf8.DecodeRuneInString(s[n:])
			if r != '@' && r != '_' && r != '#' && r != '$' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
				break
			}
			n += size
		}
		if r == '@' {
			return token{kind: variable, text: s[:n]}, n, nil
		}
		return token{kind: word, text: s[:n]}, n, nil
	}
	for _, two := range []string{"<>", "!=", ">=", "<=", "!<", "!>", "+=", "-=", "::"} {
		if strings.HasPrefix(s, two) {
			return token{kind: symbol, text: two}, 2, nil
		}
	}
	if strings.ContainsRune("=<>+-*/%(),.;&|^~:", r) {
		return token{kind: symbol, text: s[:size]}, size, nil
	}
	return t, 0, &Error{102, 1, 15, "Incorrect syntax near '" + s[:size] + "'.", line}
}

// delimited reads from an opening mark to the closing one, which is doubled
// inside.
func delimited(s string, closing byte) (content string, n int, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != closing {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == closing {
			b.WriteByte(closing)
			i++
			continue
		}
		return b.String(), i + 1, true
	}
	return b.String(), len(s), false
}

func clip(s string) string {
	if r := []rune(s); len(r) > 128 {
		return string(r[:128])
	}
	return s
}

// units counts UTF-16 units, in which SQL Server measures names.
func units(s string) (n int) {
	for _, r := range s {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}
