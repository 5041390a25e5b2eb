package sqlite

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/migration/wave"
	"github.com/bakplane/bakplane/internal/run"
)

var _ wave.Store = (*Migrations)(nil)

// Migrations keeps migrations in the database.
type Migrations struct{ *DB }

// Migrations gives the part of the store that keeps migrations.
func (d *DB) Migrations() *Migrations { return &Migrations{d} }

const migrationColumns = `id, run_id, wave_id, family, database, source_database, source_server, instance_id, source_id, source_prefix, staging_id, staging_prefix,
	mode, check_mode, open_when_applied, stage, task_id, checked, findings, target_state, target_state_at, problem, open_asked, terminate_asked, opened, check_result, check_text,
	server_id, every, freeze, compress, history, history_at, cutover_asked, predicted, gap_differential_asked, abort_asked, abort_why, frozen, tail_lsn, given_back, write_activity, proven, proof, created, finished, stop_at, keep_cdc, keep_owner`

// targetKind follows from the endpoint of the target.
const targetKind = `coalesce((SELECT i.kind FROM instances i WHERE i.id = migrations.instance_id), '')`

func (d *Migrations) scanMigration(r *sql.Rows) (m migration.Migration, err error) {
	var kind endpoint.InstanceKind
	var checked, stateAt, openAsked, terminateAsked, opened, created, finished, stop int64
	var live liveSourceRow
	var family, findings, state, problem string
	var wave sql.NullString
	err = r.Scan(&m.ID, &m.RunID, &wave, &family, &m.Database, &m.SourceDatabase, &m.SourceServer, &m.InstanceID, &m.SourceID, &m.SourcePrefix, &m.StagingID, &m.StagingPrefix,
		&m.Mode, &m.Check, &m.OpenWhenApplied, &m.Stage, &m.TaskID, &checked, &findings, &state, &stateAt, &problem, &openAsked, &terminateAsked, &opened, &m.CheckResult, &m.CheckText,
		&live.server, &live.every, &live.freeze, &live.compress, &live.history, &live.historyAt, &live.cutoverAsked, &live.predicted, &live.gapDifferentialAsked, &live.abortAsked, &live.abortWhy, &live.frozen, &live.tail, &live.givenBack, &live.writes, &live.proven, &live.proof, &created, &finished, &stop, &m.Keep.CDC, &m.Keep.Owner, &kind)
	if err != nil {
		return m, err
	}
	m.WaveID, m.Traits = wave.String, d.kinds.Traits(kind)
	if m.Family, err = bakfile.ParseGUID(family); err != nil {
		return m, err
	}
	if m.LiveSource, err = live.words(); err != nil {
		return m, err
	}
	if err = parse(state, &m.TargetState); err != nil {
		return m, err
	}
	m.TargetState.At = moment(stateAt)
	m.Checked, m.OpenAsked, m.TerminateAsked = moment(checked), moment(openAsked), moment(terminateAsked)
	m.Opened, m.Created, m.Finished, m.StopAt = moment(opened), moment(created), moment(finished), moment(stop)
	if err = parse(findings, &m.Findings); err != nil {
		return m, err
	}
	return m, parse(problem, &m.Problem)
}

// Create implements migration.Store.
func (d *Migrations) Create(ctx context.Context, m migration.Migration, r run.Run, e audit.Entry) error {
	return d.tx(ctx, "create migration of "+m.Database, func(tx *sql.Tx) error {
		r.Rank = m.Rank
		if err := insertRun(ctx, tx, r); err != nil {
			return err
		}
		live := liveSourceOf(m.LiveSource)
		_, err := tx.ExecContext(ctx, `INSERT INTO migrations (`+migrationColumns+`) VALUES (?,?,nullif(?,''),?,?,?,?,?,?,?,?,?,?,?,?,?,'',?,?,'',0,'',?,0,0,'','',?,?,?,?,?,0,0,'',0,0,'',0,'0',0,'',0,'',?,0,?,?,?)`,
			m.ID, m.RunID, m.WaveID, m.Family.String(), m.Database, m.SourceDatabase, m.SourceServer, m.InstanceID, m.SourceID, m.SourcePrefix, m.StagingID, m.StagingPrefix,
			m.Mode, m.Check, m.OpenWhenApplied, migration.StageOf(m), micros(m.Checked), list(m.Findings), micros(m.OpenAsked),
			live.server, live.every, live.freeze, live.compress, live.history, micros(m.Created), micros(m.StopAt), m.Keep.CDC, m.Keep.Owner)
		if err != nil {
			return err
		}
		if err := putFiles(ctx, tx, m.ID, m.Files); err != nil {
			return err
		}
		return d.record(ctx, tx, e)
	})
}

func putFiles(ctx context.Context, tx *sql.Tx, id string, files []migration.File) error {
	for _, f := range files {
		_, err := tx.ExecContext(ctx, `INSERT INTO migration_files (migration_id, ord, from_id, source, size, key, kind, set_guid, base_guid, fork_id, first_lsn, last_lsn, started, data_bytes, state, uploaded, staged, applied, message, stop_at, position)
			VALUES (?1,?2,?19,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?20,?21)
			ON CONFLICT (migration_id, ord) DO UPDATE SET from_id=?19, source=?3, size=?4, key=?5, state=?14, uploaded=?15, staged=?16, applied=?17, message=?18, stop_at=?20`,
			id, f.Ord, f.Source, f.Size, f.Key, f.Kind, f.SetGUID.String(), f.BaseGUID.String(), f.ForkID.String(), f.FirstLSN.String(), f.LastLSN.String(),
			micros(f.Started), f.DataBytes, f.State, f.Uploaded, micros(f.Staged), micros(f.Applied), f.Message, f.From, micros(f.StopAt), f.Position)
		if err != nil {
			return err
		}
	}
	return nil
}

// Migration implements migration.Store. The row, its files and its calls are
// read in one transaction: lanes write beside whoever reads, and what belongs
// together must not be half old and half new.
func (d *Migrations) Migration(ctx context.Context, id string) (m migration.Migration, err error) {
	tx, err := d.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return m, stored("read migration", err)
	}
	defer tx.Rollback()
	return d.readMigration(ctx, tx, id)
}

func (d *Migrations) readMigration(ctx context.Context, q queryer, id string) (m migration.Migration, err error) {
	m, err = one(ctx, q, "migration", `SELECT `+migrationColumns+`, `+targetKind+` FROM migrations WHERE id = ?`, d.scanMigration, id)
	if err != nil {
		return m, err
	}
	m.Files, err = rows(ctx, q, "file", `SELECT ord, from_id, source, size, key, kind, set_guid, base_guid, fork_id, first_lsn, last_lsn, started, data_bytes, state, uploaded, staged, applied, message, stop_at, position
		FROM migration_files WHERE migration_id = ? ORDER BY ord`, scanFile, id)
	if err != nil {
		return m, err
	}
	m.Calls, err = rows(ctx, q, "call", `SELECT id, verb, file, request, intended, settled, verdict, task_id, error, known_tasks, rows_before
		FROM migration_calls WHERE migration_id = ? ORDER BY id`, scanCall, id)
	if err != nil || m.LiveSource == nil {
		return m, err
	}
	if m.LiveSource.SourceBackups, err = rows(ctx, q, "source backup", `SELECT `+sourceBackupColumns+` FROM source_backups WHERE migration_id = ? ORDER BY id`, scanSourceBackup, id); err != nil || m.WaveID == "" {
		return m, err
	}
	m.Rank, m.Ahead, err = place(ctx, q, m)
	return m, err
}

func scanFile(r *sql.Rows) (f migration.File, err error) {
	var set, base, fork, first, last string
	var started, staged, applied, stop int64
	err = r.Scan(&f.Ord, &f.From, &f.Source, &f.Size, &f.Key, &f.Kind, &set, &base, &fork, &first, &last, &started, &f.DataBytes, &f.State, &f.Uploaded, &staged, &applied, &f.Message, &stop, &f.Position)
	if err != nil {
		return f, err
	}
	f.Started, f.Staged, f.Applied, f.StopAt = moment(started), moment(staged), moment(applied), moment(stop)
	for _, p := range []struct {
		to   *bakfile.GUID
		from string
	}{{&f.SetGUID, set}, {&f.BaseGUID, base}, {&f.ForkID, fork}} {
		if *p.to, err = bakfile.ParseGUID(p.from); err != nil {
			return f, err
		}
	}
	if f.FirstLSN, err = bakfile.ParseLSN(first); err != nil {
		return f, err
	}
	f.LastLSN, err = bakfile.ParseLSN(last)
	return f, err
}

func scanCall(r *sql.Rows) (c migration.Call, err error) {
	var intended, settled int64
	var known string
	err = r.Scan(&c.ID, &c.Verb, &c.File, &c.Request, &intended, &settled, &c.Verdict, &c.TaskID, &c.Error, &known, &c.RowsBefore)
	if err != nil {
		return c, err
	}
	c.Intended, c.Settled = moment(intended), moment(settled)
	return c, parse(known, &c.KnownTasks)
}

// Migrations implements migration.Store.
func (d *Migrations) Migrations(ctx context.Context, f migration.Filter) ([]migration.Summary, error) {
	return summaries(ctx, d.read, f)
}

func summaries(ctx context.Context, q queryer, f migration.Filter) ([]migration.Summary, error) {
	where, args := []string{"1"}, []any{}
	if len(f.Stages) > 0 {
		where = append(where, `m.stage IN (?`+strings.Repeat(`,?`, len(f.Stages)-1)+`)`)
		for _, s := range f.Stages {
			args = append(args, s)
		}
	}
	order := `m.id DESC`
	if f.Wave != "" {
		where, args, order = append(where, `m.wave_id = ?`), append(args, f.Wave), `r.rank, m.id`
	}
	if f.Before != "" {
		where, args = append(where, `m.id < ?`), append(args, f.Before)
	}
	return rows(ctx, q, "migration", `SELECT m.id, m.run_id, coalesce(m.wave_id, ''), r.rank, EXISTS (SELECT 1 FROM source_backups t WHERE t.migration_id = m.id), m.database, m.source_server, m.instance_id, coalesce(m.server_id, ''), m.stage, r.state, r.message,
			(SELECT count(*) FROM migration_files f WHERE f.migration_id = m.id AND f.state <> 'dropped'),
			(SELECT count(*) FROM migration_files f WHERE f.migration_id = m.id AND f.state = 'applied'),
			(SELECT coalesce(sum(size), 0) FROM migration_files f WHERE f.migration_id = m.id AND f.state <> 'dropped'),
			(SELECT coalesce(sum(done), 0) FROM run_steps s WHERE s.run_id = m.run_id AND s.key >= 'upload/' AND s.key < 'upload0'),
			coalesce(json_extract(nullif(m.problem, ''), '$.Code'), ''), m.created, m.finished
		FROM migrations m JOIN runs r ON r.id = m.run_id WHERE `+strings.Join(where, ` AND `)+` ORDER BY `+order+` LIMIT ?`,
		func(r *sql.Rows) (s migration.Summary, err error) {
			var created, finished int64
			err = r.Scan(&s.ID, &s.RunID, &s.WaveID, &s.Rank, &s.Begun, &s.Database, &s.Source, &s.InstanceID, &s.ServerID, &s.Stage, &s.RunState, told(&s.Message), &s.Files, &s.Applied, &s.Bytes, &s.Uploaded, &s.Problem, &created, &finished)
			s.Created, s.Finished = moment(created), moment(finished)
			return s, err
		}, append(args, page(f.Limit))...)
}

// Calls implements migration.Store. Two days' rows of one instance are at most
// a thousand, so they are counted, not summed up beforehand.
func (d *Migrations) Calls(ctx context.Context, instanceID, database string, since time.Time) (b migration.Budget, err error) {
	var kind endpoint.InstanceKind
	if err := d.read.QueryRowContext(ctx, `SELECT coalesce((SELECT kind FROM instances WHERE id = ?), '')`, instanceID).Scan(&kind); err != nil {
		return b, stored("count calls of the day", err)
	}
	b.Most = d.kinds.Traits(kind).Calls
	var instanceFirst, databaseFirst int64
	err = d.read.QueryRowContext(ctx, `SELECT count(*), coalesce(min(intended), 0),
			coalesce(sum(lower(database) = lower(?1)), 0), coalesce(min(CASE WHEN lower(database) = lower(?1) THEN intended END), 0)
		FROM migration_calls WHERE instance_id = ?2 AND intended >= ?3 AND verb IN ('restore', 'import') AND verdict NOT IN ('refused', 'void')`,
		database, instanceID, micros(since)).Scan(&b.Instance, &instanceFirst, &b.Database, &databaseFirst)
	if err == nil {
		b.AtWork, err = atWork(ctx, d.read, instanceID, database)
	}
	day := 24 * time.Hour
	if instanceFirst > 0 {
		b.InstanceFrees = moment(instanceFirst).Add(day)
	}
	if databaseFirst > 0 {
		b.DatabaseFrees = moment(databaseFirst).Add(day)
	}
	return b, stored("count calls of the day", err)
}

// Opens implements migration.Store.
func (d *Migrations) Opens(ctx context.Context, instanceID string, limit int) ([]time.Duration, error) {
	return rows(ctx, d.read, "opening", `SELECT m.opened - max(c.intended) FROM migrations m JOIN migration_calls c ON c.migration_id = m.id AND c.verb = 'open' AND c.verdict IN ('accepted', 'adopted')
		WHERE m.instance_id = ? AND m.opened > 0 AND m.check_mode = 'async' GROUP BY m.id ORDER BY m.id DESC LIMIT ?`,
		func(r *sql.Rows) (time.Duration, error) {
			var us int64
			err := r.Scan(&us)
			return time.Duration(us) * time.Microsecond, err
		}, instanceID, page(limit))
}

// FilesFrom are the keys of files in a bucket that migrations at work read from.
func (d *Migrations) FilesFrom(ctx context.Context, bucketID string) (map[string]bool, error) {
	keys, err := rows(ctx, d.read, "file", `SELECT DISTINCT f.source FROM migration_files f JOIN migrations m ON m.id = f.migration_id
		WHERE m.finished = 0 AND (f.from_id = ?1 OR f.from_id = '' AND m.source_id = ?1)`, func(r *sql.Rows) (key string, err error) {
		err = r.Scan(&key)
		return key, err
	}, bucketID)
	out := map[string]bool{}
	for _, k := range keys {
		out[k] = true
	}
	return out, err
}
