package server

import (
	"context"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/web/templates"
)

// copyAsk asks where a copy of a set shall lie.
func (s *Server) copyAsk(c echo.Context) (view, error) {
	r, in, err := s.cloudSet(c)
	if err != nil {
		return view{}, err
	}
	return s.copyForm(c, r, in, nil)
}

func (s *Server) copyForm(c echo.Context, r backup.Record, in cloudSeen, refused error) (view, error) {
	z, href := s.zone(c), setHref(r)
	title := setTitle(z, r)
	buckets, err := s.bucketField(c.Request().Context(), c.FormValue("bucket"))
	if err != nil {
		return view{}, err
	}
	v := templates.CloudOrder{Head: inside(s.cloudHead(c, in, "sets"), templates.Link{Text: "Backup sets", Href: "/instances/" + in.ID + "/sets"}, templates.Link{Text: title, Href: href}, templates.Link{Text: "Copy"}),
		Title: "Copy to a bucket or folder of yours", Intro: templates.Bytes(r.Bytes()).Text + ", as the service tells.",
		Points: []string{"The service's download link is fetched when it is needed and kept nowhere; when it expires on the way, a new one is fetched.", "A copy that stops goes on where it stood.", "The copy stays when the service lets go of the set: whoever keeps it removes it."}}
	if until := expiry(r); !until.IsZero() {
		words, tone := left(z.Now, until)
		v.Facts = []templates.Fact{{Label: "The set expires", Value: words, Note: z.At(until).UTC + " UTC", Title: z.At(until).Exact, Tone: tone, Words: true}}
	}
	out := cloudPage("Copy a backup set", func(f templates.Frame) templ.Component { return templates.CloudOrderPage(f, v) })
	if refused != nil {
		out.status = statusOf(refused)
	}
	if len(buckets.Options) == 0 {
		v.Notes = []templates.Help{noBuckets()}
		return out, nil
	}
	v.Form = &templates.Form{Action: href + "/copy", Submit: "Copy it", Cancel: href, Problem: problemOf(refused), Fields: []templates.Field{buckets}}
	return out, nil
}

func noBuckets() templates.Help {
	return templates.Help{Tone: templates.ToneWarn, Title: "There is no bucket and no folder yet.", Fix: "Add one where copies shall lie.",
		Actions: []templates.Action{{Label: "Add a bucket", Href: "/settings/buckets/new"}, {Label: "Add a folder", Href: "/settings/folders/new"}}}
}

func (s *Server) bucketField(ctx context.Context, value string) (templates.Field, error) {
	buckets, err := s.Endpoints.Buckets(ctx)
	f := templates.Field{Name: "bucket", Label: "Where to", Type: "select", Value: value}
	for _, b := range buckets {
		label := b.Name + " · " + b.Bucket
		if !b.Service {
			label = b.Name + " · " + b.Path
		}
		f.Options = append(f.Options, templates.Option{Value: b.ID, Label: label})
	}
	return f, err
}

// copySet orders a copy.
func (s *Server) copySet(c echo.Context) error {
	r, in, err := s.cloudSet(c)
	if err != nil {
		return err
	}
	id, err := s.Copier.Copy(c.Request().Context(), r.ID, c.FormValue("bucket"), s.orderedBy(c))
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return err
		}
		v, viewErr := s.copyForm(c, r, in, err)
		if viewErr != nil {
			return viewErr
		}
		return s.refused(c, v)
	}
	s.say(c, templates.ToneOK, "The copy is ordered.")
	return seeOther(c, "/runs/"+id)
}

// copyRuleAsk asks whether every new set of an instance shall be copied.
func (s *Server) copyRuleAsk(c echo.Context) (view, error) {
	in, err := s.glimpsed(c.Request().Context(), c.Param("id"))
	if err != nil {
		return view{}, err
	}
	return s.copyRuleForm(c, in, nil)
}

func (s *Server) copyRuleForm(c echo.Context, in cloudSeen, refused error) (view, error) {
	ctx, here := c.Request().Context(), "/instances/"+in.ID+"/copies"
	rules, err := s.Copier.Copies.CopyRules(ctx)
	if err != nil {
		return view{}, err
	}
	now, since := "", templates.When{}
	for _, r := range rules {
		if r.InstanceID == in.ID {
			now, since = r.BucketID, s.zone(c).At(r.Since)
		}
	}
	buckets, err := s.bucketField(ctx, now)
	if err != nil {
		return view{}, err
	}
	v := templates.CloudOrder{Head: inside(s.cloudHead(c, in, "sets"), templates.Link{Text: "Backup sets", Href: "/instances/" + in.ID + "/sets"}, templates.Link{Text: "Copy rule"}),
		Title: "Copy every new set", Intro: "No set of this instance is copied by a rule.",
		Points: []string{"Every physical set that finishes from now on is copied before the service lets go of it.", "Snapshots cannot be downloaded and stay where they are.", "Each copy is a run of its own."}}
	if now != "" {
		v.Intro = "Sets finished since " + since.UTC + " UTC are copied."
	}
	out := cloudPage("Copy rule of "+in.Name, func(f templates.Frame) templ.Component { return templates.CloudOrderPage(f, v) })
	if refused != nil {
		out.status = statusOf(refused)
	}
	if len(buckets.Options) == 0 {
		v.Notes = []templates.Help{noBuckets()}
		return out, nil
	}
	buckets.Optional = true
	buckets.Options = append([]templates.Option{{Value: "", Label: "nowhere: no rule"}}, buckets.Options...)
	v.Form = &templates.Form{Action: here, Submit: "Save the rule", Cancel: "/instances/" + in.ID + "/sets", Problem: problemOf(refused), Fields: []templates.Field{buckets}}
	return out, nil
}

// copyRuleSave makes the rule, or ends it.
func (s *Server) copyRuleSave(c echo.Context) error {
	in, err := s.glimpsed(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	bucket := c.FormValue("bucket")
	if err := s.Copier.Rule(c.Request().Context(), in.ID, bucket, s.orderedBy(c)); err != nil {
		if fault.Of(err) == fault.Unknown {
			return err
		}
		v, viewErr := s.copyRuleForm(c, in, err)
		if viewErr != nil {
			return viewErr
		}
		return s.refused(c, v)
	}
	words := "New sets are copied from now on."
	if bucket == "" {
		words = "New sets are copied no more."
	}
	s.say(c, templates.ToneOK, words)
	return seeOther(c, "/instances/"+in.ID+"/sets")
}
