package words

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
)

func TestForeignTextIsShownAndDoesNothing(t *testing.T) {
	for name, tt := range map[string]struct{ said, shown string }{
		"ordinary":         {`C:\Данные\订单 [orders] ‹é› 'x'.mdf 🙂`, `C:\Данные\订单 [orders] ‹é› 'x'.mdf 🙂`},
		"colours":          {"a\x1b[31mred\x1b[0m", "a<U+001B>[31mred<U+001B>[0m"},
		"C1":               {"\u009b2Jb", "<U+009B>2Jb"},
		"a byte of C1":     {"\x9b2Jb\xff", "<9B>2Jb<FF>"},
		"lines":            {"orders\r\n  The chain is whole.\v\f\u0085\u2028\u2029", "orders<U+000D><U+000A>  The chain is whole.<U+000B><U+000C><U+0085><U+2028><U+2029>"},
		"tabs and deletes": {"a\tb\x7f\b\x00", "a<U+0009>b<U+007F><U+0008><U+0000>"},
		"direction":        {"\u202egpj.kab\u2066\u2069\u200f\u061c", "<U+202E>gpj.kab<U+2066><U+2069><U+200F><U+061C>"},
		"no width":         {"or\u200bd\u200ce\u200dr\u2060s\ufeff\u00ad\u180e\u3164\U000e0041", "or<U+200B>d<U+200C>e<U+200D>r<U+2060>s<U+FEFF><U+00AD><U+180E><U+3164><U+E0041>"},
	} {
		if got := Visible(tt.said); got != tt.shown {
			t.Errorf("%s: shown as %q, want %q", name, got, tt.shown)
		}
		if got := Visible(Visible(tt.said)); got != tt.shown {
			t.Errorf("%s: shown twice as %q", name, got)
		}
	}
}

func TestJSONOfForeignTextSaysTheSame(t *testing.T) {
	said := "a\x1b[31m\u009b\x7f\u202e\u2028\ufeff\U000e0041\U0001f642 é\tb"
	b, err := json.MarshalIndent(map[string]string{"name": said}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	shown := VisibleJSON(b)
	if strings.ContainsFunc(string(shown), func(r rune) bool { return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) }) {
		t.Errorf("%q", shown)
	}
	var back map[string]string
	if err := json.Unmarshal(shown, &back); err != nil || back["name"] != said {
		t.Errorf("%q, %v", back["name"], err)
	}
}

// TestSentencesShowForeignWords: names and messages come into sentences as
// they are, and are kept so.
func TestSentencesShowForeignWords(t *testing.T) {
	text := Say("The database %s is %s.", "a\x1b[2J\u202eb", Plain("lost\r\n\there\u009b"))
	if got, want := text.String(), "The database a<U+001B>[2J<U+202E>b is lost\n\there<U+009B>."; got != want {
		t.Errorf("said %q, want %q", got, want)
	}
	if got := Decode("an old sentence\x1b").String(); got != "an old sentence<U+001B>" {
		t.Errorf("an old sentence reads %q", got)
	}
}

func TestPagesShowForeignTextAndKeepItInForms(t *testing.T) {
	page := "<p title=\"a\u202eb\">a\u202eb\x1b</p>\n\t<input value=\"a\u200bb\"><textarea rows=\"2\">a\u200bb</textarea>c\u009b\xff"
	want := "<p title=\"a\u202eb\">a&lt;U+202E&gt;b&lt;U+001B&gt;</p>\n\t<input value=\"a\u200bb\"><textarea rows=\"2\">a\u200bb</textarea>c&lt;U+009B&gt;&lt;FF&gt;"
	if got := string(VisiblePage([]byte(page))); got != want {
		t.Errorf("shown as %q, want %q", got, want)
	}
}
