package contents

import (
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/value"
)

// Places finds the columns that values are given for. Without names these are
// all, or none where no values are given either.
func (t *Table) Places(fold value.Collation, names []string, none bool) (out []int, err error) {
	if len(names) == 0 {
		for i := range t.Columns {
			if !none {
				out = append(out, i)
			}
		}
		return out, nil
	}
	for _, name := range names {
		at := -1
		for i, c := range t.Columns {
			if fold.Equal(c.Name, name) {
				at = i
			}
		}
		if at < 0 {
			return nil, tds.Refuse(207, 16, "Invalid column name '%s'.", name)
		}
		out = append(out, at)
	}
	return out, nil
}
