package app_test

import (
	"net/url"
	"testing"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/demo"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/secret"
)

// TestPreflightOfASourceNamesWhatIsWrong before anything is done.
func TestPreflightOfASourceNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a long journey")
	}
	ask := "/migrations/new/live/checks?" + url.Values{"server": {demo.Server}, "source_database": {"shop"}, "instance": {demo.Instance}, "staging": {demo.Staging}, "every": {"2h"}}.Encode()
	for name, tc := range map[string]struct {
		wrong func(*house)
		says  []string
	}{
		"wrong login": {func(h *house) { h.changeServer(func(i *endpoint.Instance) { i.Password = secret.NewText("wrong") }) },
			[]string{"login or its password is wrong"}},
		"certificate not trusted": {func(h *house) { h.changeServer(func(i *endpoint.Instance) { i.CAPEM = "" }) },
			[]string{"certificate", "not trusted"}},
		"SIMPLE recovery": {func(h *house) {
			h.cloud.SQL.PatchDatabase("shop", sqlserveremu.DatabasePatch{Recovery: new(bakfile.RecoverySimple)})
		}, []string{"SIMPLE: there are no log backups", "Set recovery"}},
		"already restoring": {func(h *house) {
			h.at("BACKUP DATABASE shop TO DISK = '"+h.cloud.Backups+"/f.bak'", "BACKUP LOG shop TO DISK = '"+h.cloud.Backups+"/l.trn' WITH NORECOVERY")
		}, []string{"RESTORING"}},
		"dropped": {func(h *house) { h.at("DROP DATABASE shop") }, []string{"shop"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			r := h.reader()
			tc.wrong(h)
			h.cloud.SQL.Cut("")
			text := r.get(ask)
			says(t, text, tc.says...)
		})
	}
}
