package sourcescript_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	mssql "github.com/microsoft/go-mssqldb"
)

// server carries out a script against the emulated server, a statement at a
// time: the emulator reads no WHILE, TRY…CATCH, CONTINUE, table variables,
// INSERT … EXEC, no output of sp_executesql, and does not count IDENTITY columns,
// so those are done here, and every SELECT, condition, assignment and BACKUP is
// done there as it stands. Table variables are tables of tempdb.
type server struct {
	t       testing.TB
	db      *sql.DB
	types   map[string]string // of variables
	values  map[string]any
	said    []string          // messages, in order
	rows    []map[string]any  // of the last result set
	refused string            // the error of severity 16 at the end
	fault   error             // what CATCH sees
	number  int32             // @@ERROR
	sent    []string          // what it gave to EXEC
	counted map[string]string // the IDENTITY column of a table
	next    map[string]int    // its last number
}

var (
	variable  = regexp.MustCompile(`@\w+`)
	texts     = regexp.MustCompile(`N?'(?:[^']|'')*'`)
	errBreak  = errors.New("BREAK")
	errAgain  = errors.New("CONTINUE")
	tableDef  = regexp.MustCompile(`^DECLARE @(\w+) TABLE \((.*)\)$`)
	scalarDef = regexp.MustCompile(`@(\w+) ((?:\w+)(?:\([\d, ]+\))?)(?: = (.*))?$`)
	says      = regexp.MustCompile(`^RAISERROR\((.+), (0|16), 1(?:, (@\w+))?\)(?: WITH NOWAIT)?$`)
	calls     = regexp.MustCompile(`^EXEC (sys\.sp_executesql|@proc) @sql, N'([^']*)', (.*)$`)
	fills     = regexp.MustCompile(`^INSERT INTO @(\w+) \(([^)]*)\) EXEC (.*)$`)
)

var inserts = regexp.MustCompile(`^INSERT INTO @(\w+) \(([^)]*)\) (VALUES|SELECT) ?(.*)$`)

// insert counts the rows that a table with an IDENTITY column gets.
func (s *server) insert(table, columns, how, what string) error {
	if how == "VALUES" {
		s.next[table]++
		return s.ask("", fmt.Sprintf("INSERT INTO @%s (%s, %s) VALUES (%d, %s", table, s.counted[table], columns, s.next[table], strings.TrimPrefix(what, "(")))
	}
	sent, _ := s.known("SELECT " + what)
	rows, err := s.db.QueryContext(context.Background(), sent)
	if err != nil {
		return err
	}
	defer rows.Close()
	var found [][2]any
	for rows.Next() {
		var r [2]any
		if err := rows.Scan(&r[0], &r[1]); err != nil {
			return err
		}
		found = append(found, r)
	}
	rows.Close()
	for _, r := range found {
		s.next[table]++
		if _, err := s.db.ExecContext(context.Background(), fmt.Sprintf("INSERT INTO [tempdb].dbo.%s (%s, %s) VALUES (@p1, @p2, @p3)", table, s.counted[table], columns), s.next[table], r[0], r[1]); err != nil {
			return err
		}
	}
	return rows.Err()
}

// run carries out a statement of the flow.
func (s *server) run(x any) error {
	switch x := x.(type) {
	case block:
		for _, y := range x.of {
			if err := s.run(y); err != nil {
				return err
			}
		}
	case when:
		yes, err := s.holds(x.cond)
		switch {
		case err != nil:
			return err
		case yes:
			return s.run(x.then)
		case x.else_ != nil:
			return s.run(x.else_)
		}
	case loop:
		for range 10_000 {
			yes, err := s.holds(x.cond)
			if err != nil || !yes {
				return err
			}
			if err := s.run(x.body); err == errBreak {
				return nil
			} else if err != nil && err != errAgain {
				return err
			}
		}
		return fmt.Errorf("WHILE %s never ends", x.cond)
	case try:
		err := s.run(x.body)
		if err == nil || err == errBreak || err == errAgain {
			return err
		}
		s.fault = err
		return s.run(x.caught)
	case plain:
		err := s.statement(x.text)
		if err != nil && err != errBreak && err != errAgain {
			return fmt.Errorf("%w\nin %.200s", err, x.text)
		}
		return err
	}
	return nil
}

func (s *server) statement(text string) error {
	switch {
	case text == "BREAK":
		return errBreak
	case text == "CONTINUE":
		return errAgain
	case text == "SET @error = @@ERROR":
		s.values["error"] = int64(s.number)
		return nil
	case text == "EXEC (@sql)":
		return s.ordered(fmt.Sprint(s.values["sql"]))
	case text == "EXEC master.sys.xp_create_subdir @folder":
		return s.ask("", "EXEC master.sys.xp_create_subdir @folder", "folder")
	}
	if m := tableDef.FindStringSubmatch(text); m != nil {
		columns, counts := strings.CutSuffix(strings.Split(m[2], ",")[0], " int IDENTITY(1")
		if counts {
			s.counted[m[1]] = columns
		}
		_, err := s.db.ExecContext(context.Background(), "CREATE TABLE [tempdb].dbo."+m[1]+" ("+m[2]+")")
		return err
	}
	if rest, ok := strings.CutPrefix(text, "DECLARE "); ok {
		return s.declare(rest)
	}
	if m := says.FindStringSubmatch(text); m != nil {
		words := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(m[1], "N'"), "'"), "''", "'")
		if m[3] != "" {
			words = fmt.Sprint(s.values[m[3][1:]])
		}
		if m[2] == "16" {
			s.refused = words
		} else {
			s.said = append(s.said, words)
		}
		return nil
	}
	if m := calls.FindStringSubmatch(text); m != nil {
		return s.call(m[1] == "@proc", m[2], m[3])
	}
	if m := fills.FindStringSubmatch(text); m != nil {
		return s.fill(m[1], m[2], m[3])
	}
	if m := inserts.FindStringSubmatch(text); m != nil && s.counted[m[1]] != "" {
		return s.insert(m[1], m[2], m[3], strings.TrimPrefix(m[4], "VALUES "))
	}
	if strings.HasPrefix(text, "SELECT t.name AS [database]") {
		return s.collect(text)
	}
	return s.ask("", text)
}

// declare notes scalars and their first values.
func (s *server) declare(list string) error {
	for _, one := range regexp.MustCompile(`, @`).Split(list, -1) {
		if !strings.HasPrefix(one, "@") {
			one = "@" + one
		}
		m := scalarDef.FindStringSubmatch(one)
		if m == nil {
			return fmt.Errorf("DECLARE %s is not understood", one)
		}
		s.types[m[1]], s.values[m[1]] = m[2], nil
		if m[3] != "" {
			if err := s.ask("", "SET @"+m[1]+" = "+m[3]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *server) holds(cond string) (bool, error) {
	s.types["yes"] = "int"
	if err := s.ask("", "SET @yes = CASE WHEN "+cond+" THEN 1 ELSE 0 END"); err != nil {
		return false, fmt.Errorf("%w\nin %.200s", err, cond)
	}
	return s.values["yes"] == int64(1), nil
}

// ordered sends what the script would EXEC, and keeps the last error's number.
func (s *server) ordered(text string) error {
	s.sent = append(s.sent, text)
	_, err := s.db.ExecContext(context.Background(), text)
	s.number = 0
	var e mssql.Error
	if errors.As(err, &e) {
		s.number = e.Number
		for _, one := range e.All {
			s.said = append(s.said, fmt.Sprintf("Msg %d: %s", one.Number, one.Message))
		}
		return nil
	}
	return err
}

// call is sp_executesql with its outputs, in the database that @proc names.
func (s *server) call(elsewhere bool, declared, given string) error {
	inner := &server{t: s.t, db: s.db, types: map[string]string{}, values: map[string]any{}}
	for _, d := range regexp.MustCompile(`@(\w+) (\w+(?:\(\d+\))?)`).FindAllStringSubmatch(declared, -1) {
		inner.types[d[1]] = d[2]
	}
	outputs := map[string]string{}
	for _, g := range regexp.MustCompile(`@(\w+) = @(\w+)( OUTPUT)?`).FindAllStringSubmatch(given, -1) {
		inner.values[g[1]] = s.values[g[2]]
		if g[3] != "" {
			outputs[g[1]] = g[2]
		}
	}
	before := ""
	if elsewhere {
		before = "USE " + strings.TrimSuffix(fmt.Sprint(s.values["proc"]), ".sys.sp_executesql") + "; "
	}
	err := inner.ask(before, fmt.Sprint(s.values["sql"]))
	if err == nil {
		for from, to := range outputs {
			s.values[to] = inner.values[from]
		}
	}
	if _, back := s.db.ExecContext(context.Background(), "USE [master]"); back != nil {
		return back
	}
	return err
}

// fill is INSERT … EXEC of what the emulator has no procedure for: the folder is
// looked at on this machine, which is the server's, the rest is given.
func (s *server) fill(table, columns, what string) error {
	rows := given[what]
	if what == "(@sql)" {
		rows = given[fmt.Sprint(s.values["sql"])]
	}
	if what == "master.sys.xp_fileexist @folder" {
		rows = []string{"0, 0, 1"}
		if i, err := os.Stat(fmt.Sprint(s.values["folder"])); err == nil && i.IsDir() {
			rows = []string{"0, 1, 1"}
		} else if err == nil {
			rows = []string{"1, 0, 1"}
		}
	}
	if rows == nil {
		return fmt.Errorf("nobody answers %s", what)
	}
	for _, r := range rows {
		if _, err := s.db.ExecContext(context.Background(), fmt.Sprintf("INSERT INTO [tempdb].dbo.%s (%s) VALUES (%s)", table, columns, r)); err != nil {
			return err
		}
	}
	return nil
}

// given are answers as a real server gives them.
var given = map[string][]string{
	"master.sys.xp_fixeddrives":                             {"N'C', 100", "N'D', 51200"},
	"DBCC DBINFO (N'it''s') WITH TABLERESULTS, NO_INFOMSGS": {"N'DBINFO STRUCTURE:', N'DBINFO @0x000000D9', N'dbi_version', N'782'", "N'DBINFO STRUCTURE:', N'DBINFO @0x000000D9', N'dbi_dbccLastKnownGood', N'2019-03-04 05:06:07.890'"},
}

func (s *server) collect(text string) error {
	sent, _ := s.known(text)
	rows, err := s.db.QueryContext(context.Background(), sent)
	if err != nil {
		return err
	}
	defer rows.Close()
	s.rows, err = read(rows)
	return err
}

// carry runs a whole script.
func carry(t testing.TB, db *sql.DB, script string) *server {
	t.Helper()
	for _, table := range []string{"wanted", "reserved", "todo", "says", "info", "place", "drives"} {
		if _, err := db.ExecContext(context.Background(), "DROP TABLE IF EXISTS [tempdb].dbo."+table); err != nil {
			t.Fatal(err)
		}
	}
	s := &server{t: t, db: db, types: map[string]string{}, values: map[string]any{}, counted: map[string]string{}, next: map[string]int{}}
	for _, x := range readFlow(t, script).of {
		if err := s.run(x); err != nil {
			t.Fatalf("%v\nsaid so far:\n%s", err, strings.Join(s.said, "\n"))
		}
	}
	return s
}

// outcomes are the last column of the summary by database.
func (s *server) outcomes() map[string]string {
	out := map[string]string{}
	for _, r := range s.rows {
		out[fmt.Sprint(r["database"])] = fmt.Sprint(r["outcome"])
	}
	return out
}

// files are what was taken, in the order of databases' names.
func (s *server) files() (out []string) {
	byName := map[string]string{}
	for _, r := range s.rows {
		if r["upload"] != nil {
			byName[fmt.Sprint(r["database"])] = fmt.Sprint(r["upload"])
		}
	}
	for _, n := range slices.Sorted(maps.Keys(byName)) {
		out = append(out, byName[n])
	}
	return out
}
