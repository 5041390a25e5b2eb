package server

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
)

// request is what a person chose for a new migration, as a form or a program
// sends it.
type request struct {
	Source   string `json:"source"`             // id of the bucket or folder with the files
	Prefix   string `json:"prefix,omitempty"`   // only files whose path begins with this
	Instance string `json:"instance"`           // id of the target
	Staging  string `json:"staging,omitempty"`  // id of the OSS bucket the cloud reads; empty = the source, when that is one; not looked at for a self-managed server
	Database string `json:"database,omitempty"` // name on the target; empty = the source's
	Family   string `json:"family,omitempty"`   // which database, when the files hold several
	Base     string `json:"base,omitempty"`     // which full backup, by set GUID
	Fork     string `json:"fork,omitempty"`     // which recovery fork
	StopAt   string `json:"stop_at,omitempty"`  // RFC 3339; only what is needed to reach this moment
	Mode     string `json:"mode,omitempty"`     // pending or immediate
	Check    string `json:"check,omitempty"`    // async or sync
	Names    string `json:"names,omitempty"`    // safe or keep
	AutoOpen bool   `json:"open_when_applied,omitempty"`
	Partly   bool   `json:"partly,omitempty"` // begin although something is missing
}

// requestOf reads a form or a query.
func requestOf(get func(string) string) request {
	return request{Source: get("source"), Prefix: strings.TrimSpace(get("prefix")), Instance: get("instance"), Staging: get("staging"),
		Database: strings.TrimSpace(get("database")), Family: get("family"), Base: get("base"), Fork: get("fork"), StopAt: strings.TrimSpace(get("stop_at")),
		Mode: get("mode"), Check: get("check"), Names: get("names"), AutoOpen: get("open_when_applied") != "", Partly: get("partly") != ""}
}

// values are the fields that are set, for links and hidden fields.
func requestValues(w request) url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"source": w.Source, "prefix": w.Prefix, "instance": w.Instance, "staging": w.Staging, "database": w.Database,
		"family": w.Family, "base": w.Base, "fork": w.Fork, "stop_at": w.StopAt, "mode": w.Mode, "check": w.Check, "names": w.Names} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if w.AutoOpen {
		v.Set("open_when_applied", "1")
	}
	if w.Partly {
		v.Set("partly", "1")
	}
	return v
}

func invalid(message, fix string) error { return fault.New(fault.Invalid, message, fix) }

// migration turns the words into the use case's request.
func (w request) migration() (m migration.FilesRequest, err error) {
	m = migration.FilesRequest{SourceID: w.Source, SourcePrefix: w.Prefix, InstanceID: w.Instance, StagingID: w.Staging, Database: w.Database,
		Mode: migration.AccessMode(w.Mode), Check: migration.CheckMode(w.Check), KeepNames: w.Names == "keep", OpenWhenApplied: w.AutoOpen, Partly: w.Partly}
	if m.StagingID == "" {
		m.StagingID = w.Source
	}
	for _, g := range []struct {
		text string
		to   *backup.GUID
	}{{w.Family, &m.Family}, {w.Base, &m.Base}, {w.Fork, &m.Fork}} {
		if g.text == "" {
			continue
		}
		if *g.to, err = bakfile.ParseGUID(g.text); err != nil {
			return m, invalid(fmt.Sprintf("%q is not a GUID.", g.text), "Choose from what the plan offers.")
		}
	}
	if w.StopAt != "" {
		at, err := stopTime(w.StopAt)
		if err != nil {
			return m, err
		}
		m.StopAt = &at
	}
	switch {
	case m.Mode != "" && m.Mode != migration.Pending && m.Mode != migration.Immediate:
		return m, invalid(fmt.Sprintf("%q is not a way to open.", w.Mode), "Choose pending or immediate.")
	case m.Check != "" && m.Check != migration.CheckAsync && m.Check != migration.CheckSync:
		return m, invalid(fmt.Sprintf("%q is not a way to check.", w.Check), "Choose async or sync.")
	case w.Names != "" && w.Names != "keep" && w.Names != "safe":
		return m, invalid(fmt.Sprintf("%q is not a way to name files.", w.Names), "Choose safe or keep.")
	}
	return m, nil
}

// stopTime reads a moment in UTC, as programs write it or as a person types it.
func stopTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, invalid(fmt.Sprintf("%q is not a time.", text), "Write it in UTC, such as 2026-11-20 13:30.")
}

// plan is a draft with the places it names.
type plan struct {
	request  request
	draft    migration.Draft
	source   endpoint.Bucket
	staging  endpoint.Bucket
	instance endpoint.Instance
}

// draft looks at the files and plans. With several databases and no choice it
// takes the one whose plan has the most steps and leaves the choice open.
func (s *Server) draft(ctx context.Context, w request) (p plan, err error) {
	p.request = w
	m, err := w.migration()
	if err != nil {
		return p, err
	}
	switch {
	case w.Source == "":
		return p, invalid("No place with backup files is chosen.", "Choose a folder or a bucket.")
	case w.Instance == "":
		return p, invalid("No instance is chosen.", "Choose where the database goes.")
	}
	if p.source, err = s.Endpoints.Bucket(ctx, m.SourceID); err != nil {
		return p, err
	}
	if p.instance, err = s.Endpoints.Instance(ctx, m.InstanceID); err != nil {
		return p, err
	}
	if p.staging, err = s.stagingOf(ctx, p.instance, m.StagingID); err != nil {
		return p, err
	}
	m.StagingID, m.Traits = p.staging.ID, p.instance.Traits
	seen, err := s.Survey.Look(ctx, m.SourceID, m.SourcePrefix)
	if err != nil {
		return p, err
	}
	same := m.SourceID == m.StagingID
	if p.draft, err = migration.NewDraft(m, seen, same); err != nil {
		return p, err
	}
	if p.draft.Plan == nil && len(p.draft.Databases) > 1 {
		m.Family = longest(p.draft.Databases).Family
		p.draft, err = migration.NewDraft(m, seen, same)
	}
	return p, err
}

// ready reports whether there is something that could be started: a whole
// chain, or the part of one before a gap that a person agreed to begin with.
func (p plan) ready() bool {
	d := p.draft
	return d.Plan != nil && len(d.Files) > 0 && d.Plan.Choice == nil && (d.Plan.Whole() || d.Request.Partly)
}

func longest(plans []backup.Plan) backup.Plan {
	best := plans[0]
	for _, p := range plans {
		if len(p.Steps) > len(best.Steps) {
			best = p
		}
	}
	return best
}

// preflight asks everybody concerned whether the draft can work.
func (s *Server) preflightOf(ctx context.Context, p plan) ([]migration.Finding, error) {
	m := p.draft.Migration
	target, err := s.Ports.Target(ctx, m.InstanceID)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	budget, err := s.Migrations.Calls(ctx, m.InstanceID, m.Database, now.Add(-24*time.Hour))
	if err != nil {
		return nil, err
	}
	return migration.Preflight(ctx, s.Ports, target, m, budget, now)
}
