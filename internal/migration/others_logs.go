package migration

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/run"
	"github.com/bakplane/bakplane/internal/words"
)

// lookHistory finds backups that others took since: a log backup of theirs is
// a link of the chain, and without it the next one of ours does not join.
func (j *job) lookHistory(ctx context.Context, m Migration, server backup.Server, place Place) error {
	rows, err := backup.HistorySince(ctx, server, m.SourceDatabase, m.LiveSource.History)
	if err != nil {
		return err
	}
	c := Change{HistoryAt: j.Now()}
	pending, _ := m.LiveSource.unanswered()
	theirs, lie := j.replicasLogs(ctx, m)
	rows = backup.Interleave(rows, theirs, pending.Name)
	for _, r := range rows {
		if pending.Name != "" && r.Set.Name == pending.Name {
			break // it must still be found by its own search
		}
		at, away := lie[r.Set.ID]
		if !away {
			at, c.History = place, &r.ID
		}
		// A set of another database of this name, or of a copy that was restored
		// and backed up elsewhere, comes into msdb when it is restored here. Of the
		// source itself the engine is asked before anything is ordered.
		if elsewhere(m, r.Set.Family, r.Set.Fork, r.Set.FirstFork, r.Set.ForkPoint) {
			continue
		}
		if ours(m, r.Set.Name) || r.Set.Kind != backup.Log || r.Set.CopyOnly || r.Set.Last.Compare(m.taken()) <= 0 {
			continue
		}
		files, err := j.foreign(ctx, m, at, r)
		if err != nil {
			message, _ := fault.Texts(err)
			p := &Problem{Code: "foreign-log", Step: "source-backup/foreign", Said: strings.Join(r.Files, ", "),
				Cause: words.Say("%s took a log backup of %s at %s (%s), and it is out of reach here: %s Without it the next log does not join.", r.User, m.SourceDatabase, r.Set.Finished.Time().Format("15:04 UTC"), strings.Join(r.Files, ", "), message)}
			p = j.offerGapDifferential(ctx, m, server, p)
			if fault.CodeOf(err) == codeAppended {
				_, first := fault.Texts(err)
				p.Fix = words.Join(first, p.Fix)
				return j.stand(ctx, m, p)
			}
			p.Fix = words.Say("Copy the file into the server's backup folder under its own name and retry. If it is gone: %s Stop the other job, or it happens again.", p.Fix)
			return j.note(ctx, Change{Problem: &p, Events: j.event("source-backup/foreign", run.Problem, p.Cause),
				Steps: []run.Step{{Key: "source-backup/foreign", Title: words.Say("Follow a log backup of others"), State: run.StepFailed, Finished: j.Now(), Message: p.Cause}}})
		}
		c.Files = append(c.Files, files...)
		c.Events = append(c.Events, j.event("source-backup/foreign", run.Warning, words.Say("%s took a log backup too; %s is followed.", r.User, path.Base(files[0].Source)))...)
		m.Files = append(m.Files, files...)
	}
	return j.note(ctx, c)
}

// replicaPatience is how long another replica may take to tell its history: one
// that is down must not lengthen a cutover by its connection's own limit.
const replicaPatience = 3 * time.Second

// replicasLogs are the logs that other replicas of the source's group took beyond
// what is taken, by their own histories, and where those lie. One that does not
// answer holds nothing up: its log is missed where the next one does not join.
func (j *job) replicasLogs(ctx context.Context, m Migration) ([]backup.HistoryRow, map[backup.GUID]Place) {
	if j.Replicas == nil {
		return nil, nil
	}
	var out []backup.HistoryRow
	lie := map[backup.GUID]Place{}
	for _, id := range j.Replicas(ctx, m.LiveSource.ServerID, m.SourceDatabase) {
		server, place, err := j.Ports.Server(ctx, id)
		if err != nil {
			continue
		}
		asked, done := context.WithTimeout(ctx, replicaPatience)
		rows, _ := server.Recent(asked, m.SourceDatabase, 500)
		done()
		for _, r := range backup.LogsBehind(rows, m.taken()) {
			out, lie[r.Set.ID] = append(out, r), place
		}
	}
	return out, lie
}

// foreign makes files of somebody else's log backup, when we can reach it. A
// striped one is of use where the target takes several files.
func (j *job) foreign(ctx context.Context, m Migration, place Place, r backup.HistoryRow) ([]File, error) {
	if len(r.Files) != 1 && !m.Traits.Stripes || len(r.Files) == 0 || !r.Disk {
		return nil, fault.New(fault.Invalid, "It is not a single file on disk.", "")
	}
	bucket, err := j.Ports.Bucket(ctx, place.BucketID)
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, file := range r.Files {
		key, inside := place.Key(file)
		if !inside {
			key = path.Base(strings.ReplaceAll(file, `\`, "/")) // perhaps it was copied here
		}
		keys = append(keys, key)
	}
	files, err := readFiles(ctx, bucket, keys, r.Set.ID)
	for i := range files {
		f := &files[i]
		if f.Position > 1 && !m.Traits.Positions {
			return nil, appended(*f)
		}
		if place.BucketID != m.SourceID {
			f.From = place.BucketID
		}
		f.Ord, f.Key = nextOrd(m)+i, m.StagingPrefix+SafeName(*f, m.SourceDatabase)
		if i > 0 {
			f.Key = fmt.Sprintf("%s%d%s", m.StagingPrefix, i+1, SafeName(*f, m.SourceDatabase))
		}
		if one, ok := sameFile(m.Files, *f); ok {
			f.Key = one.Key
		}
	}
	return files, err
}

func ours(m Migration, name string) bool { return strings.HasPrefix(name, "bakplane "+m.ID+" ") }
