package preflight

import (
	"time"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Traits as two kinds of targets have them: a server that carries out RESTORE
// itself, and a service that counts calls and reads a bucket.
var (
	serverTraits  = endpoint.Traits{Keys: endpoint.KeyRule{Refuses: `\:`}, Increments: true, Stripes: true, Certificate: "Bring the certificate.", Filestream: true, OpensWritable: true, Source: true, Restores: true}
	serviceTraits = endpoint.Traits{Reads: []endpoint.BucketKind{"oss"}, Calls: endpoint.Calls{Database: 20, Instance: 500}, MaxFile: 3 << 40, Increments: true, Bucket: endpoint.BucketRule{Location: "oss-", Class: "Standard"},
		Keys: endpoint.KeyRule{Refuses: `!@#$%^&*()+=|\:;"'<>?,`, Plain: true, Extensions: []string{".bak", ".diff", ".trn", ".log"}}}
)

func lsn(block uint32) bakfile.LSN { return bakfile.LSN{VLF: 39, Block: block, Slot: 1} }

func file(ord int, kind string, state migration.FileState, first, last uint32) migration.File {
	return migration.File{Ord: ord, Kind: kind, State: state, Key: "orders" + kind + ".bak", SetGUID: bakfile.GUID{byte(ord)}, FirstLSN: lsn(first), LastLSN: lsn(last)}
}
