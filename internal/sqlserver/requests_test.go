package sqlserver

import (
	"testing"

	"github.com/bakplane/bakplane/internal/migration"
)

func TestStatementsOfAServer(t *testing.T) {
	m := migration.Migration{Traits: Traits(), Database: "a]b", Files: []migration.File{{Ord: 1, Key: "bakplane/f.bak", Kind: "full"}, {Ord: 2, Key: "bakplane/d.bak", Kind: "differential"}, {Ord: 3, Key: "bakplane/l.bak", Kind: "log"}}}
	in := func(key string) migration.RestoreCall { return migration.RestoreCall{Key: key, Folder: `D:\it's`} }
	full := in("bakplane/f.bak")
	full.More, full.Moves = []string{"bakplane/g.bak"}, []migration.Move{{Logical: "a", To: `E:\a_1.mdf`}}
	for _, c := range []struct {
		verb migration.Verb
		in   migration.RestoreCall
		want string
	}{
		{migration.VerbRestore, full, `RESTORE DATABASE [a]]b] FROM DISK = N'D:\it''s\bakplane\f.bak', DISK = N'D:\it''s\bakplane\g.bak' WITH FILE = 1, NORECOVERY, MOVE N'a' TO N'E:\a_1.mdf', STATS = 1`},
		{migration.VerbImport, in("bakplane/d.bak"), `RESTORE DATABASE [a]]b] FROM DISK = N'D:\it''s\bakplane\d.bak' WITH FILE = 1, NORECOVERY, STATS = 1`},
		{migration.VerbImport, in("bakplane/l.bak"), `RESTORE LOG [a]]b] FROM DISK = N'D:\it''s\bakplane\l.bak' WITH FILE = 1, NORECOVERY, STATS = 1`},
		{migration.VerbOpen, migration.RestoreCall{}, "RESTORE DATABASE [a]]b] WITH RECOVERY\nALTER DATABASE [a]]b] SET MULTI_USER\nDBCC CHECKDB (N'a]b') WITH NO_INFOMSGS, ALL_ERRORMSGS, TABLERESULTS"},
	} {
		if got := (wording{}).Request(m, c.verb, c.in); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}
