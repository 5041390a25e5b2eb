package sqlserveremu

import (
	"context"
	"strings"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/disk"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/media"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/query"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

// call runs a procedure that a client calls remotely.
func (n *session) call(ctx context.Context, r *tds.Request) error {
	switch strings.ToLower(r.Proc) {
	case "sp_executesql":
		if len(r.Params) == 0 {
			return errNoParameter("sp_executesql", "@statement")
		}
		declaration, values := "", []tds.Param(nil)
		if len(r.Params) > 1 {
			declaration, values = r.Params[1].Text(), r.Params[2:]
		}
		return n.parametrised(ctx, prepared{r.Params[0].Text(), declaration}, values)
	case "sp_prepare", "sp_prepexec":
		if len(r.Params) < 3 {
			return errNoParameter(r.Proc, "@stmt")
		}
		p := prepared{r.Params[2].Text(), r.Params[1].Text()}
		if _, err := tsql.Parse(p.sql); err != nil {
			return err
		}
		if len(n.prepared) >= 1000 {
			return refusal(701, 17, "There is insufficient system memory in resource pool 'default' to run this query.")
		}
		n.handle++
		n.prepared[n.handle] = p
		var err error
		if strings.EqualFold(r.Proc, "sp_prepexec") {
			err = n.parametrised(ctx, p, r.Params[3:])
		}
		if e := n.reply.ReturnValue(tds.Param{Name: r.Params[0].Name, Type: tds.Int, Value: n.handle}); err == nil {
			err = e
		}
		return err
	case "sp_execute", "sp_unprepare":
		var handle int64 = -1
		if len(r.Params) > 0 {
			handle, _ = r.Params[0].Value.(int64)
		}
		p, ok := n.prepared[handle]
		if !ok {
			return refusal(8179, 16, "Could not find prepared statement with handle %d.", handle)
		}
		if strings.EqualFold(r.Proc, "sp_unprepare") {
			delete(n.prepared, handle)
			return nil
		}
		return n.parametrised(ctx, p, r.Params[1:])
	}
	var args []argument
	for _, p := range r.Params {
		args = append(args, argument{p.Name, p.Value})
	}
	name, err := procedureName(r.Proc)
	if err != nil {
		return err
	}
	n.vars = map[string]variable{}
	n.begins("EXECUTE", r.Proc)
	err = n.visit(ctx, "EXECUTE", name.Last(), func(ctx context.Context) error { return n.procedure(ctx, name, args) })
	n.hear(r.Proc, err)
	return err
}

func errNoParameter(proc, name string) error {
	return refusal(201, 16, "Procedure or function '%s' expects parameter '%s', which was not supplied.", proc, name)
}

// procedureName reads the name in a call.
func procedureName(text string) (tsql.Name, error) {
	st, err := tsql.Parse("EXEC " + text)
	if err != nil || len(st) != 1 {
		return nil, refusal(2812, 16, "Could not find stored procedure '%s'.", text)
	}
	e, ok := st[0].(*tsql.Exec)
	if !ok || e.Name == nil || len(e.Args) > 0 {
		return nil, refusal(2812, 16, "Could not find stored procedure '%s'.", text)
	}
	return e.Name, nil
}

// parametrised runs a statement with parameters; output ones come back.
func (n *session) parametrised(ctx context.Context, p prepared, values []tds.Param) error {
	statements, err := tsql.Parse(p.sql)
	if err != nil {
		n.hear(p.sql, err)
		return err
	}
	n.vars = map[string]variable{}
	var declared []*tsql.Declare
	if strings.TrimSpace(p.declaration) != "" {
		st, err := tsql.Parse("DECLARE " + strings.NewReplacer(" OUTPUT", "", " output", "", " OUT", "").Replace(p.declaration))
		if err != nil {
			return err
		}
		for _, d := range st[0].(*tsql.Block).Statements {
			declared = append(declared, d.(*tsql.Declare))
		}
	}
	for i, v := range values {
		name := v.Name
		if name == "" && i < len(declared) {
			name = declared[i].Name
		}
		typ := v.Type
		for _, d := range declared {
			if n.server.fold.Equal(d.Name, name) {
				if typ, err = value.TypeOf(d.Type); err != nil {
					return err
				}
			}
		}
		n.set(name, typ, v.Value)
	}
	for _, d := range declared {
		if _, ok := n.vars[n.server.key(d.Name)]; !ok {
			return refusal(8178, 16, "The parameterized query '%s' expects the parameter '%s', which was not supplied.", p.sql, d.Name)
		}
	}
	if err := n.run(ctx, p.sql, statements); err != nil {
		return err
	}
	for _, v := range values {
		if now, ok := n.vars[n.server.key(v.Name)]; ok && v.Output {
			v.Type, v.Value = now.typ, now.value
			if err := n.reply.ReturnValue(v); err != nil {
				return err
			}
		}
	}
	return nil
}

// argument is one given to a procedure.
type argument struct {
	name  string
	value any
}

func text(args []argument, place int, name string) string {
	for i, a := range args {
		if strings.EqualFold(a.name, name) || a.name == "" && i == place {
			return value.Text(a.value)
		}
	}
	return ""
}

// procedure runs one of the procedures there are.
func (n *session) procedure(ctx context.Context, name tsql.Name, args []argument) error {
	if known, err := n.serviced(name, args); known {
		return err
	}
	switch strings.ToLower(name.Last()) {
	case "sp_executesql":
		statement, declaration := text(args, 0, "@stmt"), text(args, 1, "@params")
		var values []tds.Param
		for _, a := range args[min(2, len(args)):] {
			values = append(values, tds.Param{Name: a.name, Type: tds.NVarChar(tds.Max), Value: a.value})
		}
		outer := n.vars
		defer func() { n.vars = outer }()
		return n.parametrised(ctx, prepared{statement, declaration}, values)
	case "xp_create_subdir":
		if !n.allowed("EXECUTE xp_create_subdir") {
			return refusal(229, 14, "The EXECUTE permission was denied on the object 'xp_create_subdir', database 'mssqlsystemresource', schema 'sys'.")
		}
		if err := disk.Reach(n.server.reach).Make(text(args, 0, "@dir")); err != nil {
			return refusal(22048, 16, "xp_create_subdir() returned error %s, '%s'", strings.SplitN(media.OSErrorOf(err).Error(), "(", 2)[0], media.OSErrorOf(err))
		}
		n.reply.Done(0, -1)
		return nil
	case "xp_dirtree":
		columns, files := "subdirectory nvarchar(512), depth int", text(args, 2, "@files") == "1"
		if files {
			columns += ", file int"
		}
		return n.give(columns, disk.Reach(n.server.reach).Tree(text(args, 0, "@dir"), text(args, 1, "@depth"), files))
	case "sp_delete_backuphistory": // all of it, whatever the date
		n.server.history.Purge(n.server.now())
		return nil
	case "sp_reset_connection":
		n.Reset()
		return nil
	}
	return refusal(2812, 16, "Could not find stored procedure '%s'.", strings.Join(name, "."))
}

func (n *session) allowed(permission string) bool {
	n.server.mu.Lock()
	defer n.server.mu.Unlock()
	return n.rights().server(permission)
}

// give sends a procedure's rows.
func (n *session) give(columns string, rows [][]any) error {
	var out []tds.Column
	for _, c := range query.ColumnsOf(columns) {
		out = append(out, tds.Column{Name: c.Name, Type: c.Type})
	}
	n.reply.Columns(out)
	for _, row := range rows {
		if err := n.reply.Row(row); err != nil {
			return err
		}
	}
	n.reply.Done(tds.CommandSelect, int64(len(rows)))
	return nil
}
