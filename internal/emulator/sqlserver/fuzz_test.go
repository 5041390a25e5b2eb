package sqlserveremu

import (
	"context"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tds"
)

// Whatever is asked, the server answers: no statement brings it down, and the
// system's own databases stay.
func FuzzStatements(f *testing.F) {
	for _, s := range []string{
		"SELECT TOP 3 d.name AS n, COUNT_BIG(*) FROM sys.databases d LEFT JOIN msdb.dbo.backupset b ON b.database_name = d.name GROUP BY d.name HAVING COUNT(*) > 0 ORDER BY 2 DESC",
		"SELECT a.*, ROW_NUMBER() OVER (PARTITION BY id ORDER BY name) FROM Shop.dbo.T a WHERE name LIKE '%[a-z]_%' AND id IN (SELECT id FROM Shop.dbo.T) UNION ALL SELECT 1, 'x', 2, NULL, 3",
		"DECLARE @x numeric(25,0) = 1.5e3; SET @x = @x / 7; IF @x IS NOT NULL PRINT @x ELSE SELECT CASE @x WHEN 1 THEN N'a' END",
		"BACKUP DATABASE Shop TO DISK = 'f.bak', DISK = 'g.bak' WITH FORMAT, STATS = 5, COMPRESSION; RESTORE HEADERONLY FROM DISK = 'f.bak'; RESTORE FILELISTONLY FROM DISK = 'f.bak' WITH FILE = 1",
		"RESTORE DATABASE Two FROM DISK = 'f.bak', DISK = 'g.bak' WITH MOVE 'Shop' TO '/var/opt/mssql/data/x', MOVE 'Shop_log' TO '/var/opt/mssql/data/y', NORECOVERY, REPLACE",
		"BACKUP LOG Shop TO DISK = 'l.trn' WITH NORECOVERY; RESTORE DATABASE Shop WITH RECOVERY; RESTORE LOG Shop FROM DISK = 'l.trn' WITH STOPAT = '2026-01-01'",
		"USE Shop; INSERT INTO T (id, name) VALUES (9, 'x'); UPDATE T SET id += 1 WHERE id BETWEEN 1 AND 3; DELETE FROM T WHERE name IS NULL; BEGIN TRAN; ROLLBACK",
		"ALTER DATABASE Shop SET RECOVERY SIMPLE, READ_ONLY WITH ROLLBACK IMMEDIATE; DBCC CHECKDB (Shop) WITH TABLERESULTS; KILL 1; EXEC sp_executesql N'SELECT @a', N'@a int', 1",
		"SELECT DATEADD(day, 1, GETDATE()), DATEDIFF(second, '1900-01-01', SYSDATETIMEOFFSET()), SUBSTRING(N'abc', -1, 9), QUOTENAME('a]'), CONVERT(varchar(30), GETDATE(), 126), LAG(id) OVER (ORDER BY id) FROM Shop.dbo.T",
		"CREATE DATABASE [x]; DROP DATABASE x, y; CREATE TABLE Shop.dbo.U (a decimal(38,10), b uniqueidentifier, c varbinary(max)); INSERT Shop.dbo.U VALUES (1, NEWID(), 0xAB)",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		if len(sql) > 2000 {
			return
		}
		s, err := New(Config{BackupFolder: t.TempDir(), Databases: []DatabaseSpec{{Name: "Shop", Size: 1 << 10, Tables: []TableSpec{{Name: "T", Rows: 3}}}}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.stop()
		n := &session{server: s, id: 60, login: "sa", database: "master", home: "master", vars: map[string]variable{}, prepared: map[int64]prepared{}, link: tds.Link{Cut: func() {}}}
		s.sessions[60] = n
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		defer cancel()
		n.Run(ctx, &tds.Request{Kind: tds.Batch, SQL: sql}, tds.Unheard())
		n.Reset()
		n.Run(context.Background(), &tds.Request{Kind: tds.Batch, SQL: "SELECT COUNT(*) FROM sys.databases"}, tds.Unheard())
		n.Close()
		if s.find("master") == nil || s.find("msdb") == nil {
			t.Fatal("a system database is gone")
		}
	})
}
