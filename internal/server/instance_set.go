package server

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/web/templates"
)

// cloudSet is a set of an instance, by our id.
func (s *Server) cloudSet(c echo.Context) (backup.Record, cloudSeen, error) {
	ctx := c.Request().Context()
	in, err := s.glimpsed(ctx, c.Param("id"))
	if err != nil {
		return backup.Record{}, in, err
	}
	r, err := s.Catalogue.Record(ctx, c.Param("set"))
	if err == nil && (r.InstanceID != in.ID || r.Cloud == nil) {
		err = fault.New(fault.NotFound, "There is no such backup set of this instance.", "The list shows those there are.")
	}
	return r, in, err
}

func setHref(r backup.Record) string { return "/instances/" + r.InstanceID + "/sets/" + r.ID }

func setTitle(z templates.Zone, r backup.Record) string {
	return "Backup set of " + z.At(r.Finished()).UTC
}

// setShow shows one set and what can be done with it.
func (s *Server) setShow(c echo.Context) (view, error) {
	r, in, err := s.cloudSet(c)
	if err != nil {
		return view{}, err
	}
	z := s.zone(c)
	title := setTitle(z, r)
	v := templates.CloudSet{Head: inside(s.cloudHead(c, in, "sets"), templates.Link{Text: "Backup sets", Href: "/instances/" + in.ID + "/sets"}, templates.Link{Text: title}), Title: title, Kind: setKind(r)}
	v.Pairs = s.setPairs(c, z, r)
	for _, k := range r.Copies {
		name := k.BucketID
		if b, err := s.Endpoints.Bucket(c.Request().Context(), k.BucketID); err == nil {
			name = b.Name
		}
		v.Copies = append(v.Copies, templates.Pair{Key: name, Value: templates.Bytes(k.Size).Text, When: z.At(k.At)})
	}
	v.Doing = s.setDoings(z, r)
	return cloudPage(title, func(f templates.Frame) templ.Component { return templates.CloudSetPage(f, v) }), nil
}

func (s *Server) setPairs(c echo.Context, z templates.Zone, r backup.Record) []templates.Pair {
	row := s.setRow(z, r)
	p := []templates.Pair{{Key: "State", Badge: setBadge(r)}, {Key: "Method", Value: row.Method}, {Key: "Taken", Value: row.Mode}, {Key: "Databases", Value: setDatabases(r, 200)},
		{Key: "Begun", When: z.At(r.Cloud.Started)}, {Key: "Finished", When: z.At(r.Cloud.Finished)}, {Key: "Took", Value: row.Took},
		{Key: "Size", Value: row.Size.Text + " · " + row.Size.Exact}}
	if r.Cloud.CopyOnly {
		p = append(p, templates.Pair{Key: "Copy-only", Value: "no differential builds on it"})
	}
	if until := expiry(r); until.IsZero() {
		p = append(p, templates.Pair{Key: "Expires", Value: "never, or not told"})
	} else {
		p = append(p, templates.Pair{Key: "Expires", Value: policy.TwoZones(until) + " · " + row.Left})
	}
	if r.Cloud.Checksum != "" {
		p = append(p, templates.Pair{Key: "CRC64", Value: r.Cloud.Checksum})
	}
	if r.Cloud.Region != "" {
		p = append(p, templates.Pair{Key: "Region", Value: r.Cloud.Region})
	}
	if r.Cloud.Archived {
		p = append(p, templates.Pair{Key: "Storage class", Value: "archive"})
	}
	return append(p, templates.Pair{Key: "Id at the service", Value: r.Cloud.ID}, templates.Pair{Key: "Last seen there", When: z.At(r.Seen)})
}

func (s *Server) setDoings(z templates.Zone, r backup.Record) []templates.Doing {
	href := setHref(r)
	restore := templates.Doing{Title: "Restore", Text: "Its databases, under other names, into an instance that exists.",
		Action: templates.Action{Label: "Restore from it…", Href: "/instances/" + r.InstanceID + "/restore?" + url.Values{"set": {r.ID}}.Encode(), Primary: true}}
	links := templates.Doing{Title: "Download", Text: "Links are fetched from the service now and shown once. Whoever has one has the data. That you asked is noted in the audit trail; the links are not.",
		Action: templates.Action{Label: "Show the links", Href: href + "/links", Post: true}}
	copies := templates.Doing{Title: "Keep a copy", Text: "In a bucket or folder of yours, before the service lets go of it.", Action: templates.Action{Label: "Copy…", Href: href + "/copy"}}
	extend := templates.Doing{Title: "Keep it longer", Text: "Only later, never earlier.", Action: templates.Action{Label: "Change the expiry…", Href: href + "/extend"}}
	if e := policy.Extendable(*r.Cloud, 0, z.Now); !e.Can {
		extend.Action.Off = strings.Join(e.Why, " ")
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
	return []templates.Doing{restore, copies, links, extend}
}

// setLinks fetches where a set can be downloaded, and shows it once.
func (s *Server) setLinks(c echo.Context) error {
	r, in, err := s.cloudSet(c)
	if err != nil {
		return err
	}
	title := setTitle(s.zone(c), r)
	links, err := s.linksOf(c, in, "backup set "+r.Cloud.ID, func(ctx context.Context, cloud backup.Cloud) ([]backup.Link, error) {
		return cloud.SetLinks(ctx, r.Cloud.ID, r.Finished())
	})
	if err != nil {
		return err
	}
	return s.showLinks(c, in, links, title, templates.Action{Label: "Back to the set", Href: setHref(r)}, templates.Link{Text: "Backup sets", Href: "/instances/" + in.ID + "/sets"}, templates.Link{Text: title, Href: setHref(r)}, templates.Link{Text: "Download"})
}

// linksOf notes who asks for links, then fetches them: nobody gets one whose
// request is not in the audit trail.
func (s *Server) linksOf(c echo.Context, in cloudSeen, what string, fetch func(context.Context, backup.Cloud) ([]backup.Link, error)) ([]backup.Link, error) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 4*patience)
	defer cancel()
	cloud, err := s.Clouds.Cloud(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := s.Audit.Record(ctx, s.entry(c, "backup.links", "instance/"+in.ID, "Asked for the download links of the "+what+" of "+in.Name+".")); err != nil {
		return nil, err
	}
	links, err := fetch(ctx, cloud)
	if err == nil && len(links) == 0 {
		err = fault.New(fault.NotFound, "The service gave no download link.", "Snapshots have none; of other sets links may come later.")
	}
	return links, err
}

// showLinks is the one page that ever holds links: no store, no cache, no log
// has them.
func (s *Server) showLinks(c echo.Context, in cloudSeen, links []backup.Link, what string, back templates.Action, crumbs ...templates.Link) error {
	z := s.zone(c)
	v := templates.DownloadLinks{Head: inside(s.cloudHead(c, in, "sets"), crumbs...), What: what, Back: back,
		Warn: templates.Help{Tone: templates.ToneWarn, Title: "Whoever has one of these links has the data.", Cause: "No password is asked. They are not kept here: this page cannot be opened again, and asking once more gives new ones.",
			Fix: "Do not send them by mail or chat, and do not leave them in a shell's history on a shared machine."}}
	for _, l := range links {
		row := templates.DownloadLink{Name: l.Database, Public: l.Public.Reveal(), Intranet: l.Intranet.Reveal(), Expires: z.At(l.Expires)}
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
	f := s.frame(c, "Download", "instances", "")
	return render(c, http.StatusOK, templates.DownloadLinksPage(f, v))
}
