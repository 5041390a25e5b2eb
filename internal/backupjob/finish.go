package backupjob

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// done closes one database.
func (j *job) done(ctx context.Context, o Order) error {
	o.State = OrderDone
	c := Change{}
	if !o.Seen {
		text := words.Say("%s is not in the backup folder as this machine sees it: it can be neither copied nor removed from here.", o.Keys[0])
		c.Events = event(j.Now(), stepBackup(o), run.Warning, text)
	}
	return j.note(ctx, o, c)
}

// lost closes one database that has no backup in this attempt; the others go
// on, and nothing is removed.
func (j *job) lost(ctx context.Context, o Order, err error) error {
	message, fix := fault.Texts(err)
	now := j.Now()
	o.State, o.Message, o.Fix = OrderFailed, message, fix
	key, what := stepBackup(o), title(o)
	if o.Taken() {
		key, what = stepCopy(o), words.Say("Copy the backup of %s to the bucket", o.Database)
	}
	message = words.Join(message, fix)
	return j.note(ctx, o, Change{Steps: []run.Step{{Key: key, Title: what, State: run.StepFailed, Finished: now, Message: message}},
		Events: event(now, key, run.Problem, words.Say("%s: %s", o.Database, o.Message))})
}

// finish says how the run ended, and names those databases that have no
// backup.
func (j *job) finish(ctx context.Context, s Plan, orders []Order) (run.Outcome, error) {
	now := j.Now()
	text, fix, whole := Summary(s, orders)
	c := Change{Audit: j.audit(s, "backup.run", text.String())}
	out := run.Outcome{State: run.Succeeded, Message: text}
	level := run.Info
	if !whole {
		level = run.Problem
		s.Closed = now
		c.Plan = &s
		out = run.Outcome{State: run.Failed, Message: text, Fix: fix}
	}
	c.Events = event(now, "", level, text)
	if err := j.Store.Note(ctx, j.claim, j.id, c); err != nil {
		return run.Outcome{}, err
	}
	return out, nil
}

// canceled closes the steps of what a person canceled. A statement that was
// under way was ended by an attention; if it was quicker, the set shows in the
// server's history as any other.
func (j *job) canceled(ctx context.Context) (run.Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out := run.Outcome{State: run.Canceled, Message: words.Say("Canceled by a person.")}
	s, orders, err := j.Store.Plan(ctx, j.id)
	if err != nil {
		return out, nil // nothing was begun
	}
	var c Change
	for _, o := range orders {
		if o.State == OrderOpen && !o.Taken() {
			c.Steps = append(c.Steps, run.Step{Key: stepBackup(o), Title: title(o), State: run.StepSkipped, Finished: j.Now(), Message: words.Say("Canceled.")})
		}
	}
	text, _, _ := Summary(s, orders)
	c.Audit = j.audit(s, "backup.run", "Canceled. "+text.String())
	out.Message = words.Say("Canceled by a person. %s", text)
	return out, j.Store.Note(ctx, j.claim, j.id, c)
}

// Summary says in one sentence what a run achieved; fix is the first thing to
// do about what it did not, and whole whether nothing is missing.
func Summary(s Plan, orders []Order) (text, fix words.Text, whole bool) {
	var done, asked int
	var bytes int64
	var failed, left []string
	for _, o := range orders {
		switch o.State {
		case OrderLeftOut:
			left = append(left, fmt.Sprintf("%s (%s)", o.Database, bare(o.Message.String())))
			continue
		case OrderDone:
			done++
			bytes += o.Size
		case OrderFailed:
			failed = append(failed, fmt.Sprintf("%s (%s)", o.Database, bare(o.Message.String())))
			if fix.IsZero() {
				fix = o.Fix
			}
		}
		asked++
	}
	word := kindSaid[s.Job.Kind]
	switch {
	case asked == 0 && len(left) == 0:
		text = words.Say("No database of %s is chosen.", s.Server)
	case asked == done:
		text = words.Say("%s of %s: %s, %s.", counted(s, orders), s.Server, words.Count(done, "database", "databases"), words.Bytes(bytes))
	case len(failed) > 0:
		if c := counted(s, orders); strings.Contains(c, "in place of") {
			word = c
		}
		text = words.Say("%d of %s of %s backed up (%s). Not: %s.", done, words.Count(asked, "database", "databases"), s.Server, word, few(failed))
	default:
		text = words.Say("%d of %s of %s backed up (%s).", done, words.Count(asked, "database", "databases"), s.Server, word)
	}
	if len(left) > 0 {
		text = words.Join(text, words.Say("Left out: %s.", few(left)))
	}
	if asked == 0 && len(left) == 0 {
		return text, words.Text{}, true
	}
	return text, fix, len(failed) == 0
}

var kindSaid = map[backup.Kind]string{backup.Full: "full", backup.Differential: "differential", backup.Log: "log"}

// counted counts what was taken by its own kind, which is not always that of
// the slot: "6 full backups in place of logs".
func counted(s Plan, orders []Order) string {
	taken := map[backup.Kind]int{}
	for _, o := range orders {
		switch {
		case o.State == OrderDone && o.Logs != nil:
			taken[backup.Log] += o.Logs.Copied
		case o.State == OrderDone:
			taken[cmp.Or(o.Kind, s.Job.Kind)]++
		}
	}
	many := func(k backup.Kind) string {
		return words.Count(taken[k], kindSaid[k]+" backup", kindSaid[k]+" backups").String()
	}
	instead := map[backup.Kind]string{backup.Differential: "differentials", backup.Log: "logs"}[s.Job.Kind]
	switch {
	case s.Job.Kind == backup.Full || taken[backup.Full] == 0:
		return many(s.Job.Kind)
	case taken[s.Job.Kind] == 0:
		return many(backup.Full) + " in place of " + instead
	}
	return many(s.Job.Kind) + ", and " + many(backup.Full) + " in place of " + instead
}

func bare(s string) string { return strings.TrimSuffix(s, ".") }

// few names at most eight.
func few(names []string) string {
	const most = 8
	if len(names) <= most {
		return strings.Join(names, "; ")
	}
	return fmt.Sprintf("%s; and %d more", strings.Join(names[:most], "; "), len(names)-most)
}
