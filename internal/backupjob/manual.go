package backupjob

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// By is who caused something.
type By struct {
	Actor audit.Actor
	At    time.Time
}

func (b By) entry(action, subject, summary string) audit.Entry {
	return audit.New(b.Actor, b.At, action, subject, summary)
}

// Wrong is what is wrong with one field of a form.
type Wrong struct {
	Field   string // as the Field… words
	Message words.Text
	Fix     words.Text
}

// Fields of the orders of this package, as forms name them.
const (
	FieldServer    = "server"
	FieldDatabases = "databases"
	FieldKind      = "kind"
	FieldCopyOnly  = "copy_only"
	FieldStripes   = "stripes"
	FieldBucket    = "bucket"
	FieldSet       = "set"
	FieldTime      = "time"
	FieldName      = "name"
	FieldTyped     = "typed"
	FieldRetention = "retention"
)

// Refusals is the error of an order with wrong fields.
type Refusals struct{ Wrong []Wrong }

func (r *Refusals) Error() string {
	said := make([]string, len(r.Wrong))
	for i, w := range r.Wrong {
		said[i] = w.Message.String()
	}
	return strings.Join(said, " ")
}

// refusal makes one fault of all that is wrong; nil when nothing is.
func refusal(wrong []Wrong) error {
	if len(wrong) == 0 {
		return nil
	}
	return fault.Told(fault.Invalid, wrong[0].Message, wrong[0].Fix).Because(&Refusals{wrong})
}

// BackUp is a person's order: back up now.
type BackUp struct {
	ServerID  string
	Kind      backup.Kind
	Databases []string // none = every user database
	How       policy.How
	BucketID  string // copied there afterwards; empty = it stays in the server's folder
}

// manualWindow is how long a manual backup waits for its server.
const manualWindow = 15 * time.Minute

// Check says what is wrong with an order without asking anybody.
func (b BackUp) Check() (wrong []Wrong) {
	add := func(field string, message, fix words.Text) { wrong = append(wrong, Wrong{field, message, fix}) }
	if b.ServerID == "" {
		add(FieldServer, words.Say("No server is chosen."), words.Say("Choose a self-managed server."))
	}
	switch b.Kind {
	case backup.Full, backup.Log:
	case backup.Differential:
		if b.How.CopyOnly {
			add(FieldCopyOnly, words.Say("A differential backup cannot be copy-only."), words.Say("The server would ignore it: choose a full or log backup, or leave copy-only out."))
		}
	default:
		add(FieldKind, words.Say("%q is not a kind of backup.", b.Kind), words.Say("Choose full, differential or log."))
	}
	if b.How.Stripes < 0 || b.How.Stripes > 64 {
		add(FieldStripes, words.Say("A backup cannot have %d files.", b.How.Stripes), words.Say("Choose 1 to 64."))
	}
	for _, f := range b.How.Wrong() {
		add(f.Field, f.Text, f.Fix)
	}
	seen := map[string]bool{}
	for _, d := range b.Databases {
		switch {
		case strings.TrimSpace(d) == "" || len([]rune(d)) > 128:
			add(FieldDatabases, words.Say("%q is not the name of a database.", d), words.Say("Names have 1 to 128 characters."))
		case strings.EqualFold(d, "tempdb"):
			add(FieldDatabases, words.Say("tempdb cannot be backed up."), words.Say("Leave it out: it is made anew at each start."))
		case seen[d]: // otherwise spelled, its server knows
			add(FieldDatabases, words.Say("%s is named twice.", d), words.Say("Leave one out."))
		}
		seen[d] = true
	}
	if len(b.Databases) > 10_000 {
		add(FieldDatabases, words.Say("Too many databases are named."), words.Say("Name none to take every user database."))
	}
	return wrong
}

// BackUpNow orders a backup by hand and returns the id of its run.
func BackUpNow(ctx context.Context, s Store, ports Ports, b BackUp, newID func() string, by By) (runID string, err error) {
	wrong := b.Check()
	in, err := instanceOf(ctx, ports, b.ServerID, ordersOverSQL, &wrong)
	if err != nil {
		return "", err
	}
	if in.Traits.Lacks.Keys && b.How.Key != "" {
		wrong = append(wrong, Wrong{policy.FieldKey, words.Say("%s encrypts nothing under a key of a cloud.", in.Name), words.Say("Leave the key out.")})
	}
	if b.BucketID != "" {
		if _, err := ports.Bucket(ctx, b.BucketID); fault.Is(err, fault.NotFound) {
			wrong = append(wrong, Wrong{FieldBucket, words.Say("The bucket does not exist any more."), words.Say("Choose another.")})
		} else if err != nil {
			return "", err
		} else if b.BucketID == in.FolderID {
			wrong = append(wrong, Wrong{FieldBucket, words.Say("That is the server's own backup folder, where the files lie anyway."), words.Say("Choose another bucket, or none.")})
		}
	}
	if err := refusal(wrong); err != nil {
		return "", err
	}
	plan := Plan{
		Job:    policy.BackupJob{ID: newID(), ServerID: b.ServerID, Kind: b.Kind, Databases: slices.Clone(b.Databases)},
		Server: in.Name, How: b.How, BucketID: b.BucketID, Attempt: 1, Until: by.At.Add(manualWindow),
	}
	what := "every user database"
	if n := len(b.Databases); n == 1 {
		what = b.Databases[0]
	} else if n > 1 {
		what = words.Count(n, "database", "databases").String()
	}
	r := run.Run{ID: newID(), Kind: RunBackup, Subject: plan.Job.ID, Place: b.ServerID, Title: words.Say("Back up %s of %s (%s)", what, in.Name, b.Kind), Created: by.At}
	e := by.entry("backup.order", "instance/"+b.ServerID, r.Title.String()+".").With(nil, map[string]any{
		"kind": b.Kind, "databases": b.Databases, "copy_only": b.How.CopyOnly, "verify": b.How.Verify, "stripes": max(1, b.How.Stripes), "bucket": b.BucketID, "key": b.How.Key, "overwrite": b.How.Overwrite, "run": r.ID})
	return r.ID, s.Order(ctx, plan, r, e)
}

// purpose is something that an instance is chosen for.
type purpose struct {
	fits func(endpoint.Traits) bool
	word string // with its article
}

var (
	ordersOverSQL   = purpose{func(t endpoint.Traits) bool { return t.Source && t.Restores }, "a server at which BACKUP and RESTORE are ordered"}
	servicesBackups = purpose{func(t endpoint.Traits) bool { return t.BacksUpItself }, "an instance whose service takes backups"}
)

// instanceOf reads an instance that fits a use, or says beside the field why it
// does not.
func instanceOf(ctx context.Context, ports Ports, id string, u purpose, wrong *[]Wrong) (endpoint.Instance, error) {
	if id == "" {
		return endpoint.Instance{}, nil
	}
	in, err := ports.Instance(ctx, id)
	switch {
	case fault.Is(err, fault.NotFound):
		*wrong = append(*wrong, Wrong{FieldServer, words.Say("The instance does not exist any more."), words.Say("Choose another.")})
		return in, nil
	case err != nil:
		return in, err
	case !u.fits(in.Traits):
		*wrong = append(*wrong, Wrong{FieldServer, words.Say("%s is not %s.", in.Name, u.word), words.Say("Choose %s.", u.word)})
	}
	return in, nil
}
