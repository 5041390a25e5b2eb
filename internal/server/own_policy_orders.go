package server

import (
	"fmt"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/web/templates"
)

// ownPolicyRunAsk asks which kind is taken now, and where.
func (s *Server) ownPolicyRunAsk(c echo.Context) (view, error) { return s.ownRun(c, nil) }

func (s *Server) ownRun(c echo.Context, refused error) (view, error) {
	ctx := c.Request().Context()
	p, err := s.Policies.Policy(ctx, c.Param("id"))
	if err != nil {
		return view{}, err
	}
	names, err := s.instanceNames(ctx)
	if err != nil {
		return view{}, err
	}
	here := "/policies/" + p.ID
	kind := templates.Field{Name: "kind", Label: "Kind", Type: "choices", Value: firstOf(c.FormValue("kind"), string(backup.Full))}
	for _, r := range p.Rules {
		kind.Options = append(kind.Options, templates.Option{Value: string(r.Kind), Label: capital(string(r.Kind)), Hint: "kept " + r.Keep.Words()})
	}
	servers := templates.Field{Name: "servers", Label: "Servers", Type: "checks", Values: p.Servers}
	for _, id := range p.Servers {
		servers.Options = append(servers.Options, templates.Option{Value: id, Label: firstOf(names[id], id)})
	}
	v := templates.Decision{Title: "Back up by " + p.Name + " now", Crumbs: []templates.Link{{Text: "Policies", Href: "/policies"}, {Text: p.Name, Href: here}, {Text: "Back up now"}},
		Points: []string{"Every database that the policy chooses is backed up as at one of its slots: the same way, into the same places.", "The sets are the policy's: its rules keep and prune them.", "Its schedule goes on as ever."},
		Form:   &templates.Form{Action: here + "/run", Submit: "Back up now", Cancel: here, Fields: []templates.Field{kind, servers}, Problem: problemOf(refused)}}
	out := view{title: v.Title, section: "policies", page: func(f templates.Frame) templ.Component { return templates.DecisionPage(f, v) }}
	if refused != nil {
		out.status = statusOf(refused)
	}
	return out, nil
}

// ownPolicyRun orders backups by hand.
func (s *Server) ownPolicyRun(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return err
	}
	runs, err := s.editor().RunNow(c.Request().Context(), c.Param("id"), backup.Kind(form.Get("kind")), form["servers"], policy.By{Actor: actor(c)})
	if err != nil {
		v, viewErr := s.ownRun(c, err)
		return s.shownAgain(c, v, viewErr, err)
	}
	s.say(c, templates.ToneOK, templates.Count(len(runs), "run is", "runs are")+" queued.")
	if len(runs) == 1 {
		return seeOther(c, "/runs/"+runs[0])
	}
	return seeOther(c, "/policies/"+c.Param("id"))
}

// ownPolicySwitch enables or disables a policy.
func (s *Server) ownPolicySwitch(on bool) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx := c.Request().Context()
		p, err := s.Policies.Policy(ctx, c.Param("id"))
		if err != nil {
			return err
		}
		p.Enabled = on
		if _, err := s.editor().Save(ctx, p, policy.By{Actor: actor(c)}); err != nil {
			return err
		}
		word := "disabled: it takes no backups and prunes nothing"
		if on {
			word = "enabled: it begins with its next slot"
		}
		s.say(c, templates.ToneOK, fmt.Sprintf("The policy %s is %s.", p.Name, word))
		return seeOther(c, "/policies/"+p.ID)
	}
}

func (s *Server) ownPolicyRemoval(c echo.Context) (removal, error) {
	p, err := s.Policies.Policy(c.Request().Context(), c.Param("id"))
	return removal{thing: "policy", name: p.Name, href: "/policies/" + p.ID, back: "/policies/" + p.ID, section: "policies",
		points: []string{"No backups are taken by it any more, from now on.", "Its backup sets stay where they are, with their versions, slots and runs; nothing prunes them any more.", "Databases that no other policy chooses are promised nothing."}}, err
}

func (s *Server) ownPolicyAskRemove(c echo.Context) (view, error) {
	r, err := s.ownPolicyRemoval(c)
	if err != nil {
		return view{}, err
	}
	return r.ask(nil), nil
}

func (s *Server) ownPolicyRemove(c echo.Context) error {
	r, err := s.ownPolicyRemoval(c)
	if err != nil {
		return err
	}
	if err = typed(c, r.name); err == nil {
		err = s.editor().Remove(c.Request().Context(), c.Param("id"), policy.By{Actor: actor(c)})
	}
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return err
		}
		return s.refused(c, r.ask(err))
	}
	s.say(c, templates.ToneOK, "The policy "+r.name+" is removed; its sets stay.")
	return seeOther(c, "/policies")
}
