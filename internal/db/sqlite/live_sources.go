package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/migration"
)

// liveSourceRow are the columns of a migration that follows a source at work.
type liveSourceRow struct {
	server, freeze, tail, predicted, abortWhy, writes, proof string
	every, history, historyAt                                int64
	compress                                                 bool
	cutoverAsked, gapDifferentialAsked, abortAsked           int64
	frozen, givenBack, proven                                int64
}

func liveSourceOf(f *migration.LiveSource) (r liveSourceRow) {
	if f != nil {
		r = liveSourceRow{server: f.ServerID, freeze: string(f.Freeze), every: f.Every.Microseconds(), compress: f.Compress, history: f.History}
	}
	return r
}

func (r liveSourceRow) words() (*migration.LiveSource, error) {
	if r.server == "" {
		return nil, nil
	}
	tail, err := bakfile.ParseLSN(r.tail)
	if err != nil {
		return nil, err
	}
	f := &migration.LiveSource{ServerID: r.server, Every: time.Duration(r.every) * time.Microsecond, Freeze: migration.Freeze(r.freeze), Compress: r.compress,
		History: r.history, HistoryAt: moment(r.historyAt), CutoverAsked: moment(r.cutoverAsked), GapDifferentialAsked: moment(r.gapDifferentialAsked), AbortAsked: moment(r.abortAsked), AbortWhy: r.abortWhy,
		Frozen: moment(r.frozen), Tail: tail, GivenBack: moment(r.givenBack), Proven: moment(r.proven), Proof: r.proof}
	if err := parse(r.writes, &f.Before); err != nil {
		return nil, err
	}
	return f, parse(r.predicted, &f.Predicted)
}

const sourceBackupColumns = `id, kind, tail, name, path, key, intended, settled, verdict, error, file`

func scanSourceBackup(r *sql.Rows) (t migration.SourceBackup, err error) {
	var intended, settled int64
	err = r.Scan(&t.ID, &t.Kind, &t.Tail, &t.Name, &t.Path, &t.Key, &intended, &settled, &t.Verdict, &t.Error, &t.File)
	t.Intended, t.Settled = moment(intended), moment(settled)
	return t, err
}

func putSourceBackup(ctx context.Context, tx *sql.Tx, id string, t migration.SourceBackup) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO source_backups (migration_id, `+sourceBackupColumns+`) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)
		ON CONFLICT (id) DO UPDATE SET settled=?9, verdict=?10, error=?11, file=?12`,
		id, t.ID, t.Kind, t.Tail, t.Name, t.Path, t.Key, micros(t.Intended), micros(t.Settled), t.Verdict, t.Error, t.File)
	return err
}

// setLiveSource writes the parts of a change that belong to the source.
func setLiveSource(ctx context.Context, tx *sql.Tx, id string, c migration.Change) error {
	if c.SourceBackup != nil {
		if err := putSourceBackup(ctx, tx, id, *c.SourceBackup); err != nil {
			return err
		}
	}
	for _, part := range []struct {
		when   bool
		column string
		value  any
	}{
		{c.Frozen != nil, "frozen", microsOf(c.Frozen)},
		{c.Tail != nil, "tail_lsn", lsnOf(c.Tail)},
		{c.GivenBack != nil, "given_back", microsOf(c.GivenBack)},
		{c.Before != nil, "write_activity", text(c.Before)},
		{c.Before != nil, "proven", 0},
		{c.Proven != nil, "proven", microsOf(c.Proven)},
		{c.Proven != nil, "proof", c.Proof},
		{c.History != nil, "history", intOf(c.History)},
		{!c.HistoryAt.IsZero(), "history_at", micros(c.HistoryAt)},
	} {
		if part.when {
			if _, err := tx.ExecContext(ctx, `UPDATE migrations SET `+part.column+` = ? WHERE id = ?`, part.value, id); err != nil {
				return err
			}
		}
	}
	return nil
}

func microsOf(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return micros(*t)
}

func lsnOf(l *bakfile.LSN) string {
	if l == nil {
		return ""
	}
	return l.String()
}

func intOf(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}
