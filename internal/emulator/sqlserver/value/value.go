// Package value holds the values of T-SQL: their types, how they convert, and
// how they compare.
package value

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
)

// Text shows a value as a conversion to nvarchar does; times in ISO form.
func Text(v any) string {
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

// ParseTime reads a time as people write it.
func ParseTime(s string) (time.Time, bool) {
	for _, f := range timeForms {
		if t, err := time.Parse(f, strings.TrimSpace(s)); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// Convert puts a value into a type.
func Convert(v any, t tds.Type) (any, error) {
	if v == nil || t.IsZero() {
		return v, nil
	}
	fail := func(what string) error {
		return tds.Refuse(245, 16, "Conversion failed when converting the %s value '%s' to data type %s.", kindOf(v), Text(v), what)
	}
	switch {
	case t.IsText():
		s := Text(v)
		if x, ok := v.(time.Time); ok {
			s = x.Format("2006-01-02 15:04:05.000")
		}
		if t.Size != tds.Max {
			s = Cut(s, t.Size)
		}
		return s, nil
	case t.IsInteger():
		d, ok := Decimal(v)
		if !ok {
			return nil, fail("int")
		}
		n := d.Rescale(0)
		if d.Int != nil && d.Scale > 0 { // conversions to whole numbers cut
			f := d.Float()
			n = tds.NewDecimal(int64(math.Trunc(f)))
		}
		if !n.Int.IsInt64() || bounds(n.Int.Int64(), t.Size) {
			return nil, tds.Refuse(8115, 16, "Arithmetic overflow error converting expression to data type int.")
		}
		return n.Int.Int64(), nil
	case t.IsBit():
		if s, ok := v.(string); ok && (strings.EqualFold(s, "true") || strings.EqualFold(s, "false")) {
			return strings.EqualFold(s, "true"), nil
		}
		d, ok := Decimal(v)
		if !ok {
			return nil, fail("bit")
		}
		return d.Int.Sign() != 0, nil
	case t.IsFloat():
		f, ok := Float(v)
		if !ok {
			return nil, tds.Refuse(8114, 16, "Error converting data type %s to float.", kindOf(v))
		}
		return f, nil
	case t.IsDecimal():
		d, ok := Decimal(v)
		if !ok {
			return nil, tds.Refuse(8114, 16, "Error converting data type %s to numeric.", kindOf(v))
		}
		d = d.Rescale(t.Scale)
		if d.Digits() > t.Precision {
			return nil, tds.Refuse(8115, 16, "Arithmetic overflow error converting %s to data type numeric.", kindOf(v))
		}
		return d, nil
	case t.IsTime():
		switch x := v.(type) {
		case time.Time:
			return x, nil
		case string:
			if at, ok := ParseTime(x); ok {
				return at, nil
			}
		}
		return nil, tds.Refuse(241, 16, "Conversion failed when converting date and/or time from character string.")
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
		return nil, tds.Refuse(8169, 16, "Conversion failed when converting from a character string to uniqueidentifier.")
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
		return nil, tds.Refuse(257, 16, "Implicit conversion from data type %s to varbinary is not allowed.", kindOf(v))
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

// Cut shortens a text to so many UTF-16 units.
func Cut(s string, n int) string {
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

// Decimal is a value as an exact number.
func Decimal(v any) (tds.Decimal, bool) {
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

// Float is a value as a floating number.
func Float(v any) (float64, bool) {
	switch x := v.(type) {
	case float64:
		return x, true
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(x), 64)
		return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
	}
	d, ok := Decimal(v)
	if !ok {
		return 0, false
	}
	return d.Float(), true
}

// Whole is a value as a whole number, 0 when it is none.
func Whole(v any) int64 {
	n, err := Convert(v, tds.BigInt)
	if err != nil || n == nil {
		return 0
	}
	return n.(int64)
}

// FromCell reads a value of its canonical text, in which tables hold it.
func FromCell(cell *string, t tds.Type) (any, error) {
	if cell == nil {
		return nil, nil
	}
	return Convert(*cell, t)
}

// Cell is the canonical text of a value; nil is NULL.
func Cell(v any) *string {
	if v == nil {
		return nil
	}
	s := Text(v)
	return &s
}

// LSN is a value of numeric(25,0).
func LSN(l bakfile.LSN) any {
	d, _ := Decimal(l)
	return d
}

// LSNOrNull is NULL for a zero one.
func LSNOrNull(l bakfile.LSN) any {
	if l.IsZero() {
		return nil
	}
	return LSN(l)
}

// TextOrNull is NULL for an empty text.
func TextOrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
