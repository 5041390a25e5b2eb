package api_test

import (
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/server/servertest"
)

func TestAProgramGetsTheScript(t *testing.T) {
	h := servertest.NewHouse(t)
	h.Cloud(t)
	p := h.Program(t)
	var got struct {
		Name, Script string
		Next         []string
	}
	p.Ask("POST", "/api/v1/scripts", map[string]any{"databases": []string{"a;b", "it's"}, "kind": "log", "folder": `D:\backup`, "run": true, "instance": "target", "version": "2019"}, 200, &got)
	for _, w := range []string{"VALUES (N'a;b');", "VALUES (N'it''s');", "@kind nvarchar(10) = N'LOG'", "@run bit = 1", "@target_major int = 15", "@takes_filestream bit = 0", "@max_bytes bigint = 3298534883328"} {
		if !strings.Contains(got.Script, w) {
			t.Errorf("the script does not say %s", w)
		}
	}
	if got.Name != "bakplane-log.sql" || len(got.Next) < 3 {
		t.Errorf("%s, %q", got.Name, got.Next)
	}
}
