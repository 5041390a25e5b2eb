package scan

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backup/identity"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/words"
)

const (
	bucketPage = 200
	walkAfter  = 6 * time.Hour // between two walks through a bucket
	checkPage  = 500           // copies whose files are looked for in one look
	readers    = 4
)

// bucketCursor is how far a bucket was walked, and its copies checked.
type bucketCursor struct {
	After   string    `json:"after,omitempty"` // key
	Walked  time.Time `json:"walked,omitzero"` // when the last walk ended
	Checked string    `json:"checked,omitempty"`
}

// bucket walks through a bucket and reads the header of every file that is new
// or changed, and looks whether some of the files it knows are still there.
func (c *Collector) bucket(ctx context.Context, l *Visit, id string, step Step) error {
	at := cursor[bucketCursor](l)
	bucket, err := c.Ports.Bucket(ctx, id)
	if err != nil {
		return err
	}
	if _, err := bucket.Info(ctx); err != nil { // a bucket that vanished has not lost its files one by one
		return fmt.Errorf("look at bucket: %w", err)
	}
	if err := c.check(ctx, bucket, id, &at); err != nil {
		return err
	}
	if at.After == "" && c.Now().Sub(at.Walked) < walkAfter {
		return c.keep(ctx, l, at)
	}
	owners, err := c.owners(ctx)
	if err != nil {
		return err
	}
	seen := int64(0)
	for {
		page, err := bucket.List(ctx, "", at.After, bucketPage)
		if err != nil {
			return fmt.Errorf("list bucket: %w", err)
		}
		if err := c.read(ctx, bucket, id, at.After, page, owners); err != nil {
			return err
		}
		seen += int64(len(page))
		step("files", words.Say("Files"), seen, 0)
		if len(page) < bucketPage {
			break
		}
		at.After = page[len(page)-1].Key
		if err := c.keep(ctx, l, at); err != nil {
			return err
		}
	}
	at.After, at.Walked = "", c.Now().UTC()
	return c.keep(ctx, l, at)
}

// read reads the headers of a page's new files and puts their sets into the
// catalogue. Stripes whose fellows are on another page join there.
func (c *Collector) read(ctx context.Context, bucket objectstore.Bucket, bucketID, after string, page []objectstore.Object, owners map[string]string) error {
	if len(page) == 0 {
		return nil
	}
	known, err := c.Store.Files(ctx, bucketID, after, page[len(page)-1].Key)
	if err != nil {
		return err
	}
	files := map[string]File{}
	for _, f := range known {
		files[f.Key] = f
	}
	var fresh []objectstore.Object
	for _, o := range page {
		f, ok := files[o.Key]
		if (o.Size > 0 || path.Ext(o.Key) != "") && !(ok && f.unchanged(o)) {
			fresh = append(fresh, o)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	read := make([]*bakfile.File, len(fresh))
	noted := make([]File, len(fresh))
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(readers)
	for i, o := range fresh {
		g.Go(func() error {
			noted[i] = File{Key: o.Key, Size: o.Size, Modified: o.Modified.UTC().Truncate(time.Microsecond)}
			file, err := bakfile.Read(objectstore.ReaderAt(within, bucket, o.Key, o.Size), o.Size)
			switch {
			case fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict): // no backup file, or an archived object
				noted[i].Trouble, _ = fault.Words(err)
			case err != nil:
				return fmt.Errorf("read header of %s: %w", o.Key, err)
			default:
				p := identity.OfFile(o.Key, file)
				p.Modified = o.Modified
				read[i], noted[i] = file, fileOf(p)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	var found []backup.ReadFile
	for i, f := range read {
		if f != nil {
			found = append(found, backup.ReadFile{Name: fresh[i].Key, File: f})
		}
	}
	var records []backup.Record
	for _, s := range backup.FromFiles(found) {
		records = append(records, c.fileRecord(s, bucketID, owners))
	}
	if err := c.Catalogue.Put(ctx, records); err != nil {
		return err
	}
	return c.Store.NoteFiles(ctx, bucketID, noted)
}

// fileRecord is a set read from files of a bucket. It belongs to the server
// that calls itself as the set says.
func (c *Collector) fileRecord(s backup.Set, bucketID string, owners map[string]string) backup.Record {
	now := c.Now().UTC()
	r := backup.Record{InstanceID: owners[strings.ToLower(s.Server)], Database: s.Database, Origin: backup.InBucket, Set: s, State: backup.Complete, Seen: now}
	if !s.Complete || len(s.MissingStripes()) > 0 || s.Damaged {
		r.State = backup.Broken
	}
	copied := backup.Copy{BucketID: bucketID, Keys: make([]string, max(1, s.FamilyCount)), At: now}
	for _, f := range s.Files {
		if f.Family >= 1 && f.Family <= len(copied.Keys) {
			copied.Keys[f.Family-1] = f.Name
			copied.Size += f.Size
		}
	}
	r.Copies = []backup.Copy{copied}
	return r
}

// owners are the instances by what their servers call themselves.
func (c *Collector) owners(ctx context.Context) (map[string]string, error) {
	looks, err := c.Store.Visits(ctx)
	out := map[string]string{}
	for i := range looks {
		if kind, id := looks[i].Subject.parts(); kind == "instance" {
			at := cursor[serverCursor](&looks[i])
			for _, name := range []string{at.Alias, at.Server} {
				if name != "" {
					out[strings.ToLower(name)] = id
				}
			}
		}
	}
	return out, err
}

// check looks for the files of some copies, in turn, and whether they are still
// those of the set.
func (c *Collector) check(ctx context.Context, bucket objectstore.Bucket, bucketID string, at *bucketCursor) error {
	records, err := c.Catalogue.Copies(ctx, bucketID, at.Checked, checkPage)
	if err != nil {
		return err
	}
	for _, r := range records {
		i := slices.IndexFunc(r.Copies, func(k backup.Copy) bool { return k.BucketID == bucketID })
		v, err := c.lies(ctx, bucket, &r, r.Copies[i])
		if err != nil {
			return err
		}
		var e audit.Entry
		switch {
		case v.Finding == identity.Absent:
			e = c.engineEntry("set.gone", "set/"+r.ID, fmt.Sprintf("%s is no longer in its bucket: this copy of a backup of %s is gone.", strings.Join(r.Copies[i].Keys, ", "), r.Database))
		case strayed(v):
			e = c.engineEntry("set.replaced", "set/"+r.ID, fmt.Sprintf("A copy of a backup of %s is not where it was: %s", r.Database, v.Words))
		}
		if e.Action != "" {
			if err := c.Catalogue.DropCopies(ctx, []string{r.ID}, bucketID, c.Now().UTC(), e); err != nil {
				return err
			}
		}
		at.Checked = r.ID
	}
	if len(records) < checkPage {
		at.Checked = ""
	}
	return nil
}
