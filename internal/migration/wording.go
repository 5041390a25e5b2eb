package migration

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"
)

// Size words bytes as DBAs and SQL Server do: powers of 1024, called KB and MB.
func Size(n int64) string {
	return strings.Replace(humanize.IBytes(uint64(max(n, 0))), "iB", "B", 1)
}

// Count words a number of things.
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
