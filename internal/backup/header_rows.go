package backup

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf16"

	"github.com/bakplane/bakplane/internal/fault"
)

// headerRows reads the rows as they are written: by PowerShell's ConvertTo-Json
// and its redirection, by FOR JSON, by hand.
func headerRows(r io.Reader) (rows []map[string]any, err error) {
	b, err := io.ReadAll(io.LimitReader(r, maxHeaders))
	if err != nil {
		return nil, fault.New(fault.Unavailable, "The headers cannot be read.", "Check the disk or share they lie on.").Because(err)
	}
	d := json.NewDecoder(bytes.NewReader(utf8Text(b)))
	d.UseNumber()
	for {
		var v any
		if err := d.Decode(&v); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, noRows(err)
		}
		found, ok := rowsIn(v)
		if !ok {
			return nil, noRows(nil)
		}
		rows = append(rows, found...)
	}
	if rows == nil {
		return nil, noRows(nil)
	}
	return rows, nil
}

func noRows(why error) error {
	return fault.New(fault.Invalid, "The headers are not JSON objects, one for each row.",
		"Give the rows of RESTORE HEADERONLY as [{\"BackupType\": 1, \"FirstLSN\": \"…\", …}, …].").Because(why)
}

// rowsIn takes an array of rows, one row, or the object with value and Count
// that Windows PowerShell makes of some arrays.
func rowsIn(v any) (rows []map[string]any, ok bool) {
	switch v := v.(type) {
	case []any:
		rows = []map[string]any{}
		for _, one := range v {
			row, ok := one.(map[string]any)
			if !ok {
				return nil, false
			}
			rows = append(rows, row)
		}
		return rows, true
	case map[string]any:
		if inner, ok := wrapped(v); ok {
			if list, ok := inner.([]any); ok {
				return rowsIn(list)
			}
		}
		return []map[string]any{v}, true
	}
	return nil, false
}

// plainValue is a column's value without what PowerShell puts around it: {} is
// NULL, an object with value is that value.
func plainValue(v any) any {
	o, ok := v.(map[string]any)
	if !ok {
		return v
	}
	if len(o) == 0 {
		return nil
	}
	if inner, ok := wrapped(o); ok {
		return inner
	}
	return v
}

func wrapped(o map[string]any) (any, bool) {
	for name, v := range o {
		if strings.EqualFold(name, "value") {
			return v, true
		}
	}
	return nil, false
}

// utf8Text turns UTF-16 with or without its mark into UTF-8 and drops the mark
// of either. JSON begins with a character of ASCII, so a zero byte beside it
// tells which UTF-16 it is.
func utf8Text(b []byte) []byte {
	var order binary.ByteOrder
	switch {
	case len(b) < 2:
		return b
	case b[0] == 0xff && b[1] == 0xfe:
		order, b = binary.LittleEndian, b[2:]
	case b[0] == 0xfe && b[1] == 0xff:
		order, b = binary.BigEndian, b[2:]
	case b[0] != 0 && b[1] == 0:
		order = binary.LittleEndian
	case b[0] == 0 && b[1] != 0:
		order = binary.BigEndian
	default:
		return bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	return []byte(string(utf16.Decode(units)))
}
