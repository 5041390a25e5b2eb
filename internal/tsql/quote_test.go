package tsql

import (
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/fault"
)

func TestNamesAndTextsAreQuoted(t *testing.T) {
	for _, c := range []struct{ name, identifier, literal string }{
		{"Sales", "[Sales]", "N'Sales'"},
		{"a]b", "[a]]b]", "N'a]b'"},
		{"]]", "[]]]]]", "N']]'"},
		{"it's", "[it's]", "N'it''s'"},
		{"x'; DROP DATABASE y --", "[x'; DROP DATABASE y --]", "N'x''; DROP DATABASE y --'"},
		{`back\slash`, `[back\slash]`, `N'back\slash'`},
		{"Ж 数据库 🚚", "[Ж 数据库 🚚]", "N'Ж 数据库 🚚'"},
		{strings.Repeat("n", 128), "[" + strings.Repeat("n", 128) + "]", "N'" + strings.Repeat("n", 128) + "'"},
		{strings.Repeat("🚚", 64), "[" + strings.Repeat("🚚", 64) + "]", "N'" + strings.Repeat("🚚", 64) + "'"},
	} {
		if got, err := Name(c.name); err != nil || got != c.identifier {
			t.Errorf("name %q is %q, %v; want %q", c.name, got, err, c.identifier)
		}
		if got, err := Text(c.name, MaxName); err != nil || got != c.literal {
			t.Errorf("text %q is %q, %v; want %q", c.name, got, err, c.literal)
		}
	}
	for _, bad := range []string{"", strings.Repeat("n", 129), strings.Repeat("🚚", 65), "a\x00b", "\xff"} {
		if got, err := Name(bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("name %q is taken as %q", bad, got)
		}
	}
	for _, bad := range []string{"line\\\nend", "tab\t", "a\x00b", "\xff", "\u0085"} {
		if got, err := Text(bad, MaxName); !fault.Is(err, fault.Invalid) {
			t.Errorf("text %q is taken as %q", bad, got)
		}
	}
}

// token reads one delimited identifier or Unicode literal as the server does,
// and returns what it stands for and what follows.
func token(sql string) (value, rest string, ok bool) {
	var closing byte
	switch {
	case strings.HasPrefix(sql, "["):
		closing, sql = ']', sql[1:]
	case strings.HasPrefix(sql, "N'"):
		closing, sql = '\'', sql[2:]
	default:
		return "", sql, false
	}
	var b strings.Builder
	for i := 0; i < len(sql); i++ {
		switch {
		case sql[i] != closing:
			b.WriteByte(sql[i])
		case i+1 < len(sql) && sql[i+1] == closing:
			b.WriteByte(closing)
			i++
		default:
			return b.String(), sql[i+1:], true
		}
	}
	return "", "", false
}

func FuzzQuoting(f *testing.F) {
	for _, s := range []string{"Sales", "a]b", "it's", "]']'", "\\\n", "🚚", strings.Repeat("]", 128), "\xed\xa0\x80", "--/*"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if q, err := Name(s); err == nil {
			if got, rest, ok := token(q); !ok || got != s || rest != "" {
				t.Errorf("%q became %q, which reads as %q and leaves %q", s, q, got, rest)
			}
		}
		if q, err := Text(s, MaxPath); err == nil {
			if got, rest, ok := token(q); !ok || got != s || rest != "" {
				t.Errorf("%q became %q, which reads as %q and leaves %q", s, q, got, rest)
			}
		}
	})
}

func TestWhatIsShownIsWhatWouldBeSent(t *testing.T) {
	for name, want := range map[string]string{"a]b": "[a]]b]", "it's": "[it's]", "": "[?]", "a\x00b": "[?]", strings.Repeat("n", 129): "[?]"} {
		if got := Shown(name); got != want {
			t.Errorf("name %q is shown as %q, want %q", name, got, want)
		}
	}
	for text, want := range map[string]string{"it's": "N'it''s'", "": "N''", "line\\\nend": "N'?'", strings.Repeat("x", 4001): "N'?'"} {
		if got := ShownText(text); got != want {
			t.Errorf("text %q is shown as %q, want %q", text, got, want)
		}
	}
}
