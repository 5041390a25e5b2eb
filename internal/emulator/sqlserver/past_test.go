package sqlserveremu_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
)

const million = 1_000_000

// A million rows of history take no memory, are found by what people ask for,
// and what is backed up now stands behind them.
func TestAMillionSetsOfHistoryCostNothing(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s := start(t, func(c *sqlserveremu.Config) {
		c.History = million
		c.Databases = append(c.Databases, sqlserveremu.DatabaseSpec{Name: "Stock", Tables: tables()})
	})
	s.exec(t, "BACKUP DATABASE [Shop] TO DISK = N'now.bak'")
	newest := fmt.Sprint(million + 1)
	for query, want := range map[string]string{
		"SELECT COUNT(*), MAX(backup_set_id), MIN(backup_set_id) FROM msdb.dbo.backupset":                                                                                                                            newest + "|" + newest + "|1",
		"SELECT TOP (1) backup_set_id, database_name, name FROM msdb.dbo.backupset ORDER BY backup_set_id DESC":                                                                                                      newest + "|Shop|NULL",
		"SELECT TOP (1) backup_set_id, database_name FROM msdb.dbo.backupset WHERE database_name = N'stock' ORDER BY backup_set_id":                                                                                  "2|Stock",
		"SELECT TOP (1) backup_set_id FROM msdb.dbo.backupset WHERE database_name = N'Stock' ORDER BY backup_finish_date DESC":                                                                                       fmt.Sprint(million),
		"SELECT COUNT(*) FROM msdb.dbo.backupset WHERE backup_set_id IN (7, 700, 700000, 7000000)":                                                                                                                   "3",
		"SELECT COUNT(*) FROM msdb.dbo.backupset WHERE name = N'nobody took this'":                                                                                                                                   "0",
		"SELECT COUNT(*) FROM msdb.dbo.backupmediafamily WHERE media_set_id IN (1, 999999, " + newest + ")":                                                                                                          "3",
		"SELECT COUNT(*) FROM msdb.dbo.backupset b JOIN msdb.dbo.backupmediafamily f ON f.media_set_id = b.media_set_id WHERE b.database_name = N'Shop' AND b.backup_set_id > 999000":                                "501",
		"SELECT COUNT(*) FROM msdb.dbo.backupset b JOIN (SELECT MAX(backup_set_id) AS newest FROM msdb.dbo.backupset WHERE type IN ('D', 'I', 'L') GROUP BY database_name, type) AS m ON m.newest = b.backup_set_id": "6",
		// The chain of the past is whole: each log begins where the one before ended.
		"SELECT COUNT(*) FROM msdb.dbo.backupset a JOIN msdb.dbo.backupset b ON b.backup_set_id = a.backup_set_id WHERE a.backup_set_id BETWEEN 100 AND 200 AND a.backup_set_id >= 100 AND a.backup_set_id <= 200 AND a.first_lsn < a.last_lsn AND b.family_guid = a.family_guid": "101",
	} {
		if got := one(t, s.db, query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	if got := rows(t, s.db, "SELECT TOP (3) * FROM msdb.dbo.backupset WHERE database_name = @p1 AND backup_set_id > @p2 ORDER BY backup_set_id", "Shop", 500_000); len(got) != 3 || !strings.HasPrefix(got[0], "500001|") {
		t.Errorf("a page of history begins with %.40q", got)
	}
	from := time.Now().UTC().Add(-time.Hour)
	if got := rows(t, s.db, "SELECT TOP (10000) backup_set_id FROM msdb.dbo.backupset WHERE database_name = @p1 AND backup_finish_date >= @p2 ORDER BY backup_set_id DESC", "Shop", from); len(got) < 60 || len(got) > 62 || got[0] != newest {
		t.Errorf("the last hour has %d sets of Shop, %v first", len(got), got[0])
	}
	ends := one(t, s.db, "SELECT last_lsn FROM msdb.dbo.backupset WHERE backup_set_id = 1000000")
	s.exec(t, "BACKUP LOG [Stock] TO DISK = N'now.trn'")
	if got := one(t, s.db, "SELECT first_lsn FROM msdb.dbo.backupset WHERE database_name = N'Stock' AND backup_set_id > 1000000"); got != ends {
		t.Errorf("the next log begins at %s, the past ends at %s", got, ends)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 64<<20 {
		t.Errorf("the heap has grown by %d MiB", grown>>20)
	}
}
