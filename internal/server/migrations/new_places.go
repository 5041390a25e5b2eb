package migrations

import (
	"context"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// targetField offers the instances that a database may go to.
func targetField(targets []endpoint.Instance, value string) kit.Field {
	f := kit.Field{Name: "instance", Label: "Instance the database goes to", Type: "select", Value: value}
	for _, i := range targets {
		o := kit.Option{Value: i.ID, Label: i.Label() + " · " + i.Region}
		if i.Traits.OwnFolder() {
			o.Label = i.Name + " · self-managed SQL Server"
		}
		f.Options = append(f.Options, o)
	}
	return f
}

// stagingField offers the buckets that a cloud reads. A self-managed server
// reads its backup folder, which is known.
func stagingField(buckets []endpoint.Bucket, targets []endpoint.Instance, instance, value string) kit.Field {
	f := kit.Field{Name: "staging", Label: "Bucket the cloud reads from", Type: "select", Value: value,
		Hint: "One in the region of the instance, and of its cloud: OSS for ApsaraDB, S3 for AWS. Files that lie elsewhere are uploaded there. A self-managed SQL Server reads its backup folder instead, whatever is chosen here."}
	read := readBy(targets, instance)
	for _, b := range buckets {
		if !b.Service {
			continue
		}
		f.Options = append(f.Options, kit.Option{Value: b.ID, Label: b.Name + " · " + b.Bucket + " · " + b.Region})
		if f.Value == "" && read(b.Kind) {
			f.Value = b.ID
		}
	}
	if len(f.Options) == 0 {
		f.Options = []kit.Option{{Value: "", Label: "No bucket yet; a self-managed SQL Server needs none"}}
	}
	return f
}

// readBy tells which kinds of buckets the chosen target reads; while none is
// chosen, the first one, which the form shows.
func readBy(targets []endpoint.Instance, chosen string) func(endpoint.BucketKind) bool {
	for _, i := range targets {
		if i.ID == chosen || chosen == "" {
			return i.Traits.ReadsFrom
		}
	}
	return func(endpoint.BucketKind) bool { return false }
}

// stagingWords names the place in a sentence.
func stagingWords(target endpoint.Instance, staging endpoint.Bucket) string {
	if target.Traits.OwnFolder() {
		return "the backup folder of " + target.Name
	}
	return "the bucket " + staging.Bucket
}

// requestOf words a changing call to a migration's target; where its kind is
// not known here, it says so.
func (s *Pages) requestOf(ctx context.Context, m migration.Migration, verb migration.Verb, in migration.RestoreCall) string {
	words, err := s.Ports.Requests(ctx, m.InstanceID)
	if err != nil {
		message, _ := fault.Words(err)
		return message
	}
	return words.Request(m, verb, in)
}

// strictest are the fewest calls a day that the chosen target takes, or any of
// them while none is chosen; 0 where none counts them.
func strictest(targets []endpoint.Instance, chosen string) (c endpoint.Calls) {
	for _, i := range targets {
		if i.ID == chosen {
			return i.Traits.Calls
		}
		if t := i.Traits.Calls; t.Counted() && (!c.Counted() || t.Database < c.Database) {
			c = t
		}
	}
	return c
}
