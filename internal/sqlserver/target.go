package sqlserver

import (
	"context"
	"errors"
	"strings"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
)

// Target is a Server as the place where databases come to life. Backup files
// lie in Config.Folder, and RestoreCall.Key names them inside it; its Endpoint
// and Bucket are not looked at.
//
// Restore works in the background, because it may last for hours. Import
// returns when the file is applied or refused. If the process dies the server
// stops the statement: a log or differential is then applied again, a full
// backup is restored again from its beginning.
type Target struct{ server *Server }

var _ migration.Host = (*Target)(nil)

// Target is the server as a migration.Target.
func (s *Server) Target() *Target { return &Target{s} }

// Instance implements migration.Target. StorageBytes is what database files
// take now and the free space at the data folder.
func (t *Target) Instance(ctx context.Context) (migration.TargetInstance, error) {
	in, err := t.server.Describe(ctx)
	if err != nil {
		return migration.TargetInstance{}, err
	}
	out := migration.TargetInstance{ID: in.Name, Description: in.Edition, Status: "Running", Engine: "SQLServer",
		VersionMajor: in.VersionMajor, Version: in.Version, UsedBytes: -1, Collation: in.Collation}
	for word, short := range map[string]string{"Enterprise": "ent", "Developer": "ent", "Evaluation": "ent", "Standard": "std", "Web": "web", "Express": "express"} {
		if strings.HasPrefix(in.Edition, word) {
			out.Edition = short
		}
	}
	free, err := t.server.freeAt(ctx, in.DataPath)
	if err != nil || free < 0 {
		return out, err
	}
	sizes, err := about{t.server, ""}.askIf(ctx, fileSizes)
	if err != nil {
		return out, err
	}
	out.UsedBytes = 0
	for _, r := range sizes {
		out.UsedBytes += r.integer("pages") * 8192
	}
	out.StorageBytes = out.UsedBytes + free
	return out, nil
}

// Databases implements migration.Target.
func (t *Target) Databases(ctx context.Context) ([]string, error) {
	rows, err := t.server.ask(ctx, "SELECT name FROM sys.databases ORDER BY name")
	if err != nil {
		return nil, err
	}
	names := make([]string, len(rows))
	for i, r := range rows {
		names[i] = r.text("name")
	}
	return names, nil
}

// Restore implements migration.Target. The task's id is made of the name and
// the GUID of the backup set, so that it can be told from the server's restore
// history. A database of that name is an obstacle; with Replace the rest of a
// restore that was interrupted is replaced.
func (t *Target) Restore(ctx context.Context, in migration.RestoreCall) (string, error) {
	s := t.server
	files, info, err := t.files(ctx, in)
	if err != nil {
		return "", untouched(err)
	}
	l, err := s.session(ctx)
	if err != nil {
		return "", untouched(err)
	}
	defer l.close()
	set, err := l.wantedSet(ctx, files, in.Set, in.Position)
	if err != nil {
		return "", untouched(err)
	}
	if set.Kind != backup.Full || set.ID.IsZero() {
		return "", fault.Newf(fault.Invalid, "%s holds a %s backup; a restore begins with a full one.", in.Key, set.Kind).WithCode(notFull(set.Kind))
	}
	data, err := l.fileList(ctx, files, set.Files[0].Position)
	if err != nil {
		return "", untouched(err)
	}
	options := []string{"NORECOVERY"}
	restoreState, err := t.restoreState(ctx, in.Database)
	switch {
	case err != nil:
		return "", untouched(err)
	case restoreState.exists && !(in.Replace && restoreState.interrupted()):
		return "", fault.Newf(fault.Conflict, "A database %s already exists on the server (%s).", in.Database, restoreState.row.text("state_desc")).WithCode("name-exists").
			WithFix("Choose another name, or back that database up and drop it.")
	case restoreState.exists:
		options = append(options, "REPLACE")
	}
	statement, err := restoreStatement("DATABASE", in.Database, files, set.Files[0].Position, data, info, options...)
	if err != nil {
		return "", err
	}
	w := &work{verb: workRestore, taskID: taskID(in.Database, set.ID), key: in.Key, set: set.ID}
	inner, err := s.begin(context.WithoutCancel(ctx), in.Database, w)
	if err != nil {
		return "", untouched(err)
	}
	s.works.running.Add(1)
	go func() {
		defer s.works.running.Done()
		err := s.run(inner, statement, s.progress(w))
		s.finish(w, err, nil)
		if err == nil && in.Mode == migration.Immediate {
			// What comes of it is told by Task.
			_ = t.Open(context.WithoutCancel(ctx), w.taskID, in.Database, in.Check, "")
		}
	}()
	return w.taskID, nil
}

// Import implements migration.Target.
func (t *Target) Import(ctx context.Context, id string, in migration.RestoreCall) error {
	s := t.server
	files, info, err := t.files(ctx, in)
	if err != nil {
		return untouched(err)
	}
	if restoreState, err := t.restoreStateOf(ctx, id, in.Database); err != nil {
		return untouched(err)
	} else if state := restoreState.row.text("state_desc"); state != "RESTORING" {
		return fault.Newf(fault.Conflict, "%s is %s and takes no more backups.", in.Database, state).WithCode("not-restoring")
	} else if restoreState.lived {
		return frozen(in.Database)
	}
	w := &work{verb: workImport, taskID: id, key: in.Key, set: in.Set}
	inner, err := s.begin(ctx, in.Database, w)
	if err != nil {
		return untouched(err)
	}
	err = t.apply(inner, in, files, info, w)
	s.finish(w, err, nil)
	return err
}

// apply restores one differential or log. A file that was added to the
// database since the last backup gets its place as those of the full did.
func (t *Target) apply(ctx context.Context, in migration.RestoreCall, files []string, info backup.ServerInfo, w *work) error {
	l, err := t.server.session(ctx)
	if err != nil {
		return untouched(err)
	}
	defer l.close()
	set, err := l.wantedSet(ctx, files, in.Set, in.Position)
	if err != nil {
		return untouched(err)
	}
	verb := "DATABASE"
	switch set.Kind {
	case backup.Differential:
	case backup.Log:
		verb = "LOG"
	default:
		return fault.Newf(fault.Invalid, "%s holds a %s backup; here follow differential and log backups.", w.key, set.Kind).WithCode("full-again")
	}
	data, err := l.fileList(ctx, files, set.Files[0].Position)
	if err != nil {
		return untouched(err)
	}
	have, err := l.rows(ctx, "SELECT name FROM sys.master_files WHERE database_id = DB_ID(@p1)", in.Database)
	if err != nil {
		return untouched(err)
	}
	there := map[string]bool{}
	for _, r := range have {
		there[strings.ToLower(r.text("name"))] = true
	}
	var added []bakfile.DataFile
	for _, f := range data {
		if !there[strings.ToLower(f.LogicalName)] && len(there) > 0 {
			added = append(added, f)
		}
	}
	options := []string{"NORECOVERY"}
	if set.Kind == backup.Log && !in.StopAt.IsZero() {
		options = append(options, stopOption(in.StopAt))
	}
	statement, err := restoreStatement(verb, in.Database, files, set.Files[0].Position, added, info, options...)
	if err != nil {
		return err
	}
	err = l.run(ctx, statement, t.server.progress(w))
	if set.Kind == backup.Log && in.Stopped && stoppedAlready(err) {
		return fault.Newf(fault.Conflict, "Nothing of %s is wanted: a log before it held the moment to stop at.", w.key).Because(migration.ErrPassed)
	}
	return err
}

// notFull is the code of a backup given where a full one is expected.
func notFull(k backup.Kind) fault.Code {
	if k == backup.Log {
		return "log-first"
	}
	return "diff-first"
}

// files are where the server finds the keys of a call.
func (t *Target) files(ctx context.Context, in migration.RestoreCall) (out []string, info backup.ServerInfo, err error) {
	if info, err = t.server.Describe(ctx); err != nil {
		return nil, info, err
	}
	for _, key := range in.Keys() {
		file, err := pathOf(info.BackupPath, key)
		if err != nil {
			return nil, info, err
		}
		out = append(out, file)
	}
	return out, info, nil
}

// wantedSet reads the header of the set that is restored: of those that the
// files hold, the one with the wanted GUID, wherever it stands; without a GUID
// the one at the position.
func (l *session) wantedSet(ctx context.Context, files []string, want backup.GUID, position int) (backup.Set, error) {
	sets, err := l.headers(ctx, files)
	if err == nil && len(sets) == 0 {
		err = fault.Newf(fault.Invalid, "%s holds no backup.", files[0]).WithCode("unreadable")
	}
	if err != nil {
		return backup.Set{}, err
	}
	for _, s := range sets {
		if s.ID == want && !want.IsZero() || want.IsZero() && s.Files[0].Position == max(position, 1) {
			return s, nil
		}
	}
	return backup.Set{}, fault.Newf(fault.Conflict, "%s no longer holds the backup that was planned, at number %d or elsewhere.", files[0], max(position, 1)).WithCode(migration.CodeSourceChanged).
		WithFix("Put the planned file back, then retry.")
}

// untouched marks an error of a changing call that came before the change.
func untouched(err error) error {
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Unavailable {
		return err
	}
	return f.Because(errors.Join(f.Err, migration.ErrUndone))
}
