package server

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/web/templates"
)

// oneWay is what is typed to confirm the change that cannot be taken back.
const oneWay = "snapshot"

// answered refuses to go on while the service has not told the policy.
func (in cloudSeen) answered() error {
	if in.activity.At.IsZero() {
		if in.trouble != nil {
			return in.trouble
		}
		return fault.New(fault.Unavailable, "The service has not told the policy yet.", "Look again.")
	}
	return nil
}

// policyEdit is the form. Whatever is chosen, the page is worded again: with
// the reason beside what cannot be, and the coming backups.
func (s *Server) policyEdit(c echo.Context) (view, error) {
	in, err := s.seen(c.Request().Context(), c.Param("id"))
	if err != nil {
		return view{}, err
	}
	return s.policyEditView(c, in, servicePolicyRequestOf(c.QueryParams()), nil, nil)
}

// policyEditView words the form; refused is what the service or a rule said
// about the whole, by field in wrong where it names one.
func (s *Server) policyEditView(c echo.Context, in cloudSeen, w servicePolicyRequest, wrong map[string]string, refused error) (view, error) {
	if err := in.answered(); err != nil {
		return view{}, err
	}
	z, st, here := s.zone(c), in.activity, policyHref(in.ID)
	if !w.asked() {
		w = requestFor(st.Standard)
	}
	want, unread := w.standard(st.Standard)
	findings := policy.CheckStandard(st, want, true)
	for field, words := range barred(findings) {
		if field != "" && unread[field] == "" {
			unread[field] = words
		}
	}
	for field, words := range wrong {
		unread[field] = words
	}
	v := templates.CloudOrder{Head: inside(s.cloudHead(c, in, "policy"), templates.Link{Text: "Policy", Href: here}, templates.Link{Text: "Change"}), Title: "Backup policy", Recheck: here + "/edit",
		Form: &templates.Form{Action: here + "/review", Method: "get", Submit: "Review the change", Cancel: here, Problem: problemOf(refused), Fields: policyFields(z, w, want, st, unread)}}
	v.Facts = []templates.Fact{rpoFact(want)}
	v.Notes = notesOf(findings)
	if len(unread) == 0 {
		f, err := s.foreseen(c.Request().Context(), in, want)
		if err != nil {
			return view{}, err
		}
		v.Calendar = calendar(z, "coming", f.Next, want.Method == policy.Snapshot, 7*weeksDrawn, comingNote)
		v.Notes = append(v.Notes, foreseenNotes(f)...)
	}
	out := cloudPage("Change the backup policy of "+in.Name, func(f templates.Frame) templ.Component { return templates.CloudOrderPage(f, v) })
	if refused != nil || len(wrong) > 0 {
		out.status = http.StatusUnprocessableEntity
	}
	return out, nil
}

// policyReview shows what a change will do before anything is written.
func (s *Server) policyReview(c echo.Context) (view, error) {
	in, err := s.seen(c.Request().Context(), c.Param("id"))
	if err != nil {
		return view{}, err
	}
	w := servicePolicyRequestOf(c.QueryParams())
	back := c.QueryParam("version")
	if back != "" {
		if w, err = s.versionRequest(c, in, back); err != nil {
			return view{}, err
		}
	}
	return s.policyReviewView(c, in, w, back, nil)
}

// versionRequest is the request that leads back to a version.
func (s *Server) versionRequest(c echo.Context, in cloudSeen, number string) (servicePolicyRequest, error) {
	n, err := strconv.Atoi(number)
	if err != nil {
		return servicePolicyRequest{}, invalid("There is no version "+strconv.Quote(number)+".", "Choose one from the list.")
	}
	v, err := s.Policies.Version(c.Request().Context(), policy.InstanceSubject(in.ID), n)
	if err != nil {
		return servicePolicyRequest{}, err
	}
	content, err := policy.ReadContent(v)
	return requestFor(content.Standard), err
}

func (s *Server) policyReviewView(c echo.Context, in cloudSeen, w servicePolicyRequest, back string, refused error) (view, error) {
	if err := in.answered(); err != nil {
		return view{}, err
	}
	z, st, here := s.zone(c), in.activity, policyHref(in.ID)
	want, wrong := w.standard(st.Standard)
	findings := policy.CheckStandard(st, want, true)
	for field, words := range barred(findings) {
		if wrong[field] == "" {
			wrong[field] = words
		}
	}
	if len(wrong) > 0 {
		return s.policyEditView(c, in, w, wrong, refused)
	}
	f, err := s.foreseen(c.Request().Context(), in, want)
	if err != nil {
		return view{}, err
	}
	v := templates.CloudOrder{Head: inside(s.cloudHead(c, in, "policy"), templates.Link{Text: "Policy", Href: here}, templates.Link{Text: "Change", Href: here + "/edit?" + w.values().Encode()}, templates.Link{Text: "Review"}),
		Title: "Save", Same: "Nothing: the service has exactly this policy.", Changes: changeRows(f.Changes), Call: callText(f.Call)}
	v.Form = &templates.Form{Action: here, Submit: "Save it", Cancel: here + "/edit?" + w.values().Encode(), Hidden: w.hidden(), Problem: problemOf(refused)}
	if len(in.looked.Versions) > 0 {
		v.Form.Hidden = append(v.Form.Hidden, templates.Hidden{Name: "seen", Value: strconv.Itoa(in.looked.Versions[0].Number)})
	}
	if back != "" {
		v.Title, v.Form.Submit = "Roll back to version "+back, "Roll back"
		v.Form.Hidden = append(v.Form.Hidden, templates.Hidden{Name: "version", Value: back})
	}
	if policy.OneWay(st.Standard, want) {
		v.Form.Confirm, v.Form.Danger = oneWay, true
		v.Form.Fields = []templates.Field{{Name: "confirm", Label: "Type " + oneWay + ": there is no way back to physical backups by policy", Mono: true, Autocomplete: "off", Value: w.Confirm}}
	}
	v.Facts = reviewFacts(st.Standard, want, f)
	v.Calendar = calendar(z, "coming", f.Next, want.Method == policy.Snapshot, 7*weeksDrawn, comingNote)
	v.Quota = quota(f.Storage, want.Method == policy.Snapshot)
	v.Notes = append(notesOf(findings), foreseenNotes(f)...)
	v.Points = []string{"The call on this page is made as it stands there.", "The policy is read again and compared with what was asked for.", "This becomes a version that can be rolled back to."}
	out := cloudPage("Review the backup policy of "+in.Name, func(f templates.Frame) templ.Component { return templates.CloudOrderPage(f, v) })
	if refused != nil {
		out.status = statusOf(refused)
	}
	return out, nil
}

// reviewFacts are what a change means, before and after.
func reviewFacts(was, want policy.Standard, f policy.Foreseen) []templates.Fact {
	rpo := templates.Fact{Label: "Worst-case RPO", Value: rpoWords(f.RPO), Note: f.RPOWhy, Words: true}
	if before, _ := policy.WorstRPO(was); before != f.RPO {
		rpo.Value = rpoWords(before) + " → " + rpoWords(f.RPO)
		if f.RPO > before {
			rpo.Tone = templates.ToneWarn
		}
	}
	kept := templates.Fact{Label: "Sets kept at once", Value: fmt.Sprint(f.Sets), Note: "at most, once it has run for " + templates.Count(want.RetentionDays, "day", "days")}
	return []templates.Fact{rpo, kept, {Label: "Changes", Value: fmt.Sprint(len(f.Changes)), Note: "against what the service has now"}}
}

// policySave writes what the review showed, and says whether the service has
// it now.
func (s *Server) policySave(c echo.Context) error {
	in, err := s.seen(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	form, err := c.FormParams()
	if err != nil {
		return err
	}
	w, back := servicePolicyRequestOf(form), form.Get("version")
	done, err := s.writePolicy(c, in, w, form.Get("seen"), back)
	if err != nil {
		return s.policyRefused(c, in, w, back, err)
	}
	tone, words := writtenWords(done)
	s.say(c, tone, words)
	return seeOther(c, policyHref(in.ID))
}

// writePolicy makes a request true. seen is the version that the person looked
// at: one that came since is not written over. back is the version rolled back
// to; empty = none.
func (s *Server) writePolicy(c echo.Context, in cloudSeen, w servicePolicyRequest, seen, back string) (policy.Written, error) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 6*patience)
	defer cancel()
	if err := in.answered(); err != nil {
		return policy.Written{}, err
	}
	want, wrong := w.standard(in.activity.Standard)
	for _, words := range wrong {
		return policy.Written{}, invalid(words, "See the reason beside the field.")
	}
	defer s.looks.forget(in.ID)
	by := policy.By{Actor: actor(c)}
	request := policy.EditRequest{Standard: &want, Confirmed: w.Confirm == oneWay}
	if n, err := strconv.Atoi(seen); err == nil {
		v, err := s.Policies.Version(ctx, policy.InstanceSubject(in.ID), n)
		if err != nil {
			return policy.Written{}, err
		}
		content, err := policy.ReadContent(v)
		if err != nil {
			return policy.Written{}, err
		}
		request.Seen = &content
	}
	if n, err := strconv.Atoi(back); err == nil {
		by.Note = fmt.Sprintf("rolled back to version %d", n)
	}
	return s.clouds().Write(ctx, in.ID, request, by)
}

// writtenWords say what became of a request.
func writtenWords(w policy.Written) (templates.Tone, string) {
	switch {
	case len(w.Changes) == 0:
		return templates.ToneOK, "The service had exactly this policy already; nothing was sent."
	case len(w.Differ) > 0:
		return templates.ToneWarn, "The service took the call and says otherwise when read again: " + policy.ChangesWords(w.Differ) + "."
	}
	return templates.ToneOK, "Saved. Read again, the service has what was asked for: " + policy.ChangesWords(w.Changes) + "."
}

// policyRefused shows the form again with what was said beside the field it
// belongs to, else the review.
func (s *Server) policyRefused(c echo.Context, in cloudSeen, w servicePolicyRequest, back string, refused error) error {
	if fault.Of(refused) == fault.Unknown {
		return refused
	}
	if fresh, err := s.seen(c.Request().Context(), in.ID); err == nil && fresh.trouble == nil {
		in = fresh
	}
	wrong := refusedFields(refused)
	var v view
	var err error
	if len(wrong) > 0 {
		v, err = s.policyEditView(c, in, w, wrong, refused)
	} else {
		v, err = s.policyReviewView(c, in, w, back, refused)
	}
	if err != nil {
		return err
	}
	return s.refused(c, v)
}
