package servertest

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/sqlserver"
)

// Own plants an emulated SQL Server of one's own under an id, with a folder
// that both sides see.
func (h *House) Own(t *testing.T, id string, change func(*sqlserveremu.Config)) *sqlserveremu.Running {
	t.Helper()
	name, dir := strings.ToUpper(id), t.TempDir()
	c := sqlserveremu.Config{Name: name, Version: "15.0.4430.1", Edition: "standard", BackupFolder: dir}
	if change != nil {
		change(&c)
	}
	if err := os.WriteFile(filepath.Join(dir, "readme.txt"), []byte("here"), 0o644); err != nil {
		t.Fatal(err)
	}
	run, err := sqlserveremu.Start(c, "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { run.Close() })
	login, password := "sa", "Emulated-1"
	if len(c.Logins) > 0 {
		login, password = c.Logins[0].Name, c.Logins[0].Password
	}
	host, port, err := net.SplitHostPort(run.Address)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	e := audit.New(audit.Actor{Name: "test", Via: "command"}, time.Now(), "instance.add", "instance/"+id, "Added.")
	for _, err := range []error{
		h.DB.SaveBucket(t.Context(), endpoint.Bucket{ID: id + "-folder", Name: "backups of " + name, Kind: folder.BucketKind, Path: dir}, e),
		h.DB.SaveInstance(t.Context(), endpoint.Instance{ID: id, Name: name, Kind: sqlserver.InstanceKind, Host: host, Port: number, Login: login, Password: secret.NewText(password),
			Encrypt: endpoint.EncryptFull, CAPEM: string(run.CA), CertificateHost: name, ServerFolder: dir, FolderID: id + "-folder"}, e),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return run
}

// WithShop gives an emulated server a database shop with something in it.
func WithShop(c *sqlserveremu.Config) {
	c.Databases = []sqlserveremu.DatabaseSpec{{Name: "shop", Tables: []sqlserveremu.TableSpec{{Name: "orders", Rows: 50}}}, {Name: "stock"}}
}

// TestAPersonTakesADatabaseToAnotherServer walks from the form to the open
// database, with no cloud anywhere.
func TestAPersonTakesADatabaseToAnotherServer(t *testing.T) {
	h := NewHouse(t)
	from, to := h.Own(t, "sqla", WithShop), h.Own(t, "sqlb", nil)
	b := h.SignedIn(t)
	b.Get("/migrations/new/live?server=sqla").Sees(200, "SQLB · self-managed SQL Server", "No OSS bucket yet; a self-managed SQL Server needs none", "What was written since the last one is what a cutover has to carry.")
	b.Submit("/migrations/new/live/checks", "source_database", "shop", "instance", "sqla").Sees(422, "shop would be restored over itself", "another name on the target")
	b.Get("/migrations/new/live/checks?server=sqla&source_database=shop&instance=sqlb&freeze=readonly").Sees(200, "It can start", "SQL Server 2019 Standard Edition (64-bit) answers", "Rights at the target", "Both sides see the same files", "nothing is there yet",
		"RESTORE DATABASE [shop] FROM DISK = N'", "WITH FILE = 1, NORECOVERY, MOVE N'shop' TO N'/var/opt/mssql/data/shop_1.mdf'", "RESTORE LOG [shop]", "RESTORE DATABASE [shop] WITH RECOVERY", "SET READ_WRITE", "A log backup every 15 min follows")
	if strings.Contains(b.Text(), "imports a day") || strings.Contains(b.Text(), "CreateMigrateTask") {
		t.Errorf("a cloud's limits are spoken of: %s", b.Text())
	}
	b.Submit("/migrations/live").Until("It follows the source unattended")
	b.Sees(200, "In the folder", "the target counts no imports")
	page := b.At.Path
	b.Get(page+"/abort").Sees(200, "Drop the half-restored database", "DROP DATABASE [shop]")
	b.Get(page+"/cutover").Sees(200, "RESTORE LOG [shop] FROM DISK = N'", "ALTER DATABASE [shop] SET READ_WRITE").Submit(page + "/cutover")
	b.Until("The database is open on the target")
	if a, _ := from.DatabaseNow("shop"); a.Writable {
		t.Error("the source is writable")
	}
	if d, _ := to.DatabaseNow("shop"); !d.Writable {
		t.Errorf("the target is not writable: %+v", d)
	}
	b.Get(page+"/details").Sees(200, "as the target sees them", "The target says")
}

// TestPreflightOfAServerOfOnesOwn names what is in the way, each with its fix.
func TestPreflightOfAServerOfOnesOwn(t *testing.T) {
	h := NewHouse(t)
	h.Own(t, "sqla", WithShop)
	h.Own(t, "weak", func(c *sqlserveremu.Config) {
		c.Logins = []sqlserveremu.Login{{Name: "mover", Password: "Mover-of-databases-1"}}
		c.DataFree = 1 << 10
	})
	h.Own(t, "old", func(c *sqlserveremu.Config) { c.Version = "13.0.5026.0" })
	h.Own(t, "taken", WithShop)
	h.Own(t, "apart", nil)
	if err := h.DB.SaveBucket(t.Context(), endpoint.Bucket{ID: "apart-folder", Name: "backups of APART", Kind: folder.BucketKind, Path: elsewhere(t)}, audit.New(audit.Actor{Name: "test", Via: "command"}, time.Now(), "bucket.save", "bucket/apart", "Saved.")); err != nil {
		t.Fatal(err)
	}
	b := h.SignedIn(t)
	q := func(to string) string {
		return "/migrations/new/live/checks?" + url.Values{"server": {"sqla"}, "source_database": {"shop"}, "instance": {to}}.Encode()
	}
	b.Get(q("weak")).Sees(200, "It cannot start yet", "The login may not: restore databases (dbcreator)", "ALTER SERVER ROLE [dbcreator] ADD MEMBER [mover];", "GRANT VIEW SERVER STATE TO [mover];")
	b.Get(q("old")).Sees(200, "SQL Server never restores to an older version")
	b.Get(q("taken")).Sees(200, "The target already has a database shop", "Choose another name")
	b.Get(q("apart")).Sees(200, "they are two folders", "Rights of the login do not count")
	b.Get("/waves/new/checks?name=w&server=sqla&database=shop&instance=sqla").Sees(422, "Source and target are the same server")
	b.Get("/waves/new/checks?name=w&server=sqla&database=shop&database=stock&instance=taken").Sees(200, "None of them can start")
}

func elsewhere(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "unknown.bak"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestTheAPITakesFilesToAServerOfOnesOwn plans, checks and starts without a
// bucket: the target's folder is where files go.
func TestTheAPITakesFilesToAServerOfOnesOwn(t *testing.T) {
	h := NewHouse(t)
	h.Cloud(t)
	h.Own(t, "sqlb", func(c *sqlserveremu.Config) { c.Version = "16.0.4165.4" })
	p := h.Program(t)
	request := map[string]any{"source": "files", "prefix": "orders/", "instance": "sqlb"}
	var plan struct {
		Calls []string `json:"calls"`
	}
	p.Ask("POST", "/api/v1/plans", request, 200, &plan)
	if len(plan.Calls) < 3 || !strings.Contains(plan.Calls[0], "MOVE N'orders") || !strings.HasPrefix(plan.Calls[len(plan.Calls)-1], "RESTORE DATABASE [orders] WITH RECOVERY") {
		t.Errorf("calls %q", plan.Calls)
	}
	var checks struct {
		MayStart bool `json:"may_start"`
		Findings []struct{ Code, Level, Text string }
	}
	p.Ask("POST", "/api/v1/preflights", request, 200, &checks)
	codes := map[string]string{}
	for _, f := range checks.Findings {
		codes[f.Code] = f.Level
	}
	if !checks.MayStart || codes["calls"] != "" || codes["rights"] != "passed" || codes["bucket"] != "passed" || codes["files-clash"] != "passed" || codes["tde"] != "warned" {
		t.Errorf("%+v", checks)
	}
	p.Ask("POST", "/api/v1/waves", map[string]any{"name": "w", "server": "sqlb", "databases": []string{"master"}, "instance": "sqlb"}, 422, nil)
}
