package catalogue

import (
	"context"
	"net/http"
	"net/url"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/policy/clouds"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/internal/words"
	views "github.com/bakplane/bakplane/web/templates/catalogue"
	"github.com/bakplane/bakplane/web/templates/kit"
)

func setTitle(z kit.Zone, r backup.Record) string {
	return "Backup set of " + z.At(r.Finished()).UTC
}

// setShow shows one set and what can be done with it.
func (s *Pages) setShow(c echo.Context) (server.View, error) {
	r, in, err := s.CloudSet(c)
	if err != nil {
		return server.View{}, err
	}
	z := s.Zone(c)
	title := setTitle(z, r)
	v := views.CloudSet{Head: server.Inside(s.CloudHead(c, in, "sets"), kit.Link{Text: "Backup sets", Href: "/instances/" + in.ID + "/sets"}, kit.Link{Text: title}), Title: title, Kind: server.SetKind(r)}
	v.Pairs = s.setPairs(c, z, r)
	for _, k := range r.Copies {
		name := k.BucketID
		if b, err := s.Endpoints.Bucket(c.Request().Context(), k.BucketID); err == nil {
			name = b.Name
		}
		v.Copies = append(v.Copies, kit.Pair{Key: name, Value: kit.Bytes(k.Size).Text, When: z.At(k.At)})
	}
	v.Doing = s.setDoings(z, r)
	return server.CloudPage(title, func(f kit.Frame) templ.Component { return views.CloudSetPage(f, v) }), nil
}

func (s *Pages) setPairs(c echo.Context, z kit.Zone, r backup.Record) []kit.Pair {
	row := s.setRow(z, r)
	p := []kit.Pair{{Key: "State", Badge: setBadge(r)}, {Key: "Method", Value: row.Method}, {Key: "Taken", Value: row.Mode}, {Key: "Databases", Value: setDatabases(r, 200)},
		{Key: "Begun", When: z.At(r.Cloud.Started)}, {Key: "Finished", When: z.At(r.Cloud.Finished)}, {Key: "Took", Value: row.Took},
		{Key: "Size", Value: row.Size.Text + " · " + row.Size.Exact}}
	if r.Cloud.CopyOnly {
		p = append(p, kit.Pair{Key: "Copy-only", Value: "no differential builds on it"})
	}
	if until := server.Expiry(r); until.IsZero() {
		p = append(p, kit.Pair{Key: "Expires", Value: "never, or not told"})
	} else {
		p = append(p, kit.Pair{Key: "Expires", Value: clouds.TwoZones(until) + " · " + row.Left})
	}
	if r.Cloud.Checksum != "" {
		p = append(p, kit.Pair{Key: "CRC64", Value: r.Cloud.Checksum})
	}
	if r.Cloud.Region != "" {
		p = append(p, kit.Pair{Key: "Region", Value: r.Cloud.Region})
	}
	if r.Cloud.Archived {
		p = append(p, kit.Pair{Key: "Storage class", Value: "archive"})
	}
	return append(p, kit.Pair{Key: "Id at the service", Value: r.Cloud.ID}, kit.Pair{Key: "Last seen there", When: z.At(r.Seen)})
}

func (s *Pages) setDoings(z kit.Zone, r backup.Record) []views.Doing {
	href := server.SetHref(r)
	restore := views.Doing{Title: "Restore", Text: "Its databases, under other names, into an instance that exists.",
		Action: kit.Action{Label: "Restore from it…", Href: "/instances/" + r.InstanceID + "/restore?" + url.Values{"set": {r.ID}}.Encode(), Primary: true}}
	links := views.Doing{Title: "Download", Text: "Links are fetched from the service now and shown once. Whoever has one has the data. That you asked is noted in the audit trail; the links are not.",
		Action: kit.Action{Label: "Show the links", Href: href + "/links", Post: true}}
	copies := views.Doing{Title: "Keep a copy", Text: "In a bucket or folder of yours, before the service lets go of it.", Action: kit.Action{Label: "Copy…", Href: href + "/copy"}}
	extend := views.Doing{Title: "Keep it longer", Text: "Only later, never earlier.", Action: kit.Action{Label: "Change the expiry…", Href: href + "/extend"}}
	if e := clouds.Extendable(*r.Cloud, 0, z.Now); !e.Can {
		extend.Action.Off = words.Join(e.Why...).String()
	}
	gone := ""
	switch {
	case r.State == backup.Removed || !r.Gone.IsZero():
		gone = "It is no longer at the service."
	case r.State == backup.Broken || r.Cloud.Failed:
		gone = "The backup failed: there is nothing in it."
	}
	if gone == "" && !r.Cloud.Usable {
		restore.Action.Off = "The service says that it is not usable."
	}
	if gone != "" {
		restore.Action.Off, links.Action.Off, copies.Action.Off, extend.Action.Off = gone, gone, gone, gone
	} else if r.Snapshot() {
		links.Action.Off = "A snapshot is the state of a disk; the service gives no download for it."
		copies.Action.Off = links.Action.Off
	} else if !r.Cloud.Downloads {
		links.Action.Off = "The service tells of no download for it."
	}
	return []views.Doing{restore, copies, links, extend}
}

// setLinks fetches where a set can be downloaded, and shows it once.
func (s *Pages) setLinks(c echo.Context) error {
	r, in, err := s.CloudSet(c)
	if err != nil {
		return err
	}
	title := setTitle(s.Zone(c), r)
	links, err := s.LinksOf(c, in, "backup set "+r.Cloud.ID, func(ctx context.Context, cloud backup.Cloud) ([]backup.Link, error) {
		return cloud.SetLinks(ctx, r.Cloud.ID, r.Finished())
	})
	if err != nil {
		return err
	}
	return s.showLinks(c, in, links, title, kit.Action{Label: "Back to the set", Href: server.SetHref(r)}, kit.Link{Text: "Backup sets", Href: "/instances/" + in.ID + "/sets"}, kit.Link{Text: title, Href: server.SetHref(r)}, kit.Link{Text: "Download"})
}

// showLinks is the one page that ever holds links: no store, no cache, no log
// has them.
func (s *Pages) showLinks(c echo.Context, in server.CloudSeen, links []backup.Link, what string, back kit.Action, crumbs ...kit.Link) error {
	z := s.Zone(c)
	v := views.DownloadLinks{Head: server.Inside(s.CloudHead(c, in, "sets"), crumbs...), What: what, Back: back,
		Warn: kit.Help{Tone: kit.ToneWarn, Title: "Whoever has one of these links has the data.", Cause: "No password is asked. They are not kept here: this page cannot be opened again, and asking once more gives new ones.",
			Fix: "Do not send them by mail or chat, and do not leave them in a shell's history on a shared machine."}}
	for _, l := range links {
		row := views.DownloadLink{Name: l.Database, Public: l.Public.Reveal(), Intranet: l.Intranet.Reveal(), Expires: z.At(l.Expires)}
		if l.Database == "" {
			row.Name = "Everything"
		}
		row.Left = "The service does not say until when."
		if !l.Expires.IsZero() {
			row.Left, _ = left(z.Now, l.Expires)
		}
		v.Links = append(v.Links, row)
	}
	h := c.Response().Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	f := s.Frame(c, "Download", "instances", "")
	return server.Render(c, http.StatusOK, views.DownloadLinksPage(f, v))
}
