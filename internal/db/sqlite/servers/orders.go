package servers

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/servermigration"
	"github.com/bakplane/bakplane/internal/words"
)

func errInWave(id string) error {
	return fault.Newf(fault.Conflict, "The job %s is in another wave, or does not exist.", id).WithFix("Choose others.")
}

const orderRows = `SELECT o.id, o.account_id, o.source_id, o.job_id, o.what, o.ask, o.ordered, o.by, o.sent, o.sends, o.before, o.answered, o.made, o.result, o.finished, o.code, o.why, o.fix, coalesce(r.state, '') FROM smc_orders o LEFT JOIN runs r ON r.id = o.id `

func scanOrder(r *sql.Rows) (o servermigration.Order, err error) {
	var ask, before, result, why, fix string
	var ordered, sent, answered, finished int64
	if err = r.Scan(&o.ID, &o.AccountID, &o.SourceID, &o.JobID, &o.What, &ask, &ordered, &o.By, &sent, &o.Sends, &before, &answered, &o.Made, &result, &finished, &o.Code, &why, &fix, &o.State); err != nil {
		return o, err
	}
	o.Ordered, o.Sent, o.Answered, o.Finished = moment(ordered), moment(sent), moment(answered), moment(finished)
	o.Result, o.Why, o.Fix = words.Decode(result), words.Decode(why), words.Decode(fix)
	if err = json.Unmarshal([]byte(ask), &o.Ask); err != nil {
		return o, err
	}
	return o, json.Unmarshal([]byte(before), &o.Before)
}

// Order implements servermigration.Store.
func (k *Keeper) Order(ctx context.Context, id string) (servermigration.Order, error) {
	return one(ctx, k, k.Read, "order", orderRows+`WHERE o.id = ?`, scanOrder, id)
}

// Orders implements servermigration.Store.
func (k *Keeper) Orders(ctx context.Context, accountID, jobID, sourceID string, most int) ([]servermigration.Order, error) {
	column, key := "job_id", jobID
	if jobID == "" {
		column, key = "source_id", sourceID
	}
	return all(ctx, k, k.Read, "order", orderRows+`WHERE o.account_id = ? AND o.`+column+` = ? ORDER BY o.id DESC LIMIT ?`, scanOrder, accountID, key, limit(most, 500))
}

// beside are orders that leave job and source as they are: they may go on beside
// others.
var beside = map[servermigration.What]bool{servermigration.Verify: true, servermigration.Try: true, servermigration.Release: true}

// BeginOrder implements servermigration.Store.
func (k *Keeper) BeginOrder(ctx context.Context, o servermigration.Order, r run.Run, e audit.Entry) error {
	return k.Write(ctx, "order", func(tx *sql.Tx) error {
		if !beside[o.What] {
			column, key := "job_id", o.JobID
			if o.JobID == "" {
				column, key = "source_id", o.SourceID
			}
			open, err := all(ctx, k, tx, "order", orderRows+`WHERE o.account_id = ? AND o.`+column+` = ? AND o.finished = 0`, scanOrder, o.AccountID, key)
			if err != nil {
				return err
			}
			for _, other := range open {
				if other.Going() && !beside[other.What] {
					return fault.Newf(fault.Conflict, "Another order about it goes on: %s.", other.What.Title()).WithFix("Wait until it has ended, or cancel its run.")
				}
			}
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO smc_accounts (account_id, since) VALUES (?,?) ON CONFLICT DO NOTHING`, o.AccountID, micros(o.Ordered)); err != nil {
			return err
		}
		if err := k.Queue(ctx, tx, r); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO smc_orders (id, account_id, source_id, job_id, what, ask, ordered, by) VALUES (?,?,?,?,?,?,?,?)`,
			o.ID, o.AccountID, o.SourceID, o.JobID, o.What, text(o.Ask), micros(o.Ordered), o.By); err != nil {
			return err
		}
		return k.Record(ctx, tx, e)
	})
}

// NoteOrder implements servermigration.Store.
func (k *Keeper) NoteOrder(ctx context.Context, g run.Claim, o servermigration.Order, n run.Note, e audit.Entry) error {
	return k.Write(ctx, "note order", func(tx *sql.Tx) error {
		if err := k.Held(ctx, tx, g); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE smc_orders SET job_id = ?, sent = ?, sends = ?, before = ?, answered = ?, made = ?, result = ?, finished = ?, code = ?, why = ?, fix = ? WHERE id = ?`,
			o.JobID, micros(o.Sent), o.Sends, text(o.Before), micros(o.Answered), o.Made, o.Result.Encode(), micros(o.Finished), o.Code, o.Why.Encode(), o.Fix.Encode(), o.ID); err != nil {
			return err
		}
		if err := k.Note(ctx, tx, g.RunID, n.Steps, n.Events); err != nil {
			return err
		}
		if e.Action == "" {
			return nil
		}
		return k.Record(ctx, tx, e)
	})
}

// Ticks implements servermigration.Store.
func (k *Keeper) Ticks(ctx context.Context, accountID, jobID string) ([]servermigration.Tick, error) {
	return all(ctx, k, k.Read, "tick", `SELECT item, by, at FROM smc_ticks WHERE account_id = ? AND job_id = ? ORDER BY at`, func(r *sql.Rows) (t servermigration.Tick, err error) {
		var at int64
		err = r.Scan(&t.Item, &t.By, &at)
		t.At = moment(at)
		return t, err
	}, accountID, jobID)
}

// Tick implements servermigration.Store.
func (k *Keeper) Tick(ctx context.Context, accountID, jobID string, t servermigration.Tick, on bool, e audit.Entry) error {
	return k.Write(ctx, "tick", func(tx *sql.Tx) error {
		query, args := `INSERT INTO smc_ticks (account_id, job_id, item, by, at) VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING`, []any{accountID, jobID, t.Item, t.By, micros(t.At)}
		if !on {
			query, args = `DELETE FROM smc_ticks WHERE account_id = ? AND job_id = ? AND item = ?`, args[:3]
		}
		if _, err := tx.ExecContext(ctx, query, args...); err != nil {
			return err
		}
		return k.Record(ctx, tx, e)
	})
}
