package server

import (
	"context"
	"errors"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/web/templates"
)

// Clouds reaches instances of ApsaraDB RDS by the ids of their endpoints.
type Clouds interface {
	policy.CloudPorts
	// Cloud sees and orders its backups.
	Cloud(ctx context.Context, instanceID string) (backup.Cloud, error)
}

// freshFor is how long an answer of a service is shown before it is asked
// again; a person can ask at once.
const freshFor = time.Minute

// cloudSeen is an instance of a cloud with what its service said last.
type cloudSeen struct {
	endpoint.Instance
	activity policy.Standing // zero At = it never answered
	looked   policy.Looked   // the same with the versions and the drift
	trouble  error           // it could not be asked now
}

func (s *Server) cloudInstance(ctx context.Context, id string) (endpoint.Instance, error) {
	i, err := s.Endpoints.Instance(ctx, id)
	if err == nil && !i.Traits.BacksUpItself {
		return i, fault.Newf(fault.NotFound, "%s is not in the cloud.", i.Name).WithFix("Its page shows its databases.")
	}
	return i, err
}

// seen tells what the service says of an instance: as it said within the last
// minute, or asked now.
func (s *Server) seen(ctx context.Context, id string) (cloudSeen, error) {
	i, err := s.cloudInstance(ctx, id)
	if err != nil {
		return cloudSeen{}, err
	}
	out := cloudSeen{Instance: i}
	known, had := s.looks.get(id)
	if !had || s.Now().Sub(known.Standing.At) >= freshFor {
		fresh, err := s.askPolicy(ctx, i)
		if err == nil {
			known = fresh
		}
		out.trouble = err
	}
	out.looked, out.activity = known, known.Standing
	return out, nil
}

// glimpsed is seen for pages that show what is in the catalogue: they do not
// wait for a service that may be slow or away. What it said last is shown with
// its age while it is asked again.
func (s *Server) glimpsed(ctx context.Context, id string) (cloudSeen, error) {
	i, err := s.cloudInstance(ctx, id)
	if err != nil {
		return cloudSeen{}, err
	}
	known, had := s.looks.get(id)
	if !had || s.Now().Sub(known.Standing.At) >= freshFor {
		a := s.looks.ask(id, s.Now(), func() error {
			_, err := s.askPolicy(context.WithoutCancel(ctx), i)
			return err
		})
		patience := glimpse
		if had {
			patience = 0
		}
		if err = a.wait(patience); err == nil {
			known, _ = s.looks.get(id)
		}
	}
	return cloudSeen{Instance: i, looked: known, activity: known.Standing, trouble: err}, nil
}

// clouds are the use cases of policies in the cloud.
func (s *Server) clouds() policy.Clouds {
	return policy.Clouds{Ports: s.Clouds, Versions: s.Policies, Now: s.Now}
}

// askPolicy asks now, within a page's patience.
func (s *Server) askPolicy(ctx context.Context, i endpoint.Instance) (policy.Looked, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	turn := s.looks.turn(i.ID)
	l, err := s.clouds().Look(ctx, i.ID)
	if err == nil {
		s.looks.keep(i.ID, turn, l)
	}
	return l, err
}

// cloudTabs are the pages of an instance of a cloud.
func cloudTabs(id, here string) (tabs []templates.Tab) {
	for _, t := range []struct{ key, label, path string }{
		{"databases", "Databases", ""}, {"policy", "Policy", "/policy"}, {"sets", "Backup sets", "/sets"}, {"logs", "Log backups", "/logs"},
		{"tasks", "Tasks", "/tasks"}, {"migrations", "Migrations", "/migrations"}} {
		tabs = append(tabs, templates.Tab{Label: t.label, Href: "/instances/" + id + t.path, Count: -1, Current: t.key == here})
	}
	return tabs
}

// cloudHead words what stands above a page of an instance.
func (s *Server) cloudHead(c echo.Context, in cloudSeen, here string) templates.CloudHead {
	z := s.zone(c)
	h := templates.CloudHead{Name: in.Name, Crumbs: []templates.Link{{Text: "Instances", Href: "/instances"}, {Text: in.Name, Href: "/instances/" + in.ID}},
		Under: in.InstanceID + " · " + in.Region, Tabs: cloudTabs(in.ID, here)}
	if !in.activity.At.IsZero() {
		h.Seen, h.Age = z.At(in.activity.At), z.Ago(in.activity.At)
		h.Badge = templates.Badge{Text: in.activity.Can.Status, Tone: templates.ToneOK}
		if !in.activity.Can.Running {
			h.Badge.Tone = templates.ToneWarn
		}
		if in.activity.Can.Locked != "" {
			h.Badge = templates.Badge{Text: "locked", Tone: templates.ToneBad}
		}
	}
	h.Look = &templates.Action{Label: "Look now", Href: "/instances/" + in.ID + "/look", Post: true, Small: true,
		Fields: []templates.Hidden{{Name: "back", Value: localPath(c.Request().URL.RequestURI(), "")}}}
	if in.trouble != nil {
		t := s.askedInVain(c, in.trouble)
		t.Actions = []templates.Action{{Label: "Change the instance", Href: s.settingOf(in.Instance)}}
		h.Trouble = &t
		if in.activity.At.IsZero() {
			h.Badge = templates.Badge{Text: "no answer", Tone: templates.ToneBad}
		}
	}
	return h
}

// listedHead is the head of a page about sets: its age is that of their list.
func (s *Server) listedHead(c echo.Context, in cloudSeen, here string) templates.CloudHead {
	h := s.cloudHead(c, in, here)
	if s.Collected == nil {
		return h
	}
	at, err := s.Collected(c.Request().Context(), in.ID)
	if err != nil {
		s.Log.Warn("read when sets were listed", "instance", in.ID, "err", err)
		return h
	}
	h.Seen, h.Age = s.zone(c).At(at), s.zone(c).Ago(at)
	return h
}

// inside adds where a page lies below a tab.
func inside(h templates.CloudHead, crumbs ...templates.Link) templates.CloudHead {
	h.Crumbs = append(h.Crumbs, crumbs...)
	h.Look, h.Age = nil, ""
	return h
}

// cloudLook asks the service now, for its policy and its backups.
func (s *Server) cloudLook(c echo.Context) error {
	ctx := c.Request().Context()
	i, err := s.cloudInstance(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	back := localPath(c.FormValue("back"), "")
	if back == "" {
		back = "/instances/" + i.ID + "/policy"
	}
	if _, err = s.askPolicy(ctx, i); err == nil && s.Collect != nil {
		asking, cancel := context.WithTimeout(ctx, 4*patience)
		defer cancel()
		err = s.Collect(asking, i.ID)
	}
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return err
		}
		h := s.askedInVain(c, err)
		s.say(c, templates.ToneBad, h.Title+" "+h.Fix)
		return seeOther(c, back)
	}
	s.say(c, templates.ToneOK, "The service was asked just now.")
	return seeOther(c, back)
}

// cloudPage is a page of an instance of a cloud.
func cloudPage(title string, page func(templates.Frame) templ.Component) view {
	return view{title: title, section: "instances", page: page}
}
