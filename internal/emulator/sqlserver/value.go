package sqlserveremu

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
)

// typeOf is the type behind its name in SQL.
func typeOf(t tsql.TypeName) (tds.Type, error) {
	arg := func(i, otherwise int) int {
		if i < len(t.Args) {
			return t.Args[i]
		}
		return otherwise
	}
	bad := refusal(243, 16, "Type %s is not a defined system type.", t.Name)
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
			return tds.Type{}, refusal(2750, 16, "Column or parameter #1: Specified column precision %d is greater than the maximum precision of 38.", p)
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
			return tds.Type{}, refusal(131, 15, "The size (%d) given to the type '%s' exceeds the maximum allowed for any data type (8000).", n, t.Name)
		}
		return map[string]func(int) tds.Type{"nvarchar": tds.NVarChar, "nchar": tds.NChar, "varchar": tds.VarChar, "char": tds.Char,
			"varbinary": tds.VarBinary, "binary": tds.VarBinary}[t.Name](n), nil
	}
	return tds.Type{}, bad
}

// parseType reads a type as text.
func parseType(s string) (tds.Type, error) {
	st, err := tsql.Parse("DECLARE @x " + s)
	if err != nil {
		return tds.Type{}, err
	}
	return typeOf(st[0].(*tsql.Block).Statements[0].(*tsql.Declare).Type)
}

// toText shows a value as a conversion to nvarchar does; times in ISO form.
func toText(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case bool:
		if x {
			return "1"
		}
		return "0"
	case int64:
		return strconv.FormatInt(x, 10)
	case float64:
		return strconv.FormatFloat(x, 'g', -1, 64)
	case time.Time:
		return x.Format("2006-01-02T15:04:05.0000000")
	case bakfile.GUID:
		return strings.ToUpper(x.String())
	case []byte:
		return "0x" + strings.ToUpper(hex.EncodeToString(x))
	}
	return fmt.Sprint(v)
}

var timeForms = []string{"2006-01-02T15:04:05.9999999Z07:00", "2006-01-02 15:04:05.9999999 -07:00", "2006-01-02T15:04:05.9999999",
	"2006-01-02 15:04:05.9999999", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02", "20060102 15:04:05.999", "20060102"}

func parseTime(s string) (time.Time, bool) {
	for _, f := range timeForms {
		if t, err := time.Parse(f, strings.TrimSpace(s)); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// convert puts a value into a type.
func convert(v any, t tds.Type) (any, error) {
	if v == nil || t.IsZero() {
		return v, nil
	}
	fail := func(what string) error {
		return refusal(245, 16, "Conversion failed when converting the %s value '%s' to data type %s.", kindOf(v), toText(v), what)
	}
	switch {
	case t.IsText():
		s := toText(v)
		if x, ok := v.(time.Time); ok {
			s = x.Format("2006-01-02 15:04:05.000")
		}
		if t.Size != tds.Max {
			s = cut(s, t.Size)
		}
		return s, nil
	case t.IsInteger():
		d, ok := toDecimal(v)
		if !ok {
			return nil, fail("int")
		}
		n := d.Rescale(0)
		if d.Int != nil && d.Scale > 0 { // conversions to whole numbers cut
			f := d.Float()
			n = tds.NewDecimal(int64(math.Trunc(f)))
		}
		if !n.Int.IsInt64() || bounds(n.Int.Int64(), t.Size) {
			return nil, refusal(8115, 16, "Arithmetic overflow error converting expression to data type int.")
		}
		return n.Int.Int64(), nil
	case t.IsBit():
		if s, ok := v.(string); ok && (strings.EqualFold(s, "true") || strings.EqualFold(s, "false")) {
			return strings.EqualFold(s, "true"), nil
		}
		d, ok := toDecimal(v)
		if !ok {
			return nil, fail("bit")
		}
		return d.Int.Sign() != 0, nil
	case t.IsFloat():
		f, ok := toFloat(v)
		if !ok {
			return nil, refusal(8114, 16, "Error converting data type %s to float.", kindOf(v))
		}
		return f, nil
	case t.IsDecimal():
		d, ok := toDecimal(v)
		if !ok {
			return nil, refusal(8114, 16, "Error converting data type %s to numeric.", kindOf(v))
		}
		d = d.Rescale(t.Scale)
		if d.Digits() > t.Precision {
			return nil, refusal(8115, 16, "Arithmetic overflow error converting %s to data type numeric.", kindOf(v))
		}
		return d, nil
	case t.IsTime():
		switch x := v.(type) {
		case time.Time:
			return x, nil
		case string:
			if at, ok := parseTime(x); ok {
				return at, nil
			}
		}
		return nil, refusal(241, 16, "Conversion failed when converting date and/or time from character string.")
	case t.IsGUID():
		switch x := v.(type) {
		case bakfile.GUID:
			return x, nil
		case []byte:
			if len(x) == 16 {
				return bakfile.GUIDFromWire(x), nil
			}
		case string:
			if g, err := bakfile.ParseGUID(x); err == nil {
				return g, nil
			}
		}
		return nil, refusal(8169, 16, "Conversion failed when converting from a character string to uniqueidentifier.")
	case t.IsBinary():
		switch x := v.(type) {
		case []byte:
			return x, nil
		case string:
			return []byte(x), nil
		case bakfile.GUID:
			w := x.Wire()
			return w[:], nil
		}
		return nil, refusal(257, 16, "Implicit conversion from data type %s to varbinary is not allowed.", kindOf(v))
	}
	return v, nil
}

func bounds(n int64, size int) bool {
	switch size {
	case 1:
		return n < 0 || n > 255
	case 2:
		return n != int64(int16(n))
	case 4:
		return n != int64(int32(n))
	}
	return false
}

func cut(s string, n int) string {
	units := 0
	for i, r := range s {
		units++
		if r > 0xffff {
			units++
		}
		if units > n {
			return s[:i]
		}
	}
	return s
}

func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "nvarchar"
	case int64:
		return "int"
	case bool:
		return "bit"
	case float64:
		return "float"
	case tds.Decimal:
		return "numeric"
	case time.Time:
		return "datetime"
	case bakfile.GUID:
		return "uniqueidentifier"
	}
	return "varbinary"
}

func toDecimal(v any) (tds.Decimal, bool) {
	switch x := v.(type) {
	case tds.Decimal:
		return x, x.Int != nil
	case int64:
		return tds.NewDecimal(x), true
	case bool:
		if x {
			return tds.NewDecimal(1), true
		}
		return tds.NewDecimal(0), true
	case float64:
		d, err := tds.ParseDecimal(strconv.FormatFloat(x, 'f', 10, 64))
		return d, err == nil
	case string:
		if strings.TrimSpace(x) == "" {
			return tds.NewDecimal(0), true
		}
		d, err := tds.ParseDecimal(x)
		return d, err == nil
	case bakfile.LSN:
		d, err := tds.ParseDecimal(x.String())
		return d, err == nil
	}
	return tds.Decimal{}, false
}

func toFloat(v any) (float64, bool) {
	switch x := v.(type) {
	case float64:
		return x, true
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(x), 64)
		return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
	}
	d, ok := toDecimal(v)
	if !ok {
		return 0, false
	}
	return d.Float(), true
}

// compare orders two values that are not NULL. The text of the collation
// ignores case and trailing spaces.
func compare(a, b any) (int, error) {
	if x, ok := a.(string); ok {
		if y, ok := b.(string); ok {
			return cmp.Compare(fold(x), fold(y)), nil
		}
		n, err := compare(b, a)
		return -n, err
	}
	switch x := a.(type) {
	case time.Time:
		y, err := convert(b, tds.DateTime2(7))
		if err != nil {
			return 0, err
		}
		return x.Compare(y.(time.Time)), nil
	case bakfile.GUID:
		y, err := convert(b, tds.GUID)
		if err != nil {
			return 0, err
		}
		g := y.(bakfile.GUID)
		return bytes.Compare(x[:], g[:]), nil
	case []byte:
		y, err := convert(b, tds.VarBinary(tds.Max))
		if err != nil {
			return 0, err
		}
		return bytes.Compare(x, y.([]byte)), nil
	case float64:
		y, ok := toFloat(b)
		if !ok {
			return 0, refusal(8114, 16, "Error converting data type %s to float.", kindOf(b))
		}
		return cmp.Compare(x, y), nil
	}
	if y, ok := b.(float64); ok {
		x, _ := toFloat(a)
		return cmp.Compare(x, y), nil
	}
	x, ok1 := toDecimal(a)
	y, ok2 := toDecimal(b)
	if !ok1 || !ok2 {
		return 0, refusal(245, 16, "Conversion failed when converting the %s value '%s' to data type int.", kindOf(b), toText(b))
	}
	return x.Cmp(y), nil
}

func fold(s string) string { return strings.ToLower(strings.TrimRight(s, " ")) }
