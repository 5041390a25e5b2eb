package drafting

import (
	"context"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
)

// Targets are the instances that databases can be migrated to: those of the
// cloud first, then self-managed servers.
func (s *Drafting) Targets(ctx context.Context) (out []endpoint.Instance, err error) {
	all, err := s.Endpoints.Instances(ctx)
	return s.Kinds.WithTraits(all, func(t endpoint.Traits) bool { return t.Task != "" }), err
}

// stagingOf is where the target finds the files: the bucket that was chosen, or
// the backup folder of a self-managed server.
func (s *Drafting) stagingOf(ctx context.Context, target endpoint.Instance, chosen string) (b endpoint.Bucket, err error) {
	if target.Traits.OwnFolder() {
		return s.Endpoints.Bucket(ctx, target.FolderID)
	}
	if chosen == "" {
		return b, invalid("No bucket is chosen.", "Choose the OSS bucket that the cloud reads from.")
	}
	if b, err = s.Endpoints.Bucket(ctx, chosen); err == nil && !b.Service {
		err = fault.Newf(fault.Invalid, "The cloud cannot read from %s: it is a folder.", b.Name).
			WithFix("Choose an OSS bucket in the region of the instance; the files are uploaded there.")
	} else if err == nil && !target.Traits.ReadsFrom(b.Kind) {
		err = fault.Newf(fault.Invalid, "%s cannot read from %s: it is a bucket of another cloud.", target.Name, b.Name).
			WithFix("Choose a bucket of the instance's own cloud, in its region; the files are uploaded there.")
	}
	return b, err
}

// PlaceFor is where a target reads, for the words of its calls. What becomes of
// the database's files is asked of a self-managed server; when it does not
// answer now, the words do without.
func (s *Drafting) PlaceFor(ctx context.Context, target endpoint.Instance, staging endpoint.Bucket, database string, files []bakfile.DataFile) migration.RestoreCall {
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

// hostOf is what targets are told to read a bucket from.
func (s *Drafting) hostOf(b endpoint.Bucket) string {
	if k, err := s.Kinds.Bucket(b.Kind); err == nil && k.Host != nil {
		return k.Host(b)
	}
	return ""
}
