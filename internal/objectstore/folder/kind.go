package folder

import (
	"path/filepath"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/kinds"
	"github.com/bakplane/bakplane/internal/objectstore"
)

// BucketKind is the kind as it is stored.
const BucketKind endpoint.BucketKind = "folder"

// Folders are opened folders, by path.
type Folders struct {
	kept kinds.Kept[string, *Bucket]
}

// Open hands out the folder of a path.
func (f *Folders) Open(path string) (objectstore.Bucket, error) { return f.kept.Open(path, Open) }

// Kind is that of folders of this machine as buckets.
func Kind(folders *Folders) kinds.Bucket {
	return kinds.Bucket{
		BucketSpec: endpoint.BucketSpec{Where: func(b endpoint.Bucket) string { return b.Path }, Spec: endpoint.Spec[endpoint.Bucket]{
			Key: string(BucketKind), Page: "folders", Thing: "folder",
			Intro: "A folder or mounted share with backup files, as this machine sees it. Files in it are read, never changed.",
			Named: func(b endpoint.Bucket) string { return b.Path },
			List: endpoint.List[endpoint.Bucket]{Title: "Folders", Note: "with backup files, as this machine sees them", Add: "Add a folder",
				None: "No folder yet.", Begin: "Add the folder or mounted share where the backup files of your SQL Servers lie.",
				Columns: []endpoint.Column[endpoint.Bucket]{{Title: "Path", Get: func(b endpoint.Bucket) string { return b.Path }}}},
			Fields: []endpoint.Field[endpoint.Bucket]{
				endpoint.Text(endpoint.Field[endpoint.Bucket]{Name: "path", Label: "Path", Mono: true, Placeholder: "/var/backups/sql", Hint: "The whole path, as this machine sees it."},
					func(b *endpoint.Bucket) *string { return &b.Path }),
				endpoint.Text(endpoint.Field[endpoint.Bucket]{Name: "name", Label: "Name", Optional: true, Hint: "What your colleagues call it."}, func(b *endpoint.Bucket) *string { return &b.Name }),
			},
			Check: func(b endpoint.Bucket) error {
				if !filepath.IsAbs(b.Path) {
					return fault.Newf(fault.Invalid, "%q is not an absolute path.", b.Path).WithFix("Write the whole path as this machine sees it, such as /var/backups/sql.")
				}
				return nil
			},
		}},
		Open: func(b endpoint.Bucket, _ endpoint.Account) (objectstore.Bucket, error) { return folders.Open(b.Path) },
	}
}
