package server

import (
	"context"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/web/templates"
)

// extendAsk asks until when a set shall be kept.
func (s *Server) extendAsk(c echo.Context) (view, error) {
	r, in, err := s.cloudSet(c)
	if err != nil {
		return view{}, err
	}
	return s.extendForm(c, r, in, c.QueryParam("until"), nil)
}

func (s *Server) extendForm(c echo.Context, r backup.Record, in cloudSeen, until string, refused error) (view, error) {
	z, href := s.zone(c), setHref(r)
	title := setTitle(z, r)
	v := templates.CloudOrder{Head: inside(s.cloudHead(c, in, "sets"), templates.Link{Text: "Backup sets", Href: "/instances/" + in.ID + "/sets"}, templates.Link{Text: title, Href: href}, templates.Link{Text: "Change the expiry"}),
		Title: "Keep it longer", Recheck: href + "/extend"}
	out := cloudPage("Change the expiry", func(f templates.Frame) templ.Component { return templates.CloudOrderPage(f, v) })
	if refused != nil {
		out.status = statusOf(refused)
	}
	e := policy.Extendable(*r.Cloud, 0, s.Now())
	if !e.Can {
		h := templates.Help{Title: "The expiry of this set cannot be moved."}
		for _, why := range e.Why {
			h.Cause = sentences(why, h.Cause)
		}
		v.Notes, v.Intro = []templates.Help{h}, "Only full physical sets of single databases that were taken by hand can be kept longer."
		return out, nil
	}
	v.Intro = "It expires " + policy.TwoZones(r.Cloud.Expires) + "."
	if e.Unsure != "" {
		v.Notes = append(v.Notes, templates.Help{Tone: templates.ToneWarn, Title: e.Unsure})
	}
	field := templates.Field{Name: policy.FieldExpiry, Label: "Keep it until (UTC)", Value: until, Mono: true, Autocomplete: "off", Placeholder: r.Cloud.Expires.AddDate(0, 1, 0).UTC().Format(time.DateTime), Hint: "Only later than now, never earlier. The console shows it in UTC+8."}
	if field.Value == "" {
		field.Value = c.QueryParam(policy.FieldExpiry)
	}
	if at, err := stopTime(field.Value); err == nil {
		field.Hint = policy.TwoZones(at) + "."
		v.Call = callText(backup.ExtendCall(in.InstanceID, r.Cloud.ID, at))
		field.Error = barred(policy.CheckExpiry(*r.Cloud, at, 0, s.Now()))[policy.FieldExpiry]
	} else if field.Value != "" {
		field.Error, _ = fault.Words(err)
	}
	if wrong := refusedFields(refused)[policy.FieldExpiry]; wrong != "" {
		field.Error = wrong
	} else if refused != nil && field.Error == "" {
		field.Error, _ = fault.Words(refused)
	}
	v.Form = &templates.Form{Action: href + "/extend", Submit: "Keep it longer", Cancel: href, Fields: []templates.Field{field}}
	return out, nil
}

// extendSet moves the expiry of a set to a later moment.
func (s *Server) extendSet(c echo.Context) error {
	r, in, err := s.cloudSet(c)
	if err != nil {
		return err
	}
	text := c.FormValue(policy.FieldExpiry)
	at, err := stopTime(text)
	var is backup.CloudSet
	if err == nil {
		is, err = s.extendCloud(c, r, in, at)
	}
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return err
		}
		v, viewErr := s.extendForm(c, r, in, text, err)
		if viewErr != nil {
			return viewErr
		}
		return s.refused(c, v)
	}
	s.say(c, templates.ToneOK, "Read again, the service keeps it until "+policy.TwoZones(is.Expires)+".")
	return seeOther(c, setHref(r))
}

// extendCloud asks the service, and keeps what it says afterwards.
func (s *Server) extendCloud(c echo.Context, r backup.Record, in cloudSeen, until time.Time) (backup.CloudSet, error) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 4*patience)
	defer cancel()
	cloud, err := s.Clouds.Cloud(ctx, in.ID)
	if err != nil {
		return backup.CloudSet{}, err
	}
	names, err := cloud.Names(ctx, in.InstanceID)
	if err != nil {
		names = nil // then the service decides
	}
	is, err := policy.Extend(ctx, cloud, s.Audit, in.ID, r.Cloud.ID, until, len(names), actor(c), s.Now)
	if err != nil {
		return is, err
	}
	r.Cloud, r.Expires, r.Seen = &is, is.Expires, s.Now().UTC()
	return is, s.Catalogue.Put(ctx, []backup.Record{r})
}
