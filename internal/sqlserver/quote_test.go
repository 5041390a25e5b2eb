package sqlserver

import (
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
)

func TestBackupStatements(t *testing.T) {
	for _, c := range []struct {
		call backup.BackupCall
		want string // empty = refused
	}{
		{backup.BackupCall{Database: "a]b", Kind: backup.Full, Name: "n'1", Files: []string{`D:\b\x.bak`}},
			`BACKUP DATABASE [a]]b] TO DISK = N'D:\b\x.bak' WITH CHECKSUM, FORMAT, INIT, NAME = N'n''1', STATS = 1`},
		{backup.BackupCall{Database: "d", Kind: backup.Full, CopyOnly: true, Compress: true, Name: "n", Files: []string{"/1", "/2"}},
			`BACKUP DATABASE [d] TO DISK = N'/1', DISK = N'/2' WITH COPY_ONLY, CHECKSUM, FORMAT, INIT, NAME = N'n', COMPRESSION, STATS = 1`},
		{backup.BackupCall{Database: "d", Kind: backup.Differential, Name: "n", Files: []string{"/1"}},
			`BACKUP DATABASE [d] TO DISK = N'/1' WITH DIFFERENTIAL, CHECKSUM, FORMAT, INIT, NAME = N'n', STATS = 1`},
		{backup.BackupCall{Database: "d", Kind: backup.Log, Tail: true, Name: "n", Files: []string{"/1"}},
			`BACKUP LOG [d] TO DISK = N'/1' WITH NORECOVERY, CHECKSUM, FORMAT, INIT, NAME = N'n', STATS = 1`},
		{backup.BackupCall{Database: "d", Kind: backup.Log, Name: "n"}, ""},
		{backup.BackupCall{Database: "d", Kind: backup.Log, Name: "n", Files: make([]string, 65)}, ""},
		{backup.BackupCall{Database: "d", Kind: backup.Log, Name: "n", Files: []string{""}}, ""},
		{backup.BackupCall{Database: "d", Kind: backup.Log, Name: "n", Files: []string{strings.Repeat("x", 260)}}, ""},
		{backup.BackupCall{Database: "d", Kind: backup.Log, Files: []string{"/1"}}, ""},
		{backup.BackupCall{Database: "", Kind: backup.Log, Name: "n", Files: []string{"/1"}}, ""},
		{backup.BackupCall{Database: "d", Kind: backup.Other, Name: "n", Files: []string{"/1"}}, ""},
		{backup.BackupCall{Database: "d", Kind: backup.Full, Tail: true, Name: "n", Files: []string{"/1"}}, ""},
		{backup.BackupCall{Database: "d", Kind: backup.Differential, CopyOnly: true, Name: "n", Files: []string{"/1"}}, ""},
	} {
		got, err := backupStatement(c.call)
		if c.want == "" && !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v is not refused: %s", c.call, got)
		} else if got != c.want {
			t.Errorf("%+v is\n%s, %v; want\n%s", c.call, got, err, c.want)
		}
	}
}

func TestPlacesOfFiles(t *testing.T) {
	for _, c := range []struct{ folder, key, path string }{
		{"/var/opt/mssql/backup", "a/b.bak", "/var/opt/mssql/backup/a/b.bak"},
		{"/backup/", "b.bak", "/backup/b.bak"},
		{`D:\Backup`, "a/b.bak", `D:\Backup\a\b.bak`},
		{`D:\`, "b.bak", `D:\b.bak`},
		{`\\nas\share$\sql`, "b.bak", `\\nas\share$\sql\b.bak`},
		{"/x", "../etc/passwd", ""},
		{"/x", "a/../../y", ""},
		{"/x", "/etc/passwd", ""},
		{`C:\x`, `..\y`, ""},
		{"/x", "", ""},
		{"", "a.bak", ""},
	} {
		got, err := pathOf(c.folder, c.key)
		if got != c.path || (err == nil) != (c.path != "") {
			t.Errorf("%q in %q is %q, %v; want %q", c.key, c.folder, got, err, c.path)
		}
		if c.path != "" && keyOf(c.folder, got) != c.key {
			t.Errorf("%q comes back from %q as %q", c.key, got, keyOf(c.folder, got))
		}
	}
}
