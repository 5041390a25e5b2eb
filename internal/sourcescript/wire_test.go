package sourcescript_test

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	mssql "github.com/microsoft/go-mssqldb"
)

// outside replaces a function over the parts of a statement that are no literal.
func outside(text string, f func(string) string) string {
	var b strings.Builder
	at := 0
	for _, m := range texts.FindAllStringIndex(text, -1) {
		b.WriteString(f(text[at:m[0]]) + text[m[0]:m[1]])
		at = m[1]
	}
	return b.String() + f(text[at:])
}

var characters = regexp.MustCompile(`NCHAR\((?:\d+|@\w+)\)|UNICODE\(SUBSTRING\(@name, @i, 1\)\)`)

// character is NCHAR and UNICODE, which the emulator does not have.
func (s *server) character(call string) string {
	if strings.HasPrefix(call, "UNICODE") {
		name, i := []rune(fmt.Sprint(s.values["name"])), s.values["i"].(int64)
		return fmt.Sprint(int(name[i-1]))
	}
	arg := strings.TrimSuffix(strings.TrimPrefix(call, "NCHAR("), ")")
	if v, ok := strings.CutPrefix(arg, "@"); ok {
		arg = fmt.Sprint(s.values[v])
	}
	var unit int
	if _, err := fmt.Sscan(arg, &unit); err != nil {
		s.t.Fatal(err)
	}
	return "N'" + strings.ReplaceAll(string(rune(unit)), "'", "''") + "'"
}

// known lists the scalars that a text names, and gives it with the tables in
// place of table variables.
func (s *server) known(text string) (out string, names []string) {
	out = outside(text, func(code string) string {
		code = strings.ReplaceAll(code, "ERROR_MESSAGE()", "@error_message")
		code = characters.ReplaceAllStringFunc(code, s.character)
		return variable.ReplaceAllStringFunc(code, func(v string) string {
			if _, ok := s.types[v[1:]]; !ok && v != "@error_message" {
				return "[tempdb].dbo." + v[1:]
			}
			if !slices.Contains(names, v[1:]) {
				names = append(names, v[1:])
			}
			return v
		})
	})
	return strings.ReplaceAll(out, "@[tempdb].dbo.", "@@"), names
}

// ask sends a statement with the variables it names, and takes their values
// back; more are sent along.
func (s *server) ask(before, text string, more ...string) error {
	sent, names := s.known(text)
	for _, n := range more {
		if !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	s.types["error_message"] = "nvarchar(2000)"
	if s.fault != nil {
		s.values["error_message"] = s.fault.Error()
	}
	var head, back []string
	var args []any
	for _, n := range names {
		head = append(head, fmt.Sprintf("DECLARE @%s %s = @p_%s", n, s.types[n], n))
		args = append(args, sql.Named("p_"+n, s.values[n]))
		back = append(back, fmt.Sprintf("@%s AS [%s]", n, n))
	}
	batch := before + strings.Join(head, "; ") + "; " + sent
	if len(back) > 0 {
		batch += "; SELECT " + strings.Join(back, ", ")
	}
	rows, err := s.db.QueryContext(context.Background(), batch, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	got, err := read(rows)
	if err != nil {
		return err
	}
	if len(back) > 0 {
		if len(got) != 1 {
			return fmt.Errorf("%s: %d rows", text, len(got))
		}
		for _, n := range names {
			if n != "error_message" {
				s.values[n] = s.typed(n, got[0][n])
			}
		}
	}
	return nil
}

// typed is a value as it is sent again.
func (s *server) typed(name string, v any) any {
	switch v := v.(type) {
	case time.Time:
		return mssql.DateTime1(v)
	case []byte:
		if s.types[name] == "uniqueidentifier" {
			var u mssql.UniqueIdentifier
			copy(u[:], v)
			_ = u.Scan(v)
			return u
		}
		return string(v)
	}
	return v
}

func read(rows *sql.Rows) (out []map[string]any, err error) {
	for {
		columns, err := rows.Columns()
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			row, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range row {
				into[i] = &row[i]
			}
			if err := rows.Scan(into...); err != nil {
				return nil, err
			}
			m := map[string]any{}
			for i, c := range columns {
				m[c] = row[i]
			}
			out = append(out, m)
		}
		if !rows.NextResultSet() {
			return out, rows.Err()
		}
	}
}
