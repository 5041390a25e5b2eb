package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
)

const never = math.MaxInt64

// protectionRow is a row of protections.
type protectionRow struct {
	backup.Protection
	n, instance, name int64
	folded            string // its name in the form that all its spellings share
	inherited, shown  bool
	trouble           int
	shared            string // key of the database over the replicas of its group
	primaryHere       bool
}

const protectionColumns = `n, instance_id, database, instance, name, policy_id, objective, since, due, inherited, last_full, last_differential, last_log,
	restorable_from, restorable_to, whole, broken_since, words, bytes, sets, late_at, dropped, shown, trouble, slack, no_log, no_differential, shared, group_name, primary_here, replicas,
	no_full, state, logged, family, fork, clock_ahead, collation, folded, held_from, held_to`

func scanProtection(r *sql.Rows) (p protectionRow, err error) {
	var replicas string
	var family, fork []byte
	var ahead, heldFrom, heldTo int64
	var objective, slack, since, due, full, diff, log, from, to, broken, late, dropped int64
	err = r.Scan(&p.n, &p.InstanceID, &p.Database, &p.instance, &p.name, &p.PolicyID, &objective, &since, &due, &p.inherited, &full, &diff, &log,
		&from, &to, &p.Whole, &broken, &p.Words, &p.Bytes, &p.Sets, &late, &dropped, &p.shown, &p.trouble, &slack, &p.NoLog, &p.NoDifferential, &p.shared, &p.Group, &p.primaryHere, &replicas,
		&p.NoFull, &p.State, &p.Logged, &family, &fork, &ahead, &p.Collation, &p.folded, &heldFrom, &heldTo)
	p.Held = backup.Held{From: moment(heldFrom), To: moment(heldTo)}
	copy(p.Family[:], family)
	copy(p.Fork[:], fork)
	p.ClockAhead = time.Duration(ahead) * time.Microsecond
	if replicas != "" {
		p.Replicas = strings.Fields(replicas)
	}
	p.Objective, p.Slack = time.Duration(objective)*time.Microsecond, time.Duration(slack)*time.Microsecond
	p.Since, p.Due = moment(since), moment(due)
	p.LastFull, p.LastDifferential, p.LastLog = moment(full), moment(diff), moment(log)
	p.RestorableFrom, p.RestorableTo, p.BrokenSince, p.Dropped = moment(from), moment(to), moment(broken), moment(dropped)
	if late != never {
		p.LateAt = moment(late)
	}
	return p, err
}

// judge sets what follows from the rest.
func (p *protectionRow) judge() {
	p.trouble = 0
	if _, spared := p.NotNeeded(); spared {
		return
	}
	switch {
	case p.Unprotected():
		p.trouble = 2
	case !p.Whole:
		p.trouble = 1
	}
}

func (p *protectionRow) late() int64 {
	if _, spared := p.NotNeeded(); spared || p.LateAt.IsZero() || !p.shown {
		return never
	}
	return micros(p.LateAt)
}

// values are those of the columns behind inherited and before.
func (p *protectionRow) values() []any {
	return []any{p.n, p.InstanceID, p.Database, p.instance, p.name, p.PolicyID, p.Objective.Microseconds(), micros(p.Since), micros(p.Due), p.inherited,
		micros(p.LastFull), micros(p.LastDifferential), micros(p.LastLog), micros(p.RestorableFrom), micros(p.RestorableTo), p.Whole, micros(p.BrokenSince),
		p.Words, p.Bytes, p.Sets, p.late(), micros(p.Dropped), p.shown, p.trouble, p.Slack.Microseconds(), p.NoLog, p.NoDifferential,
		p.shared, p.Group, p.primaryHere, strings.Join(p.Replicas, " "), p.NoFull, p.State, p.Logged, p.Family[:], p.Fork[:], p.ClockAhead.Microseconds(), p.Collation, p.folded, micros(p.Held.From), micros(p.Held.To)}
}

// Protections implements backup.Catalogue.
func (d *Catalogue) Protections(ctx context.Context, f backup.ProtectionFilter) ([]backup.Protection, error) {
	query, args, err := protectionsQuery(f)
	if err != nil {
		return nil, err
	}
	found, err := rows(ctx, d.read, "database", query, func(r *sql.Rows) (backup.Protection, error) {
		p, err := scanProtection(r)
		return p.Protection, err
	}, args...)
	if err != nil {
		return nil, err
	}
	return found, withWaivers(ctx, d.read, found)
}

func protectionsQuery(f backup.ProtectionFilter) (string, []any, error) {
	shown := `shown = 1`
	if f.OnlyDropped {
		shown = `dropped > 0`
	}
	where, order := []string{shown}, []string{"late_at", "instance_id", "database"}
	var args []any
	if f.InstanceID != "" {
		where, args, order = append(where, `instance_id = ?`), append(args, f.InstanceID), []string{"late_at", "database"}
	}
	if f.OnlyBroken || f.OnlyUnprotected {
		trouble := 1
		if f.OnlyUnprotected {
			trouble = 2
		}
		where, args = append(where, `trouble = ?`, `trouble > 0`), append(args, trouble)
	}
	if f.OnlyLate {
		where, args = append(where, `late_at <= ?`), append(args, micros(f.Now))
	}
	if f.OnlyClosed {
		where = append(where, `state <> ''`)
	}
	if f.OnlyWaived {
		where, args = append(where, waived), append(args, micros(f.Now))
	} else if f.OnlyLate || f.OnlyBroken || f.OnlyUnprotected {
		where, args = append(where, `NOT `+waived), append(args, micros(f.Now))
	}
	if f.After != "" {
		parts := strings.SplitN(f.After, "/", 3)
		if len(parts) != 3 {
			return "", nil, fault.New(fault.Invalid, "The place to go on from is not one of this list.", "Begin with the first page.")
		}
		at, err := strconv.ParseInt(parts[0], 10, 64)
		if err != nil {
			return "", nil, fault.New(fault.Invalid, "The place to go on from is not one of this list.", "Begin with the first page.")
		}
		if f.InstanceID != "" {
			where, args = append(where, `(late_at, database) > (?, ?)`), append(args, at, parts[2])
		} else {
			where, args = append(where, `(late_at, instance_id, database) > (?, ?, ?)`), append(args, at, parts[1], parts[2])
		}
	}
	return `SELECT ` + protectionColumns + ` FROM protections WHERE ` + strings.Join(where, ` AND `) + ` ORDER BY ` + strings.Join(order, `, `) + ` LIMIT ?`, append(args, page(f.Limit)), nil
}

// Protection implements backup.Catalogue.
func (d *Catalogue) Protection(ctx context.Context, instanceID, database string) (backup.Protection, error) {
	database, err := spelling(ctx, d.read, instanceID, database)
	if err != nil {
		return backup.Protection{}, err
	}
	p, err := one(ctx, d.read, "database", `SELECT `+protectionColumns+` FROM protections WHERE instance_id = ? AND database = ?`, scanProtection, instanceID, database)
	if err != nil {
		return p.Protection, err
	}
	found := []backup.Protection{p.Protection}
	err = withWaivers(ctx, d.read, found)
	return found[0], err
}

// Count implements backup.Catalogue. Late ones are counted in their index,
// all else is kept; of what is waived, which is little, the counts are taken off.
func (d *Catalogue) Count(ctx context.Context, now time.Time) (t backup.Tally, err error) {
	err = d.read.QueryRowContext(ctx, `WITH off AS (SELECT p.trouble, p.late_at FROM waivers w JOIN protections p ON p.instance_id = w.instance_id AND p.database = w.database WHERE w.until > ?1 AND p.shown = 1)
		SELECT databases, broken - (SELECT count(*) FROM off WHERE trouble = 1), unprotected - (SELECT count(*) FROM off WHERE trouble = 2),
		(SELECT count(*) FROM protections WHERE shown = 1 AND late_at <= ?1) - (SELECT count(*) FROM off WHERE late_at <= ?1), (SELECT count(*) FROM off),
		(SELECT coalesce(sum(sets), 0) FROM set_counts WHERE instance = 0), (SELECT coalesce(sum(bytes), 0) FROM set_counts WHERE instance = 0)
		FROM catalogue_tally`, micros(now)).Scan(&t.Databases, &t.Broken, &t.Unprotected, &t.Late, &t.Waived, &t.Sets, &t.Bytes)
	if err != nil {
		return t, stored("count databases", err)
	}
	t.States, err = rows(ctx, d.read, "state", `SELECT state, count(*) FROM protections WHERE shown = 1 AND state <> '' AND state > '' GROUP BY state ORDER BY state`,
		func(r *sql.Rows) (s backup.StateCount, err error) { return s, r.Scan(&s.State, &s.Databases) })
	return t, err
}

// NextLate implements backup.Catalogue.
func (d *Catalogue) NextLate(ctx context.Context, now time.Time) (time.Time, error) {
	var at sql.NullInt64
	err := d.read.QueryRowContext(ctx, `SELECT min((SELECT coalesce(min(late_at), ?2) FROM protections WHERE shown = 1 AND late_at > ?1), (SELECT coalesce(min(until), ?2) FROM waivers WHERE until > ?1 AND policy_id = ''))`, micros(now), int64(never)).Scan(&at)
	if at.Int64 == never {
		at.Int64 = 0
	}
	return moment(at.Int64), stored("look for the next late database", err)
}

// saveProtection writes a row and keeps the tally.
func saveProtection(ctx context.Context, tx *sql.Tx, old *protectionRow, p protectionRow) error {
	p.judge()
	databases, broken, unprotected := tallied(&p)
	if old != nil {
		a, b, c := tallied(old)
		databases, broken, unprotected = databases-a, broken-b, unprotected-c
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO protections (`+protectionColumns+`) VALUES (nullif(?1,0),?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23,?24,?25,?26,?27,?28,?29,?30,?31,?32,?33,?34,?35,?36,?37,?38,?39,?40,?41)
		ON CONFLICT (instance_id, database) DO UPDATE SET policy_id=?6, objective=?7, since=?8, due=?9, inherited=?10, last_full=?11, last_differential=?12, last_log=?13,
			restorable_from=?14, restorable_to=?15, whole=?16, broken_since=?17, words=?18, bytes=?19, sets=?20, late_at=?21, dropped=?22, shown=?23, trouble=?24, slack=?25, no_log=?26, no_differential=?27, replicas=?31,
			no_full=?32, state=?33, logged=?34, family=?35, fork=?36, clock_ahead=?37, collation=?38, held_from=?40, held_to=?41`, p.values()...)
	if err != nil {
		return fmt.Errorf("write protection of %s: %w", p.Database, err)
	}
	if databases != 0 || broken != 0 || unprotected != 0 {
		_, err = tx.ExecContext(ctx, `UPDATE catalogue_tally SET databases = databases + ?, broken = broken + ?, unprotected = unprotected + ?`, databases, broken, unprotected)
	}
	return err
}

func tallied(p *protectionRow) (databases, broken, unprotected int) {
	if !p.shown {
		return 0, 0, 0
	}
	return 1, bit(p.trouble == 1), bit(p.trouble == 2)
}
