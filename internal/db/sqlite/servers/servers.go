// Package servers keeps what is known of server migrations. What the service
// tells of a server or a job is kept as it was read, with the few columns beside
// it that lists and rules ask for; a look writes what changed and nothing else,
// so that a thousand jobs cost a look one small write.
package servers

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/db/sqlite/packed"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/servermigration"
	"github.com/bakplane/bakplane/internal/words"
)

// Keeper works on one database, with what its owner alone can do inside a
// transaction.
type Keeper struct {
	Read   *sql.DB
	Write  func(ctx context.Context, what string, f func(*sql.Tx) error) error // one transaction
	Stored func(what string, err error) error                                  // gives an error of the database its kind
	Record func(ctx context.Context, tx *sql.Tx, entries ...audit.Entry) error
	Queue  func(ctx context.Context, tx *sql.Tx, r run.Run) error
	Held   func(ctx context.Context, tx *sql.Tx, g run.Claim) error
	Note   func(ctx context.Context, tx *sql.Tx, runID string, steps []run.Step, events []run.Event) error
}

var _ servermigration.Store = (*Keeper)(nil)

type queryer interface {
	QueryContext(ctx context.Context, q string, args ...any) (*sql.Rows, error)
}

func all[T any](ctx context.Context, k *Keeper, q queryer, what, query string, scan func(*sql.Rows) (T, error), args ...any) (out []T, err error) {
	rs, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, k.Stored(what, err)
	}
	defer rs.Close()
	for rs.Next() {
		v, err := scan(rs)
		if err != nil {
			return nil, k.Stored(what, err)
		}
		out = append(out, v)
	}
	return out, k.Stored(what, rs.Err())
}

func one[T any](ctx context.Context, k *Keeper, q queryer, what, query string, scan func(*sql.Rows) (T, error), args ...any) (v T, err error) {
	found, err := all(ctx, k, q, what, query, scan, args...)
	if err != nil {
		return v, err
	}
	if len(found) == 0 {
		return v, fault.Newf(fault.NotFound, "This %s does not exist (any more).", what)
	}
	return found[0], nil
}

var (
	micros = packed.Micros
	moment = packed.Moment
)

// text marshals a value that cannot fail to marshal.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("db: " + err.Error())
	}
	return string(b)
}

// limit bounds a list, whatever was asked for.
func limit(n, most int) int {
	if n <= 0 || n > most {
		return most
	}
	return n
}

// NoteAudit implements servermigration.Store.
func (k *Keeper) NoteAudit(ctx context.Context, e audit.Entry) error {
	return k.Write(ctx, "note", func(tx *sql.Tx) error { return k.Record(ctx, tx, e) })
}

// Watch implements servermigration.Store.
func (k *Keeper) Watch(ctx context.Context, accountID string, on bool, e audit.Entry) error {
	return k.Write(ctx, "watch account", func(tx *sql.Tx) error {
		query, args := `INSERT INTO smc_accounts (account_id, since) VALUES (?,?) ON CONFLICT DO NOTHING`, []any{accountID, micros(e.At)}
		if !on {
			query, args = `DELETE FROM smc_accounts WHERE account_id = ?`, []any{accountID}
		}
		r, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return k.Record(ctx, tx, e)
	})
}

// Watches implements servermigration.Store.
func (k *Keeper) Watches(ctx context.Context) ([]servermigration.Watched, error) {
	return all(ctx, k, k.Read, "watched account", `SELECT account_id, since, tried, good, why, fix FROM smc_accounts ORDER BY since`, func(r *sql.Rows) (w servermigration.Watched, err error) {
		var since, tried, good int64
		var why, fix string
		err = r.Scan(&w.AccountID, &since, &tried, &good, &why, &fix)
		w.Since, w.Tried, w.Good, w.Why, w.Fix = moment(since), moment(tried), moment(good), words.Decode(why), words.Decode(fix)
		return w, err
	})
}

const serverRows = `SELECT s.account_id, s.told, s.gone, s.instance_id, s.new_id, s.counts, coalesce(a.good, 0), coalesce(j.told, ''), coalesce(j.gone, 0)
	FROM smc_servers s LEFT JOIN smc_accounts a ON a.account_id = s.account_id LEFT JOIN smc_jobs j ON j.account_id = s.account_id AND j.id = s.told ->> 'JobID' `

func scanServer(r *sql.Rows) (s servermigration.KeptServer, err error) {
	var told, counts, job string
	var gone, good, jobGone int64
	if err = r.Scan(&s.AccountID, &told, &gone, &s.InstanceID, &s.NewID, &counts, &good, &job, &jobGone); err != nil {
		return s, err
	}
	if job != "" {
		s.Last = new(servermigration.Job)
		if err = json.Unmarshal([]byte(job), s.Last); err != nil {
			return s, err
		}
		if jobGone != 0 {
			s.Last.Status, s.Last.Phase = servermigration.Gone, ""
		}
	}
	if err = json.Unmarshal([]byte(counts), &s.Counts); err != nil {
		return s, err
	}
	s.Gone, s.Looked = moment(gone), moment(good)
	if gone != 0 {
		s.Looked = s.Gone
	}
	return s, json.Unmarshal([]byte(told), &s.Server)
}

// Servers implements servermigration.Store.
func (k *Keeper) Servers(ctx context.Context, f servermigration.ServerFilter) ([]servermigration.KeptServer, error) {
	return all(ctx, k, k.Read, "source server", serverRows+`WHERE (?1 = '' OR s.account_id = ?1) AND (s.gone > 0, s.account_id, s.id) > (?2, ?3, ?4) ORDER BY s.gone > 0, s.account_id, s.id LIMIT ?5`,
		scanServer, f.AccountID, f.After.Gone, f.After.AccountID, f.After.ID, limit(f.Limit, servermigration.MostServers))
}

// Server implements servermigration.Store.
func (k *Keeper) Server(ctx context.Context, accountID, id string) (servermigration.KeptServer, error) {
	return one(ctx, k, k.Read, "source server", serverRows+`WHERE s.account_id = ? AND s.id = ?`, scanServer, accountID, id)
}

// NoteCounts implements servermigration.Store.
func (k *Keeper) NoteCounts(ctx context.Context, accountID, sourceID string, all []servermigration.Counted, e audit.Entry) error {
	return k.Write(ctx, "note counts", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE smc_servers SET counts = ? WHERE account_id = ? AND id = ?`, text(all), accountID, sourceID)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return sql.ErrNoRows
		}
		return k.Record(ctx, tx, e)
	})
}

// Link implements servermigration.Store.
func (k *Keeper) Link(ctx context.Context, accountID, sourceID, instanceID string, moved bool, e audit.Entry) error {
	return k.Write(ctx, "link source server", func(tx *sql.Tx) error {
		column := "instance_id"
		if moved {
			column = "new_id"
		}
		r, err := tx.ExecContext(ctx, `UPDATE smc_servers SET `+column+` = ? WHERE account_id = ? AND id = ?`, instanceID, accountID, sourceID)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return sql.ErrNoRows
		}
		return k.Record(ctx, tx, e)
	})
}
