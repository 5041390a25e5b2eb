package contents

import (
	"fmt"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

// DefaultColumns are some of every type.
var DefaultColumns = []Column{{Name: "id", Type: "int"}, {Name: "name", Type: "nvarchar(50)", Null: true}, {Name: "amount", Type: "decimal(19,4)", Null: true}, {Name: "changed", Type: "datetime", Null: true}}

// Generated makes believable values.
func Generated(columns []Column, id int64, version int) []*string {
	out := make([]*string, len(columns))
	for i, c := range columns {
		typ, err := value.ParseType(c.Type)
		if err != nil {
			continue
		}
		var v any
		switch {
		case i == 0 && typ.IsInteger():
			v = id
		case typ.IsBit():
			v = version%2 == 1
		case typ.IsInteger():
			v = int64(version % 100)
		case typ.IsDecimal():
			d, _ := tds.ParseDecimal(fmt.Sprintf("%d.%02d", version, id%100))
			v = d.Rescale(typ.Scale)
		case typ.IsTime():
			v = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(version) * time.Minute)
		case typ.IsFloat():
			v = float64(version) / 4
		case typ.IsGUID():
			v = bakfile.GUID{1, byte(id), byte(version)}
		default:
			v = fmt.Sprintf("row %d.%d Ж", id, version)
		}
		if v, err = value.Convert(v, typ); err == nil {
			out[i] = value.Cell(v)
		}
	}
	return out
}
