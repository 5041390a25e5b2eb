package migration

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/objectstore"
)

// A full backup for a self-managed server is striped when the database is
// large: SQL Server writes and reads each file with a thread of its own, and a
// file that must be sent again is a part of the whole. Where the target takes one
// file, nothing is striped. Differentials and logs are one
// file each: they are small, and the tail's way is short.
const (
	// StripeBytes of data are in each stripe of a full backup, about.
	StripeBytes = 64 << 30
	// MostStripes bounds them; BACKUP takes 64 devices.
	MostStripes = 8
)

// StripesFor is over how many files a full backup goes. dataBytes are those of
// the database's data files; without a size for each stripe it is one.
func StripesFor(m Migration, kind string, dataBytes, each int64) int {
	if !m.Traits.Stripes || kind != string(backup.Full) || each <= 0 {
		return 1
	}
	return int(min(max(dataBytes/each, 1), MostStripes))
}

// StripedKey names the first of so many stripes; StripeKeys knows the others
// by it, so that one name written down before the order is enough.
func StripedKey(key string, stripes int) string {
	if stripes < 2 {
		return key
	}
	return strings.TrimSuffix(key, ".bak") + fmt.Sprintf("s1of%d.bak", stripes)
}

// Names that SourceBackupName makes end in hexadecimal digits, which s and o are not.
var firstStripe = regexp.MustCompile(`^(.*)s1of([2-8])\.bak$`)

// StripeKeys are the files of a take, in the order of their families.
func StripeKeys(key string) []string {
	hit := firstStripe.FindStringSubmatch(key)
	if hit == nil {
		return []string{key}
	}
	n, _ := strconv.Atoi(hit[2])
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%ss%dof%d.bak", hit[1], i+1, n)
	}
	return out
}

// Paths are the files of a take as the source sees them.
func (p Place) Paths(t SourceBackup) (out []string) {
	for _, key := range StripeKeys(t.Key) {
		out = append(out, p.Path(key))
	}
	return out
}

// stripes asks the source how large the database is where that decides.
func (j *job) stripes(ctx context.Context, m Migration, server backup.Server, kind string) (int, error) {
	if StripesFor(m, kind, 1<<60, j.SourceBackups.StripeBytes) == 1 {
		return 1, nil
	}
	d, err := server.Database(ctx, m.SourceDatabase)
	return StripesFor(m, kind, d.DataBytes, j.SourceBackups.StripeBytes), err
}

// readFiles makes planned files of the stripes of one backup set, in the order
// of their families. want chooses among several sets, as readSet does.
func readFiles(ctx context.Context, bucket objectstore.Bucket, keys []string, want backup.GUID) ([]File, error) {
	s, size, err := readSet(ctx, bucket, keys, want)
	if err != nil {
		return nil, err
	}
	return filesOfSet(s, size), nil
}

func filesOfSet(s backup.Set, size map[string]int64) (out []File) {
	for _, stripe := range s.Files {
		out = append(out, File{Source: stripe.Name, Size: size[stripe.Name], Kind: string(s.Kind), Position: stripe.Position, SetGUID: s.ID, BaseGUID: s.DifferentialBase, ForkID: s.Fork,
			FirstLSN: s.First, LastLSN: s.Last, Started: s.Started.Time(), DataBytes: s.DatabaseSize, State: FilePlanned})
	}
	return out
}

// readSet reads a whole set that files hold, and how large they are: the wanted
// one, of which others may stand before and behind, or the only one. A set is
// known by its GUID alone; where it stands in the file is what is read there.
func readSet(ctx context.Context, bucket objectstore.Bucket, keys []string, want backup.GUID) (backup.Set, map[string]int64, error) {
	var read []backup.ReadFile
	size := map[string]int64{}
	for _, key := range keys {
		o, err := bucket.Stat(ctx, key)
		if err != nil {
			return backup.Set{}, nil, err
		}
		file, err := bakfile.Read(objectstore.ReaderAt(ctx, bucket, key, o.Size), o.Size)
		if err != nil {
			return backup.Set{}, nil, err
		}
		read, size[key] = append(read, backup.ReadFile{Name: key, File: file}), o.Size
	}
	sets := backup.FromFiles(read)
	if !want.IsZero() {
		all := len(sets)
		if sets = slices.DeleteFunc(sets, func(s backup.Set) bool { return s.ID != want }); all > 0 && len(sets) == 0 {
			return backup.Set{}, nil, fault.Newf(fault.Conflict, "%s holds another backup now.", strings.Join(keys, ", "))
		}
	}
	if len(sets) != 1 || !sets[0].Complete || len(sets[0].Files) != len(keys) {
		return backup.Set{}, nil, fault.Newf(fault.Conflict, "%s is not a whole backup.", strings.Join(keys, ", ")).WithFix("Check the disk of the server's backup folder.")
	}
	return sets[0], size, nil
}
