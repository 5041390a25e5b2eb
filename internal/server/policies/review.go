package policies

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/policies"
)

// review shows what saving would do, or the form with what is wrong.
func (s *Pages) review(c echo.Context) (server.View, error) {
	return s.reviewView(c, c.Param("id"), policyRequest{c.QueryParams()}, 0, nil)
}

// rollBackAsk shows what going back to a version would do.
func (s *Pages) rollBackAsk(c echo.Context) (server.View, error) {
	id := c.Param("id")
	number, err := strconv.Atoi(c.QueryParam("number"))
	if err != nil {
		return server.View{}, server.Invalid("That is not the number of a version.", "Choose one on the page of the policy.")
	}
	return s.rollBackView(c, id, number, nil)
}

func (s *Pages) rollBackView(c echo.Context, id string, number int, refused error) (server.View, error) {
	ctx := c.Request().Context()
	is, err := s.Policies.Policy(ctx, id)
	if err != nil {
		return server.View{}, err
	}
	old, err := s.Editor().At(ctx, id, number)
	if err != nil {
		return server.View{}, err
	}
	old.Version = is.Version
	return s.reviewView(c, id, requestOfPolicy(old), number, refused)
}

// reviewView words a preview; number is the version that is gone back to, 0
// where the form was filled in.
func (s *Pages) reviewView(c echo.Context, id string, w policyRequest, number int, refused error) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	p, wrong := w.policy()
	p.ID = id
	seen, err := s.Editor().Preview(ctx, p)
	if err != nil {
		return server.View{}, err
	}
	if len(wrong) > 0 || policy.Barred(seen.Findings) {
		return refusedForm(s.form(c, id, w, true))
	}
	goes, err := s.losing(ctx, z, seen)
	if err != nil {
		return server.View{}, err
	}
	back := "/policies/new"
	v := views.Review{Title: "New policy " + p.Name, Crumbs: []kit.Link{{Text: "Policies", Href: "/policies"}, {Text: "Preview"}}, Same: "A new policy: nothing was there before. It begins with its next slot.",
		Facts: outlookFacts(seen.Outlook, p), Calendar: outlookCalendar(z, p), Kept: keptWords(seen.Outlook, p), Goes: goes,
		Form: kit.Form{Action: "/policies", Submit: "Make the policy", Problem: server.ProblemOf(refused)}}
	w.Del("confirm")
	v.Form.Hidden = server.HiddenOf(w.Values)
	if id != "" {
		back = "/policies/" + id + "/edit"
		v.Title, v.Same, v.Form.Action, v.Form.Submit = "Change "+p.Name, "Nothing: this is what is in force.", "/policies/"+id, "Save"
		if v.Changes, err = s.differences(ctx, seen.Changes); err != nil {
			return server.View{}, err
		}
	}
	v.Form.Cancel = back + "?" + w.Encode()
	if number > 0 {
		v.Title, v.Form.Submit, v.Form.Action, v.Form.Cancel = fmt.Sprintf("Roll %s back to version %d", p.Name, number), "Roll back", "/policies/"+id+"/rollback", "/policies/"+id
		v.Form.Hidden = []kit.Hidden{{Name: "number", Value: strconv.Itoa(number)}}
	}
	for _, f := range seen.Findings {
		v.Notes = append(v.Notes, kit.Help{Tone: kit.ToneWarn, Title: f.Text.String(), Fix: f.Fix.String()})
	}
	if len(seen.Loses) > 0 {
		v.Form.Confirm, v.Form.Danger = p.Name, true
		v.Form.Fields = []kit.Field{{Name: "confirm", Label: "Type " + p.Name + " to confirm that these sets go", Mono: true, Autocomplete: "off"}}
	}
	out := server.View{Title: v.Title, Section: "policies", Page: func(f kit.Frame) templ.Component { return views.ReviewPage(f, v) }}
	if refused != nil {
		out.Status = server.StatusOf(refused)
	}
	return out, nil
}

// save saves what the preview showed.
func (s *Pages) save(c echo.Context) error {
	ctx, id := c.Request().Context(), c.Param("id")
	form, err := c.FormParams()
	if err != nil {
		return err
	}
	w := policyRequest{url.Values(form)}
	p, wrong := w.policy()
	p.ID = id
	if len(wrong) > 0 {
		v, err := s.form(c, id, w, true)
		if err != nil {
			return err
		}
		return s.Refused(c, v)
	}
	if err := s.losesUnsaid(ctx, c, p); err != nil {
		v, viewErr := s.reviewView(c, id, w, 0, err)
		return s.ShownAgain(c, v, viewErr, err)
	}
	saved, err := s.Editor().Save(ctx, p, policy.By{Actor: server.Actor(c)})
	var o *policy.Objection
	switch {
	case errors.As(err, &o):
		v, viewErr := s.form(c, id, w, true)
		return s.ShownAgain(c, v, viewErr, err)
	case fault.Is(err, fault.Conflict):
		v, viewErr := s.reviewView(c, id, w, 0, err)
		return s.ShownAgain(c, v, viewErr, err)
	case err != nil:
		return err
	}
	s.Say(c, kit.ToneOK, "The policy "+saved.Name+" is saved. Its next backups are below.")
	return server.SeeOther(c, "/policies/"+saved.ID)
}

// losesUnsaid refuses a change that lets go of sets unless its name was typed.
func (s *Pages) losesUnsaid(ctx context.Context, c echo.Context, p policy.Policy) error {
	if p.ID == "" {
		return nil
	}
	seen, err := s.Editor().Preview(ctx, p)
	if err != nil || len(seen.Loses) == 0 {
		return err
	}
	return server.Typed(c, p.Name)
}

// rollBack saves an older version as the newest.
func (s *Pages) rollBack(c echo.Context) error {
	ctx, id := c.Request().Context(), c.Param("id")
	number, err := strconv.Atoi(c.FormValue("number"))
	if err != nil {
		return server.Invalid("That is not the number of a version.", "Choose one on the page of the policy.")
	}
	old, err := s.Editor().At(ctx, id, number)
	if err != nil {
		return err
	}
	if err = s.losesUnsaid(ctx, c, old); err == nil {
		_, err = s.Editor().RollBack(ctx, id, number, policy.By{Actor: server.Actor(c)})
	}
	if err != nil {
		v, viewErr := s.rollBackView(c, id, number, err)
		return s.ShownAgain(c, v, viewErr, err)
	}
	s.Say(c, kit.ToneOK, fmt.Sprintf("Version %d is in force again.", number))
	return server.SeeOther(c, "/policies/"+id)
}

// differences words changes with the names of servers and buckets.
func (s *Pages) differences(ctx context.Context, cs []policy.Change) (out []views.Differs, err error) {
	if len(cs) == 0 {
		return nil, nil
	}
	named, err := s.placeNames(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range cs {
		d := views.Differs{What: c.Name, Before: c.Before, After: c.After}
		if c.Field == policy.FieldServers || c.Field == policy.FieldBucket {
			d.Before, d.After = named(d.Before), named(d.After)
		}
		out = append(out, d)
	}
	return out, nil
}

func outlookFacts(o policy.Outlook, p policy.Policy) []kit.Fact {
	rpo := kit.Fact{Label: "Worst-case RPO", Value: kit.Span(o.RPO), Note: "no objective", Words: true}
	if p.Objective > 0 {
		rpo.Note = "objective " + kit.Span(p.Objective)
		if rpo.Tone = kit.ToneOK; o.RPO > p.Objective {
			rpo.Tone = kit.ToneWarn
		}
	}
	facts := []kit.Fact{rpo}
	if o.RPOSimple != o.RPO {
		facts = append(facts, kit.Fact{Label: "In recovery model SIMPLE", Value: kit.Span(o.RPOSimple), Note: "without log backups", Words: true})
	}
	sets, more := 0, ""
	for _, k := range o.Kept {
		sets += k.Sets
		if k.AtLeast || k.Grows {
			more = " or more"
		}
	}
	return append(facts, kit.Fact{Label: "Sets kept", Value: kit.Count(sets, "set", "sets"), Note: "of each database" + more, Words: true},
		kit.Fact{Label: "In the next 24 hours", Value: kit.Count(o.Today, "slot", "slots"), Note: "each a run at every server", Words: true},
		kit.Fact{Label: "Between full backups", Value: kit.Span(o.GapOfFull), Note: "at most", Words: true})
}

// keptWords word how many sets there will be.
func keptWords(o policy.Outlook, p policy.Policy) (out []views.KeptWords) {
	for _, k := range o.Kept {
		r, _ := p.Rule(k.Kind)
		row := views.KeptWords{Kind: server.KindTag(string(k.Kind)), Sets: kit.Count(k.Sets, "set", "sets"), Rule: r.Keep.Words()}
		switch {
		case k.Grows:
			row.Sets += " a year"
		case k.AtLeast:
			row.Sets += " or more"
		}
		out = append(out, row)
	}
	return out
}

const (
	outlookDays  = 28
	outlookMarks = 400 // of each kind that are looked at
	denseSlots   = 4   // a day: kinds that come as often are told in words
)

// outlookCalendar draws the slots of four weeks; nil when there is nothing to
// draw. Log backups that come every few minutes would hide the rest.
func outlookCalendar(z kit.Zone, p policy.Policy) *kit.Calendar {
	c, err := policy.NewCalendar(p)
	if err != nil {
		return nil
	}
	out := &kit.Calendar{ID: "coming", From: z.Now, Today: z.Now, Days: outlookDays}
	end := z.Now.UTC().Truncate(24*time.Hour).AddDate(0, 0, outlookDays)
	slots, dense := 0, []string{}
	for _, kind := range ruleKinds {
		r, ok := p.Rule(kind)
		if !ok {
			continue
		}
		next := c.Next(kind, z.Now, outlookMarks)
		next = slices.DeleteFunc(next, func(slot policy.Slot) bool { return !slot.At.Before(end) })
		if len(next)/outlookDays >= denseSlots {
			dense = append(dense, fmt.Sprintf("%s backups come %s and are not drawn.", server.Capital(string(kind)), policy.CronWords(r.Cron)))
			continue
		}
		for _, slot := range next {
			out.Marks = append(out.Marks, kit.CalendarMark{At: slot.At, Kind: server.KindTag(string(kind)), When: z.At(slot.At), Keep: r.Keep.Words()})
			slots++
		}
	}
	if len(out.Marks) == 0 {
		return nil
	}
	sortMarks(out.Marks)
	for _, d := range dense {
		out.Note += d + " "
	}
	out.Label = fmt.Sprintf("%s in the coming %d days; the list below has each with its time.", kit.Count(slots, "backup", "backups"), outlookDays)
	return out
}
