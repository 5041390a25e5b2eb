package policies

import (
	"fmt"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/server"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// runAsk asks which kind is taken now, and where.
func (s *Pages) runAsk(c echo.Context) (server.View, error) { return s.runView(c, nil) }

func (s *Pages) runView(c echo.Context, refused error) (server.View, error) {
	ctx := c.Request().Context()
	p, err := s.Policies.Policy(ctx, c.Param("id"))
	if err != nil {
		return server.View{}, err
	}
	names, err := s.InstanceNames(ctx)
	if err != nil {
		return server.View{}, err
	}
	here := "/policies/" + p.ID
	kind := kit.Field{Name: "kind", Label: "Kind", Type: "choices", Value: server.FirstOf(c.FormValue("kind"), string(backup.Full))}
	for _, r := range p.Rules {
		kind.Options = append(kind.Options, kit.Option{Value: string(r.Kind), Label: server.Capital(string(r.Kind)), Hint: "kept " + r.Keep.Words()})
	}
	servers := kit.Field{Name: "servers", Label: "Servers", Type: "checks", Values: p.Servers}
	for _, id := range p.Servers {
		servers.Options = append(servers.Options, kit.Option{Value: id, Label: server.FirstOf(names[id], id)})
	}
	v := kit.Decision{Title: "Back up by " + p.Name + " now", Crumbs: []kit.Link{{Text: "Policies", Href: "/policies"}, {Text: p.Name, Href: here}, {Text: "Back up now"}},
		Points: []string{"Every database that the policy chooses is backed up as at one of its slots: the same way, into the same places.", "The sets are the policy's: its rules keep and prune them.", "Its schedule goes on as ever."},
		Form:   &kit.Form{Action: here + "/run", Submit: "Back up now", Cancel: here, Fields: []kit.Field{kind, servers}, Problem: server.ProblemOf(refused)}}
	out := server.View{Title: v.Title, Section: "policies", Page: func(f kit.Frame) templ.Component { return kit.DecisionPage(f, v) }}
	if refused != nil {
		out.Status = server.StatusOf(refused)
	}
	return out, nil
}

// runOrder orders backups by hand.
func (s *Pages) runOrder(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return err
	}
	runs, err := s.Editor().RunNow(c.Request().Context(), c.Param("id"), backup.Kind(form.Get("kind")), form["servers"], policy.By{Actor: server.Actor(c)})
	if err != nil {
		v, viewErr := s.runView(c, err)
		return s.ShownAgain(c, v, viewErr, err)
	}
	s.Say(c, kit.ToneOK, kit.Count(len(runs), "run is", "runs are")+" queued.")
	if len(runs) == 1 {
		return server.SeeOther(c, "/runs/"+runs[0])
	}
	return server.SeeOther(c, "/policies/"+c.Param("id"))
}

// switchTo enables or disables a policy.
func (s *Pages) switchTo(on bool) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx := c.Request().Context()
		p, err := s.Policies.Policy(ctx, c.Param("id"))
		if err != nil {
			return err
		}
		p.Enabled = on
		if _, err := s.Editor().Save(ctx, p, policy.By{Actor: server.Actor(c)}); err != nil {
			return err
		}
		word := "disabled: it takes no backups and prunes nothing"
		if on {
			word = "enabled: it begins with its next slot"
		}
		s.Say(c, kit.ToneOK, fmt.Sprintf("The policy %s is %s.", p.Name, word))
		return server.SeeOther(c, "/policies/"+p.ID)
	}
}

func (s *Pages) removal(c echo.Context) (server.Removal, error) {
	p, err := s.Policies.Policy(c.Request().Context(), c.Param("id"))
	return server.Removal{Thing: "policy", Name: p.Name, Href: "/policies/" + p.ID, Back: "/policies/" + p.ID, Section: "policies",
		Points: []string{"No backups are taken by it any more, from now on.", "Its backup sets go on to be pruned by its last rule; of each database the newest chain stays until you let go of it, under Left-over backups.", "Databases that no other policy chooses are promised nothing."}}, err
}

func (s *Pages) removeAsk(c echo.Context) (server.View, error) {
	r, err := s.removal(c)
	if err != nil {
		return server.View{}, err
	}
	return r.Ask(nil), nil
}

func (s *Pages) removeOrder(c echo.Context) error {
	r, err := s.removal(c)
	if err != nil {
		return err
	}
	if err = server.Typed(c, r.Name); err == nil {
		err = s.Editor().Remove(c.Request().Context(), c.Param("id"), policy.By{Actor: server.Actor(c)})
	}
	if err != nil {
		if fault.Of(err) == fault.Unknown {
			return err
		}
		return s.Refused(c, r.Ask(err))
	}
	s.Say(c, kit.ToneOK, "The policy "+r.Name+" is removed. Its sets go by its last rule.")
	return server.SeeOther(c, "/policies")
}
