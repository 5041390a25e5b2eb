package value

import (
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
)

// TypeOf is the type behind its name in SQL.
func TypeOf(t tsql.TypeName) (tds.Type, error) {
	arg := func(i, otherwise int) int {
		if i < len(t.Args) {
			return t.Args[i]
		}
		return otherwise
	}
	bad := tds.Refuse(243, 16, "Type %s is not a defined system type.", t.Name)
	switch t.Name {
	case "int", "integer":
		return tds.Int, nil
	case "bigint":
		return tds.BigInt, nil
	case "smallint":
		return tds.SmallInt, nil
	case "tinyint":
		return tds.TinyInt, nil
	case "bit":
		return tds.Bit, nil
	case "float":
		return tds.Float, nil
	case "real":
		return tds.Real, nil
	case "decimal", "numeric", "dec":
		p, s := arg(0, 18), arg(1, 0)
		if p < 1 || p > 38 || s < 0 || s > p {
			return tds.Type{}, tds.Refuse(2750, 16, "Column or parameter #1: Specified column precision %d is greater than the maximum precision of 38.", p)
		}
		if t.Name == "numeric" {
			return tds.Numeric(p, s), nil
		}
		return tds.DecimalType(p, s), nil
	case "money":
		return tds.DecimalType(19, 4), nil
	case "datetime", "smalldatetime":
		return tds.DateTime, nil
	case "date":
		return tds.Date, nil
	case "datetime2":
		return tds.DateTime2(min(max(arg(0, 7), 0), 7)), nil
	case "datetimeoffset":
		return tds.DateTimeOffset(min(max(arg(0, 7), 0), 7)), nil
	case "uniqueidentifier":
		return tds.GUID, nil
	case "sysname":
		return tds.NVarChar(128), nil
	case "nvarchar", "nchar", "varchar", "char", "varbinary", "binary":
		n := arg(0, 30)
		most := 8000
		if t.Name[0] == 'n' {
			most = 4000
		}
		if n != tds.Max && (n < 1 || n > most) {
			return tds.Type{}, tds.Refuse(131, 15, "The size (%d) given to the type '%s' exceeds the maximum allowed for any data type (8000).", n, t.Name)
		}
		return map[string]func(int) tds.Type{"nvarchar": tds.NVarChar, "nchar": tds.NChar, "varchar": tds.VarChar, "char": tds.Char,
			"varbinary": tds.VarBinary, "binary": tds.VarBinary}[t.Name](n), nil
	}
	return tds.Type{}, bad
}

// ParseType reads a type as text.
func ParseType(s string) (tds.Type, error) {
	st, err := tsql.Parse("DECLARE @x " + s)
	if err != nil {
		return tds.Type{}, err
	}
	return TypeOf(st[0].(*tsql.Block).Statements[0].(*tsql.Declare).Type)
}

// TypeFor is the type of a value for which no column says one.
func TypeFor(v any) tds.Type {
	switch x := v.(type) {
	case int64:
		if x == int64(int32(x)) {
			return tds.Int
		}
		return tds.BigInt
	case bool:
		return tds.Bit
	case float64:
		return tds.Float
	case tds.Decimal:
		return tds.Numeric(38, x.Scale)
	case time.Time:
		return tds.DateTime2(7)
	case bakfile.GUID:
		return tds.GUID
	case []byte:
		return tds.VarBinary(tds.Max)
	case string:
		if len(x) > 4000 {
			return tds.NVarChar(tds.Max)
		}
	}
	return tds.NVarChar(4000)
}

// Wider is a type that holds the values of both.
func Wider(a, b tds.Type) tds.Type {
	switch {
	case a.IsZero():
		return b
	case b.IsZero() || a == b:
		return a
	case a.IsText() && b.IsText():
		if a.Size == tds.Max || b.Size == tds.Max {
			return tds.NVarChar(tds.Max)
		}
		return tds.NVarChar(max(a.Size, b.Size))
	case a.IsText():
		return b
	case b.IsText():
		return a
	case a.IsFloat() || b.IsFloat():
		return tds.Float
	case a.IsDecimal() && b.IsDecimal():
		scale := max(a.Scale, b.Scale)
		return tds.Numeric(min(38, max(a.Precision-a.Scale, b.Precision-b.Scale)+scale), scale)
	case a.IsDecimal():
		return a
	case b.IsDecimal():
		return b
	case a.IsInteger() && b.IsInteger() && b.Size > a.Size, a.IsBit():
		return b
	}
	return a
}
