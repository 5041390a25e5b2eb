package server

import (
	"context"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/web/templates"
)

// targets are the instances that databases can be migrated to: those of the
// cloud first, then self-managed servers.
func (s *Server) targets(ctx context.Context) (out []endpoint.Instance, err error) {
	all, err := s.Endpoints.Instances(ctx)
	return s.Kinds.WithTraits(all, func(t endpoint.Traits) bool { return t.Task != "" }), err
}

// targetField offers the instances that a database may go to.
func targetField(targets []endpoint.Instance, value string) templates.Field {
	f := templates.Field{Name: "instance", Label: "Instance the database goes to", Type: "select", Value: value}
	for _, i := range targets {
		o := templates.Option{Value: i.ID, Label: instanceName(i) + " · " + i.Region}
		if i.Traits.OwnFolder() {
			o.Label = i.Name + " · self-managed SQL Server"
		}
		f.Options = append(f.Options, o)
	}
	return f
}

// stagingField offers the buckets that a cloud reads. A self-managed server
// reads its backup folder, which is known.
func stagingField(buckets []endpoint.Bucket, targets []endpoint.Instance, value string) templates.Field {
	f := templates.Field{Name: "staging", Label: "Bucket the cloud reads from", Type: "select", Value: value,
		Hint: "In the region and account of the instance, storage class Standard, not encrypted. Files that lie elsewhere are uploaded there. A self-managed SQL Server reads its backup folder instead, whatever is chosen here."}
	for _, b := range buckets {
		if b.Service {
			f.Options = append(f.Options, templates.Option{Value: b.ID, Label: b.Name + " · " + b.Bucket + " · " + b.Region})
		}
	}
	if len(f.Options) == 0 {
		f.Options = []templates.Option{{Value: "", Label: "No OSS bucket yet; a self-managed SQL Server needs none"}}
	}
	return f
}

// stagingOf is where the target finds the files: the bucket that was chosen, or
// the backup folder of a self-managed server.
func (s *Server) stagingOf(ctx context.Context, target endpoint.Instance, chosen string) (b endpoint.Bucket, err error) {
	if target.Traits.OwnFolder() {
		return s.Endpoints.Bucket(ctx, target.FolderID)
	}
	if chosen == "" {
		return b, invalid("No bucket is chosen.", "Choose the OSS bucket that the cloud reads from.")
	}
	if b, err = s.Endpoints.Bucket(ctx, chosen); err == nil && !b.Service {
		err = invalid("The cloud cannot read from "+b.Name+": it is a folder.", "Choose an OSS bucket in the region of the instance; the files are uploaded there.")
	}
	return b, err
}

// stagingWords names the place in a sentence.
func stagingWords(target endpoint.Instance, staging endpoint.Bucket) string {
	if target.Traits.OwnFolder() {
		return "the backup folder of " + target.Name
	}
	return "the bucket " + staging.Bucket
}

// placeFor is where a target reads, for the words of its calls. What becomes of
// the database's files is asked of a self-managed server; when it does not
// answer now, the words do without.
func (s *Server) placeFor(ctx context.Context, target endpoint.Instance, staging endpoint.Bucket, database string, files []bakfile.DataFile) migration.RestoreCall {
	if !target.Traits.OwnFolder() {
		return migration.RestoreCall{Endpoint: s.hostOf(staging), Bucket: staging.Bucket}
	}
	in := migration.RestoreCall{Folder: target.ServerFolder}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if t, err := s.Ports.Target(ctx, target.ID); err == nil && len(files) > 0 {
		if host, ok := t.(migration.Host); ok {
			if hostFacts, err := host.HostFacts(ctx, database, files); err == nil {
				in.Moves = hostFacts.Moves
			}
		}
	}
	return in
}

// requestOf words a changing call to a migration's target; where its kind is
// not known here, it says so.
func (s *Server) requestOf(ctx context.Context, m migration.Migration, verb migration.Verb, in migration.RestoreCall) string {
	words, err := s.Ports.Requests(ctx, m.InstanceID)
	if err != nil {
		message, _ := fault.Words(err)
		return message
	}
	return words.Request(m, verb, in)
}

// strictest are the fewest calls a day that any of the targets takes; 0 where
// none counts them.
func strictest(targets []endpoint.Instance) (c endpoint.Calls) {
	for _, i := range targets {
		if t := i.Traits.Calls; t.Counted() && (!c.Counted() || t.Database < c.Database) {
			c = t
		}
	}
	return c
}

// hostOf is what targets are told to read a bucket from.
func (s *Server) hostOf(b endpoint.Bucket) string {
	if k, err := s.Kinds.Bucket(b.Kind); err == nil && k.Host != nil {
		return k.Host(b)
	}
	return ""
}
