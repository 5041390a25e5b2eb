package words

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Visible is text of somebody else — a name in a header, the name of a file, a
// message of a server — as it can be shown to people: what steers a terminal,
// ends a line, turns the direction of writing or takes no room is spelt out as
// <U+202E>, and a byte that is no UTF-8 as <9B>. Everything else stays as it
// is, so ordinary names of any script are not touched.
//
// Spelt out are the whole categories Cc (C0, C1 and DEL), Cf (bidirectional
// marks, zero-width characters, tags; also the few of them that some scripts
// draw, such as U+0600), Zl and Zp of Unicode, and the few letters that show as
// nothing. Lines of one's own are joined after it, not before.
func Visible(s string) string {
	if !strings.ContainsFunc(s, Hidden) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, "<%02X>", s[0])
		case Hidden(r):
			fmt.Fprintf(&b, "<U+%04X>", r)
		default:
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// VisibleJSON is JSON text whose strings say the same and hold none of the
// characters that Visible spells out: they are written as \u escapes. The
// blanks and ends of lines between the values stay.
func VisibleJSON(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for _, r := range string(b) {
		if !Hidden(r) || blank(r) {
			out = utf8.AppendRune(out, r)
			continue
		}
		if r > 0xffff {
			high, low := (r-0x10000)>>10+0xd800, (r-0x10000)&0x3ff+0xdc00
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
			continue
		}
		out = fmt.Appendf(out, `\u%04x`, r)
	}
	return out
}

// readable is Visible for a sentence that may go over several lines.
func readable(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return Hidden(r) && r != '\n' && r != '\t' }) && utf8.ValidString(s) {
		return s
	}
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, line := range lines {
		cells := strings.Split(line, "\t")
		for k := range cells {
			cells[k] = Visible(cells[k])
		}
		lines[i] = strings.Join(cells, "\t")
	}
	return strings.Join(lines, "\n")
}

// Hidden reports whether a character is not to be seen, or does more than to
// be seen: what Visible spells out.
func Hidden(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f
	}
	switch r {
	case 0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x2065, 0x3164, 0xffa0:
		return true // joiners and fillers: letters by category, and nothing to see
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}
