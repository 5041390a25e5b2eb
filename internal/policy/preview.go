package policy

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/words"
)

const (
	// mostDatabases and mostSets bound a preview; what lies beyond is told as
	// not looked at.
	mostDatabases = 200
	mostSets      = 20_000
)

// Preview is what saving a policy will do, shown before it is done.
type Preview struct {
	Findings []Finding
	Changes  []Change // against the version in use; none = a new policy, or nothing
	Outlook  Outlook
	Loses    []Losing // databases of which sets would go that would not go without the change
	Bytes    int64    // of what would go beyond what goes anyway
	Beyond   bool     // more databases than were looked at
}

// Losing is one database whose retention the change shortens.
type Losing struct {
	InstanceID, Database string
	Goes                 []Removal // that the policy in use would keep
	Lost                 []Span    // restore points that go with them
}

// Preview foresees a change. A policy that cannot be saved shows its findings
// alone. It ends with the context.
func (k Editor) Preview(ctx context.Context, p Policy) (v Preview, err error) {
	if v.Findings, err = k.Judge(ctx, p); err != nil {
		return v, err
	}
	if Barred(v.Findings) || ctx.Err() != nil {
		return v, ctx.Err() // what cannot be saved is not foreseen, nor what nobody waits for
	}
	now := k.Now()
	c, err := NewCalendar(p)
	if err != nil {
		return v, nil // what is wrong is among the findings
	}
	v.Outlook = c.Outlook(now, 10)
	if p.ID == "" {
		return v, nil
	}
	was, err := k.Store.Policy(ctx, p.ID)
	if err != nil {
		return v, err
	}
	v.Changes = DiffPolicies(was, p)
	return v, k.losses(ctx, was, p, now, &v)
}

// losses compares what the policy in use lets go of with what the changed one
// would, database by database.
func (k Editor) losses(ctx context.Context, was, p Policy, now time.Time, v *Preview) error {
	looked := 0
	for _, server := range was.Servers {
		databases, err := k.Sets.Protections(ctx, backup.ProtectionFilter{InstanceID: server, Now: now, Limit: mostDatabases + 1})
		if err != nil {
			return err
		}
		for _, d := range databases {
			if err := ctx.Err(); err != nil {
				return err
			}
			if looked++; looked > mostDatabases {
				v.Beyond = true
				return nil
			}
			sets, err := k.Sets.Sets(ctx, server, d.Database, mostSets)
			if err != nil {
				return err
			}
			l, bytes, err := losing(was, p, sets, now)
			if err != nil {
				return err
			}
			if len(l.Goes) > 0 {
				l.InstanceID, l.Database = server, d.Database
				v.Loses = append(v.Loses, l)
				v.Bytes += bytes
			}
		}
	}
	return nil
}

// losing is what a change takes from the sets of one database.
func losing(was, p Policy, sets []backup.Record, now time.Time) (l Losing, bytes int64, err error) {
	before, err := Prune(was, sets, now)
	if err != nil {
		return l, 0, err
	}
	after, err := Prune(p, sets, now)
	if err != nil {
		return l, 0, err
	}
	anyway := map[string]bool{}
	for _, r := range before.Remove {
		anyway[r.Record.ID] = true
	}
	for _, r := range after.Remove {
		if anyway[r.Record.ID] {
			continue
		}
		l.Goes = append(l.Goes, r)
		for _, c := range r.Record.Copies {
			bytes += c.Size
		}
	}
	if len(l.Goes) > 0 {
		l.Lost = lost(join(after.Lost), join(before.Lost))
	}
	return l, bytes, nil
}

// DiffPolicies tells what differs between two versions of a policy of our own.
func DiffPolicies(was, now Policy) []Change {
	var c Changes
	c.Add(FieldName, "Name", was.Name, now.Name)
	c.Add("", "Enabled", OnOff(was.Enabled), OnOff(now.Enabled))
	c.Add(FieldServers, "Servers", strings.Join(was.Servers, ", "), strings.Join(now.Servers, ", "))
	c.Add(FieldDatabases, "Databases", was.Databases.words(), now.Databases.words())
	for _, kind := range []backup.Kind{backup.Full, backup.Differential, backup.Log} {
		before, had := was.Rule(kind)
		after, has := now.Rule(kind)
		c.Add(RuleField(kind, "cron"), plural(kind), cronWords(before, had), cronWords(after, has))
		if had && has {
			c.Add(RuleField(kind, "keep"), plural(kind)+" kept", before.Keep.Words(), after.Keep.Words())
		}
	}
	c.Add(FieldZone, "Time zone", was.Zone, now.Zone)
	c.Add(FieldMissed, "Missed times", string(was.Missed), string(now.Missed))
	c.Add(FieldWindow, "Window", words.Span(was.Window).String(), words.Span(now.Window).String())
	c.Add(FieldLongest, "Longest run", words.Span(cmp.Or(was.Longest, UsualLongest)).String(), words.Span(cmp.Or(now.Longest, UsualLongest)).String())
	c.Add("compress", "Compression", OnOff(was.How.Compress), OnOff(now.How.Compress))
	c.Add(FieldCopyOnly, "Copy-only", OnOff(was.How.CopyOnly), OnOff(now.How.CopyOnly))
	c.Add(FieldStripes, "Stripes", fmt.Sprint(max(was.How.Stripes, 1)), fmt.Sprint(max(now.How.Stripes, 1)))
	c.Add(FieldBlockSize, "Block size", fmt.Sprint(was.How.BlockSize), fmt.Sprint(now.How.BlockSize))
	c.Add(FieldTransfer, "Largest transfer", fmt.Sprint(was.How.Transfer), fmt.Sprint(now.How.Transfer))
	c.Add(FieldBuffers, "Buffers", fmt.Sprint(was.How.Buffers), fmt.Sprint(now.How.Buffers))
	c.Add(FieldKey, "KMS key", was.How.Key, now.How.Key)
	c.Add("asbucket", "Encrypted as the bucket says", OnOff(was.How.AsBucket), OnOff(now.How.AsBucket))
	c.Add("overwrite", "Writes over", OnOff(was.How.Overwrite), OnOff(now.How.Overwrite))
	c.Add("verify", "Verified", OnOff(was.How.Verify), OnOff(now.How.Verify))
	c.Add(FieldBucket, "Bucket", bucketWords(was.BucketID), bucketWords(now.BucketID))
	c.Add(FieldObjective, "Objective", objectiveWords(was.Objective), objectiveWords(now.Objective))
	return c
}

func cronWords(r Rule, there bool) string {
	if !there {
		return "none"
	}
	return r.Cron
}

func bucketWords(id string) string {
	if id == "" {
		return "none"
	}
	return id
}

func objectiveWords(d time.Duration) string {
	if d == 0 {
		return "none"
	}
	return words.Span(d).String()
}

func (s Selection) words() string {
	w := "all"
	if len(s.Include) > 0 {
		w = strings.Join(s.Include, ", ")
	}
	if len(s.Exclude) > 0 {
		w += " without " + strings.Join(s.Exclude, ", ")
	}
	if s.System {
		w += ", with system databases"
	}
	return w
}
