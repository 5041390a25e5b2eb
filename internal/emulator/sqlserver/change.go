package sqlserveremu

import (
	"context"
	"strings"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/contents"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/query"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

// forWriting finds the table that a statement changes and checks everything
// about it; the lock is held.
func (n *session) forWriting(name tsql.Name, permission string) (*database, *contents.Table, error) {
	s := n.server
	database := n.database
	if len(name) >= 3 && name.Part(2) != "" {
		database = name.Part(2)
	}
	db := s.find(database)
	if db == nil {
		return nil, nil, errNoDatabase(database)
	}
	r := n.rights()
	if !r.enters(db) {
		return nil, nil, errNoAccess(n.login, db.name)
	}
	if err := s.opens(db); err != nil {
		return nil, nil, err
	}
	schema := name.Part(1)
	if schema == "" {
		schema = "dbo"
	}
	t := db.tables[strings.ToLower(schema+"."+name.Last())]
	if t == nil || !n.Collation().Equal(t.FullName(), schema+"."+name.Last()) {
		return nil, nil, errNoObject(strings.Join(name, "."))
	}
	if !r.role(db, "db_datawriter") {
		return nil, nil, refusal(229, 14, "The %s permission was denied on the object '%s', database '%s', schema '%s'.", permission, t.Name, db.name, t.Schema)
	}
	if err := s.changes(db); err != nil {
		return nil, nil, err
	}
	return db, t, nil
}

// write logs and does a change of a row and remembers how to undo it; the lock
// is held.
func (n *session) write(db *database, t *contents.Table, c Change) {
	if n.tran != nil {
		inverse := Change{Kind: contents.DeleteRow, Table: c.Table, ID: c.ID}
		if before, ok := t.Rows[c.ID]; ok {
			inverse = Change{Kind: contents.PutRow, Table: c.Table, ID: c.ID, Values: before}
		}
		n.tran.undo = append(n.tran.undo, undo{db.name, inverse})
	}
	c.At = n.server.now()
	db.change(c)
}

func (n *session) insert(ctx context.Context, st *tsql.Insert) error {
	sc := query.New(ctx, n)
	rows, err := n.given(sc, st)
	if err != nil {
		return err
	}
	s := n.server
	s.mu.Lock()
	defer s.mu.Unlock()
	db, t, err := n.forWriting(st.Into, "INSERT")
	if err != nil {
		return err
	}
	places, err := t.Places(s.fold, st.Columns, len(rows) > 0 && len(rows[0]) == 0)
	if err != nil {
		return err
	}
	var changes []Change
	next := t.Next
	for _, row := range rows {
		if len(row) != len(places) {
			return refusal(213, 16, "Column name or number of supplied values does not match table definition.")
		}
		cells := make([]*string, len(t.Columns))
		for i, p := range places {
			typ, err := value.ParseType(t.Columns[p].Type)
			if err != nil {
				return err
			}
			v, err := value.Convert(row[i], typ)
			if err != nil {
				return err
			}
			cells[p] = value.Cell(v)
		}
		for i, c := range t.Columns {
			if cells[i] == nil && !c.Null {
				return refusal(515, 16, "Cannot insert the value NULL into column '%s', table '%s.%s.%s'; column does not allow nulls. INSERT fails.", c.Name, db.name, t.Schema, t.Name)
			}
		}
		changes = append(changes, Change{Kind: contents.PutRow, Table: t.FullName(), ID: next, Values: cells})
		next++
	}
	for _, c := range changes {
		n.write(db, t, c)
	}
	t.Touched(s.now())
	db.flush()
	n.ended(tds.CommandInsert, len(changes))
	return nil
}

func (n *session) ended(command int, rows int) {
	n.rowCount = int64(rows)
	n.reply.Done(command, n.rowCount)
}

// given evaluates the rows of an INSERT.
func (n *session) given(sc *query.Scope, st *tsql.Insert) (rows [][]any, err error) {
	if st.From != nil {
		r, err := sc.Select(st.From)
		if err != nil {
			return nil, err
		}
		return r.Rows, nil
	}
	for _, list := range st.Rows {
		row := make([]any, 0, len(list))
		for _, x := range list {
			v, err := sc.Value(x)
			if err != nil {
				return nil, err
			}
			row = append(row, v)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// matching lists the rows that a condition meets; the lock is held, so the
// condition must not ask views.
func (n *session) matching(ctx context.Context, t *contents.Table, where tsql.Expr) (*query.Scope, []int64, [][]any, error) {
	r, err := relationOf(t, n.server.now(), "")
	if err != nil {
		return nil, nil, nil, err
	}
	sc := query.New(ctx, n).Over(r, t.Name)
	if where != nil {
		if tsql.AsksServer(where) {
			return nil, nil, nil, refusal(40515, 16, "Subqueries in UPDATE and DELETE are not emulated.")
		}
		if err := sc.Check(where); err != nil {
			return nil, nil, nil, err
		}
	}
	var ids []int64
	var rows [][]any
	for i, id := range t.IDs() {
		sc.At(r.Rows[i])
		if where != nil {
			v, err := sc.Value(where)
			if err != nil {
				return nil, nil, nil, err
			}
			if yes, _ := v.(bool); !yes {
				continue
			}
		}
		ids, rows = append(ids, id), append(rows, r.Rows[i])
	}
	return sc, ids, rows, nil
}

func (n *session) update(ctx context.Context, st *tsql.Update) error {
	s := n.server
	s.mu.Lock()
	defer s.mu.Unlock()
	db, t, err := n.forWriting(st.Of, "UPDATE")
	if err != nil {
		return err
	}
	sc, ids, rows, err := n.matching(ctx, t, st.Where)
	if err != nil {
		return err
	}
	var changes []Change
	for i, id := range ids {
		cells := append([]*string(nil), t.Rows[id]...)
		sc.At(rows[i])
		for _, a := range st.Sets {
			places, err := t.Places(s.fold, []string{a.Column}, false)
			if err != nil {
				return err
			}
			if tsql.AsksServer(a.X) {
				return refusal(40515, 16, "Subqueries in UPDATE and DELETE are not emulated.")
			}
			v, err := sc.Value(a.X)
			if err != nil {
				return err
			}
			typ, err := value.ParseType(t.Columns[places[0]].Type)
			if err == nil {
				v, err = value.Convert(v, typ)
			}
			if err != nil {
				return err
			}
			cells[places[0]] = value.Cell(v)
		}
		changes = append(changes, Change{Kind: contents.PutRow, Table: t.FullName(), ID: id, Values: cells})
	}
	for _, c := range changes {
		n.write(db, t, c)
	}
	t.Touched(s.now())
	db.flush()
	n.ended(tds.CommandUpdate, len(changes))
	return nil
}

func (n *session) remove(ctx context.Context, st *tsql.Delete) error {
	s := n.server
	s.mu.Lock()
	defer s.mu.Unlock()
	db, t, err := n.forWriting(st.From, "DELETE")
	if err != nil {
		return err
	}
	_, ids, _, err := n.matching(ctx, t, st.Where)
	if err != nil {
		return err
	}
	for _, id := range ids {
		n.write(db, t, Change{Kind: contents.DeleteRow, Table: t.FullName(), ID: id})
	}
	t.Touched(s.now())
	db.flush()
	n.ended(tds.CommandDelete, len(ids))
	return nil
}
