package policies

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/policy/clouds"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
	views "github.com/bakplane/bakplane/web/templates/policies"
)

// versionsShown are how many versions a page lists.
const versionsShown = 20

// cloudShow shows what is set, what it means, and every version of it.
func (s *Pages) cloudShow(c echo.Context) (server.View, error) {
	ctx, z := c.Request().Context(), s.Zone(c)
	in, err := s.Seen(ctx, c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	v := views.CloudPolicy{Head: s.CloudHead(c, in, "policy")}
	out := server.CloudPage("Backup policy of "+in.Name, func(f kit.Frame) templ.Component { return views.CloudPolicyPage(f, v) })
	versions, err := s.Policies.Versions(ctx, policy.InstanceSubject(in.ID), versionsShown)
	if err != nil {
		return server.View{}, err
	}
	if in.Standing.At.IsZero() {
		v.Versions = versionRows(z, in.ID, versions, false)
		return out, nil
	}
	here, st := server.PolicyHref(in.ID), in.Standing
	edit := kit.Action{Label: "Change", Href: here + "/edit", Primary: true}
	v.Head.Actions = []kit.Action{{Label: "Apply to other instances…", Href: here + "/apply"}, {Label: "Back up now", Href: "/instances/" + in.ID + "/backup"}}
	if st.AdvancedOn {
		edit.Off = "The advanced policy is in force; it is on a page of its own."
	}
	v.Head.Actions = append(v.Head.Actions, edit)
	if d := driftHelp(z, in); d != nil {
		v.Notes = append(v.Notes, *d)
	}
	f, err := s.Foreseen(ctx, in, st.Standard)
	if err != nil {
		return server.View{}, err
	}
	v.Facts = cloudFacts(z, st)
	v.Pairs, v.Raw = cloudPairs(z, st.Standard, st.Can), rawPairs(st.Raw)
	if !st.AdvancedOn {
		v.Calendar = calendar(z, "coming", f.Next, st.Standard.Method == clouds.Snapshot, 7*server.WeeksDrawn, comingNote)
		v.Quota = quota(f.Storage, st.Standard.Method == clouds.Snapshot)
	}
	v.Versions = versionRows(z, in.ID, versions, true)
	v.Empty = kit.Empty{Title: "No version is kept yet.", Text: "The first look or change keeps one."}
	v.Advanced = "It is not in force: the standard policy on this page is."
	if st.AdvancedOn {
		v.Advanced = fmt.Sprintf("It is in force, with %s.", kit.Count(len(st.Advanced.Rows), "rule", "rules"))
	}
	v.More = []kit.Action{{Label: "Advanced policy", Href: here + "/advanced"}}
	return out, nil
}

// cloudFacts answer when the next backup is, and what can be lost.
func cloudFacts(z kit.Zone, st clouds.Standing) []kit.Fact {
	next := kit.Fact{Label: "Next data backup", Value: "not told", Words: true}
	if !st.Next.IsZero() {
		at := z.At(st.Next)
		next.Value, next.Note, next.Title = at.UTC, "UTC", at.Exact
		if at.Local != "" {
			next.Note += " · " + at.Local + " local"
		}
		if d := st.Next.Sub(z.Now); d > 0 {
			next.Note += " · in " + kit.Span(d)
		}
	}
	return []kit.Fact{next, rpoFact(st.Standard),
		{Label: "Kept for", Value: kit.Count(st.Standard.RetentionDays, "day", "days"), Note: "data and logs alike"},
		{Label: "Method", Value: st.Standard.Method.Words(), Note: "incremental " + policy.OnOff(st.Standard.Incremental), Words: true}}
}

func rawPairs(raw map[string]string) (out []kit.Pair) {
	var names []string
	for n := range raw {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		out = append(out, kit.Pair{Key: n, Value: raw[n]})
	}
	return out
}

// versionRows word the versions of a policy, newest first, each against the
// one before it.
func versionRows(z kit.Zone, id string, versions []policy.Version, act bool) (rows []views.CloudVersion) {
	for i, v := range versions {
		row := views.CloudVersion{Number: strconv.Itoa(v.Number), When: z.At(v.At), Who: v.Actor, Note: v.Note, Current: i == 0}
		if v.Actor == "" {
			row.Who = "seen in the cloud"
		}
		if i+1 < len(versions) {
			row.Changes = versionChanges(versions[i+1], v)
		} else if content, err := clouds.ReadContent(v); err == nil {
			s := content.Standard
			row.Changes = []string{"kept " + kit.Count(s.RetentionDays, "day", "days") + ", " + clouds.WeekWords(s.Days) + ", " + clouds.HourWords(s.Hour, nil, time.Time{})}
		}
		if content, err := clouds.ReadContent(v); act && i > 0 && err == nil && !content.AdvancedOn {
			row.Action = &kit.Action{Label: "Roll back…", Href: server.PolicyHref(id) + "/review?version=" + row.Number, Small: true}
		}
		rows = append(rows, row)
	}
	return rows
}

func versionChanges(was, now policy.Version) (lines []string) {
	a, err1 := clouds.ReadContent(was)
	b, err2 := clouds.ReadContent(now)
	if err1 != nil || err2 != nil {
		return []string{"cannot be read"}
	}
	for _, c := range clouds.DiffContent(a, b) {
		lines = append(lines, c.Words())
	}
	if len(lines) == 0 {
		lines = []string{"no difference"}
	}
	return lines
}

// driftHelp tells of a change that was made elsewhere, with the two ways out.
func driftHelp(z kit.Zone, in server.CloudSeen) *kit.Help {
	d := in.Looked.Drift
	if d == nil {
		return nil
	}
	h := &kit.Help{Tone: kit.ToneWarn, Title: "Changed elsewhere: " + policy.ChangesWords(d.Changes) + ".",
		Cause:   fmt.Sprintf("Seen %s. The last version that somebody here stands behind is %d, of %s.", z.Ago(in.Looked.Versions[0].At), d.From.Number, z.At(d.From.At).Exact),
		Actions: []kit.Action{{Label: "Accept it as a new version", Href: server.PolicyHref(in.ID) + "/accept", Post: true, Small: true}}}
	if c, err := clouds.ReadContent(d.From); err == nil && !c.AdvancedOn && !in.Standing.AdvancedOn {
		h.Actions = append(h.Actions, kit.Action{Label: fmt.Sprintf("Put version %d back…", d.From.Number), Href: fmt.Sprintf("%s/review?version=%d", server.PolicyHref(in.ID), d.From.Number), Small: true})
	}
	return h
}

// cloudAccept takes a change made elsewhere for right.
func (s *Pages) cloudAccept(c echo.Context) error {
	in, err := s.CloudInstance(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	if err := s.AcceptPolicy(c, in.ID); err != nil {
		return err
	}
	s.Say(c, kit.ToneOK, "The policy as it is now is a version of yours.")
	return server.SeeOther(c, server.PolicyHref(in.ID))
}
