package words

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// VisiblePage is HTML whose text is made visible as Visible does, ends of lines
// and tabs aside. What stands in tags and in fields to type into stays as it
// is: programs and forms need it exactly.
//
// It expects what html/template and templ write: < and > stand for themselves
// in tags only.
func VisiblePage(page []byte) []byte {
	if utf8.Valid(page) && !bytes.ContainsFunc(page, func(r rune) bool { return Hidden(r) && !blank(r) }) {
		return page
	}
	out := make([]byte, 0, len(page)+64)
	typed := []byte("</textarea")
	for len(page) > 0 {
		n := bytes.IndexByte(page, '<')
		if n < 0 {
			n = len(page)
		}
		text := string(page[:n])
		if shown := readable(text); shown != text {
			text = strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(shown)
		}
		out = append(out, text...)
		page = page[n:]
		end := bytes.IndexByte(page, '>') + 1
		if end == 0 {
			end = len(page)
		}
		if bytes.HasPrefix(page, []byte("<textarea")) {
			if at := bytes.Index(page[end:], typed); at >= 0 {
				end += at
			}
		}
		out = append(out, page[:end]...)
		page = page[end:]
	}
	return out
}

func blank(r rune) bool { return r == '\n' || r == '\t' || r == '\r' }
