package server

import (
	"context"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy/clouds"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// Clouds reaches instances of ApsaraDB RDS by the ids of their endpoints.
type Clouds interface {
	clouds.Ports
	// Cloud sees and orders its backups.
	Cloud(ctx context.Context, instanceID string) (backup.Cloud, error)
}

// freshFor is how long an answer of a service is shown before it is asked
// again; a person can ask at once.
const freshFor = time.Minute

// CloudSeen is an instance of a cloud with what its service said last.
type CloudSeen struct {
	endpoint.Instance
	Standing clouds.Standing // zero At = it never answered
	Looked   clouds.Looked   // the same with the versions and the drift
	Trouble  error           // it could not be asked now
}

// CloudInstance is an instance in the cloud; any other is not found.
func (s *Kit) CloudInstance(ctx context.Context, id string) (endpoint.Instance, error) {
	i, err := s.Endpoints.Instance(ctx, id)
	if err == nil && !i.Traits.BacksUpItself {
		return i, fault.Newf(fault.NotFound, "%s is not in the cloud.", i.Name).WithFix("Its page shows its databases.")
	}
	return i, err
}

// Seen tells what the service says of an instance: as it said within the last
// minute, or asked now.
func (s *Kit) Seen(ctx context.Context, id string) (CloudSeen, error) {
	i, err := s.CloudInstance(ctx, id)
	if err != nil {
		return CloudSeen{}, err
	}
	out := CloudSeen{Instance: i}
	known, had := s.looks.get(id)
	if !had || s.Now().Sub(known.Standing.At) >= freshFor {
		fresh, err := s.AskPolicy(ctx, i)
		if err == nil {
			known = fresh
		}
		out.Trouble = err
	}
	out.Looked, out.Standing = known, known.Standing
	return out, nil
}

// Glimpsed is seen for pages that show what is in the catalogue: they do not
// wait for a service that may be slow or away. What it said last is shown with
// its age while it is asked again.
func (s *Kit) Glimpsed(ctx context.Context, id string) (CloudSeen, error) {
	i, err := s.CloudInstance(ctx, id)
	if err != nil {
		return CloudSeen{}, err
	}
	known, had := s.looks.get(id)
	if !had || s.Now().Sub(known.Standing.At) >= freshFor {
		a := s.looks.ask(id, s.Now(), func() error {
			_, err := s.AskPolicy(context.WithoutCancel(ctx), i)
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
	return CloudSeen{Instance: i, Looked: known, Standing: known.Standing, Trouble: err}, nil
}

// clouds are the use cases of policies in the cloud.
func (s *Kit) clouds() clouds.Editor {
	return clouds.Editor{Ports: s.Clouds, Versions: s.Policies, Now: s.Now}
}

// AskPolicy asks now, within a page's patience.
func (s *Kit) AskPolicy(ctx context.Context, i endpoint.Instance) (clouds.Looked, error) {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	turn := s.looks.turn(i.ID)
	l, err := s.clouds().Look(ctx, i.ID)
	if err == nil {
		s.looks.keep(i.ID, turn, l)
	}
	return l, err
}

// CloudTabs are the pages of an instance of a cloud.
func CloudTabs(id, here string) (tabs []kit.Tab) {
	for _, t := range []struct{ key, label, path string }{
		{"databases", "Databases", ""}, {"policy", "Policy", "/policy"}, {"sets", "Backup sets", "/sets"}, {"logs", "Log backups", "/logs"},
		{"tasks", "Tasks", "/tasks"}, {"migrations", "Migrations", "/migrations"}} {
		tabs = append(tabs, kit.Tab{Label: t.label, Href: "/instances/" + id + t.path, Count: -1, Current: t.key == here})
	}
	return tabs
}

// CloudHead words what stands above a page of an instance.
func (s *Kit) CloudHead(c echo.Context, in CloudSeen, here string) kit.CloudHead {
	z := s.Zone(c)
	h := kit.CloudHead{Name: in.Name, Crumbs: []kit.Link{{Text: "Instances", Href: "/instances"}, {Text: in.Name, Href: "/instances/" + in.ID}},
		Under: in.InstanceID + " · " + in.Region, Tabs: CloudTabs(in.ID, here)}
	if !in.Standing.At.IsZero() {
		h.Seen, h.Age = z.At(in.Standing.At), z.Ago(in.Standing.At)
		h.Badge = kit.Badge{Text: in.Standing.Can.Status, Tone: kit.ToneOK}
		if !in.Standing.Can.Running {
			h.Badge.Tone = kit.ToneWarn
		}
		if in.Standing.Can.Locked != "" {
			h.Badge = kit.Badge{Text: "locked", Tone: kit.ToneBad}
		}
	}
	h.Look = &kit.Action{Label: "Look now", Href: "/instances/" + in.ID + "/look", Post: true, Small: true,
		Fields: []kit.Hidden{{Name: "back", Value: LocalPath(c.Request().URL.RequestURI(), "")}}}
	if in.Trouble != nil {
		t := s.AskedInVain(c, in.Trouble)
		t.Actions = []kit.Action{{Label: "Change the instance", Href: s.SettingOf(in.Instance)}}
		h.Trouble = &t
		if in.Standing.At.IsZero() {
			h.Badge = kit.Badge{Text: "no answer", Tone: kit.ToneBad}
		}
	}
	return h
}

// ListedHead is the head of a page about sets: its age is that of their list.
func (s *Kit) ListedHead(c echo.Context, in CloudSeen, here string) kit.CloudHead {
	h := s.CloudHead(c, in, here)
	if s.Collected == nil {
		return h
	}
	at, err := s.Collected(c.Request().Context(), in.ID)
	if err != nil {
		s.Log.Warn("read when sets were listed", "instance", in.ID, "err", err)
		return h
	}
	h.Seen, h.Age = s.Zone(c).At(at), s.Zone(c).Ago(at)
	return h
}

// Inside adds where a page lies below a tab.
func Inside(h kit.CloudHead, crumbs ...kit.Link) kit.CloudHead {
	h.Crumbs = append(h.Crumbs, crumbs...)
	h.Look, h.Age = nil, ""
	return h
}

// CloudPage is a page of an instance of a cloud.
func CloudPage(title string, page func(kit.Frame) templ.Component) View {
	return View{Title: title, Section: "instances", Page: page}
}
