package sourcescript_test

import (
	"bytes"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/sourcescript"
	"github.com/bakplane/bakplane/internal/words"
)

// oddNames are databases that people have, or could have.
var oddNames = []string{
	"it's", "a]b", "[x]", "x;y", "x,y", "数据库", "O'Brien's [old]; DROP TABLE x--", "$(DB)", "$$((x))", "ca\u0301fe", "😀 shop", "/* x */", "--", "' + N'", "name.with.dots", "%s %d",
	"\u202egnp.exe", "zero\u200bwidth", "nb\u00a0sp", "GO", ":r x", strings.Repeat("]", 128), strings.Repeat("'", 128), "[",
}

var cloud = endpoint.Traits{Task: endpoint.OneTask, Reads: []endpoint.BucketKind{"oss"}, Increments: true, MaxFile: 3 << 40,
	Keys: endpoint.KeyRule{Refuses: `!@#$%^&*()+=|\:;"'<>?,`, Plain: true, Extensions: []string{".bak"}}}

// meaning is what SQL Server makes of an expression of literals and NCHAR.
func meaning(t *testing.T, expr string) string {
	t.Helper()
	var units []uint16
	part := regexp.MustCompile(`^(?:N'((?:[^']|'')*)'|NCHAR\((\d+)\))( \+ )?`)
	for rest := expr; rest != ""; {
		m := part.FindStringSubmatch(rest)
		if m == nil {
			t.Fatalf("%q is no literal at %q", expr, rest)
		}
		if m[2] != "" {
			n, err := strconv.Atoi(m[2])
			if err != nil {
				t.Fatal(err)
			}
			units = append(units, uint16(n))
		} else {
			units = append(units, utf16.Encode([]rune(strings.ReplaceAll(m[1], "''", "'")))...)
		}
		rest = rest[len(m[0]):]
		if (rest == "") != (m[3] == "") {
			t.Fatalf("%q: parts are not joined", expr)
		}
	}
	return string(utf16.Decode(units))
}

// holds checks that names stand in a script as what they are, and nothing else
// of them.
func holds(t *testing.T, names []string) {
	t.Helper()
	s, err := sourcescript.New(sourcescript.Request{Kind: sourcescript.Full, Folder: "/b", Databases: names})
	if err != nil {
		t.Fatalf("%q: %v", names, err)
	}
	empty, err := sourcescript.New(sourcescript.Request{Kind: sourcescript.Full, Folder: "/b"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	var others []string
	for _, line := range strings.Split(s.Text, "\n") {
		if expr, ok := strings.CutPrefix(line, "INSERT INTO @wanted (name) VALUES ("); ok {
			got = append(got, meaning(t, strings.TrimSuffix(expr, ");")))
		} else {
			others = append(others, line)
		}
	}
	if !slices.Equal(got, names) {
		t.Errorf("%q became %q", names, got)
	}
	if strings.Join(others, "\n") != empty.Text {
		t.Errorf("%q changed another line", names)
	}
	if strings.Contains(s.Text, "$(") || strings.ContainsFunc(s.Text, func(r rune) bool { return words.Hidden(r) && r != '\n' }) {
		t.Errorf("%q: a client or a reader could be misled", names)
	}
	if !regexp.MustCompile(`^bakplane-[A-Za-z0-9-]+\.sql$`).MatchString(s.Name) || len(s.Name) > 100 {
		t.Errorf("%q gives the file name %q", names, s.Name)
	}
	back, err := sourcescript.ParseNames(sourcescript.FormatNames(names))
	if err != nil || !slices.Equal(back, names) {
		t.Errorf("%q written as a list is read as %q (%v)", names, back, err)
	}
}

func TestOddNamesStayNames(t *testing.T) {
	holds(t, oddNames)
	for _, n := range oddNames {
		holds(t, []string{n})
	}
	alphabet := []rune("ab;,[]'\"$()-/*%:@#! .\\é数😀\u200b\u202e\u00a0\u3164\uffa0\u034f\u17b5\ufeff\U000e0041")
	r := rand.New(rand.NewPCG(7, 11))
	for range 3000 {
		var names []string
		for range 1 + r.IntN(4) {
			var b strings.Builder
			for range 1 + r.IntN(20) {
				b.WriteRune(alphabet[r.IntN(len(alphabet))])
			}
			if !slices.Contains(names, b.String()) {
				names = append(names, b.String())
			}
		}
		holds(t, names)
	}
}

func TestListsOfNames(t *testing.T) {
	for list, want := range map[string][]string{
		"": nil, " ; ,\n": nil, "a": {"a"}, "a;b": {"a", "b"}, " a , b\r\nc;": {"a", "b", "c"}, "a;a;A": {"a", "A"}, "[a;b],[c,d]": {"a;b", "c,d"}, "[x]]y]": {"x]y"},
		"a]b": {"a]b"}, "[ a ] ; b": {" a ", "b"}, "two words": {"two words"},
	} {
		got, err := sourcescript.ParseNames(list)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v", list, got, err)
		}
	}
	for _, list := range []string{"[a", "[a]b", "[a]]", strings.Repeat("x", 8001)} {
		if got, err := sourcescript.ParseNames(list); !fault.Is(err, fault.Invalid) {
			t.Errorf("%.20q: %q, %v", list, got, err)
		}
	}
}

func FuzzListsOfNames(f *testing.F) {
	f.Add("a;[b;c],[x]]y]")
	f.Fuzz(func(t *testing.T, list string) {
		names, err := sourcescript.ParseNames(list)
		if err != nil {
			return
		}
		again, err := sourcescript.ParseNames(sourcescript.FormatNames(names))
		if utf8.RuneCountInString(list) < 4000 && (err != nil || !slices.Equal(again, names)) {
			t.Errorf("%q: %q, then %q (%v)", list, names, again, err)
		}
	})
}

func TestRequestsThatNoServerWouldTake(t *testing.T) {
	good := sourcescript.Request{Kind: sourcescript.Log, Folder: `D:\backup`}
	for name, change := range map[string]func(*sourcescript.Request){
		"no kind":            func(r *sourcescript.Request) { r.Kind = "" },
		"another kind":       func(r *sourcescript.Request) { r.Kind = "partial" },
		"no folder":          func(r *sourcescript.Request) { r.Folder = " " },
		"a part of a path":   func(r *sourcescript.Request) { r.Folder = `backup\x` },
		"a drive alone":      func(r *sourcescript.Request) { r.Folder = `D:` },
		"a URL":              func(r *sourcescript.Request) { r.Folder = "https://x.blob.core.example.org/b" },
		"a host alone":       func(r *sourcescript.Request) { r.Folder = `\\host` },
		"a device":           func(r *sourcescript.Request) { r.Folder = `\\.\PhysicalDrive0\x` },
		"up again":           func(r *sourcescript.Request) { r.Folder = `D:\backup\..\x` },
		"a line end":         func(r *sourcescript.Request) { r.Folder = "D:\\backup\nGO" },
		"what Windows lacks": func(r *sourcescript.Request) { r.Folder = `D:\back|up` },
		"a long folder":      func(r *sourcescript.Request) { r.Folder = `D:\` + strings.Repeat("x", 158) },
		"an empty name":      func(r *sourcescript.Request) { r.Databases = []string{""} },
		"a long name":        func(r *sourcescript.Request) { r.Databases = []string{strings.Repeat("x", 129)} },
		"a control":          func(r *sourcescript.Request) { r.Databases = []string{"a\nGO"} },
		"a system database":  func(r *sourcescript.Request) { r.Databases = []string{"MSDB"} },
		"too many":           func(r *sourcescript.Request) { r.Databases = make([]string, 201) },
		"copy-only log":      func(r *sourcescript.Request) { r.CopyOnly = true },
		"no such version":    func(r *sourcescript.Request) { r.Target.Major = 9 },
		"full alone": func(r *sourcescript.Request) {
			r.Target = sourcescript.Target{Label: "x", Traits: &endpoint.Traits{Task: endpoint.OneTask}}
		},
		"takes nothing": func(r *sourcescript.Request) {
			r.Target = sourcescript.Target{Label: "x", Traits: &endpoint.Traits{Increments: true}}
		},
		"takes no .bak": func(r *sourcescript.Request) {
			r.Target = sourcescript.Target{Label: "x", Traits: &endpoint.Traits{Task: endpoint.OneTask, Increments: true, Keys: endpoint.KeyRule{Extensions: []string{".bacpac"}}}}
		},
	} {
		r := good
		change(&r)
		s, err := sourcescript.New(r)
		message, fix := fault.Words(err)
		if !fault.Is(err, fault.Invalid) || s.Text != "" || message == "" || strings.Contains(message, "\n") {
			t.Errorf("%s: %v (%s)", name, err, fix)
		}
	}
	good.Folder = " " + good.Folder + "\t" // as it comes out of a form
	if _, err := sourcescript.New(good); err != nil {
		t.Error(err)
	}
}

// TestTheFileIsReadAsItIs: clients of Windows take text without a mark for
// their own code page.
func TestTheFileIsReadAsItIs(t *testing.T) {
	for name, marked := range map[string]bool{"Shop": false, "数据库": true} {
		s, err := sourcescript.New(sourcescript.Request{Kind: sourcescript.Full, Folder: `D:\b`, Databases: []string{name}})
		if err != nil {
			t.Fatal(err)
		}
		file := s.File()
		if bytes.HasPrefix(file, []byte("\uFEFF")) != marked || bytes.Count(file, []byte("\n")) != bytes.Count(file, []byte("\r\n")) {
			t.Errorf("%s: %.20q", name, file)
		}
	}
}

// TestReservedNamesAreThoseOfTargets keeps the script's list beside the rule.
func TestReservedNamesAreThoseOfTargets(t *testing.T) {
	s, err := sourcescript.New(sourcescript.Request{Kind: sourcescript.Full, Folder: `D:\b`})
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`@reserved \(name\) VALUES \(N'(\w+)'\)`).FindAllStringSubmatch(s.Text, -1)
	for _, n := range names {
		if migration.BadDatabaseName(n[1]).IsZero() {
			t.Errorf("a target takes %s", n[1])
		}
	}
	if len(names) != 6 {
		t.Errorf("%d names", len(names))
	}
}

// TestTheSessionIsSetBeforeAnythingIsWritten: with implicit transactions even an
// INSERT into a table variable opens one.
func TestTheSessionIsSetBeforeAnythingIsWritten(t *testing.T) {
	s, err := sourcescript.New(sourcescript.Request{Kind: sourcescript.Full, Folder: `D:\b`, Databases: []string{"a"}})
	if err != nil {
		t.Fatal(err)
	}
	set, written := strings.Index(s.Text, "SET IMPLICIT_TRANSACTIONS OFF;"), strings.Index(s.Text, "INSERT INTO")
	if set < 0 || written < set {
		t.Errorf("options at %d, the first INSERT at %d", set, written)
	}
}
