package sqlserveremu

import (
	"context"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/contents"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/query"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

const resultColumns = "Error int, Level int, State int, MessageText nvarchar(4000), RepairLevel nvarchar(22), Status int, DbId int, DbFragId int, ObjectId int, IndexId int, PartitionId bigint, AllocUnitId bigint, RidDbId int, RidPruId int, [File] int, Page int, Slot int, RefDbId int, RefPruId int, RefFile int, RefPage int, RefSlot int, Allocation int"

// checkDB runs DBCC CHECKDB: errors are those that the control door asked for.
func (n *session) checkDB(ctx context.Context, st *tsql.CheckDB) error {
	s := n.server
	name := n.Database()
	if st.Database != nil {
		v, err := n.constant(st.Database)
		if err != nil {
			return err
		}
		name = value.Text(v)
	}
	s.mu.Lock()
	db := s.find(name)
	var err error
	switch {
	case db == nil:
		err = errNoDatabase(name)
	case !n.rights().role(db):
		err = refusal(7983, 14, "User '%s' does not have permission to run DBCC checkdb for database '%s'.", n.login, db.name)
	default:
		err = s.opens(db)
	}
	corrupt := 0
	var tables []*contents.Table
	if err == nil {
		corrupt, tables = db.corrupt, db.tables.Sorted()
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	if err := n.lasts(ctx, s.config.CheckTime); err != nil {
		return err
	}
	errors, summary := findings(db, corrupt, tables)
	quiet := st.Options["NO_INFOMSGS"] || st.Options["PHYSICAL_ONLY"]
	if st.Options["TABLERESULTS"] {
		if db.name == "master" { // the Resource database has a result of its own; which comes first is not documented
			if err := n.checkTable(db, nil, summary, true); err != nil {
				return err
			}
		}
		if err := n.checkTable(db, errors, summary, quiet); err != nil {
			return err
		}
	} else {
		for _, m := range errors {
			n.reply.Message(m)
		}
		if corrupt > 0 || !quiet {
			n.reply.Message(summary)
		}
		if !quiet {
			n.info(2528, "DBCC execution completed. If DBCC printed error messages, contact your system administrator.")
		}
	}
	s.mu.Lock()
	if corrupt == 0 {
		db.lastCheck = s.now()
	}
	s.mu.Unlock()
	if corrupt > 0 && !st.Options["TABLERESULTS"] {
		n.failed = 8928
		n.reply.Failed()
		return nil
	}
	n.reply.Done(0, -1)
	return nil
}

// findings are the messages of a check.
func findings(db *database, corrupt int, tables []*contents.Table) (errors []tds.Message, summary tds.Message) {
	object := int64(2105058535)
	if len(tables) > 0 {
		object = int64(tables[0].ID)
	}
	for i := range corrupt {
		page := 153 + 8*i
		m := refusal(8928, 16, "Object ID %d, index ID 0, partition ID %d, alloc unit ID %d (type In-row data): Page (1:%d) could not be processed.  See other errors for details.", object, object<<8, object<<8, page)
		errors = append(errors, m.(tds.Message))
	}
	summary = tds.Message{Number: 8989, State: 1, Class: 10}
	summary.Text = refusal(8989, 10, "CHECKDB found 0 allocation errors and %d consistency errors in database '%s'.", corrupt, db.name).Error()
	return errors, summary
}

func (n *session) checkTable(db *database, errors []tds.Message, summary tds.Message, quiet bool) error {
	columns := query.ColumnsOf(resultColumns)
	head := make([]tds.Column, len(columns))
	for i, c := range columns {
		name := c.Name
		if name == "[File]" {
			name = "File"
		}
		head[i] = tds.Column{Name: name, Type: c.Type}
	}
	n.reply.Columns(head)
	list := errors
	if len(errors) > 0 || !quiet {
		list = append(list, summary)
	}
	for _, m := range list {
		row := make([]any, len(head))
		for i := range row {
			row[i] = int64(0)
		}
		row[0], row[1], row[2], row[3], row[4], row[6] = int64(m.Number), int64(m.Class), int64(1), m.Text, nil, int64(db.id)
		if m.IsError() {
			row[4] = "repair_allow_data_loss"
		}
		if err := n.reply.Row(row); err != nil {
			return err
		}
	}
	n.reply.Done(tds.CommandSelect, int64(len(list)))
	return nil
}

// lasts lets a statement take its time, with its percentage shown to others.
func (n *session) lasts(ctx context.Context, d time.Duration) error {
	begun := time.Now()
	for passed := time.Duration(0); passed < d; passed = time.Since(begun) {
		n.server.mu.Lock()
		if n.activity != nil {
			n.activity.percent = 100 * float64(passed) / float64(d)
		}
		n.server.mu.Unlock()
		if err := sleep(ctx, min(10*time.Millisecond, d)); err != nil {
			return err
		}
	}
	return nil
}
