package sqlserveremu_test

import (
	"fmt"
	"testing"

	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
)

func BenchmarkSelect(b *testing.B) {
	s := start(b, func(c *sqlserveremu.Config) {
		c.Databases = []sqlserveremu.DatabaseSpec{{Name: "Shop", Tables: []sqlserveremu.TableSpec{{Name: "T", Rows: 100_000}}}}
	})
	for b.Loop() {
		if n := len(rows(b, s.db, "SELECT id, name, amount, changed FROM Shop.dbo.T")); n != 100_000 {
			b.Fatal(n)
		}
	}
	b.ReportMetric(100_000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkBackup(b *testing.B) {
	s := start(b, func(c *sqlserveremu.Config) {
		c.Databases = []sqlserveremu.DatabaseSpec{{Name: "Shop", Size: 64 << 20, Tables: tables()}}
	})
	b.SetBytes(64 << 20)
	for b.Loop() {
		s.exec(b, "BACKUP DATABASE Shop TO DISK = 'x.bak' WITH INIT")
	}
}

func BenchmarkTailLogBackup(b *testing.B) {
	s := start(b, nil)
	s.exec(b, "BACKUP DATABASE Shop TO DISK = 'full.bak'")
	for i := 0; b.Loop(); i++ {
		s.exec(b, fmt.Sprintf("BACKUP LOG Shop TO DISK = 'tail%d.trn' WITH NORECOVERY; RESTORE DATABASE Shop WITH RECOVERY", i))
	}
}
