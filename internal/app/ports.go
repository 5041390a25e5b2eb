package app

import (
	"context"
	"path/filepath"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/backupjob"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/kinds"
	"github.com/bakplane/bakplane/internal/migration"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
	"github.com/bakplane/bakplane/internal/policy/clouds"
	"github.com/bakplane/bakplane/internal/servermigration"
)

// Ports are all ways out of the house.
type Ports interface {
	migration.Ports
	clouds.Ports
	backupjob.Restorers
	servermigration.Ports
	// Cloud hands out an instance whose backups the service takes.
	Cloud(ctx context.Context, id string) (backup.Cloud, error)
	Instance(ctx context.Context, id string) (endpoint.Instance, error)
}

// NewPorts reaches the places of the endpoints that a store has. Bakplane's own
// folder is where files taken out of archives lie.
func NewPorts(endpoints endpoint.Store, data string) Ports {
	var folders folder.Folders
	return &kinds.Opener{Endpoints: endpoints, Kinds: Kinds(&folders), Fixed: map[string]func() (objectstore.Bucket, error){
		UnpackedID: func() (objectstore.Bucket, error) { return folders.Open(filepath.Join(data, "unpacked")) },
	}}
}

// UnpackedID is the bucket of files taken out of archives. It is Bakplane's own
// and in no list.
const UnpackedID = "unpacked"
