package migration

import (
	"fmt"
	"strings"
	"time"

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

// lasting words a duration as people say it: seconds up to two minutes,
// minutes up to three hours, then hours with their minutes, then days.
func lasting(d time.Duration) string {
	d = max(d, 0)
	if s := d.Round(time.Second); s < 2*time.Minute {
		return fmt.Sprintf("%d s", s/time.Second)
	}
	m := d.Round(time.Minute)
	switch hours, minutes := m/time.Hour, m%time.Hour/time.Minute; {
	case m < 3*time.Hour:
		return fmt.Sprintf("%d min", m/time.Minute)
	case hours >= 48:
		return fmt.Sprintf("%d days", d.Round(24*time.Hour)/(24*time.Hour))
	case minutes == 0:
		return fmt.Sprintf("%d h", hours)
	default:
		return fmt.Sprintf("%d h %d min", hours, minutes)
	}
}
