package sqlserver

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/tsql"
)

// Contents implements backup.Server. It reads every row of every user table,
// which takes as long as reading the database does.
//
// The sum is CHECKSUM_AGG over BINARY_CHECKSUM of the columns by name: * leaves
// hidden ones out, sees a column set instead of its sparse columns, and computed
// columns such as GETDATE() or DB_NAME() differ in equal tables. Equal sums are
// strong evidence and no proof: columns named in NotCompared take no part, and
// the function was made to notice changes, not to withstand malice.
func (s *Server) Contents(ctx context.Context, database string, progress func(done, of int)) ([]backup.TableSum, error) {
	in, err := tsql.Name(database)
	if err != nil {
		return nil, err
	}
	l, err := s.session(ctx)
	if err != nil {
		return nil, err
	}
	defer l.close()
	schemas, err := l.rows(ctx, "SELECT schema_id, name FROM "+in+".sys.schemas")
	if err != nil {
		return nil, err
	}
	schema := map[int64]string{}
	for _, r := range schemas {
		schema[r.integer("schema_id")] = r.text("name")
	}
	columns, err := columnsOf(ctx, l, in)
	if err != nil {
		return nil, err
	}
	tables, err := l.rows(ctx, "SELECT * FROM "+in+".sys.tables WHERE is_ms_shipped = 0 ORDER BY schema_id, name")
	if err != nil {
		return nil, err
	}
	out := make([]backup.TableSum, 0, len(tables))
	for i, t := range tables {
		if progress != nil {
			progress(i, len(tables))
		}
		if t.bit("is_external") {
			continue // its rows live elsewhere
		}
		name := schema[t.integer("schema_id")] + "." + t.text("name")
		sum, err := l.sum(ctx, in, schema[t.integer("schema_id")], t.text("name"), columns[t.integer("object_id")])
		if err != nil {
			return nil, fmt.Errorf("sum table %s: %w", name, err)
		}
		sum.Table = name
		out = append(out, sum)
	}
	return out, nil
}

func (l *session) sum(ctx context.Context, in, schema, table string, c columnsOfTable) (backup.TableSum, error) {
	quotedSchema, err := tsql.Name(schema)
	if err != nil {
		return backup.TableSum{}, err
	}
	quotedTable, err := tsql.Name(table)
	if err != nil {
		return backup.TableSum{}, err
	}
	sums := ""
	n := 0
	for names := range slices.Chunk(c.compared, columnsAtOnce) {
		for i := range names {
			if names[i], err = tsql.Name(names[i]); err != nil {
				return backup.TableSum{}, err
			}
		}
		sums += fmt.Sprintf(", CHECKSUM_AGG(BINARY_CHECKSUM(%s)) AS sum_%d", strings.Join(names, ", "), n)
		n++
	}
	rows, err := l.rows(ctx, fmt.Sprintf("SELECT COUNT_BIG(*) AS row_count%s FROM %s.%s.%s", sums, in, quotedSchema, quotedTable))
	if err != nil || len(rows) == 0 {
		return backup.TableSum{}, err
	}
	out := backup.TableSum{Rows: rows[0].integer("row_count"), NotCompared: c.left}
	for i := range n {
		out.Sum = out.Sum*31 + rows[0].integer(fmt.Sprintf("sum_%d", i))
	}
	return out, nil
}

// columnsAtOnce is how many columns one sum takes; a wide table of sparse
// columns has up to 30,000.
const columnsAtOnce = 500

// columnsOfTable tells what BINARY_CHECKSUM does with a table's columns.
type columnsOfTable struct {
	compared []string // names
	left     []string // names of those that take no part, or with their beginning alone, and why
}

// columnsOf reads the columns, hidden and sparse ones too. BINARY_CHECKSUM ignores image, text, ntext, xml
// and CLR types other than hierarchyid, and reads 255 characters of
// nvarchar(max) (documentation page "BINARY_CHECKSUM").
func columnsOf(ctx context.Context, l *session, in string) (map[int64]columnsOfTable, error) {
	const (
		image, text, ntext, clr, xml = 34, 35, 99, 240, 241
		varchar, nvarchar            = 167, 231
		hierarchy                    = 128
	)
	rows, err := l.rows(ctx, "SELECT * FROM "+in+".sys.columns ORDER BY object_id, column_id")
	if err != nil {
		return nil, err
	}
	out := map[int64]columnsOfTable{}
	for _, r := range rows {
		id, t := r.integer("object_id"), r.integer("system_type_id")
		c := out[id]
		name := r.text("name")
		switch {
		case r.bit("is_column_set"): // its sparse columns stand for it
		case r.bit("is_computed"):
			c.left = append(c.left, name+" (computed)")
		case t == image, t == text, t == ntext, t == xml, t == clr && r.integer("user_type_id") != hierarchy:
			c.left = append(c.left, name)
		case (t == nvarchar || t == varchar) && r.integer("max_length") == -1:
			c.compared = append(c.compared, name)
			c.left = append(c.left, name+" (beyond its beginning)")
		default:
			c.compared = append(c.compared, name)
		}
		out[id] = c
	}
	return out, nil
}
