package instances

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/drafting"
	"github.com/bakplane/bakplane/internal/server"
	views "github.com/bakplane/bakplane/web/templates/instances"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// instanceShow asks one instance what it holds.
func (s *Pages) instanceShow(c echo.Context) (server.View, error) {
	i, err := s.Endpoints.Instance(c.Request().Context(), c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	v := views.Instance{Name: i.Name, Crumbs: []kit.Link{{Text: "Instances", Href: "/instances"}, {Text: i.Name}},
		Actions: []kit.Action{{Label: "Change", Href: s.SettingOf(i)}, {Label: "Ask again", Href: "/instances/" + i.ID}}}
	if i.Traits.BacksUpItself {
		v.Tabs = server.CloudTabs(i.ID, "databases")
		v.Actions = append(v.Actions, kit.Action{Label: "Back up now", Href: "/instances/" + i.ID + "/backup"})
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), server.Patience)
	defer cancel()
	if i.Traits.Source {
		v.Actions = append(v.Actions, kit.Action{Label: "Protection", Href: "/protection?" + url.Values{"instance": {i.ID}}.Encode()}, kit.Action{Label: "Backup sets", Href: "/sets?" + url.Values{"instance": {i.ID}}.Encode()},
			kit.Action{Label: "New policy", Href: "/policies/new?" + url.Values{"servers": {i.ID}}.Encode()})
		err = s.fillServer(ctx, s.Zone(c), i, &v)
	} else {
		err = s.fillTarget(ctx, i, &v)
	}
	if err != nil {
		h := s.AskedInVain(c, err)
		h.Actions = []kit.Action{{Label: "Ask again", Href: "/instances/" + i.ID}, {Label: "Change it", Href: s.SettingOf(i)}}
		v.Trouble, v.Badge = &h, kit.Badge{Text: "no answer", Tone: kit.ToneBad}
	}
	return server.View{Title: i.Name, Section: "instances", Page: func(f kit.Frame) templ.Component { return views.InstancePage(f, v) }}, nil
}

func (s *Pages) fillServer(ctx context.Context, z kit.Zone, i endpoint.Instance, v *views.Instance) error {
	v.Under = s.WhereIs(i)
	server, _, err := s.Ports.Server(ctx, i.ID)
	if err != nil {
		return err
	}
	info, err := server.Describe(ctx)
	if err != nil {
		return err
	}
	databases, err := server.Databases(ctx)
	if err != nil {
		return err
	}
	v.Badge = kit.Badge{Text: "answers", Tone: kit.ToneOK}
	v.Facts = serverFacts(z, info, databases)
	v.Empty = kit.Empty{Title: "The login sees no database.", Text: "GRANT VIEW ANY DATABASE lets it see all of them."}
	if _, ok := server.(backup.TaskLister); ok {
		v.Actions = append(v.Actions, kit.Action{Label: "Tasks", Href: "/instances/" + i.ID + "/service-tasks"})
	}
	s.fillCompression(ctx, i.ID, server, v)
	if i.Traits.CopiesLogs {
		v.Actions = append(v.Actions, kit.Action{Label: "Log copies", Href: "/instances/" + i.ID + "/log-copies"})
	}
	if v.Held, err = s.heldCard(ctx, z, i); err != nil {
		return err
	}
	for _, d := range drafting.UserFirst(databases) {
		v.Databases = append(v.Databases, databaseRow(z, i, d))
	}
	return nil
}

func serverFacts(z kit.Zone, info backup.ServerInfo, databases []backup.Database) []kit.Fact {
	var bytes int64
	for _, d := range databases {
		bytes += max(d.DataBytes, 0)
	}
	clock := kit.Fact{Label: "Its clock", Value: info.Now.UTC().Format("15:04:05"), Note: "UTC · as this machine's", Title: z.At(info.Now).Exact, Words: true}
	if skew := info.Now.Sub(z.Now); skew.Abs() > time.Minute {
		clock.Tone, clock.Note = kit.ToneWarn, kit.Span(skew.Abs())+" away from this machine's"
	}
	login := kit.Fact{Label: "We are", Value: info.Login, Note: "not sysadmin", Words: true}
	if info.Sysadmin {
		login.Note = "sysadmin"
	}
	return []kit.Fact{
		{Label: "Version", Value: bakfile.Product(info.VersionMajor), Note: info.Version, Words: true},
		{Label: "Edition", Value: info.Edition, Note: "on " + info.Machine, Words: true},
		{Label: "Databases", Value: fmt.Sprint(len(databases)), Note: kit.Bytes(bytes).Text + " of data"},
		clock, login}
}

func databaseRow(z kit.Zone, i endpoint.Instance, d backup.Database) views.DatabaseRow {
	row := views.DatabaseRow{Name: d.Name, Href: server.DatabaseHref(i.ID, d.Name), Size: kit.Bytes(d.DataBytes), Badge: kit.Badge{Text: strings.ToLower(d.State), Tone: kit.ToneOK},
		Recovery: kit.Badge{Text: d.RecoveryModel}, Off: drafting.System(d.Name)}
	if d.LogBytes >= 0 {
		row.Note = kit.Bytes(d.LogBytes).Text + " log"
	}
	if d.State != "ONLINE" {
		row.Badge.Tone = kit.ToneWarn
	}
	row.Full, row.Diff = server.BackedAt(z, d.LastFull, 8*24*time.Hour), server.BackedAt(z, d.LastDiff, math.MaxInt64)
	switch d.RecoveryModel {
	case "SIMPLE":
		row.Log.Ago = "no log backups"
		if !row.Off {
			row.Recovery.Tone = kit.ToneWarn
		}
	default:
		row.Log = server.BackedAt(z, d.LastLog, 24*time.Hour)
		if d.State == "ONLINE" && d.LastLogBackupLSN.IsZero() && !row.Off {
			row.Log = kit.Backed{Ago: "no full backup yet", Tone: kit.ToneWarn}
		}
	}
	if i.Traits.Lacks.Logs {
		row.Log = kit.Backed{Ago: "by its service"}
	}
	if row.Off {
		row.Full.Tone, row.Log.Tone = "", ""
		return row
	}
	mark := func(on bool, text string, tone kit.Tone) {
		if on {
			row.Marks = append(row.Marks, kit.Badge{Text: text, Tone: tone})
		}
	}
	mark(d.ReadOnly, "read-only", "")
	mark(d.UserAccess != "" && d.UserAccess != "MULTI_USER", strings.ToLower(strings.ReplaceAll(d.UserAccess, "_", " ")), "")
	mark(d.Encrypted, "TDE", kit.ToneWarn)
	mark(d.Filestream, "FILESTREAM", kit.ToneWarn)
	mark(d.InAvailabilityGroup, replicaMark(d), "")
	migrate := kit.Action{Label: "Migrate to…", Href: "/migrations/new/live?" + url.Values{"server": {i.ID}, "source_database": {d.Name}}.Encode(), Small: true}
	if i.Traits.Lacks.Follow {
		migrate = kit.Action{Label: "Back up now", Href: "/instances/" + i.ID + "/database/backup?" + url.Values{"name": {d.Name}}.Encode(), Small: true}
	}
	if d.State != "ONLINE" {
		migrate.Off = "It is " + d.State + "; only an online database can be backed up."
	}
	row.Action = &migrate
	return row
}

func (s *Pages) fillTarget(ctx context.Context, i endpoint.Instance, v *views.Instance) error {
	v.Under, v.Bare = i.InstanceID+" · "+i.Region, true
	target, err := s.Ports.Target(ctx, i.ID)
	if err != nil {
		return err
	}
	in, err := target.Instance(ctx)
	if err != nil {
		return err
	}
	names, err := target.Databases(ctx)
	if err != nil {
		return err
	}
	v.Badge = kit.Badge{Text: in.Status, Tone: kit.ToneOK}
	if in.Status != "Running" {
		v.Badge.Tone = kit.ToneWarn
	}
	if in.LockMode != "" && in.LockMode != "Unlock" {
		v.Badge = kit.Badge{Text: "locked", Tone: kit.ToneBad}
	}
	v.Facts = targetFacts(in, names)
	v.Empty = kit.Empty{Title: "No databases yet.", Text: "Databases that are migrated here appear in this list."}
	slices.Sort(names)
	for _, n := range names {
		v.Databases = append(v.Databases, views.DatabaseRow{Name: n})
	}
	return nil
}

func targetFacts(in migration.TargetInstance, names []string) []kit.Fact {
	version := kit.Fact{Label: "Version", Value: in.Version, Words: true, Note: in.Category}
	if in.VersionMajor != 0 {
		version.Value, version.Note = bakfile.Product(in.VersionMajor), in.Version+" · "+in.Category
	}
	facts := []kit.Fact{version, {Label: "Databases", Value: fmt.Sprint(len(names)), Note: "in any state"}}
	if in.MaxDatabases > 0 {
		facts[1].Note = fmt.Sprintf("of %d it may hold", in.MaxDatabases)
	}
	if in.StorageBytes > 0 {
		storage := kit.Fact{Label: "Storage", Value: kit.Bytes(in.StorageBytes).Text, Note: "used: not told"}
		if in.UsedBytes >= 0 {
			storage.Value, storage.Note = kit.Bytes(max(in.StorageBytes-in.UsedBytes, 0)).Text+" free", "of "+kit.Bytes(in.StorageBytes).Text
		}
		facts = append(facts, storage)
	}
	if in.LockReason != "" {
		facts = append(facts, kit.Fact{Label: "Locked", Value: in.LockMode, Note: in.LockReason, Tone: kit.ToneBad, Words: true})
	}
	return facts
}

// replicaMark says what the server is to a database of an availability group,
// and which backups it takes by that.
func replicaMark(d backup.Database) string {
	text := "availability group"
	if d.Member != nil && d.Member.Role != "" {
		text = strings.ToLower(string(d.Member.Role)) + " in " + d.Member.Group
	}
	var takes []string
	for _, kind := range []backup.Kind{backup.Full, backup.Log} {
		if d.ShareOf(kind, false).Take {
			takes = append(takes, string(kind)+"s")
		}
	}
	if len(takes) == 0 {
		return text + ", takes no backups"
	}
	return text + ", takes " + strings.Join(takes, " and ")
}
