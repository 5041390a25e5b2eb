package server

import (
	"context"
	"log/slog"
	"net/netip"
	"net/url"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/compare"
	"github.com/bakplane/bakplane/internal/migration/drafting"
	"github.com/bakplane/bakplane/internal/migration/remedy"
	"github.com/bakplane/bakplane/internal/migration/wave"
	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/scan"
	"github.com/bakplane/bakplane/internal/secret"
	"github.com/bakplane/bakplane/internal/servermigration"
)

// Migrations keeps migrations, their waves and their comparisons.
type Migrations interface {
	wave.Store
	compare.Store
}

// Config is what an administrator chooses.
type Config struct {
	Secure     bool           // people reach us over TLS: cookies say so
	PublicURL  *url.URL       // where people reach us; nil = by addresses and as localhost alone
	SetUpCode  secret.Text    // what the first administrator has to know; empty = nobody can become it here
	Sessions   person.Lasting // zero = the defaults
	TrustProxy []netip.Prefix // of reverse proxies in front of us, whose X-Forwarded-For is believed
	Zone       *time.Location // for local times until a browser names its own; nil = the machine's
	Version    string
	Caps       migration.Caps // as the worker keeps to them, to be shown
	Restores   int            // files in the hands of one instance, the same
}

// Deps is what the server needs of the rest of the house.
type Deps struct {
	Endpoints  endpoint.Store
	Kinds      endpoint.Kinds
	Runs       run.Store
	Migrations Migrations
	Remedies   remedy.Store
	Survey     *drafting.Survey
	Ports      migration.Ports
	Clouds     Clouds
	Catalogue  backup.Catalogue
	Policies   policy.Store
	Copier     *backupjob.Copier // takes the orders about backups in clouds
	Pruner     *backupjob.Pruner
	Leftovers  *backupjob.Leftovers
	Restoring  *backupjob.Restoring // of our own servers
	Scans      scan.Store
	Tasks      backup.TaskLog
	Looks      backup.LookLog
	// Collect asks an instance for its backups and puts them into the
	// catalogue; nil = nobody does.
	Collect func(ctx context.Context, instanceID string) error
	// Collected tells when an instance's backups were last listed; zero = never.
	Collected func(ctx context.Context, instanceID string) (time.Time, error)
	// Troubles tells what is wrong with the house itself; nil = nobody does.
	Troubles func() []Trouble
	// Own tells of the data folder; nil = nobody does.
	Own func() OwnData
	// Servers is where migrations of whole servers are ordered.
	Servers *servermigration.Desk
	// LookServers looks at the source servers of an account now.
	LookServers func(ctx context.Context, accountID string) error
	// ServerCall words the call of an order as it is sent.
	ServerCall func(o servermigration.Order, from *servermigration.Server) string
	People     person.Store
	Audit      AuditLog
	Sessions   scs.CtxStore
	Notifier   *run.Notifier
	Log        *slog.Logger
	Now        func() time.Time
	NewID      func() string // UUIDv7
}

// AuditLog is the chain of entries.
type AuditLog interface {
	// AuditEntries returns at most limit entries numbered below before (0 =
	// newest), newest first; an empty subject means all.
	AuditEntries(ctx context.Context, subject string, before int64, limit int) ([]audit.Entry, error)
	// VerifyAudit walks the whole chain; a broken one is an *audit.Broken.
	VerifyAudit(ctx context.Context) (audit.Walk, error)
	// VerifyAuditFrom goes on where a walk ended.
	VerifyAuditFrom(ctx context.Context, w audit.Walk) (audit.Walk, error)
	// Record writes an entry about something that changes nothing else here.
	Record(ctx context.Context, e audit.Entry) error
}

// maxBody bounds every request: forms are small, and files never come this way.
// Who is not signed in has less to say.
const (
	maxBody      = "1M"
	maxStrangers = "64K"
)
