package server

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/web/templates"
)

// patience is how long a page waits for a server or a cloud to answer.
const patience = 5 * time.Second

// instanceList shows every SQL Server we know. None is asked: the list opens
// at once, also while a server is down.
func (s *Server) instanceList(c echo.Context) (view, error) {
	ctx := c.Request().Context()
	all, err := s.Endpoints.Instances(ctx)
	if err != nil {
		return view{}, err
	}
	st, err := s.activity(ctx)
	if err != nil {
		return view{}, err
	}
	moves := map[string]int{}
	for _, m := range st.active {
		moves[m.InstanceID]++
		if m.ServerID != "" {
			moves[m.ServerID]++
		}
	}
	v := templates.Instances{Empty: templates.Empty{Title: "No instances yet.", Text: "Add the ApsaraDB RDS instance that databases go to, and the SQL Servers at work that they come from, or go to.",
		Actions: []templates.Action{{Label: "Add a SQL Server", Href: "/settings/servers/new"}, {Label: "Add a cloud instance", Href: "/settings/instances/new"}}}}
	for _, i := range all {
		row := templates.InstanceRow{Name: templates.Link{Text: i.Name, Href: "/instances/" + i.ID}, Kind: "ApsaraDB RDS", Where: i.InstanceID + " · " + i.Region, Role: "databases go here"}
		if i.Traits.Source {
			row.Kind, row.Where, row.Role = "SQL Server", s.whereIs(i), "databases come from here, or go here"
			row.Action = &templates.Action{Label: "Migrate from here", Href: "/migrations/new/live?" + url.Values{"server": {i.ID}}.Encode(), Small: true}
		}
		if n := moves[i.ID]; n > 0 {
			row.Moves = fmt.Sprintf("%d on their way", n)
		}
		v.Rows = append(v.Rows, row)
	}
	return view{title: "Instances", section: "instances", page: func(f templates.Frame) templ.Component { return templates.InstancesPage(f, v) }}, nil
}

// instanceShow asks one instance what it holds.
func (s *Server) instanceShow(c echo.Context) (view, error) {
	i, err := s.Endpoints.Instance(c.Request().Context(), c.Param("id"))
	if err != nil {
		return view{}, err
	}
	v := templates.Instance{Name: i.Name, Crumbs: []templates.Link{{Text: "Instances", Href: "/instances"}, {Text: i.Name}},
		Actions: []templates.Action{{Label: "Change", Href: s.settingOf(i)}, {Label: "Ask again", Href: "/instances/" + i.ID}}}
	if i.Traits.BacksUpItself {
		v.Tabs = cloudTabs(i.ID, "databases")
		v.Actions = append(v.Actions, templates.Action{Label: "Back up now", Href: "/instances/" + i.ID + "/backup"})
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), patience)
	defer cancel()
	if i.Traits.Source {
		v.Actions = append(v.Actions, templates.Action{Label: "Protection", Href: "/protection?" + url.Values{"instance": {i.ID}}.Encode()}, templates.Action{Label: "Backup sets", Href: "/sets?" + url.Values{"instance": {i.ID}}.Encode()},
			templates.Action{Label: "New policy", Href: "/policies/new?" + url.Values{"servers": {i.ID}}.Encode()})
		err = s.fillServer(ctx, s.zone(c), i, &v)
	} else {
		err = s.fillTarget(ctx, i, &v)
	}
	if err != nil {
		h := s.askedInVain(c, err)
		h.Actions = []templates.Action{{Label: "Ask again", Href: "/instances/" + i.ID}, {Label: "Change it", Href: s.settingOf(i)}}
		v.Trouble, v.Badge = &h, templates.Badge{Text: "no answer", Tone: templates.ToneBad}
	}
	return view{title: i.Name, section: "instances", page: func(f templates.Frame) templ.Component { return templates.InstancePage(f, v) }}, nil
}

// askedInVain words why something outside could not be asked.
func (s *Server) askedInVain(c echo.Context, err error) templates.Help {
	if errors.Is(err, context.DeadlineExceeded) && fault.Of(err) == fault.Unknown {
		return templates.Help{Title: "It did not answer within " + templates.Span(patience) + ".", Fix: "Look whether it runs and can be reached from this machine, then ask again."}
	}
	if fault.Of(err) == fault.Unknown {
		s.Log.Error("ask outside", "ref", requestID(c), "path", c.Request().URL.Path, "err", err)
	}
	message, fix := fault.Words(err)
	return templates.Help{Title: message, Fix: fix}
}

func (s *Server) fillServer(ctx context.Context, z templates.Zone, i endpoint.Instance, v *templates.Instance) error {
	v.Under = s.whereIs(i)
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
	v.Badge = templates.Badge{Text: "answers", Tone: templates.ToneOK}
	v.Facts = serverFacts(z, info, databases)
	v.Empty = templates.Empty{Title: "The login sees no database.", Text: "GRANT VIEW ANY DATABASE lets it see all of them."}
	for _, d := range userFirst(databases) {
		v.Databases = append(v.Databases, databaseRow(z, i, d))
	}
	return nil
}

func serverFacts(z templates.Zone, info backup.ServerInfo, databases []backup.Database) []templates.Fact {
	var bytes int64
	for _, d := range databases {
		bytes += max(d.DataBytes, 0)
	}
	clock := templates.Fact{Label: "Its clock", Value: info.Now.UTC().Format("15:04:05"), Note: "UTC · as this machine's", Title: z.At(info.Now).Exact, Words: true}
	if skew := info.Now.Sub(z.Now); skew.Abs() > time.Minute {
		clock.Tone, clock.Note = templates.ToneWarn, templates.Span(skew.Abs())+" away from this machine's"
	}
	login := templates.Fact{Label: "We are", Value: info.Login, Note: "not sysadmin", Words: true}
	if info.Sysadmin {
		login.Note = "sysadmin"
	}
	return []templates.Fact{
		{Label: "Version", Value: migration.Product(info.VersionMajor), Note: info.Version, Words: true},
		{Label: "Edition", Value: info.Edition, Note: "on " + info.Machine, Words: true},
		{Label: "Databases", Value: fmt.Sprint(len(databases)), Note: templates.Bytes(bytes).Text + " of data"},
		clock, login}
}

// userFirst sorts by name, system databases last.
func userFirst(ds []backup.Database) []backup.Database {
	out := slices.Clone(ds)
	slices.SortStableFunc(out, func(a, b backup.Database) int {
		if x, y := system(a.Name), system(b.Name); x != y {
			if x {
				return 1
			}
			return -1
		}
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	return out
}

// system tells databases that cannot be migrated because of what they are.
func system(name string) bool { return migration.BadDatabaseName(name) != "" }

func databaseRow(z templates.Zone, i endpoint.Instance, d backup.Database) templates.DatabaseRow {
	row := templates.DatabaseRow{Name: d.Name, Href: databaseHref(i.ID, d.Name), Size: templates.Bytes(d.DataBytes), Badge: templates.Badge{Text: strings.ToLower(d.State), Tone: templates.ToneOK},
		Recovery: templates.Badge{Text: d.RecoveryModel}, Off: system(d.Name)}
	if d.LogBytes >= 0 {
		row.Note = templates.Bytes(d.LogBytes).Text + " log"
	}
	if d.State != "ONLINE" {
		row.Badge.Tone = templates.ToneWarn
	}
	row.Full, row.Diff = backedAt(z, d.LastFull, 8*24*time.Hour), backedAt(z, d.LastDiff, math.MaxInt64)
	switch d.RecoveryModel {
	case "SIMPLE":
		row.Log.Ago = "no log backups"
		if !row.Off {
			row.Recovery.Tone = templates.ToneWarn
		}
	default:
		row.Log = backedAt(z, d.LastLog, 24*time.Hour)
		if d.State == "ONLINE" && d.LastLogBackupLSN.IsZero() && !row.Off {
			row.Log = templates.Backed{Ago: "no full backup yet", Tone: templates.ToneWarn}
		}
	}
	if row.Off {
		row.Full.Tone, row.Log.Tone = "", ""
		return row
	}
	mark := func(on bool, text string, tone templates.Tone) {
		if on {
			row.Marks = append(row.Marks, templates.Badge{Text: text, Tone: tone})
		}
	}
	mark(d.ReadOnly, "read-only", "")
	mark(d.UserAccess != "" && d.UserAccess != "MULTI_USER", strings.ToLower(strings.ReplaceAll(d.UserAccess, "_", " ")), "")
	mark(d.Encrypted, "TDE", templates.ToneWarn)
	mark(d.Filestream, "FILESTREAM", templates.ToneWarn)
	mark(d.InAvailabilityGroup && d.PreferredReplica, "availability group", "")
	mark(d.InAvailabilityGroup && !d.PreferredReplica, "not the preferred replica", templates.ToneWarn)
	migrate := templates.Action{Label: "Migrate to…", Href: "/migrations/new/live?" + url.Values{"server": {i.ID}, "source_database": {d.Name}}.Encode(), Small: true}
	if d.State != "ONLINE" {
		migrate.Off = "It is " + d.State + "; only an online database can be backed up."
	}
	row.Action = &migrate
	return row
}

// backedAt words when a backup was taken; one older than late, or none, is to
// be looked at soon.
func backedAt(z templates.Zone, at time.Time, late time.Duration) templates.Backed {
	if at.IsZero() {
		b := templates.Backed{Ago: "never"}
		if late != math.MaxInt64 {
			b.Tone = templates.ToneWarn
		}
		return b
	}
	b := templates.Backed{When: z.At(at), Ago: z.Ago(at)}
	if z.Now.Sub(at) > late {
		b.Tone = templates.ToneWarn
	}
	return b
}

func (s *Server) fillTarget(ctx context.Context, i endpoint.Instance, v *templates.Instance) error {
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
	v.Badge = templates.Badge{Text: in.Status, Tone: templates.ToneOK}
	if in.Status != "Running" {
		v.Badge.Tone = templates.ToneWarn
	}
	if in.LockMode != "" && in.LockMode != "Unlock" {
		v.Badge = templates.Badge{Text: "locked", Tone: templates.ToneBad}
	}
	v.Facts = targetFacts(in, names)
	v.Empty = templates.Empty{Title: "No databases yet.", Text: "Databases that are migrated here appear in this list."}
	slices.Sort(names)
	for _, n := range names {
		v.Databases = append(v.Databases, templates.DatabaseRow{Name: n})
	}
	return nil
}

func targetFacts(in migration.TargetInstance, names []string) []templates.Fact {
	version := templates.Fact{Label: "Version", Value: in.Version, Words: true, Note: in.Category}
	if in.VersionMajor != 0 {
		version.Value, version.Note = migration.Product(in.VersionMajor), in.Version+" · "+in.Category
	}
	facts := []templates.Fact{version, {Label: "Databases", Value: fmt.Sprint(len(names)), Note: "in any state"}}
	if in.MaxDatabases > 0 {
		facts[1].Note = fmt.Sprintf("of %d it may hold", in.MaxDatabases)
	}
	if in.StorageBytes > 0 {
		storage := templates.Fact{Label: "Storage", Value: templates.Bytes(in.StorageBytes).Text, Note: "used: not told"}
		if in.UsedBytes >= 0 {
			storage.Value, storage.Note = templates.Bytes(max(in.StorageBytes-in.UsedBytes, 0)).Text+" free", "of "+templates.Bytes(in.StorageBytes).Text
		}
		facts = append(facts, storage)
	}
	if in.LockReason != "" {
		facts = append(facts, templates.Fact{Label: "Locked", Value: in.LockMode, Note: in.LockReason, Tone: templates.ToneBad, Words: true})
	}
	return facts
}
