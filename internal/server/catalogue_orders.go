package server

import (
	"fmt"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/scan"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// CatalogueFilters are the fields by which the catalogue is searched, with the
// values they take.
var CatalogueFilters = []struct {
	Name, Label string
	Options     []kit.Option
}{
	{"instance", "Instance", nil},
	{"database", "Database", nil},
	{"kind", "Kind", []kit.Option{{Value: "full", Label: "full"}, {Value: "differential", Label: "differential"}, {Value: "log", Label: "log"}}},
	{"method", "Method", []kit.Option{{Value: "files", Label: "backup files"}, {Value: "snapshot", Label: "snapshot"}}},
	{"mode", "Taken", []kit.Option{{Value: "policy", Label: "by a policy"}, {Value: "manual", Label: "by hand"}}},
	{"state", "State", []kit.Option{{Value: "complete", Label: "complete"}, {Value: "broken", Label: "broken"}, {Value: "removed", Label: "gone"}}},
	{"origin", "Found", []kit.Option{{Value: "us", Label: "taken by Bakplane"}, {Value: "others", Label: "taken by others"}, {Value: "bucket", Label: "as files in a bucket"}, {Value: "cloud", Label: "in the cloud"}}},
	{"from", "From (UTC)", nil},
	{"to", "To (UTC)", nil},
}

// CatalogueFilter reads what is looked for; wrong tells by field what cannot
// be read.
func CatalogueFilter(get func(string) string) (f backup.RecordFilter, wrong map[string]string) {
	wrong = map[string]string{}
	yes, no := true, false
	f = backup.RecordFilter{InstanceID: get("instance"), Database: strings.TrimSpace(get("database")), Before: get("before")}
	for _, field := range CatalogueFilters {
		value, known := get(field.Name), field.Options == nil
		for _, o := range field.Options {
			known = known || o.Value == value
		}
		if value != "" && !known {
			wrong[field.Name] = fmt.Sprintf("%q is none of the choices.", value)
		}
	}
	f.Kind, f.State, f.Origin = backup.Kind(get("kind")), backup.RecordState(get("state")), backup.Origin(get("origin"))
	switch get("method") {
	case "files":
		f.Snapshot = &no
	case "snapshot":
		f.Snapshot = &yes
	}
	switch get("mode") {
	case "policy":
		f.Manual = &no
	case "manual":
		f.Manual = &yes
	}
	for name, to := range map[string]*time.Time{"from": &f.From, "to": &f.To} {
		at, err := dayOrTime(strings.TrimSpace(get(name)), name == "to")
		if err != nil {
			wrong[name], _ = fault.Words(err)
		}
		*to = at
	}
	return f, wrong
}

// LookNow has a bucket or an instance asked for its backups, as a run of its
// own.
func (s *Kit) LookNow(c echo.Context, subject string) (runID string, err error) {
	runID = s.NewID()
	return runID, scan.ScanNow(c.Request().Context(), s.Scans, s.Endpoints, scan.Subject(subject), runID, Actor(c), s.Now().UTC().Truncate(time.Microsecond))
}
