package migrations_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/bakplane/bakplane/internal/server/servertest"
)

func TestAPersonGetsTheScript(t *testing.T) {
	h := servertest.NewHouse(t)
	h.Cloud(t)
	b := h.SignedIn(t)
	b.Get("/migrations/new").Follow("Get the script").Sees(200, "when the dashboard cannot reach the server", "Folder at the server", "Not decided yet", "SQL Server 2025")
	b.Submit("/migrations/new/script", "databases", "orders; [a;b]; 数据库", "folder", `D:\backup`, "instance", "target", "kind", "diff").
		Sees(200, "bakplane-diff.sql", "VALUES (N'a;b');", "VALUES (N'数据库');", "N'DIFF'", "What to do next", "set @run = 1", "upload the files")
	page := b.At.RequestURI()
	link := ""
	servertest.Each(b.Page, func(n *html.Node) {
		if n.Data == "a" && servertest.Has(n, "download") {
			link = servertest.Attr(n, "href")
		}
	})
	r, err := b.Http.Get(h.URL + link)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if head := r.Header.Get("Content-Disposition"); r.StatusCode != http.StatusOK || head != `attachment; filename="bakplane-diff.sql"` || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/sql") {
		t.Errorf("%s: %d %q", link, r.StatusCode, head)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || !strings.HasPrefix(string(body), "\uFEFF/* ") || !strings.Contains(string(body), "VALUES (N'a;b');\r\n") {
		t.Errorf("%.80q, %v", body, err)
	}
	// What was typed stays in the form.
	b.Get(page).Sees(200, "orders; [a;b]; 数据库")
}

func TestAScriptIsRefusedInItsForm(t *testing.T) {
	h := servertest.NewHouse(t)
	h.Cloud(t)
	b := h.SignedIn(t)
	ask := func(pairs ...string) *servertest.Browser {
		v := url.Values{"kind": {"full"}, "folder": {`D:\backup`}}
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return b.Get("/migrations/new/script?" + v.Encode())
	}
	ask("folder", "backup").Sees(422, "is not a whole path", "Write the whole path as the server sees it")
	ask("folder", "").Sees(422, "There is no folder for the backups.")
	ask("databases", "[a").Sees(422, "A name in brackets does not end", "[a")
	ask("databases", strings.Repeat("x;", 4001)).Sees(422, "more than 8000 characters")
	ask("databases", strings.Repeat("x", 129)).Sees(422, "is not a name for SQL Server")
	ask("kind", "tail").Sees(422, "is not a kind of backup")
	ask("version", "2018").Sees(422, "is not a version of SQL Server")
	ask("kind", "log", "copy_only", "1").Sees(422, "Only a full backup can be copy-only")
	ask("instance", "nobody").Sees(404)
	b.Get("/migrations/new/script/file?kind=full&folder=x").Sees(422, "is not a whole path")
	ask().Sees(200, "bakplane-full.sql")
}
