package migration

import "github.com/bakplane/bakplane/internal/endpoint"

// Traits as two kinds of targets have them: a server that carries out RESTORE
// itself, and a service that counts calls and reads a bucket.
var (
	serverTraits = endpoint.Traits{Task: endpoint.OneTask, Keys: endpoint.KeyRule{Refuses: `\:`}, Increments: true, Stripes: true, StopAt: true, Certificate: "Bring the certificate.", Filestream: true,
		OpensWritable: true, Source: true, Readable: true, Restores: true}
	serviceTraits = endpoint.Traits{Reads: []endpoint.BucketKind{"oss"}, Calls: endpoint.Calls{Database: 20, Instance: 500}, Task: endpoint.OneTask, MaxFile: 3 << 40, Increments: true, BacksUpItself: true,
		Keys: endpoint.KeyRule{Refuses: `!@#$%^&*()+=|\:;"'<>?,`, Plain: true, Extensions: []string{".bak", ".diff", ".trn", ".log"}}}
)

// traitsOf are those of a server, or of a service.
func traitsOf(server bool) endpoint.Traits {
	if server {
		return serverTraits
	}
	return serviceTraits
}

// budget is b with the bounds of the target.
func budget(b Budget, m Migration) Budget {
	b.Most = m.Traits.Calls
	return b
}
