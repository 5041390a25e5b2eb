package rds

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bakplane/bakplane/internal/emulator/sqlserver/managed"
)

// system are databases that cannot be backed up or restored by the service.
func system(name string) bool {
	return slices.ContainsFunc([]string{"master", "model", "msdb", "tempdb", "rdsadmin"}, func(s string) bool { return strings.EqualFold(s, name) })
}

func (s *Service) backupDatabase(_ managed.Caller, p *parameters) (managed.Result, error) {
	none := managed.Result{}
	name, arn := p.text("@source_db_name"), p.text("@s3_arn_to_backup_to")
	db, ok := s.exists(name)
	if !ok || system(name) { // the sentence is not confirmed
		return none, refusal("Database %s does not exist or cannot be backed up.", name)
	}
	if strings.TrimSpace(arn) == "" {
		return none, refusal("S3 ARN prefix cannot be empty.")
	}
	overwrite, err := p.flag("@overwrite_s3_backup_file", false)
	if err != nil {
		return none, err
	}
	if _, err := p.flag("@enable_bucket_default_encryption", false); err != nil {
		return none, err
	}
	files, err := p.number("@number_of_files", 1)
	if err != nil {
		return none, err
	}
	if _, err := p.transfer(); err != nil {
		return none, err
	}
	kind := strings.ToUpper(p.text("@type"))
	t := &Task{Type: "BACKUP_DB", Database: db.Name, ARN: arn, Overwrite: overwrite, KMS: p.text("@kms_master_key_arn")}
	switch {
	case kind == "DIFFERENTIAL":
		t.Type = "BACKUP_DB_DIFFERENTIAL"
	case kind != "" && kind != "FULL": // logs are never backed up so; the sentence is not confirmed
		return none, refusal("The type %s is not valid. Valid types are DIFFERENTIAL and FULL.", kind)
	}
	switch stars := strings.Count(base(arn), "*"); {
	case files < 1 || files > 10: // not confirmed
		return none, refusal("The number of files must be between 1 and 10.")
	case files > 1 && stars != 1: // not confirmed
		return none, refusal("The S3 object ARN must contain exactly one asterisk (*) when the number of files is greater than 1.")
	}
	if s.window { // the guide: no backup while an automated one is taken; not confirmed when it is refused
		return none, refusal("Aborted the task because of a task failure or an overlap with your preferred backup window for RDS automated backup.")
	}
	t.do = func(ctx context.Context, t *Task) error { return s.backUp(ctx, t, int(files)) }
	return s.submit(t)
}

// names of the objects of a backup.
func (s *Service) names(key string, files int) (out []string) {
	if files == 1 {
		return []string{key}
	}
	for i := range files {
		piece := fmt.Sprintf("%d-of-%d", i+1, files)
		if s.underscore() {
			piece = "_" + piece
		}
		dir, file := key[:strings.LastIndexByte(key, '/')+1], key[strings.LastIndexByte(key, '/')+1:]
		out = append(out, dir+strings.Replace(file, "*", piece, 1))
	}
	return out
}

// bucketOf looks for a bucket as the service does.
func (s *Service) bucketOf(ctx context.Context, arn string) (bucket, key string, err error) {
	if bucket, key, err = object(arn); err != nil {
		return "", "", fails("%s", err)
	}
	region, err := s.store().Region(ctx, bucket)
	switch {
	case err != nil:
		return "", "", fails("%s", err)
	case region != s.region():
		return "", "", fails("Access Denied. Please specify a bucket that is in the same region as RDS instance.")
	}
	return bucket, key, nil
}

func (s *Service) backUp(ctx context.Context, t *Task, count int) error {
	bucket, key, err := s.bucketOf(ctx, t.ARN)
	if err != nil {
		return err
	}
	if err := s.keyOf(t.KMS); err != nil {
		return err
	}
	keys := s.names(key, count)
	for _, k := range keys {
		there, err := s.store().Exists(ctx, bucket, k)
		if err != nil {
			return fails("%s", err)
		}
		if there && !t.Overwrite {
			return fails("The S3 object %s/%s already exists. Please reissue task with correct type and overwrite property.", bucket, k)
		}
	}
	if count > 1 {
		s.mu.Lock()
		s.line(t, "%s task will initiate a multi-file task with %d file(s). The files are: %s", t.Type, count, strings.Join(keys, ", "))
		s.mu.Unlock()
	}
	files, clean, err := s.room(len(keys))
	if err != nil {
		return err
	}
	defer clean()
	options := []string{"FORMAT", "INIT", "STATS = 5"}
	if t.Type == "BACKUP_DB_DIFFERENTIAL" {
		options = append(options, "DIFFERENTIAL")
	}
	if s.compresses() {
		options = append(options, "COMPRESSION")
	}
	if err := s.engine.Execute(ctx, Engine, fmt.Sprintf("BACKUP DATABASE %s TO %s WITH %s", quoted(t.Database), disks(files), strings.Join(options, ", ")), s.step(t)); err != nil {
		return err
	}
	for i, k := range keys {
		if err := s.send(ctx, bucket, k, files[i], t.KMS); err != nil {
			return err
		}
		s.mu.Lock()
		s.line(t, "%s: Completed processing 100%% of S3 chunks.", base(k))
		s.mu.Unlock()
	}
	return nil
}

// keyOf judges a KMS key as the role may use it.
func (s *Service) keyOf(arn string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case arn == "" || slices.Contains(s.config.Keys, arn):
		return nil
	case strings.HasSuffix(arn, "/denied"): // a key that exists and that the role may not use
		return fails("User: arn:aws:sts::000000000000:assumed-role/backup-restore/RDS-SqlServerBackupRestore is not authorized to perform: kms:DescribeKey on resource: %s", arn)
	}
	return fails("Key %s does not exist", arn)
}

func (s *Service) compresses() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.set["s3 backup compression"] == "true"
}

// send puts a file into the bucket.
func (s *Service) send(ctx context.Context, bucket, key, path, kms string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := s.store().Put(ctx, bucket, key, enciphered(f, kms), info.Size(), kms); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return fails("%s", err)
	}
	return nil
}

// room makes names for files under way, and what removes them.
func (s *Service) room(n int) (files []string, clean func(), err error) {
	dir, err := os.MkdirTemp(s.config.Dir, "task")
	if err != nil {
		return nil, nil, err
	}
	for i := range n {
		files = append(files, filepath.Join(dir, fmt.Sprintf("%d.bak", i+1)))
	}
	return files, func() { _ = os.RemoveAll(dir) }, nil
}

func quoted(name string) string { return "[" + strings.ReplaceAll(name, "]", "]]") + "]" }

func literal(text string) string { return "N'" + strings.ReplaceAll(text, "'", "''") + "'" }

func disks(files []string) string {
	out := make([]string, len(files))
	for i, f := range files {
		out[i] = "DISK = " + literal(f)
	}
	return strings.Join(out, ", ")
}

func (s *Service) setConfiguration(_ managed.Caller, p *parameters) (managed.Result, error) {
	name, value := strings.ToLower(p.text("@name")), strings.ToLower(p.text("@value"))
	if name != "s3 backup compression" || value != "true" && value != "false" { // not confirmed
		return managed.Result{}, refusal("The configuration %s cannot be set to %s.", p.text("@name"), p.text("@value"))
	}
	s.set[name] = value
	return managed.Result{}, nil
}

// showConfiguration: which columns it has is not known; these are those of its
// twin for another engine.
func (s *Service) showConfiguration(_ managed.Caller, p *parameters) (managed.Result, error) {
	name := strings.ToLower(p.text("@name"))
	value := s.set[name]
	switch name {
	case "s3 backup compression":
		if value == "" {
			value = "false"
		}
	case "target_s3_arn_for_tlog_copy":
		value = s.target
	default:
		return managed.Result{}, refusal("The configuration %s does not exist.", p.text("@name"))
	}
	return managed.Result{Columns: "name nvarchar(128), value nvarchar(2048), description nvarchar(2048)", Rows: [][]any{{p.text("@name"), value, nil}}}, nil
}

// Snapshot takes a snapshot of the whole instance, as the console or the daily
// window does: each open database gets a row of type D in msdb, and the next
// differential builds on what nobody has.
func (s *Service) Snapshot() error {
	var all error
	for name, d := range s.engine.Databases() {
		if d.State == "ONLINE" && !system(name) {
			all = errors.Join(all, s.snapshot(name))
		}
	}
	return all
}

func (s *Service) snapshot(database string) error {
	files, clean, err := s.room(1)
	if err != nil {
		return err
	}
	defer clean()
	return s.engine.Execute(s.ctx, Engine, fmt.Sprintf("BACKUP DATABASE %s TO %s WITH FORMAT, INIT", quoted(database), disks(files)), nil)
}

// OpenWindow begins the daily backup window: backups at work are aborted, and
// new ones are refused until CloseWindow, which ends with a snapshot.
func (s *Service) OpenWindow() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.window = true
	for _, t := range s.tasks {
		if t.Lifecycle == InProgress && strings.HasPrefix(t.Type, "BACKUP_DB") {
			t.cancel(errWindow)
		}
	}
}

// CloseWindow ends it.
func (s *Service) CloseWindow() error {
	s.mu.Lock()
	s.window = false
	s.mu.Unlock()
	return s.Snapshot()
}
