package migrations

import (
	"net/url"
	"strings"

	"github.com/bakplane/bakplane/internal/migration/drafting"
	"github.com/bakplane/bakplane/internal/server"
)

func liveRequestOf(get func(string) string) drafting.LiveRequest {
	return drafting.LiveRequest{Server: get("server"), Source: get("source_database"), Instance: get("instance"), Staging: get("staging"), Database: strings.TrimSpace(get("database")),
		Every: get("every"), CheckDB: get("checkdb"), Freeze: get("freeze"), Check: get("check"), Compress: get("compress") != "", KeepCDC: get("keep_cdc") != "", Owner: strings.TrimSpace(get("owner"))}
}

// liveValues are the fields that are set, for links and hidden fields.
func liveValues(w drafting.LiveRequest) url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"server": w.Server, "source_database": w.Source, "instance": w.Instance, "staging": w.Staging, "database": w.Database,
		"every": w.Every, "freeze": w.Freeze, "checkdb": w.CheckDB, "check": w.Check, "compress": server.Flag(w.Compress), "keep_cdc": server.Flag(w.KeepCDC), "owner": w.Owner} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}
