package drafting

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/preflight"
)

// Request is what a person chose for a new migration, as a form or a program
// sends it.
type Request struct {
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
	KeepCDC  bool   `json:"keep_cdc,omitempty"` // change data capture goes on, where the target keeps it (endpoint.Traits: Keeps, KeepsWithLast)
	Owner    string `json:"owner,omitempty"`    // of a self-managed target: login that owns the database once it is open
	Partly   bool   `json:"partly,omitempty"`   // begin although something is missing
}

// migration turns the words into the use case's request.
func (w Request) migration() (m migration.FilesRequest, err error) {
	m = migration.FilesRequest{SourceID: w.Source, SourcePrefix: w.Prefix, InstanceID: w.Instance, StagingID: w.Staging, Database: w.Database,
		Mode: migration.AccessMode(w.Mode), Check: migration.CheckMode(w.Check), KeepNames: w.Names == "keep", OpenWhenApplied: w.AutoOpen, Partly: w.Partly,
		Keep: migration.Keeping{CDC: w.KeepCDC, Owner: strings.TrimSpace(w.Owner)}}
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
			return m, fault.Newf(fault.Invalid, "%q is not a GUID.", g.text).
				WithFix("Choose from what the plan offers.")
		}
	}
	if w.StopAt != "" {
		at, err := backup.ReadStopTime(w.StopAt)
		if err != nil {
			return m, err
		}
		m.StopAt = &at
	}
	switch {
	case m.Mode != "" && m.Mode != migration.Pending && m.Mode != migration.Immediate:
		return m, fault.Newf(fault.Invalid, "%q is not a way to open.", w.Mode).
			WithFix("Choose pending or immediate.")
	case m.Check != "" && m.Check != migration.CheckAsync && m.Check != migration.CheckSync:
		return m, fault.Newf(fault.Invalid, "%q is not a way to check.", w.Check).
			WithFix("Choose async or sync.")
	case w.Names != "" && w.Names != "keep" && w.Names != "safe":
		return m, fault.Newf(fault.Invalid, "%q is not a way to name files.", w.Names).
			WithFix("Choose safe or keep.")
	}
	return m, nil
}

// Plan is a draft with the places it names.
type Plan struct {
	Request  Request
	Draft    migration.Draft
	Source   endpoint.Bucket
	Staging  endpoint.Bucket
	Instance endpoint.Instance
}

// Ready reports whether there is something that could be started: a whole
// chain, or the part of one before a gap that a person agreed to begin with.
func (p Plan) Ready() bool {
	d := p.Draft
	return d.Plan != nil && len(d.Files) > 0 && d.Plan.Choice == nil && (d.Plan.Whole() || d.Request.Partly)
}

// Draft looks at the files and plans. With several databases and no choice it
// takes the one whose plan has the most steps and leaves the choice open.
func (s *Drafting) Draft(ctx context.Context, w Request) (p Plan, err error) {
	p.Request = w
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
	if p.Source, err = s.Endpoints.Bucket(ctx, m.SourceID); err != nil {
		return p, err
	}
	if p.Instance, err = s.Endpoints.Instance(ctx, m.InstanceID); err != nil {
		return p, err
	}
	if p.Staging, err = s.stagingOf(ctx, p.Instance, m.StagingID); err != nil {
		return p, err
	}
	m.StagingID, m.Traits = p.Staging.ID, p.Instance.Traits
	seen, err := s.Survey.Look(ctx, m.SourceID, m.SourcePrefix)
	if err != nil {
		return p, err
	}
	same := m.SourceID == m.StagingID
	if p.Draft, err = migration.NewDraft(m, seen, same); err != nil {
		return p, err
	}
	if p.Draft.Plan == nil && len(p.Draft.Databases) > 1 {
		m.Family = longest(p.Draft.Databases).Family
		p.Draft, err = migration.NewDraft(m, seen, same)
	}
	return p, err
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

// PreflightOf asks everybody concerned whether the draft can work.
func (s *Drafting) PreflightOf(ctx context.Context, p Plan) ([]migration.Finding, error) {
	m := p.Draft.Migration
	target, err := s.Ports.Target(ctx, m.InstanceID)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	budget, err := s.Migrations.Calls(ctx, m.InstanceID, m.Database, now.Add(-24*time.Hour))
	if err != nil {
		return nil, err
	}
	return preflight.Files(ctx, s.Ports, target, m, budget, now)
}

// Start looks, plans and checks once more and starts; it returns the id of the
// migration.
func (s *Drafting) Start(ctx context.Context, w Request, by migration.By) (string, error) {
	p, err := s.Draft(ctx, w)
	if err != nil {
		return "", err
	}
	var findings []migration.Finding
	if p.Ready() {
		if findings, err = s.PreflightOf(ctx, p); err != nil {
			return "", err
		}
	}
	return migration.Start(ctx, s.Migrations, p.Draft, findings, s.NewID, by)
}

// More plans from what the target has already applied.
func (s *Drafting) More(ctx context.Context, m migration.Migration, prefix string) (migration.Draft, error) {
	seen, err := s.Survey.Look(ctx, m.SourceID, prefix)
	if err != nil {
		return migration.Draft{}, err
	}
	return migration.More(m, seen, m.SourceID == m.StagingID)
}

// Extend adds what brings a migration's database further.
func (s *Drafting) Extend(ctx context.Context, id, prefix string, by migration.By) error {
	m, err := s.Migrations.Migration(ctx, id)
	if err != nil {
		return err
	}
	if prefix == "" {
		prefix = m.SourcePrefix
	}
	seen, err := s.Survey.Look(ctx, m.SourceID, prefix)
	if err != nil {
		return err
	}
	return migration.OrderFiles(ctx, s.Migrations, id, seen, m.SourceID == m.StagingID, by)
}

// Misnamed tells when a name says something else than the header. The ending
// .bak stands for every kind.
func Misnamed(s *backup.Set) string {
	ext := strings.ToLower(path.Ext(s.FileName()))
	says := map[string]backup.Kind{".trn": backup.Log, ".log": backup.Log, ".dif": backup.Differential, ".diff": backup.Differential, ".full": backup.Full}[ext]
	if says == "" || says == s.Kind {
		return ""
	}
	return fmt.Sprintf("Named %s, is a %s backup.", ext, s.Kind)
}
