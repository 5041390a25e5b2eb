package catalogue

import (
	"context"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// copyAsk asks where a copy of a set shall lie.
func (s *Pages) copyAsk(c echo.Context) (server.View, error) {
	r, in, err := s.CloudSet(c)
	if err != nil {
		return server.View{}, err
	}
	return s.copyForm(c, r, in, nil)
}

func (s *Pages) copyForm(c echo.Context, r backup.Record, in server.CloudSeen, refused error) (server.View, error) {
	z, href := s.Zone(c), server.SetHref(r)
	title := setTitle(z, r)
	buckets, err := s.bucketField(c.Request().Context(), c.FormValue("bucket"))
	if err != nil {
		return server.View{}, err
	}
	v := kit.CloudOrder{Head: server.Inside(s.CloudHead(c, in, "sets"), kit.Link{Text: "Backup sets", Href: "/instances/" + in.ID + "/sets"}, kit.Link{Text: title, Href: href}, kit.Link{Text: "Copy"}),
		Title: "Copy to a bucket or folder of yours", Intro: kit.Bytes(r.Bytes()).Text + ", as the service tells.",
		Points: []string{"The service's download link is fetched when it is needed and kept nowhere; when it expires on the way, a new one is fetched.", "A copy that stops goes on where it stood.", "The copy stays when the service lets go of the set: whoever keeps it removes it."}}
	if until := server.Expiry(r); !until.IsZero() {
		words, tone := left(z.Now, until)
		v.Facts = []kit.Fact{{Label: "The set expires", Value: words, Note: z.At(until).UTC + " UTC", Title: z.At(until).Exact, Tone: tone, Words: true}}
	}
	out := server.CloudPage("Copy a backup set", func(f kit.Frame) templ.Component { return kit.CloudOrderPage(f, v) })
	if refused != nil {
		out.Status = server.StatusOf(refused)
	}
	if len(buckets.Options) == 0 {
		v.Notes = []kit.Help{noBuckets()}
		return out, nil
	}
	v.Form = &kit.Form{Action: href + "/copy", Submit: "Copy it", Cancel: href, Problem: server.ProblemOf(refused), Fields: []kit.Field{buckets}}
	return out, nil
}

func noBuckets() kit.Help {
	return kit.Help{Tone: kit.ToneWarn, Title: "There is no bucket and no folder yet.", Fix: "Add one where copies shall lie.",
		Actions: []kit.Action{{Label: "Add a bucket", Href: "/settings/buckets/new"}, {Label: "Add a folder", Href: "/settings/folders/new"}}}
}

func (s *Pages) bucketField(ctx context.Context, value string) (kit.Field, error) {
	buckets, err := s.Endpoints.Buckets(ctx)
	f := kit.Field{Name: "bucket", Label: "Where to", Type: "select", Value: value}
	for _, b := range buckets {
		label := b.Name + " · " + b.Bucket
		if !b.Service {
			label = b.Name + " · " + b.Path
		}
		f.Options = append(f.Options, kit.Option{Value: b.ID, Label: label})
	}
	return f, err
}

// copySet orders a copy.
func (s *Pages) copySet(c echo.Context) error {
	r, in, err := s.CloudSet(c)
	if err != nil {
		return err
	}
	id, err := s.Copier.Copy(c.Request().Context(), r.ID, c.FormValue("bucket"), s.OrderedBy(c))
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return err
		}
		v, viewErr := s.copyForm(c, r, in, err)
		if viewErr != nil {
			return viewErr
		}
		return s.Refused(c, v)
	}
	s.Say(c, kit.ToneOK, "The copy is ordered.")
	return server.SeeOther(c, "/runs/"+id)
}

// copyRuleAsk asks whether every new set of an instance shall be copied.
func (s *Pages) copyRuleAsk(c echo.Context) (server.View, error) {
	in, err := s.Glimpsed(c.Request().Context(), c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	return s.copyRuleForm(c, in, nil)
}

func (s *Pages) copyRuleForm(c echo.Context, in server.CloudSeen, refused error) (server.View, error) {
	ctx, here := c.Request().Context(), "/instances/"+in.ID+"/copies"
	rules, err := s.Copier.Copies.CopyRules(ctx)
	if err != nil {
		return server.View{}, err
	}
	now, since := "", kit.When{}
	for _, r := range rules {
		if r.InstanceID == in.ID {
			now, since = r.BucketID, s.Zone(c).At(r.Since)
		}
	}
	buckets, err := s.bucketField(ctx, now)
	if err != nil {
		return server.View{}, err
	}
	v := kit.CloudOrder{Head: server.Inside(s.CloudHead(c, in, "sets"), kit.Link{Text: "Backup sets", Href: "/instances/" + in.ID + "/sets"}, kit.Link{Text: "Copy rule"}),
		Title: "Copy every new set", Intro: "No set of this instance is copied by a rule.",
		Points: []string{"Every physical set that finishes from now on is copied before the service lets go of it.", "Snapshots cannot be downloaded and stay where they are.", "Each copy is a run of its own."}}
	if now != "" {
		v.Intro = "Sets finished since " + since.UTC + " UTC are copied."
	}
	out := server.CloudPage("Copy rule of "+in.Name, func(f kit.Frame) templ.Component { return kit.CloudOrderPage(f, v) })
	if refused != nil {
		out.Status = server.StatusOf(refused)
	}
	if len(buckets.Options) == 0 {
		v.Notes = []kit.Help{noBuckets()}
		return out, nil
	}
	buckets.Optional = true
	buckets.Options = append([]kit.Option{{Value: "", Label: "nowhere: no rule"}}, buckets.Options...)
	v.Form = &kit.Form{Action: here, Submit: "Save the rule", Cancel: "/instances/" + in.ID + "/sets", Problem: server.ProblemOf(refused), Fields: []kit.Field{buckets}}
	return out, nil
}

// copyRuleSave makes the rule, or ends it.
func (s *Pages) copyRuleSave(c echo.Context) error {
	in, err := s.Glimpsed(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	bucket := c.FormValue("bucket")
	if err := s.Copier.Rule(c.Request().Context(), in.ID, bucket, s.OrderedBy(c)); err != nil {
		if fault.Of(err) == fault.Unknown {
			return err
		}
		v, viewErr := s.copyRuleForm(c, in, err)
		if viewErr != nil {
			return viewErr
		}
		return s.Refused(c, v)
	}
	words := "New sets are copied from now on."
	if bucket == "" {
		words = "New sets are copied no more."
	}
	s.Say(c, kit.ToneOK, words)
	return server.SeeOther(c, "/instances/"+in.ID+"/sets")
}
