package server

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/web/templates"
)

// versionsShown are how many versions a page lists.
const versionsShown = 20

func policyHref(id string) string { return "/instances/" + id + "/policy" }

// policyShow shows what is set, what it means, and every version of it.
func (s *Server) policyShow(c echo.Context) (view, error) {
	ctx, z := c.Request().Context(), s.zone(c)
	in, err := s.seen(ctx, c.Param("id"))
	if err != nil {
		return view{}, err
	}
	v := templates.CloudPolicy{Head: s.cloudHead(c, in, "policy")}
	out := cloudPage("Backup policy of "+in.Name, func(f templates.Frame) templ.Component { return templates.CloudPolicyPage(f, v) })
	versions, err := s.Policies.Versions(ctx, policy.InstanceSubject(in.ID), versionsShown)
	if err != nil {
		return view{}, err
	}
	if in.activity.At.IsZero() {
		v.Versions = versionRows(z, in.ID, versions, false)
		return out, nil
	}
	here, st := policyHref(in.ID), in.activity
	edit := templates.Action{Label: "Change", Href: here + "/edit", Primary: true}
	v.Head.Actions = []templates.Action{{Label: "Apply to other instances…", Href: here + "/apply"}, {Label: "Back up now", Href: "/instances/" + in.ID + "/backup"}}
	if st.AdvancedOn {
		edit.Off = "The advanced policy is in force; it is on a page of its own."
	}
	v.Head.Actions = append(v.Head.Actions, edit)
	if d := driftHelp(z, in); d != nil {
		v.Notes = append(v.Notes, *d)
	}
	f, err := s.foreseen(ctx, in, st.Standard)
	if err != nil {
		return view{}, err
	}
	v.Facts = policyFacts(z, st)
	v.Pairs, v.Raw = policyPairs(z, st.Standard, st.Can), rawPairs(st.Raw)
	if !st.AdvancedOn {
		v.Calendar = calendar(z, "coming", f.Next, st.Standard.Method == policy.Snapshot, 7*weeksDrawn, comingNote)
		v.Quota = quota(f.Storage, st.Standard.Method == policy.Snapshot)
	}
	v.Versions = versionRows(z, in.ID, versions, true)
	v.Empty = templates.Empty{Title: "No version is kept yet.", Text: "The first look or change keeps one."}
	v.Advanced = "It is not in force: the standard policy on this page is."
	if st.AdvancedOn {
		v.Advanced = fmt.Sprintf("It is in force, with %s.", templates.Count(len(st.Advanced.Rows), "rule", "rules"))
	}
	v.More = []templates.Action{{Label: "Advanced policy", Href: here + "/advanced"}}
	return out, nil
}

// policyFacts answer when the next backup is, and what can be lost.
func policyFacts(z templates.Zone, st policy.Standing) []templates.Fact {
	next := templates.Fact{Label: "Next data backup", Value: "not told", Words: true}
	if !st.Next.IsZero() {
		at := z.At(st.Next)
		next.Value, next.Note, next.Title = at.UTC, "UTC", at.Exact
		if at.Local != "" {
			next.Note += " · " + at.Local + " local"
		}
		if d := st.Next.Sub(z.Now); d > 0 {
			next.Note += " · in " + templates.Span(d)
		}
	}
	return []templates.Fact{next, rpoFact(st.Standard),
		{Label: "Kept for", Value: templates.Count(st.Standard.RetentionDays, "day", "days"), Note: "data and logs alike"},
		{Label: "Method", Value: st.Standard.Method.Words(), Note: "incremental " + onOffWords(st.Standard.Incremental), Words: true}}
}

func rawPairs(raw map[string]string) (out []templates.Pair) {
	var names []string
	for n := range raw {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		out = append(out, templates.Pair{Key: n, Value: raw[n]})
	}
	return out
}

// versionRows word the versions of a policy, newest first, each against the
// one before it.
func versionRows(z templates.Zone, id string, versions []policy.Version, act bool) (rows []templates.PolicyVersion) {
	for i, v := range versions {
		row := templates.PolicyVersion{Number: strconv.Itoa(v.Number), When: z.At(v.At), Who: v.Actor, Note: v.Note, Current: i == 0}
		if v.Actor == "" {
			row.Who = "seen in the cloud"
		}
		if i+1 < len(versions) {
			row.Changes = versionChanges(versions[i+1], v)
		} else if content, err := policy.ReadContent(v); err == nil {
			s := content.Standard
			row.Changes = []string{"kept " + templates.Count(s.RetentionDays, "day", "days") + ", " + policy.WeekWords(s.Days) + ", " + policy.HourWords(s.Hour, nil, time.Time{})}
		}
		if content, err := policy.ReadContent(v); act && i > 0 && err == nil && !content.AdvancedOn {
			row.Action = &templates.Action{Label: "Roll back…", Href: policyHref(id) + "/review?version=" + row.Number, Small: true}
		}
		rows = append(rows, row)
	}
	return rows
}

func versionChanges(was, now policy.Version) (lines []string) {
	a, err1 := policy.ReadContent(was)
	b, err2 := policy.ReadContent(now)
	if err1 != nil || err2 != nil {
		return []string{"cannot be read"}
	}
	for _, c := range policy.DiffContent(a, b) {
		lines = append(lines, c.Words())
	}
	if len(lines) == 0 {
		lines = []string{"no difference"}
	}
	return lines
}

// driftHelp tells of a change that was made elsewhere, with the two ways out.
func driftHelp(z templates.Zone, in cloudSeen) *templates.Help {
	d := in.looked.Drift
	if d == nil {
		return nil
	}
	h := &templates.Help{Tone: templates.ToneWarn, Title: "Changed elsewhere: " + policy.ChangesWords(d.Changes) + ".",
		Cause:   fmt.Sprintf("Seen %s. The last version that somebody here stands behind is %d, of %s.", z.Ago(in.looked.Versions[0].At), d.From.Number, z.At(d.From.At).Exact),
		Actions: []templates.Action{{Label: "Accept it as a new version", Href: policyHref(in.ID) + "/accept", Post: true, Small: true}}}
	if c, err := policy.ReadContent(d.From); err == nil && !c.AdvancedOn && !in.activity.AdvancedOn {
		h.Actions = append(h.Actions, templates.Action{Label: fmt.Sprintf("Put version %d back…", d.From.Number), Href: fmt.Sprintf("%s/review?version=%d", policyHref(in.ID), d.From.Number), Small: true})
	}
	return h
}

// policyAccept takes a change made elsewhere for right.
func (s *Server) policyAccept(c echo.Context) error {
	in, err := s.cloudInstance(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	if err := s.acceptPolicy(c, in.ID); err != nil {
		return err
	}
	s.say(c, templates.ToneOK, "The policy as it is now is a version of yours.")
	return seeOther(c, policyHref(in.ID))
}

func (s *Server) acceptPolicy(c echo.Context, id string) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 4*patience)
	defer cancel()
	s.looks.forget(id)
	return s.clouds().Acknowledge(ctx, id, policy.By{Actor: actor(c)})
}
