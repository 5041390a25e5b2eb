package scan

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backup/identity"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/words"
)

const (
	// firstRows is how far back the first look goes: older rows say where files
	// once lay, and the server with years of them is asked no more than others.
	// Only the databases whose base is older are read further back, each from its
	// base on, as long as olderPages last.
	firstRows    = 100_000
	historyPage  = 500
	historyPages = 400 // of one look; the next goes on
	olderPages   = 40
)

// serverCursor is how far msdb was read.
type serverCursor struct {
	Server string        `json:"server,omitempty"` // @@SERVERNAME
	Alias  string        `json:"alias,omitempty"`  // its other name, on a host renamed without sp_addserver
	After  int64         `json:"after,omitempty"`  // backup_set_id
	Newest time.Time     `json:"newest,omitzero"`  // finish of the newest set that msdb told of
	Ahead  time.Duration `json:"ahead,omitempty"`  // of the server's clock against ours
	// Foreign: its disks are its service's. What does not lie in the place of its
	// backups nobody can restore from.
	Foreign bool `json:"foreign,omitempty"`
	// Held is by its service, as it was told at Asked.
	Held  backup.Held `json:"held,omitzero"`
	Asked time.Time   `json:"asked,omitzero"`
}

// is reports whether a row of msdb that names a server is of this one.
func (at serverCursor) is(server string) bool {
	return backup.ServerInfo{Name: at.Server, Property: at.Alias}.Is(server)
}

// server reads the history of a self-managed server since the last look, and
// which databases there are.
func (c *Collector) server(ctx context.Context, l *Visit, in endpoint.Instance, step Step) error {
	at := cursor[serverCursor](l)
	server, place, err := c.Ports.Server(ctx, in.ID)
	if err != nil {
		return err
	}
	info, err := server.Describe(ctx)
	if err != nil {
		return fmt.Errorf("describe server: %w", err)
	}
	at.Server, at.Alias, at.Foreign = info.Name, info.Property, !in.Traits.OwnFolder()
	databases, err := server.Databases(ctx)
	if err != nil {
		return fmt.Errorf("list databases: %w", err)
	}
	byService, err := c.holdings(ctx, &at, in.ID, server)
	if err != nil {
		return err
	}
	names, newest := make([]string, 0, len(databases)), time.Time{}
	members := make(map[string]*backup.Member, len(databases))
	exempt := make(map[string]backup.Exempt, len(databases))
	if !info.Now.IsZero() {
		at.Ahead = clockAhead(at.Ahead, info.Now.Sub(c.Now()))
	}
	for _, d := range databases {
		names = append(names, d.Name)
		told := d.Exempt()
		told.ClockAhead, told.Collation, told.Held = at.Ahead, info.Collation, byService
		exempt[d.Name] = told
		if d.State == "ONLINE" { // else it tells little of itself
			if !d.InAvailabilityGroup || d.Member != nil {
				members[d.Name] = d.Member
			}
		}
		for _, t := range []time.Time{d.LastFull, d.LastDiff, d.LastLog} {
			if t.After(newest) {
				newest = t
			}
		}
	}
	if err := c.Catalogue.Exist(ctx, in.ID, names, info.Collation, c.Now().UTC()); err != nil {
		return err
	}
	if err := c.Catalogue.Exempt(ctx, in.ID, exempt); err != nil {
		return err
	}
	if err := c.Catalogue.Replicas(ctx, in.ID, members); err != nil {
		return err
	}
	if err := c.tasks(ctx, in.ID, server); err != nil {
		return err
	}
	if at.After == 0 {
		if at.After, err = c.begin(ctx, at, in.ID, server, place, databases); err != nil {
			return err
		}
	}
	step("databases", words.Count(len(names), "database", "databases"), int64(len(names)), int64(len(names)))
	read, err := c.history(ctx, l, &at, in.ID, server, place, step)
	if err == nil && read == 0 && newest.After(at.Newest) && at.After > 0 {
		// There are newer sets and none behind the cursor: msdb was restored or
		// made anew, and counts otherwise. It is looked at as for the first time.
		if at.After, err = c.begin(ctx, at, in.ID, server, place, databases); err != nil {
			return err
		}
		_, err = c.history(ctx, l, &at, in.ID, server, place, step)
	}
	if err != nil {
		return err
	}
	if newest.After(at.Newest) {
		at.Newest = newest
	}
	return c.keep(ctx, l, at)
}

// tasks keeps what a service remembers of its tasks. A list that cannot be had is
// unknown and no reason to know less of backups.
func (c *Collector) tasks(ctx context.Context, instanceID string, server backup.Server) error {
	lister, ok := server.(backup.TaskLister)
	if !ok || c.Tasks == nil {
		return nil
	}
	tasks, err := lister.ServiceTasks(ctx)
	if err != nil {
		return ctx.Err()
	}
	return c.Tasks.KeepTasks(ctx, instanceID, tasks)
}

// begin is the row behind which a first look begins. What databases have from
// their base on before that row is read at once: without the base nothing that
// is newer restores them.
func (c *Collector) begin(ctx context.Context, at serverCursor, instanceID string, server backup.Server, place migration.Place, databases []backup.Database) (int64, error) {
	newest, err := server.Newest(ctx)
	if err != nil {
		return 0, fmt.Errorf("read msdb history: %w", err)
	}
	after := max(0, newest-firstRows)
	var bases []backup.GUID
	for _, d := range databases {
		if !d.BaseGUID.IsZero() && after > 0 {
			bases = append(bases, d.BaseGUID)
		}
	}
	rows, err := server.RowIDs(ctx, bases)
	if err != nil {
		return 0, fmt.Errorf("read msdb history: %w", err)
	}
	for _, d := range databases {
		if base, ok := rows[d.BaseGUID]; ok && base <= after {
			if err := c.older(ctx, at, instanceID, server, place, d.Name, base-1, after); err != nil {
				return 0, err
			}
		}
	}
	return after, nil
}

// older reads the history of one database between two rows of msdb.
func (c *Collector) older(ctx context.Context, at serverCursor, instanceID string, server backup.Server, place migration.Place, database string, from, to int64) error {
	for range olderPages {
		rows, err := server.History(ctx, database, from, historyPage)
		if err != nil {
			return fmt.Errorf("read msdb history: %w", err)
		}
		full := len(rows) == historyPage
		rows = slices.DeleteFunc(rows, func(r backup.HistoryRow) bool { return r.ID > to })
		if err := c.put(ctx, at, instanceID, rows, place); err != nil || !full || len(rows) < historyPage {
			return err
		}
		from = rows[len(rows)-1].ID
	}
	return nil
}

// put makes records of rows of msdb.
func (c *Collector) put(ctx context.Context, at serverCursor, instanceID string, rows []backup.HistoryRow, place migration.Place) error {
	var records []backup.Record
	for _, row := range rows {
		// RESTORE writes the sets it read into the history of the server it
		// ran on: they were taken elsewhere.
		if row.Set.Server != "" && at.Server != "" && !at.is(row.Set.Server) {
			continue
		}
		if at.Foreign && row.Disk {
			_, row.Disk = keysOf(place.Folder, row.Files)
		}
		r, err := c.recordOf(ctx, instanceID, row, place)
		if err != nil {
			return err
		}
		records = append(records, r)
	}
	return c.Catalogue.Put(ctx, records)
}

// history reads pages of msdb behind the cursor.
func (c *Collector) history(ctx context.Context, l *Visit, at *serverCursor, instanceID string, server backup.Server, place migration.Place, step Step) (read int64, err error) {
	for range historyPages {
		rows, err := server.History(ctx, "", at.After, historyPage)
		if err != nil {
			return read, fmt.Errorf("read msdb history: %w", err)
		}
		if err := c.put(ctx, *at, instanceID, rows, place); err != nil {
			return read, err
		}
		if read += int64(len(rows)); len(rows) > 0 {
			at.After = rows[len(rows)-1].ID
			if err := c.keep(ctx, l, *at); err != nil {
				return read, err
			}
			step("history", words.Say("History of backups in msdb"), read, 0)
		}
		if len(rows) < historyPage {
			return read, nil
		}
	}
	return read, nil
}

// recordOf is a row of msdb as a record. Files in the backup folder are looked
// for there; where others lie only their paths tell.
func (c *Collector) recordOf(ctx context.Context, instanceID string, row backup.HistoryRow, place migration.Place) (backup.Record, error) {
	now := c.Now().UTC()
	r := backup.Record{InstanceID: instanceID, Database: row.Set.Database, Origin: backup.ByOthers, Set: row.Set, State: backup.Complete, Apart: !row.Disk, Seen: now}
	if row.Set.Damaged {
		r.State = backup.Broken
	}
	keys, inside := keysOf(place.Folder, row.Files)
	if !row.Disk || !inside || place.BucketID == "" {
		return r, nil
	}
	copied := backup.Copy{BucketID: place.BucketID, Keys: keys, At: now}
	bucket, err := c.Ports.Bucket(ctx, place.BucketID)
	if err != nil {
		return r, err
	}
	for _, key := range keys {
		o, err := bucket.Stat(ctx, key)
		switch {
		case fault.Is(err, fault.NotFound):
			r.State, r.Gone = backup.Removed, now
			return r, nil
		case err != nil:
			return r, fmt.Errorf("look for %s: %w", key, err)
		}
		copied.Size += o.Size
	}
	// Jobs write over yesterday's file, and servers with one share over each
	// other's: msdb tells of every set that ever lay there.
	v, err := c.lies(ctx, bucket, &r, copied)
	if err != nil {
		return r, err
	}
	if v.Finding == identity.Another || v.Finding == identity.Absent {
		r.State, r.Gone = backup.Removed, now
		return r, nil
	}
	r.Copies = []backup.Copy{copied}
	return r, nil
}

// keysOf turns paths of the server into keys of its backup folder; false when
// one lies elsewhere.
func keysOf(folder string, files []string) (keys []string, inside bool) {
	flat := func(p string) string { return strings.ReplaceAll(p, `\`, "/") }
	prefix := strings.TrimRight(flat(folder), "/") + "/"
	for _, f := range files {
		p := flat(f)
		if len(p) <= len(prefix) || !strings.EqualFold(p[:len(prefix)], prefix) {
			return nil, false
		}
		keys = append(keys, p[len(prefix):])
	}
	return keys, len(keys) > 0
}

// Clocks that differ by less are as good as equal, and what is noted of the
// others moves with more than a minute alone: each look asks a little later or
// earlier.
const (
	clockSlack  = 5 * time.Minute
	clockJitter = time.Minute
)

// clockAhead is how far a server's clock is ahead of ours, given what was noted
// before.
func clockAhead(before, seen time.Duration) time.Duration {
	switch {
	case seen.Abs() < clockSlack:
		return 0
	case (seen - before).Abs() < clockJitter:
		return before
	}
	return seen.Round(time.Minute)
}
