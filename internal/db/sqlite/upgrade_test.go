package sqlite

import (
	"compress/gzip"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAFolderOfTheLastReleaseOpens: testdata has the data folder of the demo as
// an earlier version left it. Nothing is lost on the way to this schema. When a
// release is made, the folder of that release takes its place.
func TestAFolderOfTheLastReleaseOpens(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "bakplane.db")
	in := must[*os.File](t)(os.Open("testdata/before-the-first-release.db.gz"))
	defer in.Close()
	z := must[*gzip.Reader](t)(gzip.NewReader(in))
	write(t, file, must[[]byte](t)(io.ReadAll(z)))
	write(t, filepath.Join(folder, "bakplane.key"), must[[]byte](t)(os.ReadFile("testdata/before-the-first-release.key")))
	before := counts(t, file)
	if before["people"] == 0 || before["migrations"] == 0 || before["accounts"] == 0 || before["audit"] < 5 {
		t.Fatalf("the folder is too empty to tell anything: %v", before)
	}
	d := must[*DB](t)(living(t, folder))
	ctx := t.Context()
	for table, n := range before {
		if got := counts(t, file)[table]; got != n && table != "goose_db_version" && table != "sessions" && !strings.HasPrefix(table, "sqlite_") {
			t.Errorf("%s had %d rows, and has %d", table, n, got)
		}
	}
	if w, err := d.VerifyAudit(ctx); err != nil || int(w.Seq) != before["audit"] {
		t.Errorf("%d entries: %v", w.Seq, err)
	}
	accounts, err := d.Accounts(ctx)
	if err != nil || len(accounts) == 0 {
		t.Fatal(accounts, err)
	}
	for _, a := range accounts {
		if a, err := d.Account(ctx, a.ID); err != nil || a.Secret.Empty() {
			t.Errorf("the secret of %s: %v", a.Name, err)
		}
	}
	p, err := d.PersonNamed(ctx, "admin")
	if err != nil || p.Hash == "" {
		t.Errorf("%+v %v", p, err)
	}
	tokens, err := d.Tokens(ctx, p.ID)
	if err != nil || len(tokens) != 1 || tokens[0].Scope != "administer" || tokens[0].Expires.IsZero() {
		t.Errorf("%+v %v", tokens, err)
	}
	ended(t, d)
	must[*DB](t)(living(t, folder)) // and once more
}

// counts are the rows of each table.
func counts(t *testing.T, file string) map[string]int {
	t.Helper()
	p := must[*sql.DB](t)(pool(file, 1, "_pragma", "query_only(1)"))
	defer p.Close()
	names := must[[]string](t)(rows(t.Context(), p, "table", `SELECT name FROM sqlite_master WHERE type = 'table'`, func(r *sql.Rows) (s string, err error) { err = r.Scan(&s); return s, err }))
	out := map[string]int{}
	for _, n := range names {
		out[n] = must[int](t)(count(t.Context(), p, `SELECT count(*) FROM "`+n+`"`))
	}
	return out
}

// TestStepsOfTheSchemaStayAsTheyAre: one that was taken somewhere is never taken
// again, so what is changed in it would be missing there. New steps are added to
// the list with the commit after the one that makes them.
func TestStepsOfTheSchemaStayAsTheyAre(t *testing.T) {
	listed := map[string]string{}
	for line := range strings.Lines(string(must[[]byte](t)(os.ReadFile("testdata/schema.sum")))) {
		if sum, name, ok := strings.Cut(strings.TrimSpace(line), "  "); ok {
			listed[name] = sum
		}
	}
	files := must[[]string](t)(filepath.Glob("schema/*.sql"))
	newest := ""
	for name := range listed {
		newest = max(newest, name)
	}
	for _, f := range files {
		name := strings.TrimPrefix(f, "schema/")
		sum := sha256.Sum256(must[[]byte](t)(os.ReadFile(f)))
		got := hex.EncodeToString(sum[:])
		if name <= newest && listed[name] != got {
			t.Errorf("%s is another than it was: put the change into a new step (%s)", name, got)
		}
		delete(listed, name)
	}
	if len(listed) > 0 {
		t.Errorf("steps are gone: %s", fmt.Sprint(listed))
	}
}
