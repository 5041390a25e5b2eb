package query

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

// twice is an engine with the same rows as a table that is held and as one that
// streams, and a small table to join with.
type twice struct {
	rows    [][]any
	columns []Column
	looked  int // rows that the stream gave
}

func (e *twice) Variable(string) (tds.Type, any, error) { return tds.Int, int64(40), nil }
func (e *twice) Global(string) (any, error)             { return nil, nil }
func (e *twice) Function(string) (Function, bool)       { return Function{}, false }
func (e *twice) Collation() value.Collation             { return value.Collation{} }
func (e *twice) TableFunction(tsql.Name, []any) (*Relation, error) {
	return nil, tds.Refuse(208, 16, "none")
}

func (e *twice) Table(name tsql.Name) (*Relation, error) {
	switch name.Last() {
	case "held":
		return &Relation{Columns: e.columns, Rows: e.rows}, nil
	case "streamed":
		return &Relation{Columns: e.columns, Stream: e, By: "id"}, nil
	}
	return &Relation{Columns: []Column{{Name: "k", Type: tds.Int}, {Name: "label", Type: tds.NVarChar(10)}},
		Rows: [][]any{{int64(1), "a"}, {int64(50), "b"}, {int64(999), "c"}, {nil, "d"}}}, nil
}

// Each leaves out by id what the wish does not want, as msdb does.
func (e *twice) Each(w Wish, yield func(func(int) any) bool) {
	rows := slices.Clone(e.rows)
	if w.Descending {
		slices.Reverse(rows)
	}
	wanted := map[int64]bool{}
	for _, v := range w.In["id"] {
		wanted[value.Whole(v)] = true
	}
	for _, row := range rows {
		if w.In["id"] != nil && !wanted[row[0].(int64)] {
			continue
		}
		if v, ok := w.Least["id"]; ok && row[0].(int64) < value.Whole(v) {
			continue
		}
		if v, ok := w.Most["id"]; ok && row[0].(int64) > value.Whole(v) {
			continue
		}
		e.looked++
		if !yield(func(i int) any { return row[i] }) {
			return
		}
	}
}

func both() *twice {
	e := &twice{columns: []Column{{Name: "id", Type: tds.Int}, {Name: "name", Type: tds.NVarChar(10)}, {Name: "size", Type: tds.Int}, {Name: "odd", Type: tds.Bit}}}
	dice := rand.New(rand.NewPCG(1, 2))
	for i := range 12_000 {
		var size any = int64(dice.IntN(5000))
		if dice.IntN(20) == 0 {
			size = nil
		}
		e.rows = append(e.rows, []any{int64(i + 1), []string{"x", "Y", "z", "y"}[dice.IntN(4)], size, i%2 == 0})
	}
	return e
}

func (e *twice) ask(t *testing.T, query string) *Relation {
	t.Helper()
	st, err := tsql.Parse(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	r, err := New(t.Context(), e).Select(st[0].(*tsql.Select))
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return r
}

// A stream answers as a table with the same rows does.
func TestStreamsAnswerAsTablesDo(t *testing.T) {
	e := both()
	for _, query := range []string{
		"SELECT * FROM {} WHERE id BETWEEN 5 AND 9",
		"SELECT TOP (7) * FROM {} ORDER BY id DESC",
		"SELECT TOP (7) id, name FROM {} WHERE name = 'Y' AND id > 30 ORDER BY id",
		"SELECT TOP (7) id, size FROM {} ORDER BY size DESC, id",
		"SELECT TOP (7) 0 - id AS id, size FROM {} ORDER BY id",
		"SELECT TOP (5) id FROM {} WHERE id >= @least AND id <= 44 AND odd = 1 ORDER BY id DESC",
		"SELECT TOP (3) name AS id FROM {} ORDER BY id",
		"SELECT DISTINCT TOP (2) name FROM {} ORDER BY name DESC",
		"SELECT TOP (0) id FROM {} ORDER BY id",
		"SELECT COUNT(*), COUNT(size), MAX(id), MIN(size), SUM(size) FROM {}",
		"SELECT COUNT(*) FROM {} WHERE id IN (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 70000)",
		"SELECT COUNT(*) FROM {} WHERE id NOT IN (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 70000)",
		"SELECT COUNT(*) FROM {} WHERE id IN (3, NULL) OR name LIKE 'z%'",
		"SELECT name, MAX(id) AS newest, MIN(size) FROM {} GROUP BY name ORDER BY name",
		"SELECT m.newest, s.name FROM {} AS s JOIN (SELECT MAX(id) AS newest FROM {} WHERE name IN ('x', 'z') GROUP BY name, odd) AS m ON m.newest = s.id ORDER BY m.newest",
		"SELECT k.label, s.size FROM other AS k LEFT JOIN {} AS s ON s.id = k.k ORDER BY k.label",
		"SELECT s.id, k.label FROM {} AS s LEFT JOIN other AS k ON k.k = s.id WHERE s.id < 60 ORDER BY s.id",
		"SELECT COUNT(*) FROM {} AS a JOIN {} AS b ON b.id = a.id WHERE a.size = 17",
		"SELECT label FROM other WHERE EXISTS (SELECT 1 FROM {} AS s WHERE s.id = k AND s.odd = 1)",
		"WITH c AS (SELECT id, size FROM {} WHERE size > 4990) SELECT COUNT(*), MAX(id) FROM c",
		"SELECT id, ROW_NUMBER() OVER (PARTITION BY name ORDER BY id) FROM {} WHERE id <= 20 ORDER BY id",
		"SELECT id FROM {} WHERE id < 4 UNION ALL SELECT id FROM {} WHERE id > 11998 ORDER BY id",
		"SELECT MAX(size) FROM {} WHERE id > 100000",
	} {
		want, got := e.ask(t, strings.ReplaceAll(query, "{}", "held")), e.ask(t, strings.ReplaceAll(query, "{}", "streamed"))
		if fmt.Sprint(got.Rows) != fmt.Sprint(want.Rows) || !reflect.DeepEqual(got.Columns, want.Columns) {
			t.Errorf("%s:\n%v\nwant\n%v", query, got, want)
		}
	}
}

// TOP by the stream's own column looks at no more rows than it needs, and so
// does a join with few.
func TestStreamsAreNotReadToTheEnd(t *testing.T) {
	e := both()
	for query, most := range map[string]int{
		"SELECT TOP (7) * FROM streamed ORDER BY id DESC":                              8,
		"SELECT TOP (3) id FROM streamed WHERE odd = 1 ORDER BY id":                    7,
		"SELECT id FROM streamed WHERE id IN (4, 8)":                                   2,
		"SELECT s.size FROM other AS k JOIN streamed AS s ON s.id = k.k":               3,
		"SELECT COUNT(*) FROM streamed WHERE id > 11990 AND id <= 11995 AND size >= 0": 6,
	} {
		e.looked = 0
		e.ask(t, query)
		if e.looked > most {
			t.Errorf("%s looks at %d rows", query, e.looked)
		}
	}
}
