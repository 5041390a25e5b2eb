// Package app puts the parts of the dashboard together.
package app

import (
	"path/filepath"

	"github.com/bakplane/bakplane/internal/aliyun"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/kinds"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
	"github.com/bakplane/bakplane/internal/objectstore/oss"
	"github.com/bakplane/bakplane/internal/sqlserver"
)

// Kinds are the kinds of places that this dashboard knows, in the order in
// which people see them. A new kind is a line here.
func Kinds(folders *folder.Folders) kinds.All {
	var servers sqlserver.Servers
	return kinds.All{
		Accounts:  []endpoint.AccountSpec{aliyun.Account()},
		Buckets:   []kinds.Bucket{oss.Kind(), folder.Kind(folders)},
		Instances: []kinds.Instance{aliyun.Instance(), sqlserver.Instance(&servers)},
		Reader:    servers.Read,
	}
}

// Unpacked is the bucket of files taken out of archives. It is Bakplane's
// own and in no list.
const Unpacked = "unpacked"

// Ports opens the places of a store, and the folder of unpacked files among
// Bakplane's own data.
func Ports(endpoints endpoint.Store, data string) *kinds.Opener {
	var folders folder.Folders
	return &kinds.Opener{Endpoints: endpoints, Kinds: Kinds(&folders), Fixed: map[string]func() (objectstore.Bucket, error){
		Unpacked: func() (objectstore.Bucket, error) { return folders.Open(filepath.Join(data, "unpacked")) },
	}}
}

// Specs are the kinds as data.
func Specs() endpoint.Kinds { return Kinds(&folder.Folders{}).Specs() }
