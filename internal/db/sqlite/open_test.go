package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/secret"
)

func openAt(t *testing.T, folder string) (*DB, error) {
	t.Helper()
	keys, err := secret.OpenKeyring(filepath.Join(folder, "bakplane.key"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := Open(t.Context(), folder, keys, run.NewNotifier(), endpoint.Kinds{})
	if err == nil {
		t.Cleanup(func() { _ = d.Close() })
	}
	return d, err
}

// TestNobodyElseReadsTheFiles, from the first moment on and after an upgrade of
// a folder in which they could.
func TestNobodyElseReadsTheFiles(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("rights of files are another matter there")
	}
	folder := t.TempDir()
	readable := func() (out []string) {
		found, err := filepath.Glob(filepath.Join(folder, "bakplane.db*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			if i, err := os.Stat(f); err == nil && i.Mode().Perm()&0o077 != 0 {
				out = append(out, filepath.Base(f))
			}
		}
		if len(found) < 2 {
			t.Errorf("only %v are there: the test looks at the wrong moment", found)
		}
		return out
	}
	d, err := openAt(t, folder)
	if err != nil {
		t.Fatal(err)
	}
	if r := readable(); len(r) > 0 {
		t.Errorf("others can read %v", r)
	}
	file := filepath.Join(folder, "bakplane.db")
	for _, end := range []string{"", "-wal", "-shm"} { // as an older version left them when it was killed
		if err := os.Chmod(file+end, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := protect(file); err != nil {
		t.Fatal(err)
	}
	if r := readable(); len(r) > 0 {
		t.Errorf("after an upgrade others can read %v", r)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(file + "-*"); len(left) > 0 {
		t.Errorf("a clean shutdown leaves %v", left)
	}
}

// TestADatabaseThatIsNoneIsRefusedWithCauseAndFix, and left as it is.
func TestADatabaseThatIsNoneIsRefusedWithCauseAndFix(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, file string)
		says  string
	}{
		"empty":       {func(t *testing.T, f string) { write(t, f, nil) }, "is empty"},
		"no database": {func(t *testing.T, f string) { write(t, f, []byte(strings.Repeat("no database. ", 1000))) }, "is no database of SQLite"},
		"cut off": {func(t *testing.T, f string) {
			if err := os.Truncate(f, 8192); err != nil {
				t.Fatal(err)
			}
		}, "is damaged"},
		"newer": {func(t *testing.T, f string) {
			exec(t, f, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
		}, "written by a newer Bakplane"},
		"another's": {func(t *testing.T, f string) { os.Remove(f); exec(t, f, `CREATE TABLE theirs (x)`) }, "tables of another program"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			d, err := openAt(t, folder)
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(folder, "bakplane.db")
			c.spoil(t, file)
			before, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = openAt(t, folder)
			var f *fault.Error
			if !errors.As(err, &f) {
				t.Fatalf("%v", err)
			}
			message, fix := fault.Words(f)
			if !strings.Contains(message, c.says) || fix == "" {
				t.Errorf("%q %q, want %q", message, fix, c.says)
			}
			if after, err := os.ReadFile(file); err != nil || string(after) != string(before) {
				t.Error("the file was changed")
			}
		})
	}
}

func write(t *testing.T, file string, b []byte) {
	t.Helper()
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func exec(t *testing.T, file, statement string) {
	t.Helper()
	p, err := pool(file, 1, "_txlock", "immediate")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
}
