package value

import (
	"bytes"
	"cmp"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
)

// Collation says which texts are equal. The zero value is that of most servers:
// it ignores case and trailing spaces.
type Collation struct {
	CaseSensitive bool
}

// Fold gives equal texts one form.
func (c Collation) Fold(s string) string {
	s = strings.TrimRight(s, " ")
	if c.CaseSensitive {
		return s
	}
	return strings.ToLower(s)
}

// Pattern gives the pattern of LIKE the form of folded texts; its trailing
// spaces count.
func (c Collation) Pattern(s string) string {
	if c.CaseSensitive {
		return s
	}
	return strings.ToLower(s)
}

// Equal compares names.
func (c Collation) Equal(a, b string) bool {
	if c.CaseSensitive {
		return strings.TrimRight(a, " ") == strings.TrimRight(b, " ")
	}
	return strings.EqualFold(strings.TrimRight(a, " "), strings.TrimRight(b, " "))
}

// Compare orders two values that are not NULL.
func (c Collation) Compare(a, b any) (int, error) {
	if x, ok := a.(string); ok {
		if y, ok := b.(string); ok {
			if x == y {
				return 0, nil
			}
			return cmp.Compare(c.Fold(x), c.Fold(y)), nil
		}
		n, err := c.Compare(b, a)
		return -n, err
	}
	switch x := a.(type) {
	case int64:
		if y, ok := b.(int64); ok {
			return cmp.Compare(x, y), nil
		}
	case time.Time:
		y, err := Convert(b, tds.DateTime2(7))
		if err != nil {
			return 0, err
		}
		return x.Compare(y.(time.Time)), nil
	case bakfile.GUID:
		y, err := Convert(b, tds.GUID)
		if err != nil {
			return 0, err
		}
		g := y.(bakfile.GUID)
		return bytes.Compare(x[:], g[:]), nil
	case []byte:
		y, err := Convert(b, tds.VarBinary(tds.Max))
		if err != nil {
			return 0, err
		}
		return bytes.Compare(x, y.([]byte)), nil
	case float64:
		y, ok := Float(b)
		if !ok {
			return 0, tds.Refuse(8114, 16, "Error converting data type %s to float.", kindOf(b))
		}
		return cmp.Compare(x, y), nil
	}
	if y, ok := b.(float64); ok {
		x, _ := Float(a)
		return cmp.Compare(x, y), nil
	}
	x, ok1 := Decimal(a)
	y, ok2 := Decimal(b)
	if !ok1 || !ok2 {
		return 0, tds.Refuse(245, 16, "Conversion failed when converting the %s value '%s' to data type int.", kindOf(b), Text(b))
	}
	return x.Cmp(y), nil
}
