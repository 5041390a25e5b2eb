package policies

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/policy/clouds"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// cloudEdit is the form. Whatever is chosen, the page is worded again: with
// the reason beside what cannot be, and the coming backups.
func (s *Pages) cloudEdit(c echo.Context) (server.View, error) {
	in, err := s.Seen(c.Request().Context(), c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	return s.cloudEditView(c, in, servicePolicyRequestOf(c.QueryParams()), nil, nil)
}

// cloudEditView words the form; refused is what the service or a rule said
// about the whole, by field in wrong where it names one.
func (s *Pages) cloudEditView(c echo.Context, in server.CloudSeen, w server.ServicePolicyRequest, wrong map[string]string, refused error) (server.View, error) {
	if err := in.Answered(); err != nil {
		return server.View{}, err
	}
	z, st, here := s.Zone(c), in.Standing, server.PolicyHref(in.ID)
	if !w.Asked() {
		w = server.RequestFor(st.Standard)
	}
	want, unread := w.Standard(st.Standard)
	findings := clouds.CheckStandard(st, want, true)
	for field, words := range server.Barred(findings) {
		if field != "" && unread[field] == "" {
			unread[field] = words
		}
	}
	for field, words := range wrong {
		unread[field] = words
	}
	v := kit.CloudOrder{Head: server.Inside(s.CloudHead(c, in, "policy"), kit.Link{Text: "Policy", Href: here}, kit.Link{Text: "Change"}), Title: "Backup policy", Recheck: here + "/edit",
		Form: &kit.Form{Action: here + "/review", Method: "get", Submit: "Review the change", Cancel: here, Problem: server.ProblemOf(refused), Fields: cloudFields(z, w, want, st, unread)}}
	v.Facts = []kit.Fact{rpoFact(want)}
	v.Notes = server.NotesOf(findings)
	if len(unread) == 0 {
		f, err := s.Foreseen(c.Request().Context(), in, want)
		if err != nil {
			return server.View{}, err
		}
		v.Calendar = calendar(z, "coming", f.Next, want.Method == clouds.Snapshot, 7*server.WeeksDrawn, comingNote)
		v.Notes = append(v.Notes, foreseenNotes(f)...)
	}
	out := server.CloudPage("Change the backup policy of "+in.Name, func(f kit.Frame) templ.Component { return kit.CloudOrderPage(f, v) })
	if refused != nil || len(wrong) > 0 {
		out.Status = http.StatusUnprocessableEntity
	}
	return out, nil
}

// cloudReview shows what a change will do before anything is written.
func (s *Pages) cloudReview(c echo.Context) (server.View, error) {
	in, err := s.Seen(c.Request().Context(), c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	w := servicePolicyRequestOf(c.QueryParams())
	back := c.QueryParam("version")
	if back != "" {
		if w, err = s.versionRequest(c, in, back); err != nil {
			return server.View{}, err
		}
	}
	return s.cloudReviewView(c, in, w, back, nil)
}

// versionRequest is the request that leads back to a version.
func (s *Pages) versionRequest(c echo.Context, in server.CloudSeen, number string) (server.ServicePolicyRequest, error) {
	n, err := strconv.Atoi(number)
	if err != nil {
		return server.ServicePolicyRequest{}, fault.Newf(fault.Invalid, "There is no version %s.", strconv.Quote(number)).
			WithFix("Choose one from the list.")
	}
	v, err := s.Policies.Version(c.Request().Context(), policy.InstanceSubject(in.ID), n)
	if err != nil {
		return server.ServicePolicyRequest{}, err
	}
	content, err := clouds.ReadContent(v)
	return server.RequestFor(content.Standard), err
}

func (s *Pages) cloudReviewView(c echo.Context, in server.CloudSeen, w server.ServicePolicyRequest, back string, refused error) (server.View, error) {
	if err := in.Answered(); err != nil {
		return server.View{}, err
	}
	z, st, here := s.Zone(c), in.Standing, server.PolicyHref(in.ID)
	want, wrong := w.Standard(st.Standard)
	findings := clouds.CheckStandard(st, want, true)
	for field, words := range server.Barred(findings) {
		if wrong[field] == "" {
			wrong[field] = words
		}
	}
	if len(wrong) > 0 {
		return s.cloudEditView(c, in, w, wrong, refused)
	}
	f, err := s.Foreseen(c.Request().Context(), in, want)
	if err != nil {
		return server.View{}, err
	}
	v := kit.CloudOrder{Head: server.Inside(s.CloudHead(c, in, "policy"), kit.Link{Text: "Policy", Href: here}, kit.Link{Text: "Change", Href: here + "/edit?" + w.Values().Encode()}, kit.Link{Text: "Review"}),
		Title: "Save", Same: "Nothing: the service has exactly this policy.", Changes: changeRows(f.Changes), Call: server.CallText(f.Call)}
	v.Form = &kit.Form{Action: here, Submit: "Save it", Cancel: here + "/edit?" + w.Values().Encode(), Hidden: w.Hidden(), Problem: server.ProblemOf(refused)}
	if len(in.Looked.Versions) > 0 {
		v.Form.Hidden = append(v.Form.Hidden, kit.Hidden{Name: "seen", Value: strconv.Itoa(in.Looked.Versions[0].Number)})
	}
	if back != "" {
		v.Title, v.Form.Submit = "Roll back to version "+back, "Roll back"
		v.Form.Hidden = append(v.Form.Hidden, kit.Hidden{Name: "version", Value: back})
	}
	if clouds.OneWay(st.Standard, want) {
		v.Form.Confirm, v.Form.Danger = server.OneWay, true
		v.Form.Fields = []kit.Field{{Name: "confirm", Label: "Type " + server.OneWay + ": there is no way back to physical backups by policy", Mono: true, Autocomplete: "off", Value: w.Confirm}}
	}
	v.Facts = reviewFacts(st.Standard, want, f)
	v.Calendar = calendar(z, "coming", f.Next, want.Method == clouds.Snapshot, 7*server.WeeksDrawn, comingNote)
	v.Quota = quota(f.Storage, want.Method == clouds.Snapshot)
	v.Notes = append(server.NotesOf(findings), foreseenNotes(f)...)
	v.Points = []string{"The call on this page is made as it stands there.", "The policy is read again and compared with what was asked for.", "This becomes a version that can be rolled back to."}
	out := server.CloudPage("Review the backup policy of "+in.Name, func(f kit.Frame) templ.Component { return kit.CloudOrderPage(f, v) })
	if refused != nil {
		out.Status = server.StatusOf(refused)
	}
	return out, nil
}

// reviewFacts are what a change means, before and after.
func reviewFacts(was, want clouds.Standard, f clouds.Foreseen) []kit.Fact {
	rpo := kit.Fact{Label: "Worst-case RPO", Value: rpoWords(f.RPO), Note: f.RPOWhy, Words: true}
	if before, _ := clouds.WorstRPO(was); before != f.RPO {
		rpo.Value = rpoWords(before) + " → " + rpoWords(f.RPO)
		if f.RPO > before {
			rpo.Tone = kit.ToneWarn
		}
	}
	kept := kit.Fact{Label: "Sets kept at once", Value: fmt.Sprint(f.Sets), Note: "at most, once it has run for " + kit.Count(want.RetentionDays, "day", "days")}
	return []kit.Fact{rpo, kept, {Label: "Changes", Value: fmt.Sprint(len(f.Changes)), Note: "against what the service has now"}}
}

// cloudSave writes what the review showed, and says whether the service has
// it now.
func (s *Pages) cloudSave(c echo.Context) error {
	in, err := s.Seen(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	form, err := c.FormParams()
	if err != nil {
		return err
	}
	w, back := servicePolicyRequestOf(form), form.Get("version")
	done, err := s.WritePolicy(c, in, w, form.Get("seen"), back)
	if err != nil {
		return s.cloudRefused(c, in, w, back, err)
	}
	tone, words := server.WrittenWords(done)
	s.Say(c, tone, words)
	return server.SeeOther(c, server.PolicyHref(in.ID))
}

// cloudRefused shows the form again with what was said beside the field it
// belongs to, else the review.
func (s *Pages) cloudRefused(c echo.Context, in server.CloudSeen, w server.ServicePolicyRequest, back string, refused error) error {
	if fault.Of(refused) == fault.Unknown {
		return refused
	}
	if fresh, err := s.Seen(c.Request().Context(), in.ID); err == nil && fresh.Trouble == nil {
		in = fresh
	}
	wrong := server.RefusedFields(refused)
	var v server.View
	var err error
	if len(wrong) > 0 {
		v, err = s.cloudEditView(c, in, w, wrong, refused)
	} else {
		v, err = s.cloudReviewView(c, in, w, back, refused)
	}
	if err != nil {
		return err
	}
	return s.Refused(c, v)
}
