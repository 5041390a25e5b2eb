package tsql_test

import (
	"errors"
	"testing"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/tsql"
)

func TestStatementsAreRead(t *testing.T) {
	for _, s := range []string{
		"SELECT @@VERSION",
		"select 1 as a, N'it''s' b, x = 3 -- note\n, 'c' AS [odd ]]name]",
		"SELECT TOP (5) d.name, COUNT_BIG(*) AS n FROM sys.databases AS d WITH (NOLOCK) LEFT JOIN msdb.dbo.backupset b ON b.database_name = d.name WHERE d.state IN (0, 1) AND d.name NOT LIKE N'tmp%' AND b.type IS NOT NULL GROUP BY d.name ORDER BY n DESC, d.name",
		"SELECT v.available_bytes FROM sys.master_files f CROSS APPLY sys.dm_os_volume_stats(f.database_id, f.file_id) v",
		"SELECT CASE WHEN a > 1 THEN 'x' ELSE NULL END, CAST(b AS decimal(25,0)), CONVERT(nvarchar(max), c, 126) FROM t",
		"WITH l AS (SELECT a, ROW_NUMBER() OVER (PARTITION BY b ORDER BY c DESC) AS rn FROM t) SELECT * FROM l WHERE rn = 1",
		"SELECT (SELECT MAX(x) FROM u), IIF(1=1, 2, 3) FROM (SELECT 1 AS x) d WHERE EXISTS (SELECT 1 FROM v WHERE v.a = d.x)",
		"SET NOCOUNT ON; SET ANSI_NULLS, ANSI_PADDING ON SET TEXTSIZE 2147483647 SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
		"DECLARE @a int = 1, @b nvarchar(max); SET @b = N'x'; IF @a = 1 BEGIN PRINT @b; SELECT 1 END ELSE SELECT 2",
		"BACKUP DATABASE [a]]b] TO DISK = N'/x/y.bak' WITH INIT, FORMAT, CHECKSUM, COMPRESSION, STATS = 5, NAME = N'n', DESCRIPTION = 'd', COPY_ONLY, BUFFERCOUNT = 50, MAXTRANSFERSIZE = 4194304, BLOCKSIZE = 4096",
		"BACKUP DATABASE @db TO DISK = @p1, DISK = @p2 WITH DIFFERENTIAL",
		"BACKUP LOG d TO DISK = 'x' WITH NORECOVERY, NO_TRUNCATE, STATS",
		"RESTORE HEADERONLY FROM DISK = N'x'; RESTORE FILELISTONLY FROM DISK = N'x' WITH FILE = 2; RESTORE LABELONLY FROM DISK = 'x'; RESTORE VERIFYONLY FROM DISK = 'x', DISK = 'y' WITH CHECKSUM",
		"RESTORE DATABASE [x] FROM DISK = N'a' WITH FILE = 1, MOVE N'd' TO N'/p/d.mdf', MOVE N'l' TO N'/p/l.ldf', NORECOVERY, REPLACE, STATS = 1, CHECKSUM",
		"RESTORE LOG x FROM DISK = 'a' WITH STOPAT = '2026-11-20T10:00:00', RECOVERY",
		"RESTORE DATABASE x WITH RECOVERY",
		"ALTER DATABASE [x] SET RECOVERY FULL WITH NO_WAIT; ALTER DATABASE x SET READ_ONLY WITH ROLLBACK IMMEDIATE; ALTER DATABASE CURRENT SET PAGE_VERIFY CHECKSUM",
		"DBCC CHECKDB (N'x') WITH NO_INFOMSGS, PHYSICAL_ONLY, TABLERESULTS, MAXDOP = 1",
		"KILL 53", "EXEC master.sys.xp_create_subdir N'/x'", "EXECUTE xp_dirtree '/x', 1, 1", "EXEC @r = sp_executesql N'select 1'",
		"CREATE DATABASE [Ж]; DROP DATABASE IF EXISTS x", "CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, v nvarchar(50) NULL, d decimal(19,4))",
		"INSERT INTO dbo.t (id, v) VALUES (1, N'a'), (2, NULL); UPDATE t SET v += 'b' WHERE id = 1; DELETE FROM t WHERE id = 2",
		"BEGIN TRAN; COMMIT TRANSACTION; WAITFOR DELAY '00:00:01'", "/* a /* b */ c */ USE [master]", "",
	} {
		if _, err := tsql.Parse(s); err != nil {
			t.Errorf("%s\n%v", s, err)
		}
	}
}

func TestCarelessStatementsAreRefused(t *testing.T) {
	for s, number := range map[string]int{
		"BACKUP DATABASE x TO DISK = 'a' WITH COMPRESION":           155,
		"BACKUP DATABASE x TO DISK = 'a' WITH STATS = 5,, CHECKSUM": 102,
		"BACKUP DATABASE x TO DISK = 'a' WITH STATS = 5 CHECKSUM":   102,
		"BACKUP DATABASE x DISK = 'a'":                              156,
		"BACKUP DATABASE x TO DISK 'a'":                             102,
		"BACKUP DATABASE x TO DISK = a":                             102,
		"BACKUP LOG x TO DISK = 'a' WITH DIFFERENTIAL":              3032,
		"BACKUP DATABASE x TO DISK = 'a' WITH INIT, NOINIT":         3031,
		"BACKUP DATABASE x TO DISK = 'a' WITH NORECOVERY":           3032,
		"RESTORE HEADERNLY FROM DISK = 'a'":                         102,
		"RESTORE DATABASE x FROM DISK = 'a' WITH MOVE 'a' = 'b'":    102,
		"RESTORE DATABASE x FROM DISK = 'a' WITH COMPRESSION":       155,
		"RESTORE HEADERONLY FROM DISK = 'a' WITH REPLACE":           155,
		"SELECT 'a":                              105,
		"SELECT [a":                              105,
		"SELECT 1 /* a":                          113,
		"DBCC CHECKDB (N'db' WITH NO_INFOMSGS":   156,
		"DBCC CHECKDB (x) WITH NO_INFO":          155,
		"ALTER DATABASE x SET RECOVERI FULL":     102,
		"ALTER DATABASE x SET RECOVERY COMPLETE": 102,
		"SELECT 1 FROM":                          102,
		"SELECT a FROM t WHERE":                  102,
		"SELECT a FROM t nonsense words":         102,
		"SET NOSUCH ON":                          195,
		"USE select":                             156,
		"SELECT a..b.c.d.e.f":                    102,
		"SELECT []":                              1038,
		"BACKUP DATABASE x TO DISK = 'a' WITH CHECKSUM, CHECKSUM": 3032,
		"KILL": 102, ")": 102, "SELECT ((((1)": 102, "SELECT 1; ELSE": 156,
	} {
		_, err := tsql.Parse(s)
		var e *tsql.Error
		if !errors.As(err, &e) {
			t.Errorf("%s was accepted", s)
		} else if e.Number != number {
			t.Errorf("%s: %d %s, want %d", s, e.Number, e.Text, number)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("SELECT a FROM b WHERE c IN (1, N'x') ORDER BY 1")
	f.Add("RESTORE DATABASE x FROM DISK = 'a' WITH MOVE N'd' TO N'p', STATS")
	f.Add("EXEC p @a = 1, 'b' OUTPUT; DECLARE @x numeric(25,0) = -1e5")
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 4<<10 {
			return
		}
		statements, err := tsql.Parse(s)
		if err != nil && len(statements) > 0 {
			t.Fatal("statements beside an error")
		}
	})
}
