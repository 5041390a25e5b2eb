package app

import (
	"github.com/bakplane/bakplane/internal/aliyun"
	"github.com/bakplane/bakplane/internal/aliyun/smc"
	"github.com/bakplane/bakplane/internal/awsaccount"
	"github.com/bakplane/bakplane/internal/awsrds"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/kinds"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
	"github.com/bakplane/bakplane/internal/objectstore/oss"
	"github.com/bakplane/bakplane/internal/objectstore/s3"
	"github.com/bakplane/bakplane/internal/sqlserver"
)

// Kinds are the kinds of places that this dashboard knows, in the order in
// which people see them. A new kind is a line here.
func Kinds(folders *folder.Folders) kinds.All {
	var servers sqlserver.Servers
	return kinds.All{
		Accounts: []endpoint.AccountSpec{aliyun.Account(smc.Fields()...), awsaccount.Account(awsaccount.Instances(), s3.Buckets())},
		Buckets:  []kinds.Bucket{oss.Kind(), s3.Kind(), folder.Kind(folders)},
		Instances: []kinds.Instance{aliyun.Instance(), sqlserver.Instance(&servers),
			awsrds.Instance(func(i endpoint.Instance) (awsrds.SQL, error) { return servers.Open(i) }, awsaccount.Holdings)},
		Centers: map[endpoint.AccountKind]kinds.Centers{aliyun.AccountKind: smc.Centers()},
		Reader:  servers.Read,
	}
}

// Specs are the kinds as data.
func Specs() endpoint.Kinds { return Kinds(&folder.Folders{}).Specs() }
