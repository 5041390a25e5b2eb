package sqlserver

import (
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
)

func TestNamesAndTextsAreQuoted(t *testing.T) {
	for _, c := range []struct{ name, identifier, literal string }{
		{"Sales", "[Sales]", "N'Sales'"},
		{"a]b", "[a]]b]", "N'a]b'"},
		{"]]", "[]]]]]", "N']]'"},
		{"it's", "[it's]", "N'it''s'"},
		{"x'; DROP DATABASE y --", "[x'; DROP DATABASE y --]", "N'x''; DROP DATABASE y --'"},
		{`back\slash`, `[back\slash]`, `N'back\slash'`},
		{"Ж 数据库 🚚", "[Ж 数据库 🚚]", "N'Ж 数据库 🚚'"},
		{strings.Repeat("n", 128), "[" + strings.Repeat("n", 128) + "]", "N'" + strings.Repeat("n", 128) + "'"},
		{strings.Repeat("🚚", 64), "[" + strings.Repeat("🚚", 64) + "]", "N'" + strings.Repeat("🚚", 64) + "'"},
	} {
		if got, err := quoteName(c.name); err != nil || got != c.identifier {
			t.Errorf("name %q is %q, %v; want %q", c.name, got, err, c.identifier)
		}
		if got, err := quoteText(c.name, maxName); err != nil || got != c.literal {
			t.Errorf("text %q is %q, %v; want %q", c.name, got, err, c.literal)
		}
	}
	for _, bad := range []string{"", strings.Repeat("n", 129), strings.Repeat("🚚", 65), "a\x00b", "\xff"} {
		if got, err := quoteName(bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("name %q is taken as %q", bad, got)
		}
	}
	for _, bad := range []string{"line\\\nend", "tab\t", "a\x00b", "\xff", "\u0085"} {
		if got, err := quoteText(bad, maxName); !fault.Is(err, fault.Invalid) {
			t.Errorf("text %q is taken as %q", bad, got)
		}
	}
}

// token reads one delimited identifier or Unicode literal as the server does,
// and returns what it stands for and what follows.
func token(sql string) (value, rest string, ok bool) {
	var closing byte
	switch {
	case strings.HasPrefix(sql, "["):
		closing, sql = ']', sql[1:]
	case strings.HasPrefix(sql, "N'"):
		closing, sql = '\'', sql[2:]
	default:
		return "", sql, false
	}
	var b strings.Builder
	for i := 0; i < len(sql); i++ {
		switch {
		case sql[i] != closing:
			b.WriteByte(sql[i])
		case i+1 < len(sql) && sql[i+1] == closing:
			b.WriteByte(closing)
			i++
		default:
			return b.String(), sql[i+1:], true
		}
	}
	return "", "", false
}

func FuzzQuoting(f *testing.F) {
	for _, s := range []string{"Sales", "a]b", "it's", "]']'", "\\\n", "🚚", strings.Repeat("]", 128), "\xed\xa0\x80", "--/*"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if q, err := quoteName(s); err == nil {
			if got, rest, ok := token(q); !ok || got != s || rest != "" {
				t.Errorf("%q became %q, which reads as %q and leaves %q", s, q, got, rest)
			}
		}
		if q, err := quoteText(s, maxPath); err == nil {
			if got, rest, ok := token(q); !ok || got != s || rest != "" {
				t.Errorf("%q became %q, which reads as %q and leaves %q", s, q, got, rest)
			}
		}
	})
}

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
