package policy

import (
	"regexp"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/tsql"
	"pgregory.net/rapid"
)

func TestSelectionChooses(t *testing.T) {
	for _, c := range []struct {
		what     string
		s        Selection
		database string
		want     bool
		why      string
		by       tsql.Collation
	}{
		{"every database", Selection{}, "shop", true, "", ""},
		{"a new one joins", Selection{Include: []string{"sales_*"}}, "sales_2027", true, "", ""},
		{"case does not matter", Selection{Include: []string{"SHOP"}}, "Shop", true, "", ""},
		{"? is one character", Selection{Include: []string{"shop?"}}, "shop", false, "no pattern", ""},
		{"exclusion is stronger", Selection{Include: []string{"shop"}, Exclude: []string{"sh*"}}, "shop", false, `excluded by "sh*"`, ""},
		{"tempdb never", Selection{Include: []string{"tempdb"}, System: true}, "TempDB", false, "tempdb", ""},
		{"system databases ask for it", Selection{Include: []string{"*"}}, "msdb", false, "system", ""},
		{"system databases when asked for", Selection{System: true}, "master", true, "", ""},
		{"system databases excluded", Selection{System: true, Exclude: []string{"model"}}, "model", false, "excluded", ""},
		{"wild characters of others mean themselves", Selection{Include: []string{"[a]%"}}, "[a]%", true, "", ""},
		{"case matters where the server says so", Selection{Include: []string{"SHOP"}}, "Shop", false, "no pattern", "Latin1_General_CS_AS"},
		{"so it does for what is left out", Selection{Exclude: []string{"old_*"}}, "OLD_shop", true, "", "Latin1_General_BIN2"},
		{"names beyond ASCII", Selection{Include: []string{"ЗАКАЗЫ*"}}, "заказы 🚚", true, "", ""},
	} {
		got, why := c.s.Chooses(c.database, c.by)
		if got != c.want || !strings.Contains(why, c.why) || got == (why != "") {
			t.Errorf("%s: %v %q", c.what, got, why)
		}
	}
}

func TestSelectionCheck(t *testing.T) {
	for _, s := range []Selection{{Include: []string{" "}}, {Exclude: []string{"**"}}, {Include: []string{strings.Repeat("x", 300)}}, {Include: make([]string, 501)}} {
		if s.Check() == nil {
			t.Errorf("%d patterns were taken", len(s.Include)+len(s.Exclude))
		}
	}
	if err := (Selection{Include: []string{"*"}, Exclude: []string{"test_?"}}).Check(); err != nil {
		t.Error(err)
	}
}

// TestPatternsAgreeWithRegexp holds the matcher against a slow reference.
func TestPatternsAgreeWithRegexp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*?]{0,10}`).Draw(t, "pattern")
		name := rapid.StringMatching(`[ab]{0,12}`).Draw(t, "name")
		re := regexp.MustCompile("^" + strings.NewReplacer("*", ".*", "?", ".").Replace(pattern) + "$")
		if got, want := matches([]rune(pattern), []rune(name)), re.MatchString(name); got != want {
			t.Fatalf("%q on %q: %v", pattern, name, got)
		}
	})
}
