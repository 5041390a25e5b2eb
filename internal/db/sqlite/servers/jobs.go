package servers

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/servermigration"
	"github.com/bakplane/bakplane/internal/words"
)

const jobRows = `SELECT j.account_id, j.told, j.gone, j.samples, j.transition, j.checked, j.wave_id, coalesce(a.good, 0), coalesce(s.told ->> 'Name', '')
	FROM smc_jobs j LEFT JOIN smc_accounts a ON a.account_id = j.account_id LEFT JOIN smc_servers s ON s.account_id = j.account_id AND s.id = j.source_id `

func scanJob(r *sql.Rows) (j servermigration.KeptJob, err error) {
	var told, samples string
	var gone, checked, good int64
	if err = r.Scan(&j.AccountID, &told, &gone, &samples, &j.Transition, &checked, &j.WaveID, &good, &j.SourceName); err != nil {
		return j, err
	}
	j.Looked, j.Checked = moment(good), moment(checked)
	if err = json.Unmarshal([]byte(samples), &j.Samples); err != nil {
		return j, err
	}
	err = json.Unmarshal([]byte(told), &j.Job)
	if gone != 0 {
		j.Looked, j.Status, j.Phase = moment(gone), servermigration.Gone, ""
	}
	return j, err
}

// Jobs implements servermigration.Store.
func (k *Keeper) Jobs(ctx context.Context, f servermigration.Filter) ([]servermigration.KeptJob, error) {
	where, args := chosen(f)
	if len(f.States) > 0 {
		where = append(where, `j.status IN (?`+strings.Repeat(`,?`, len(f.States)-1)+`)`)
		for _, s := range f.States {
			args = append(args, s)
		}
	}
	if !f.EndsBefore.IsZero() { // as JSON has times: the zero one is of the year 1
		where, args = append(where, `j.told ->> 'ValidTill' BETWEEN '2' AND ?`), append(args, f.EndsBefore.UTC().Format(time.RFC3339))
	}
	if f.Before.ID != "" {
		where, args = append(where, `(j.created, j.id) < (?, ?)`), append(args, micros(f.Before.Created), f.Before.ID)
	}
	args = append(args, limit(f.Limit, servermigration.MostJobs+1))
	return all(ctx, k, k.Read, "migration job", jobRows+`WHERE `+strings.Join(where, ` AND `)+` ORDER BY j.created DESC, j.id DESC LIMIT ?`, scanJob, args...)
}

// chosen are the conditions of account and wave.
func chosen(f servermigration.Filter) (where []string, args []any) {
	where = []string{"1"}
	if f.AccountID != "" {
		where, args = append(where, `j.account_id = ?`), append(args, f.AccountID)
	}
	if f.WaveID != "" {
		where, args = append(where, `j.wave_id = ?`), append(args, f.WaveID)
	}
	return where, args
}

// Costly implements servermigration.Store.
func (k *Keeper) Costly(ctx context.Context) (int, error) {
	return one(ctx, k, k.Read, "migration job", `SELECT count(*) FROM smc_jobs WHERE status IN ('Ready', 'Running', 'Stopped', 'Waiting', 'InError', 'Expired') AND transition <> 'missing' AND told ->> 'TransitionID' <> ''`,
		func(r *sql.Rows) (n int, err error) { return n, r.Scan(&n) })
}

// Counts implements servermigration.Store.
func (k *Keeper) Counts(ctx context.Context, f servermigration.Filter) (map[servermigration.Status]int, error) {
	type count struct {
		status servermigration.Status
		n      int
	}
	where, args := chosen(f)
	found, err := all(ctx, k, k.Read, "migration job", `SELECT status, count(*) FROM smc_jobs j WHERE `+strings.Join(where, ` AND `)+` GROUP BY status`, func(r *sql.Rows) (c count, err error) {
		return c, r.Scan(&c.status, &c.n)
	}, args...)
	out := map[servermigration.Status]int{}
	for _, c := range found {
		out[c.status] = c.n
	}
	return out, err
}

// Job implements servermigration.Store.
func (k *Keeper) Job(ctx context.Context, accountID, id string) (servermigration.KeptJob, error) {
	return one(ctx, k, k.Read, "migration job", jobRows+`WHERE j.account_id = ? AND j.id = ?`, scanJob, accountID, id)
}

// JobsOf implements servermigration.Store.
func (k *Keeper) JobsOf(ctx context.Context, accountID, sourceID string) ([]servermigration.KeptJob, error) {
	return all(ctx, k, k.Read, "migration job", jobRows+`WHERE j.account_id = ? AND j.source_id = ? ORDER BY j.created DESC, j.id DESC LIMIT 200`, scanJob, accountID, sourceID)
}

// Happened implements servermigration.Store.
func (k *Keeper) Happened(ctx context.Context, accountID, jobID string, most int) ([]servermigration.Happened, error) {
	return all(ctx, k, k.Read, "event", `SELECT at, text FROM smc_happened WHERE account_id = ? AND job_id = ? ORDER BY id DESC LIMIT ?`, func(r *sql.Rows) (h servermigration.Happened, err error) {
		var at int64
		var said string
		err = r.Scan(&at, &said)
		h.At, h.Text = moment(at), words.Decode(said)
		return h, err
	}, accountID, jobID, limit(most, 1000))
}

// starting is how long a start counts as at work before a look has seen it.
const starting = 2 * time.Minute

// AtWork implements servermigration.Store.
func (k *Keeper) AtWork(ctx context.Context, accountID string) (int, error) {
	return one(ctx, k, k.Read, "migration job", `SELECT count(*) FROM (
		SELECT id FROM smc_jobs WHERE account_id = ?1 AND status = 'Running'
		UNION SELECT job_id FROM smc_orders WHERE account_id = ?1 AND what IN ('start', 'resume', 'retry', 'sync') AND code = '' AND sent > 0
			AND (finished = 0 OR finished > (SELECT coalesce(max(good), 0) FROM smc_accounts WHERE account_id = ?1)) AND sent > (SELECT coalesce(max(sent), 0) - ?2 FROM smc_orders WHERE account_id = ?1))`,
		func(r *sql.Rows) (n int, err error) { return n, r.Scan(&n) }, accountID, starting.Microseconds())
}

// NoteTransitions implements servermigration.Store.
func (k *Keeper) NoteTransitions(ctx context.Context, accountID string, are map[string]servermigration.Presence, at time.Time) error {
	return k.Write(ctx, "note intermediate instances", func(tx *sql.Tx) error {
		for id, p := range are {
			if _, err := tx.ExecContext(ctx, `UPDATE smc_jobs SET transition = ?, checked = ? WHERE account_id = ? AND id = ?`, p, micros(at), accountID, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// NoteSeen implements servermigration.Store.
func (k *Keeper) NoteSeen(ctx context.Context, accountID string, s servermigration.Seen) error {
	return k.Write(ctx, "note what was seen of servers", func(tx *sql.Tx) error {
		newer, err := one(ctx, k, tx, "watched account", `SELECT good >= ? FROM smc_accounts WHERE account_id = ?`, func(r *sql.Rows) (b bool, err error) { return b, r.Scan(&b) }, micros(s.At), accountID)
		if fault.Is(err, fault.NotFound) || newer { // nobody wants to know any more, or a later look was quicker
			return nil
		}
		if err != nil {
			return err
		}
		if !s.Why.IsZero() {
			_, err := tx.ExecContext(ctx, `UPDATE smc_accounts SET tried = ?, why = ?, fix = ? WHERE account_id = ?`, micros(s.At), s.Why.Encode(), s.Fix.Encode(), accountID)
			return err
		}
		if err := k.noteServers(ctx, tx, accountID, s); err != nil {
			return err
		}
		if err := k.noteJobs(ctx, tx, accountID, s); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE smc_accounts SET tried = ?1, good = ?1, why = '', fix = '' WHERE account_id = ?2`, micros(s.At), accountID)
		return err
	})
}

// row is what is kept of something, to see what a look changes.
type row struct {
	id, told string
	gone     int64
}

// rows are those that a look may change: what is not gone, and what it lists. The
// history of an account grows, and no look reads it.
func (k *Keeper) rows(ctx context.Context, tx *sql.Tx, table, accountID string, listed []string) (map[string]row, error) {
	found, err := all(ctx, k, tx, "server", `SELECT id, told, gone FROM `+table+` WHERE account_id = ?1 AND (gone = 0 OR id IN (SELECT value FROM json_each(?2)))`, func(r *sql.Rows) (x row, err error) {
		return x, r.Scan(&x.id, &x.told, &x.gone)
	}, accountID, text(listed))
	out := map[string]row{}
	for _, x := range found {
		out[x.id] = x
	}
	return out, err
}

func (k *Keeper) noteServers(ctx context.Context, tx *sql.Tx, accountID string, s servermigration.Seen) error {
	listed := make([]string, len(s.Servers))
	for i, server := range s.Servers {
		listed[i] = server.ID
	}
	kept, err := k.rows(ctx, tx, "smc_servers", accountID, listed)
	if err != nil {
		return err
	}
	for _, server := range s.Servers {
		told := text(server)
		if old, ok := kept[server.ID]; !ok || old.told != told || old.gone != 0 {
			if _, err := tx.ExecContext(ctx, `INSERT INTO smc_servers (account_id, id, told) VALUES (?1,?2,?3) ON CONFLICT DO UPDATE SET told = ?3, gone = 0`, accountID, server.ID, told); err != nil {
				return err
			}
		}
		delete(kept, server.ID)
	}
	for id := range kept {
		if _, err := tx.ExecContext(ctx, `UPDATE smc_servers SET gone = ? WHERE account_id = ? AND id = ?`, micros(s.At), accountID, id); err != nil {
			return err
		}
	}
	return nil
}

func (k *Keeper) noteJobs(ctx context.Context, tx *sql.Tx, accountID string, s servermigration.Seen) error {
	listed := make([]string, len(s.Jobs))
	for i, job := range s.Jobs {
		listed[i] = job.ID
	}
	kept, err := k.rows(ctx, tx, "smc_jobs", accountID, listed)
	if err != nil {
		return err
	}
	for _, job := range s.Jobs {
		old, ok := kept[job.ID]
		delete(kept, job.ID)
		if err := k.noteJob(ctx, tx, accountID, s.At, job, old, ok); err != nil {
			return err
		}
	}
	for id := range kept {
		if err := happened(ctx, tx, accountID, id, s.At, words.Say("The service does not list the job any more.")); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE smc_jobs SET status = 'Gone', gone = ? WHERE account_id = ? AND id = ?`, micros(s.At), accountID, id); err != nil {
			return err
		}
	}
	return nil
}

// noteJob writes a job that changed.
func (k *Keeper) noteJob(ctx context.Context, tx *sql.Tx, accountID string, at time.Time, job servermigration.Job, old row, known bool) error {
	var before *servermigration.Job
	if known {
		before = new(servermigration.Job)
		if err := json.Unmarshal([]byte(old.told), before); err != nil {
			return err
		}
		job = servermigration.Carried(*before, job)
	}
	told := text(job)
	if known && told == old.told && old.gone == 0 {
		return nil
	}
	for _, t := range servermigration.Changes(before, job) {
		if err := happened(ctx, tx, accountID, job.ID, at, t); err != nil {
			return err
		}
	}
	var samples []servermigration.Sample
	if known {
		var stored string
		if err := tx.QueryRowContext(ctx, `SELECT samples FROM smc_jobs WHERE account_id = ? AND id = ?`, accountID, job.ID).Scan(&stored); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(stored), &samples); err != nil {
			return err
		}
	}
	samples = servermigration.Sampled(samples, job, at)
	if samples == nil {
		samples = []servermigration.Sample{}
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO smc_jobs (account_id, id, source_id, status, created, told, samples) VALUES (?1,?2,?3,?4,?5,?6,?7)
		ON CONFLICT DO UPDATE SET source_id = ?3, status = ?4, created = ?5, told = ?6, samples = ?7, gone = 0`,
		accountID, job.ID, job.SourceID, job.Status, micros(job.Created), told, text(samples))
	return err
}

// mostHappened bounds what is kept of one job.
const mostHappened = 1000

func happened(ctx context.Context, tx *sql.Tx, accountID, jobID string, at time.Time, t words.Text) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO smc_happened (account_id, job_id, at, text) VALUES (?,?,?,?)`, accountID, jobID, micros(at), t.Encode()); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM smc_happened WHERE account_id = ?1 AND job_id = ?2 AND id <= (SELECT id FROM smc_happened WHERE account_id = ?1 AND job_id = ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3)`, accountID, jobID, mostHappened)
	return err
}

// NewWave implements servermigration.Store.
func (k *Keeper) NewWave(ctx context.Context, w servermigration.Wave, jobs []string, e audit.Entry) error {
	return k.Write(ctx, "make wave "+w.Name, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO smc_waves (id, account_id, name, created, by) VALUES (?,?,?,?,?)`, w.ID, w.AccountID, w.Name, micros(w.Created), w.By); err != nil {
			return err
		}
		for _, id := range jobs {
			r, err := tx.ExecContext(ctx, `UPDATE smc_jobs SET wave_id = ? WHERE account_id = ? AND id = ? AND wave_id = ''`, w.ID, w.AccountID, id)
			if err != nil {
				return err
			}
			if n, err := r.RowsAffected(); err != nil {
				return err
			} else if n == 0 {
				return errInWave(id)
			}
		}
		return k.Record(ctx, tx, e)
	})
}

const waveRows = `SELECT id, account_id, name, created, by FROM smc_waves `

func scanWave(r *sql.Rows) (w servermigration.Wave, err error) {
	var created int64
	err = r.Scan(&w.ID, &w.AccountID, &w.Name, &created, &w.By)
	w.Created = moment(created)
	return w, err
}

// Wave implements servermigration.Store.
func (k *Keeper) Wave(ctx context.Context, id string) (servermigration.Wave, error) {
	return one(ctx, k, k.Read, "wave", waveRows+`WHERE id = ?`, scanWave, id)
}

// Waves implements servermigration.Store.
func (k *Keeper) Waves(ctx context.Context, most int) ([]servermigration.Wave, error) {
	return all(ctx, k, k.Read, "wave", waveRows+`ORDER BY id DESC LIMIT ?`, scanWave, limit(most, 200))
}
