package migration

import (
	"strings"
	"testing"
)

func TestBadDatabaseName(t *testing.T) {
	for name, bad := range map[string]bool{
		"shop": false, "": true, " \t": true, strings.Repeat("ü", 124): false, strings.Repeat("ü", 125): true, "Master": true, "model": true, "MSDB": true, "tempdb": true,
		"rdscore": true, "distribution": true, "masters": false, "a\nb": true, "a b": false,
	} {
		if got := !BadDatabaseName(name).IsZero(); got != bad {
			t.Errorf("%q is bad: %v", name, got)
		}
	}
}
