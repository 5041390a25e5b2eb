package drafting

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/preflight"
)

// LiveRequest is what a person chose for a migration from a server at work, as a
// form or a program sends it.
type LiveRequest struct {
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
	KeepCDC  bool   `json:"keep_cdc,omitempty"` // change data capture goes on, where the target keeps it (endpoint.Traits: Keeps, KeepsWithLast)
	Owner    string `json:"owner,omitempty"`    // of a self-managed target: login that owns the database once it is open
}

// migration turns the words into the use case's request.
func (w LiveRequest) migration() (migration.LiveRequest, error) {
	m := migration.LiveRequest{ServerID: w.Server, Source: w.Source, InstanceID: w.Instance, Database: w.Database, StagingID: w.Staging,
		Freeze: migration.Freeze(w.Freeze), Check: migration.CheckMode(w.Check), Compress: w.Compress,
		Keep: migration.Keeping{CDC: w.KeepCDC, Owner: strings.TrimSpace(w.Owner)}}
	if w.Every != "" {
		var err error
		if m.Every, err = time.ParseDuration(w.Every); err != nil {
			return m, fault.Newf(fault.Invalid, "%q is not a time between backups.", w.Every).
				WithFix("Write it with its unit, such as 15m or 2h.")
		}
	}
	return m, nil
}

// LivePlan is a migration from a server at work with the places it names.
type LivePlan struct {
	Request  LiveRequest
	M        migration.Migration
	Server   endpoint.Instance
	Instance endpoint.Instance
	Staging  endpoint.Bucket
}

// draft makes the migration of a plan whose places are known.
func (p *LivePlan) draft() error {
	request, err := p.Request.migration()
	if err == nil {
		request.StagingID, request.Traits = p.Staging.ID, p.Instance.Traits
		p.M, err = request.Draft(p.Server.FolderID)
	}
	return err
}

// livePlaces looks up where a migration would begin, pass and end.
func (s *Drafting) livePlaces(ctx context.Context, w LiveRequest) (p LivePlan, err error) {
	p.Request = w
	if _, err = w.migration(); err != nil {
		return p, err
	}
	switch {
	case w.Server == "":
		return p, invalid("No server is chosen.", "Choose where the database is.")
	case w.Instance == "":
		return p, invalid("No instance is chosen.", "Choose where the database goes.")
	}
	if p.Server, err = s.Endpoints.Instance(ctx, w.Server); err != nil {
		return p, err
	}
	if p.Instance, err = s.Endpoints.Instance(ctx, w.Instance); err != nil {
		return p, err
	}
	if p.Server.Traits.Lacks.Follow {
		return p, fault.Newf(fault.Invalid, "%s cannot be followed while it is at work: its service takes the log backups.", p.Server.Name).
			WithFix("Back the database up into its bucket, migrate those files, and add a differential taken while the application is stopped.")
	}
	if !p.Server.Traits.Source {
		return p, fault.Newf(fault.Invalid, "%s is not a self-managed SQL Server.", p.Server.Name).
			WithFix("Choose a server that is at work; from the cloud, migrate backup files.")
	}
	p.Staging, err = s.stagingOf(ctx, p.Instance, w.Staging)
	return p, err
}

// LiveDraft makes the migration it would be. Nothing outside is asked.
func (s *Drafting) LiveDraft(ctx context.Context, w LiveRequest) (p LivePlan, err error) {
	if p, err = s.livePlaces(ctx, w); err != nil {
		return p, err
	}
	if w.Source == "" {
		return p, invalid("No database is chosen.", "Choose one of the server's databases.")
	}
	return p, p.draft()
}

// StartLive looks and checks once more and starts.
func (s *Drafting) StartLive(ctx context.Context, w LiveRequest, by migration.By) (string, error) {
	p, err := s.LiveDraft(ctx, w)
	if err != nil {
		return "", err
	}
	findings, facts, err := preflight.Live(ctx, s.Ports, p.M, s.Now)
	if err != nil {
		return "", err
	}
	facts.Decided = w.CheckDB
	return migration.StartLive(ctx, s.Migrations, p.M, facts.Origin(), findings, s.NewID, by)
}

// DatabasesOf asks a server for its databases, the user's first.
func (s *Drafting) DatabasesOf(ctx context.Context, id string) ([]backup.Database, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	server, _, err := s.Ports.Server(ctx, id)
	if err != nil {
		return nil, err
	}
	ds, err := server.Databases(ctx)
	return UserFirst(ds), err
}

// UserFirst sorts by name, system databases last.
func UserFirst(ds []backup.Database) []backup.Database {
	out := slices.Clone(ds)
	slices.SortStableFunc(out, func(a, b backup.Database) int {
		if x, y := System(a.Name), System(b.Name); x != y {
			if x {
				return 1
			}
			return -1
		}
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	return out
}

// System tells databases that cannot be migrated because of what they are.
func System(name string) bool { return !migration.BadDatabaseName(name).IsZero() }
