package rds

import (
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/bakplane/bakplane/internal/bakfile"
	sqlserveremu "github.com/bakplane/bakplane/internal/emulator/sqlserver"
	"github.com/bakplane/bakplane/internal/emulator/sqlserver/managed"
)

func (s *Service) restoreDatabase(_ managed.Caller, p *parameters) (managed.Result, error) {
	none := managed.Result{}
	stays, err := p.flag("@with_norecovery", false)
	if err != nil {
		return none, err
	}
	t := &Task{Type: "RESTORE_DB", Database: p.text("@restore_db_name"), ARN: p.text("@s3_arn_to_restore_from"), KMS: p.text("@kms_master_key_arn"), recovery: !stays}
	kind := strings.ToUpper(p.text("@type"))
	switch kind {
	case "", "FULL":
		kind = "FULL"
	case "DIFFERENTIAL":
		t.Type = "RESTORE_DB_DIFFERENTIAL"
		if !p.has("@with_norecovery") { // required for it
			return none, refusal("The parameter @with_norecovery is required for differential restores.") // not confirmed
		}
	default: // not confirmed
		return none, refusal("The type %s is not valid. Valid types are DIFFERENTIAL and FULL.", kind)
	}
	if stays {
		t.Type += "_NORECOVERY"
	}
	keepCDC, err := p.flag("@keep_cdc", false)
	if err != nil {
		return none, err
	}
	if keepCDC && stays && kind == "FULL" { // not confirmed
		return none, refusal("The parameter @keep_cdc cannot be used with NORECOVERY for a full restore.")
	}
	if err := s.restorable(t, kind == "FULL", p); err != nil {
		return none, err
	}
	t.do = func(ctx context.Context, t *Task) error { return s.restore(ctx, t, kind, "", keepCDC) }
	return s.submit(t)
}

func (s *Service) restoreLog(_ managed.Caller, p *parameters) (managed.Result, error) {
	none := managed.Result{}
	stays, err := p.flag("@with_norecovery", true)
	if err != nil {
		return none, err
	}
	keepCDC, err := p.flag("@keep_cdc", false)
	if err != nil {
		return none, err
	}
	at, err := p.moment("@stopat")
	if err != nil {
		return none, err
	}
	stop := ""
	if !at.IsZero() {
		stop = at.Format("2006-01-02T15:04:05.000")
	}
	t := &Task{Type: "RESTORE_DB_LOG", Database: p.text("@restore_db_name"), ARN: p.text("@s3_arn_to_restore_from"), KMS: p.text("@kms_master_key_arn"), recovery: !stays}
	if stays {
		t.Type += "_NORECOVERY"
	}
	if err := s.restorable(t, false, p); err != nil {
		return none, err
	}
	t.do = func(ctx context.Context, t *Task) error { return s.restore(ctx, t, "LOG", stop, keepCDC) }
	return s.submit(t)
}

// restorable judges what is known when a restore is submitted; the lock is held.
func (s *Service) restorable(t *Task, full bool, p *parameters) error {
	if _, err := p.transfer(); err != nil {
		return err
	}
	if strings.TrimSpace(t.ARN) == "" {
		return refusal("S3 ARN prefix cannot be empty.")
	}
	if strings.TrimSpace(t.Database) == "" || system(t.Database) { // not confirmed
		return refusal("Database name %s is not valid.", t.Database)
	}
	if s.config.MultiAZ && s.config.OldMultiAZ && (!full || !t.recovery) {
		return refusal("Amazon RDS for SQL Server does not support full restores with NORECOVERY on Multi-AZ instances")
	}
	waiting := s.pending(t.Database)
	opens := slices.ContainsFunc(waiting, func(t *Task) bool { return t.recovery || t.Type == "FINISH_RESTORE" })
	db, exists := s.exists(t.Database)
	switch {
	case full && (exists || len(waiting) > 0):
		return refusal("Database %s already exists. Two databases that differ only by case or accent are not allowed. Choose a different database name.", t.Database)
	case !full && opens: // the guide says so; the sentence is not confirmed
		return refusal("A RESTORE task with RECOVERY is already pending for database %s.", t.Database)
	case !full && len(waiting) == 0 && (!exists || db.State != "RESTORING"): // not confirmed
		return refusal("Database %s must be in the RESTORING state, or have a pending restore task with NORECOVERY.", t.Database)
	}
	return nil
}

// mostFiles is how many files a backup may have.
const mostFiles = 10

// restore carries a restore out.
func (s *Service) restore(ctx context.Context, t *Task, kind, stop string, keepCDC bool) error {
	bucket, key, err := s.bucketOf(ctx, t.ARN)
	if err != nil {
		return err
	}
	keys := []string{key}
	if prefix, many := strings.CutSuffix(key, "*"); many {
		if keys, err = s.store().List(ctx, bucket, prefix, 1000); err != nil {
			return fails("%s", err)
		}
	}
	switch {
	case len(keys) > mostFiles:
		return fails("RDS is unable to restore from more than 10 backup file(s).")
	case len(keys) == 0: // not confirmed
		return fails("No objects match the prefix %s.", t.ARN)
	}
	files, clean, err := s.room(len(keys))
	if err != nil {
		return err
	}
	defer clean()
	for i, k := range keys {
		if err := s.fetch(ctx, bucket, k, files[i], t.KMS); err != nil {
			return err
		}
	}
	if err := s.decipherable(files[0]); err != nil {
		return err
	}
	set, err := header(files[0])
	if err != nil || !s.is(set, kind) {
		return fails("%s/%s is not a backup of the given type. Please reissue task with correct type and overwrite property.", bucket, keys[0])
	}
	verb := "DATABASE"
	if kind == "LOG" {
		verb = "LOG"
	}
	options := []string{"STATS = 5", "NORECOVERY"}
	if t.recovery {
		options[1] = "RECOVERY"
		if keepCDC {
			options = append(options, "KEEP_CDC")
		}
	}
	if stop != "" {
		options = append(options, "STOPAT = "+literal(stop))
	}
	if kind == "FULL" {
		for i, f := range set.Files {
			options = append(options, fmt.Sprintf("MOVE %s TO %s", literal(f.LogicalName), literal(s.place(t.Database, i, f))))
		}
	}
	if err := s.engine.Execute(ctx, Engine, fmt.Sprintf("RESTORE %s %s FROM %s WITH %s", verb, quoted(t.Database), disks(files), strings.Join(options, ", ")), s.step(t)); err != nil {
		return err
	}
	if t.recovery {
		return s.opened(t.Database, keepCDC)
	}
	return nil
}

// opened is what follows a restore with RECOVERY: the initial snapshot of the
// database, and CDC off unless it was to be kept.
func (s *Service) opened(database string, keepCDC bool) error {
	if !keepCDC {
		off := false
		s.engine.PatchDatabase(database, sqlserveremu.DatabasePatch{CDC: &off})
	}
	return s.snapshot(database)
}

func (s *Service) place(database string, i int, f bakfile.DataFile) string {
	ending := path.Ext(strings.ReplaceAll(f.PhysicalName, `\`, "/"))
	return fmt.Sprintf("/var/opt/mssql/data/%s_%d%s", strings.NewReplacer("/", "-", `\`, "-").Replace(database), i+1, ending)
}

// is reports whether a set is of the kind that the task restores.
func (s *Service) is(set bakfile.Set, kind string) bool {
	switch kind {
	case "LOG":
		return set.Type == bakfile.TypeLog
	case "DIFFERENTIAL":
		return set.Type == bakfile.TypeDifferential
	}
	return set.Type == bakfile.TypeFull
}

func header(file string) (bakfile.Set, error) {
	f, err := os.Open(file)
	if err != nil {
		return bakfile.Set{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return bakfile.Set{}, err
	}
	read, err := bakfile.Read(f, info.Size())
	if err != nil {
		return bakfile.Set{}, err
	}
	if len(read.Sets) == 0 {
		return bakfile.Set{}, fails("no backup set")
	}
	return read.Sets[0], nil
}

// fetch brings an object to the engine.
func (s *Service) fetch(ctx context.Context, bucket, key, file, kms string) error {
	body, with, err := s.store().Get(ctx, bucket, key)
	if err != nil {
		return fails("%s", err)
	}
	defer body.Close()
	if with != "" && kms == "" {
		return fails("The media family on device '%s' is incorrectly formed. SQL Server cannot process this media family. RESTORE HEADERONLY is terminating abnormally.", key)
	}
	if with != "" || kms != "" {
		if err := s.keyOf(kms); err != nil {
			return err
		}
		if with != kms {
			return fails("Key %s does not exist", kms)
		}
	}
	to, err := os.Create(file)
	if err != nil {
		return err
	}
	defer to.Close()
	if _, err := io.Copy(to, deciphered(body, with)); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return fails("%s", err)
	}
	return to.Close()
}

func (s *Service) finishRestore(_ managed.Caller, p *parameters) (managed.Result, error) {
	name := p.text("@db_name")
	db, ok := s.exists(name)
	switch {
	case !ok || db.State != "RESTORING": // not confirmed
		return managed.Result{}, refusal("Database %s must be in the RESTORING state.", name)
	case len(s.pending(name)) > 0: // not confirmed
		return managed.Result{}, refusal("There are pending restore tasks for database %s.", name)
	}
	return s.submit(&Task{Type: "FINISH_RESTORE", Database: db.Name, recovery: true, do: func(ctx context.Context, t *Task) error {
		if err := s.engine.Execute(ctx, Engine, "RESTORE DATABASE "+quoted(t.Database)+" WITH RECOVERY", nil); err != nil {
			return err
		}
		return s.opened(t.Database, false)
	}})
}

// dropDatabase carries out at once: whether it queues a task is not known.
func (s *Service) dropDatabase(_ managed.Caller, p *parameters) (managed.Result, error) {
	name := p.text("@db_name")
	db, ok := s.exists(name)
	switch {
	case !ok || system(name): // not confirmed
		return managed.Result{}, refusal("Database %s does not exist or cannot be dropped.", name)
	case len(s.pending(name)) > 0: // not confirmed
		return managed.Result{}, refusal("There are pending restore tasks for database %s.", name)
	}
	drop := "DROP DATABASE " + quoted(db.Name)
	if db.State == "ONLINE" {
		drop = "ALTER DATABASE " + quoted(db.Name) + " SET SINGLE_USER WITH ROLLBACK IMMEDIATE; " + drop
	}
	if err := s.engine.Execute(s.ctx, Engine, drop, nil); err != nil {
		return managed.Result{}, err
	}
	s.engine.ForgetHistory(db.Name)
	return managed.Result{}, nil
}
