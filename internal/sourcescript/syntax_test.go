package sourcescript_test

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sqlc-dev/teesql/ast"
	"github.com/sqlc-dev/teesql/parser"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/sourcescript"
)

// nodes are the statements of the parser's tree by our words for them. What is
// not here, above all labels, is what it makes of text that it does not
// understand, and fails the test.
var nodes = map[string]string{
	"IfStatement": "IF", "WhileStatement": "WHILE", "TryCatchStatement": "TRY", "SetVariableStatement": "SET", "PredicateSetStatement": "SET OPTION",
	"DeclareVariableStatement": "DECLARE", "DeclareTableVariableStatement": "DECLARE TABLE", "SelectStatement": "SELECT", "InsertStatement": "INSERT",
	"UpdateStatement": "UPDATE", "DeleteStatement": "DELETE", "ExecuteStatement": "EXEC", "RaiseErrorStatement": "RAISERROR", "BreakStatement": "BREAK", "BackupDatabaseStatement": "BACKUP DATABASE", "BackupTransactionLogStatement": "BACKUP LOG",
	"ContinueStatement": "CONTINUE", "BeginEndBlockStatement": "", "StatementList": "",
}

// count walks the parser's tree for statements.
func count(v reflect.Value, into map[string]int) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return
		}
		if s, ok := v.Interface().(ast.Statement); ok && v.Kind() == reflect.Pointer {
			name := reflect.TypeOf(s).Elem().Name()
			word, known := nodes[name]
			if !known {
				word = name
			}
			if word != "" {
				into[word]++
			}
		}
		count(v.Elem(), into)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				count(v.Field(i), into)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			count(v.Index(i), into)
		}
	}
}

// parse gives a text to a parser that shares nothing with us. It is lenient:
// words it does not know become labels or calls, so its statements are counted
// against ours. EXEC of a procedure that a variable names it does not know, and
// gets under the procedure's own name.
func parse(t *testing.T, text string) map[string]int {
	t.Helper()
	tree, err := parser.Parse(t.Context(), strings.NewReader(strings.ReplaceAll(text, "EXEC @proc @sql", "EXEC sys.sp_executesql @sql")))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if len(tree.Batches) != 1 {
		t.Fatalf("%d batches: a word of a client stands in the script", len(tree.Batches))
	}
	out := map[string]int{}
	for _, s := range tree.Batches[0].Statements {
		count(reflect.ValueOf(s), out)
	}
	return out
}

func TestAnIndependentParserReadsTheScript(t *testing.T) {
	for _, r := range []sourcescript.Request{
		{Kind: sourcescript.Full, Folder: `D:\backup`, Compress: true},
		{Kind: sourcescript.Diff, Folder: `\\host\share\it's [here]`, Run: true, Databases: oddNames},
		{Kind: sourcescript.Log, Folder: "/var/backups", Run: true, Databases: []string{"Shop"}, Target: sourcescript.Target{Label: "Cloud's 'rm-1'", Traits: &cloud, Major: 16}},
		{Kind: sourcescript.Full, Folder: `C:\`, CopyOnly: true, Target: sourcescript.Target{Label: "own", Traits: &endpoint.Traits{Task: endpoint.OneTask, Increments: true}}},
	} {
		s, err := sourcescript.New(r)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]int{}
		tally(readFlow(t, s.Text), want)
		if got := parse(t, s.Text); !maps.Equal(got, want) {
			t.Errorf("the parser read %v, and the script has %v", got, want)
		}
	}
}

// TestWhatIsPutTogetherAtTheServerIsRead looks at the statements inside the
// script's literals: each is one query.
func TestWhatIsPutTogetherAtTheServerIsRead(t *testing.T) {
	s, err := sourcescript.New(sourcescript.Request{Kind: sourcescript.Full, Folder: "/b"})
	if err != nil {
		t.Fatal(err)
	}
	inner := regexp.MustCompile(`SET @sql = N'(SELECT (?:[^']|'')*)';`).FindAllStringSubmatch(s.Text, -1)
	for _, m := range inner {
		if got := parse(t, strings.ReplaceAll(m[1], "''", "'")); !maps.Equal(got, map[string]int{"SELECT": 1}) {
			t.Errorf("%v in %s", got, m[1])
		}
	}
	if len(inner) != 6 {
		t.Errorf("%d queries", len(inner))
	}
}

// checkBackup gives the parser what the script gave to EXEC, without the N
// before the device. Options it does not know it takes as well, so they are held
// against Microsoft's page of BACKUP.
func checkBackup(t *testing.T, statement string) {
	t.Helper()
	want := "BACKUP DATABASE"
	if strings.HasPrefix(statement, "BACKUP LOG ") {
		want = "BACKUP LOG"
	}
	if got := parse(t, strings.ReplaceAll(statement, "DISK = N'", "DISK = '")); !maps.Equal(got, map[string]int{want: 1}) {
		t.Errorf("the parser read %v in %s", got, statement)
	}
	bare := regexp.MustCompile(`\[(?:[^\]]|\]\])*\]|N?'(?:[^']|'')*'`).ReplaceAllString(statement, "''")
	_, options, found := strings.Cut(bare, "TO DISK = '' WITH ")
	if !found || strings.Contains(options, " WITH ") {
		t.Errorf("not one device and one WITH: %s", statement)
	}
	for _, o := range strings.Split(options, ", ") {
		if !slices.Contains([]string{"DIFFERENTIAL", "COPY_ONLY", "CHECKSUM", "FORMAT", "INIT", "NAME = ''", "COMPRESSION", "STATS = 10"}, o) {
			t.Errorf("option %q in %s", o, statement)
		}
	}
}

// TestTheParserWouldNotice shows that what it is lenient about does not pass.
func TestTheParserWouldNotice(t *testing.T) {
	s, err := sourcescript.New(sourcescript.Request{Kind: sourcescript.Full, Folder: "/b"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{}
	tally(readFlow(t, s.Text), want)
	for _, change := range [][2]string{
		{"SET @n = 0;", "SETT @n = 0;"}, {"BREAK;", "BRAKE;"}, {"UPDATE @todo SET", "UPDTE @todo SET"}, {"WHILE @told IS NOT NULL", "WILE @told IS NOT NULL"},
		{"EXEC (@sql);", "EXECUT (@sql);"}, {"DELETE FROM @info;", "DELTE FROM @info;"}, {"BEGIN CATCH", "BEGIN CATSCH"},
	} {
		broken := strings.Replace(s.Text, change[0], change[1], 1)
		if broken == s.Text {
			t.Fatalf("%s is not in the script", change[0])
		}
		tree, err := parser.Parse(t.Context(), strings.NewReader(strings.ReplaceAll(broken, "EXEC @proc @sql", "EXEC sys.sp_executesql @sql")))
		if err != nil {
			continue
		}
		got := map[string]int{}
		for _, x := range tree.Batches[0].Statements {
			count(reflect.ValueOf(x), got)
		}
		if maps.Equal(got, want) {
			t.Errorf("%s passes", change[1])
		}
	}
}

// TestNothingStaysAndNoClientIsAsked holds the text to what its head promises,
// and to what SQL Server 2008 R2 knows.
func TestNothingStaysAndNoClientIsAsked(t *testing.T) {
	s, err := sourcescript.New(sourcescript.Request{Kind: sourcescript.Full, Folder: "/b", Databases: oddNames})
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile(`(?s)/\*.*?\*/|--[^\n]*`).ReplaceAllString(s.Text, "")
	bare := regexp.MustCompile(`N?'(?:[^']|'')*'`).ReplaceAllString(code, "''")
	for _, banned := range []string{`(?i)\bCREATE\b`, `(?i)\bALTER\b`, `(?i)\bDROP\b`, `#\w`, `(?im)^\s*GO\b`, `(?m)^\s*:`, `\$\(`, `!!`, `(?i)\bxp_cmdshell\b`, `"`,
		// Younger than 2008 R2.
		`(?i)\b(IIF|CONCAT|TRY_CONVERT|TRY_CAST|FORMAT|STRING_AGG|STRING_SPLIT|TRIM|CHOOSE|EOMONTH|THROW|DATEDIFF_BIG|CONCAT_WS)\b`, `(?i)\bOFFSET\b`, `(?i)\bIF EXISTS\b\s+\w+;`,
		`(?i)dm_hadr|availability_|enumerate_fixed_drives|dm_os_volume_stats|dm_db_log_space_usage|replica_id`} {
		if at := regexp.MustCompile(banned).FindString(bare); at != "" {
			t.Errorf("%q stands in the script (%s)", at, banned)
		}
	}
	for i, line := range strings.Split(s.Text, "\n") {
		if strings.HasSuffix(line, " ") || strings.Contains(line, "\t") {
			t.Errorf("line %d: blanks at the end, or a tab", i+1)
		}
	}
}
