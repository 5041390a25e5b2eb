// Package checkdb is what DBCC CHECKDB says of damaged pages, as messages and as
// the table of WITH TABLERESULTS (public page "DBCC CHECKDB").
package checkdb

import (
	"fmt"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/query"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
)

const resultColumns = "Error int, Level int, State int, MessageText nvarchar(4000), RepairLevel nvarchar(22), Status int, DbId int, DbFragId int, ObjectId int, IndexId int, PartitionId bigint, AllocUnitId bigint, RidDbId int, RidPruId int, File int, Page int, Slot int, RefDbId int, RefPruId int, RefFile int, RefPage int, RefSlot int, Allocation int"

// Columns are those of the table.
func Columns() []tds.Column {
	columns := query.ColumnsOf(resultColumns)
	head := make([]tds.Column, len(columns))
	for i, c := range columns {
		head[i] = tds.Column{Name: c.Name, Type: c.Type}
	}
	return head
}

// Row is a message in the table.
func Row(m tds.Message, database int) []any {
	row := make([]any, len(Columns()))
	for i := range row {
		row[i] = int64(0)
	}
	row[0], row[1], row[2], row[3], row[4], row[6] = int64(m.Number), int64(m.Class), int64(1), m.Text, nil, int64(database)
	if m.IsError() {
		row[4] = "repair_allow_data_loss"
	}
	return row
}

// Findings are the messages of a check that met so many damaged pages of one
// object.
func Findings(database string, object int64, corrupt int) (errors []tds.Message, summary tds.Message) {
	for i := range corrupt {
		errors = append(errors, tds.Message{Number: 8928, State: 1, Class: 16, Text: fmt.Sprintf("Object ID %d, index ID 0, partition ID %d, alloc unit ID %d (type In-row data): Page (1:%d) could not be processed.  See other errors for details.",
			object, object<<8, object<<8, 153+8*i)})
	}
	return errors, tds.Message{Number: 8989, State: 1, Class: 10, Text: fmt.Sprintf("CHECKDB found 0 allocation errors and %d consistency errors in database '%s'.", corrupt, database)}
}
