package server

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
)

// liveRequest is what a person chose for a migration from a server at work, as a
// form or a program sends it.
type liveRequest struct {
	Server   string `json:"server"`             // id of the SQL Server
	Source   string `json:"source_database"`    // its database
	Instance string `json:"instance"`           // id of the target
	Staging  string `json:"staging"`            // id of the OSS bucket the cloud reads; not looked at for a self-managed server
	Database string `json:"database,omitempty"` // name on the target; empty = the source's
	Every    string `json:"every,omitempty"`    // between log backups, such as 15m; empty = the shortest that fits the day's imports
	CheckDB  string `json:"checkdb,omitempty"`  // skip or accept, where it is not fresh
	Freeze   string `json:"freeze,omitempty"`   // tail, readonly or stopped
	Check    string `json:"check,omitempty"`    // async or sync
	Compress bool   `json:"compress,omitempty"`
}

func liveRequestOf(get func(string) string) liveRequest {
	return liveRequest{Server: get("server"), Source: get("source_database"), Instance: get("instance"), Staging: get("staging"), Database: strings.TrimSpace(get("database")),
		Every: get("every"), CheckDB: get("checkdb"), Freeze: get("freeze"), Check: get("check"), Compress: get("compress") != ""}
}

// values are the fields that are set, for links and hidden fields.
func liveValues(w liveRequest) url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"server": w.Server, "source_database": w.Source, "instance": w.Instance, "staging": w.Staging, "database": w.Database,
		"every": w.Every, "freeze": w.Freeze, "checkdb": w.CheckDB, "check": w.Check, "compress": flag(w.Compress)} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

// migration turns the words into the use case's request.
func (w liveRequest) migration() (migration.LiveRequest, error) {
	m := migration.LiveRequest{ServerID: w.Server, Source: w.Source, InstanceID: w.Instance, Database: w.Database, StagingID: w.Staging,
		Freeze: migration.Freeze(w.Freeze), Check: migration.CheckMode(w.Check), Compress: w.Compress}
	if w.Every != "" {
		var err error
		if m.Every, err = time.ParseDuration(w.Every); err != nil {
			return m, invalid(fmt.Sprintf("%q is not a time between backups.", w.Every), "Write it with its unit, such as 15m or 2h.")
		}
	}
	return m, nil
}

// livePlan is a migration from a server at work with the places it names.
type livePlan struct {
	request  liveRequest
	m        migration.Migration
	server   endpoint.Instance
	instance endpoint.Instance
	staging  endpoint.Bucket
}

// liveDraft makes the migration it would be. Nothing outside is asked.
func (s *Server) liveDraft(ctx context.Context, w liveRequest) (p livePlan, err error) {
	if p, err = s.livePlaces(ctx, w); err != nil {
		return p, err
	}
	if w.Source == "" {
		return p, invalid("No database is chosen.", "Choose one of the server's databases.")
	}
	return p, p.draft()
}

// draft makes the migration of a plan whose places are known.
func (p *livePlan) draft() error {
	request, err := p.request.migration()
	if err == nil {
		request.StagingID, request.Traits = p.staging.ID, p.instance.Traits
		p.m, err = request.Draft(p.server.FolderID)
	}
	return err
}

// livePlaces looks up where a migration would begin, pass and end.
func (s *Server) livePlaces(ctx context.Context, w liveRequest) (p livePlan, err error) {
	p.request = w
	if _, err = w.migration(); err != nil {
		return p, err
	}
	switch {
	case w.Server == "":
		return p, invalid("No server is chosen.", "Choose where the database is.")
	case w.Instance == "":
		return p, invalid("No instance is chosen.", "Choose where the database goes.")
	}
	if p.server, err = s.Endpoints.Instance(ctx, w.Server); err != nil {
		return p, err
	}
	if p.instance, err = s.Endpoints.Instance(ctx, w.Instance); err != nil {
		return p, err
	}
	if !p.server.Traits.Source {
		return p, invalid(p.server.Name+" is not a self-managed SQL Server.", "Choose a server that is at work; from the cloud, migrate backup files.")
	}
	p.staging, err = s.stagingOf(ctx, p.instance, w.Staging)
	return p, err
}

// startLive looks and checks once more and starts.
func (s *Server) startLive(ctx context.Context, w liveRequest, by migration.By) (string, error) {
	p, err := s.liveDraft(ctx, w)
	if err != nil {
		return "", err
	}
	findings, facts, err := migration.LivePreflight(ctx, s.Ports, p.m, s.Now)
	if err != nil {
		return "", err
	}
	facts.Decided = w.CheckDB
	return migration.StartLive(ctx, s.Migrations, p.m, facts, findings, s.NewID, by)
}
