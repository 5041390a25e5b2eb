package catalogue

import (
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy/clouds"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/internal/words"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// extendAsk asks until when a set shall be kept.
func (s *Pages) extendAsk(c echo.Context) (server.View, error) {
	r, in, err := s.CloudSet(c)
	if err != nil {
		return server.View{}, err
	}
	return s.extendForm(c, r, in, c.QueryParam("until"), nil)
}

func (s *Pages) extendForm(c echo.Context, r backup.Record, in server.CloudSeen, until string, refused error) (server.View, error) {
	z, href := s.Zone(c), server.SetHref(r)
	title := setTitle(z, r)
	v := kit.CloudOrder{Head: server.Inside(s.CloudHead(c, in, "sets"), kit.Link{Text: "Backup sets", Href: "/instances/" + in.ID + "/sets"}, kit.Link{Text: title, Href: href}, kit.Link{Text: "Change the expiry"}),
		Title: "Keep it longer", Recheck: href + "/extend"}
	out := server.CloudPage("Change the expiry", func(f kit.Frame) templ.Component { return kit.CloudOrderPage(f, v) })
	if refused != nil {
		out.Status = server.StatusOf(refused)
	}
	e := clouds.Extendable(*r.Cloud, 0, s.Now())
	if !e.Can {
		h := kit.Help{Title: "The expiry of this set cannot be moved.", Cause: words.Join(e.Why...).String()}
		v.Notes, v.Intro = []kit.Help{h}, "Only full physical sets of single databases that were taken by hand can be kept longer."
		return out, nil
	}
	v.Intro = "It expires " + clouds.TwoZones(r.Cloud.Expires) + "."
	if !e.Unsure.IsZero() {
		v.Notes = append(v.Notes, kit.Help{Tone: kit.ToneWarn, Title: e.Unsure.String()})
	}
	field := kit.Field{Name: clouds.FieldExpiry, Label: "Keep it until (UTC)", Value: until, Mono: true, Autocomplete: "off", Placeholder: r.Cloud.Expires.AddDate(0, 1, 0).UTC().Format(time.DateTime), Hint: "Only later than now, never earlier. The console shows it in UTC+8."}
	if field.Value == "" {
		field.Value = c.QueryParam(clouds.FieldExpiry)
	}
	if at, err := readExpiry(field.Value); err == nil {
		field.Hint = clouds.TwoZones(at) + "."
		v.Call = server.CallText(backup.ExtendCall(in.InstanceID, r.Cloud.ID, at))
		field.Error = server.Barred(clouds.CheckExpiry(*r.Cloud, at, 0, s.Now()))[clouds.FieldExpiry]
	} else if field.Value != "" {
		field.Error, _ = fault.Words(err)
	}
	if wrong := server.RefusedFields(refused)[clouds.FieldExpiry]; wrong != "" {
		field.Error = wrong
	} else if refused != nil && field.Error == "" {
		field.Error, _ = fault.Words(refused)
	}
	fields := []kit.Field{field}
	if at, err := readExpiry(field.Value); err == nil {
		if far, ask := clouds.FarExpiry(at, s.Now()); ask {
			fields = append(fields, kit.Field{Name: fieldSure, Label: "Are you sure?", Type: "checks", Optional: true, Hint: far.Text.String(), Options: []kit.Option{{Value: "1", Label: "Keep it until then"}}})
		}
	}
	v.Form = &kit.Form{Action: href + "/extend", Submit: "Keep it longer", Cancel: href, Fields: fields}
	return out, nil
}

// fieldSure says that a moment very far ahead is meant.
const fieldSure = "sure"

// readExpiry reads what was typed as the call will mean it: by whole minutes.
func readExpiry(text string) (time.Time, error) {
	at, err := backup.ReadStopTime(text)
	return backup.ExpiryMinute(at), err
}

// extendSet moves the expiry of a set to a later moment.
func (s *Pages) extendSet(c echo.Context) error {
	r, in, err := s.CloudSet(c)
	if err != nil {
		return err
	}
	text := c.FormValue(clouds.FieldExpiry)
	at, err := readExpiry(text)
	var is backup.CloudSet
	if err == nil {
		is, err = s.ExtendCloud(c, r, in, at, c.FormValue(fieldSure) != "")
	}
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return err
		}
		v, viewErr := s.extendForm(c, r, in, text, err)
		if viewErr != nil {
			return viewErr
		}
		return s.Refused(c, v)
	}
	s.Say(c, kit.ToneOK, "Read again, the service keeps it until "+clouds.TwoZones(is.Expires)+".")
	return server.SeeOther(c, server.SetHref(r))
}
