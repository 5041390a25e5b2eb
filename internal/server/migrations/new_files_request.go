package migrations

import (
	"net/url"
	"strings"

	"github.com/bakplane/bakplane/internal/migration/drafting"
	"github.com/bakplane/bakplane/internal/server"
)

// requestOf reads a form or a query.
func requestOf(get func(string) string) drafting.Request {
	return drafting.Request{Source: get("source"), Prefix: strings.TrimSpace(get("prefix")), Instance: get("instance"), Staging: get("staging"),
		Database: strings.TrimSpace(get("database")), Family: get("family"), Base: get("base"), Fork: get("fork"), StopAt: strings.TrimSpace(get("stop_at")),
		Mode: get("mode"), Check: get("check"), Names: get("names"), AutoOpen: get("open_when_applied") != "", Partly: get("partly") != "",
		KeepCDC: get("keep_cdc") != "", Owner: strings.TrimSpace(get("owner"))}
}

// requestValues are the fields that are set, for links and hidden fields.
func requestValues(w drafting.Request) url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"source": w.Source, "prefix": w.Prefix, "instance": w.Instance, "staging": w.Staging, "database": w.Database,
		"family": w.Family, "base": w.Base, "fork": w.Fork, "stop_at": w.StopAt, "mode": w.Mode, "check": w.Check, "names": w.Names,
		"keep_cdc": server.Flag(w.KeepCDC), "owner": w.Owner} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if w.AutoOpen {
		v.Set("open_when_applied", "1")
	}
	if w.Partly {
		v.Set("partly", "1")
	}
	return v
}
