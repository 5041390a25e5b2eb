package fences

import "slices"

// Floors, from below. The words are explained in docs/architecture.md.
var (
	cellar = []string{"internal/fault", "internal/audit", "internal/secret", "internal/bakfile", "internal/bakfile/layout", "internal/bakfile/verify", "internal/bakfile/xpress", "internal/tsql", "internal/words", "internal/explain", "internal/sqlerror"}
	ground = []string{"internal/endpoint", "internal/run", "internal/backup", "internal/backup/identity", "internal/backup/logcopy", "internal/policy", "internal/policy/clouds", "internal/migration", "internal/migration/drafting", "internal/migration/progress", "internal/migration/preflight", "internal/migration/wave", "internal/migration/compare", "internal/migration/unpack", "internal/migration/remedy", "internal/backupjob", "internal/scan", "internal/objectstore", "internal/objectstore/arn", "internal/kinds", "internal/person", "internal/sourcescript", "internal/servermigration"}
	words  = []string{"internal/run", "internal/endpoint", "internal/objectstore", "internal/objectstore/arn"}
	rooms  = []string{"web/static", "internal/db/sqlite", "internal/db/sqlite/packed", "internal/db/sqlite/schema", "internal/db/sqlite/leftover", "internal/db/sqlite/sweep", "internal/db/sqlite/servers", "internal/db/sqlite/tasklog", "internal/db/sqlite/sessions", "internal/aliyun", "internal/aliyun/smc", "internal/sqlserver", "internal/scheduler", "internal/objectstore/folder", "internal/objectstore/oss", "internal/objectstore/s3", "internal/awsaccount", "internal/awsrds", "internal/ownbackup", "internal/server", "internal/server/site"}

	// What reaches out of the process, or keeps something: not for the floors
	// that hold words and rules.
	effects = []string{"net/http/...", "net/rpc/...", "database/sql/...", "os/exec"}
	// Libraries that compute and touch nothing.
	pure = []string{"golang.org/x/time/rate", "golang.org/x/sync/errgroup", "github.com/cenkalti/backoff/v5", "github.com/dustin/go-humanize", "github.com/minio/crc64nvme"}
)

// House returns the fences of this repository.
func House() []Fence {
	below := slices.Concat(cellar, ground)
	return append(site(below), []Fence{
		{
			Name: "the cellar stands on Go's own library alone", Packages: cellar, House: cellar, Never: effects,
			Why: "everything else stands on it, so nothing in it may change under us",
		},
		{
			Name: "runs, endpoints and buckets are words that stand by themselves", Packages: words, House: slices.Concat(cellar, words), Outside: pure, Never: effects,
			Why: "backups, policies and migrations are told in these words, not the other way round",
		},
		{
			Name: "people are words and rules, with libraries for password hashes and guesses", Packages: []string{"internal/person"},
			House: below, Outside: []string{"golang.org/x/crypto/argon2", "github.com/trustelem/zxcvbn"}, Never: effects,
			Why: "a password is hashed and judged where the rule about it stands; SQL, HTTP and SDKs are upstairs",
		},
		{
			Name: "policies are words and rules, with one library that reads cron lines", Packages: []string{"internal/policy"},
			House: slices.Concat(cellar, words, []string{"internal/backup"}), Outside: slices.Concat(pure, []string{"github.com/robfig/cron/v3"}), Never: effects,
			Why: "when a slot is due is computed where the rule about it stands, and what a service does by itself is built on it",
		},
		{
			Name: "a migration knows none of what is built on it", Packages: []string{"internal/migration"},
			House: slices.Concat(cellar, words, []string{"internal/backup"}), Outside: pure, Never: effects,
			Why: "preflight, waves and comparisons need its words, not the other way round; where its worker needs one of them it says so in an interface",
		},
		{
			Name: "the ground floor knows no SDK, no SQL and no HTTP", Packages: ground, House: below, Outside: pure, Never: effects,
			Why: "what to do is decided here and must be testable without the world; say what is needed as a port, do it upstairs",
		},
		{
			Name: "the store imports the floors below and its database", Packages: []string{"internal/db/sqlite/..."}, House: slices.Concat(below, []string{"internal/db/sqlite/packed", "internal/db/sqlite/schema", "internal/db/sqlite/leftover", "internal/db/sqlite/sweep", "internal/db/sqlite/servers", "internal/db/sqlite/tasklog", "internal/db/sqlite/sessions"}),
			Outside: []string{"modernc.org/sqlite/...", "github.com/pressly/goose/v3", "github.com/gofrs/flock"}, Never: []string{"net/http/..."},
			Why: "rooms upstairs have no doors between them, so that another store can take its place",
		},
		{
			Name: "calls to Alibaba Cloud are signed and read in one place", Packages: []string{"internal/aliyun/signedcall"}, House: cellar,
			Outside: slices.Concat(pure, []string{"github.com/alibabacloud-go/darabonba-openapi/v2/...", "github.com/alibabacloud-go/tea/..."}), Never: []string{"database/sql/..."},
			Why: "the rooms of several services hear the same gateway and must tell its refusals alike",
		},
		{
			Name: "the Alibaba Cloud room imports the floors below, who signs, and its SDK", Packages: []string{"internal/aliyun"}, House: slices.Concat(below, []string{"internal/aliyun/signedcall"}),
			Outside: slices.Concat(pure, []string{"github.com/alibabacloud-go/rds-20140815/v13/client", "github.com/alibabacloud-go/tea/..."}), Never: []string{"database/sql/..."},
			Why: "rooms upstairs have no doors between them: a cloud is reached through a port of the ground floor",
		},
		{
			Name: "the room of Server Migration Center imports the floors below and who signs", Packages: []string{"internal/aliyun/smc"}, House: slices.Concat(below, []string{"internal/aliyun/signedcall"}),
			Outside: slices.Concat(pure, []string{"github.com/alibabacloud-go/tea/..."}), Never: []string{"database/sql/..."},
			Why: "rooms upstairs have no doors between them: a cloud is reached through a port of the ground floor",
		},
		{
			Name: "the SQL Server room imports the floors below and its driver", Packages: []string{"internal/sqlserver"}, House: below,
			Outside: slices.Concat(pure, []string{"github.com/microsoft/go-mssqldb/...", "github.com/golang-sql/sqlexp"}), Never: []string{"net/http/..."},
			Why: "rooms upstairs have no doors between them: a server is reached through a port of the ground floor",
		},
		{
			Name: "a folder as bucket imports the floors below", Packages: []string{"internal/objectstore/folder"}, House: below, Outside: pure, Never: effects,
			Why: "rooms upstairs have no doors between them: adapters of one contract do not lean on each other",
		},
		{
			Name: "the OSS room imports the floors below and its SDK", Packages: []string{"internal/objectstore/oss"}, House: below,
			Outside: slices.Concat(pure, []string{"github.com/aliyun/aliyun-oss-go-sdk/oss"}), Never: []string{"database/sql/..."},
			Why: "rooms upstairs have no doors between them: adapters of one contract do not lean on each other",
		},
		{
			Name: "the S3 room imports the floors below, who signs, and its SDK", Packages: []string{"internal/objectstore/s3"}, House: slices.Concat(below, []string{"internal/awsaccount/signer"}),
			Outside: slices.Concat(pure, []string{"github.com/aws/aws-sdk-go-v2/aws/...", "github.com/aws/aws-sdk-go-v2/service/s3/...", "github.com/aws/smithy-go/..."}), Never: []string{"database/sql/..."},
			Why: "rooms upstairs have no doors between them: adapters of one contract do not lean on each other",
		},
		{
			Name: "the Amazon RDS room imports the floors below", Packages: []string{"internal/awsrds"}, House: below,
			Outside: pure, Never: []string{"database/sql/...", "net/http/..."},
			Why: "rooms upstairs have no doors between them: it is given a way to speak SQL where the house is put together",
		},
		{
			Name: "who signs for AWS is found out in one place", Packages: []string{"internal/awsaccount/signer"}, House: []string{"internal/fault"},
			Outside: []string{"github.com/aws/aws-sdk-go-v2/aws/...", "github.com/aws/aws-sdk-go-v2/config", "github.com/aws/aws-sdk-go-v2/credentials"}, Never: []string{"database/sql/...", "os/exec"},
			Why: "the rooms of several services sign with the same keys and must refuse in the same words",
		},
		{
			Name: "the room of AWS accounts imports the floors below, who signs, and its SDK", Packages: []string{"internal/awsaccount"}, House: slices.Concat(below, []string{"internal/awsaccount/signer"}),
			Outside: slices.Concat(pure, []string{"github.com/aws/aws-sdk-go-v2/aws/...", "github.com/aws/aws-sdk-go-v2/service/rds/...", "github.com/aws/smithy-go/..."}), Never: []string{"database/sql/..."},
			Why: "rooms upstairs have no doors between them: what an account tells is reached through a port of the ground floor",
		},
		{
			Name: "copies of the data folder are taken with the floors below and a library that seals", Packages: []string{"internal/ownbackup"}, House: below,
			Outside: slices.Concat(pure, []string{"filippo.io/age"}), Never: effects,
			Why: "the store and the bucket reach it as ports, so that it copies any of them",
		},
		{
			Name: "the scheduler imports the floors below and its clockwork", Packages: []string{"internal/scheduler"}, House: below,
			Outside: slices.Concat(pure, []string{"github.com/robfig/cron/v3"}), Never: effects,
			Why: "rooms upstairs have no doors between them: it turns due slots into queued runs through the store's port",
		},
		{
			Name: "static files import no other package of the house", Packages: []string{"web/static"}, Never: []string{"database/sql/...", "os/exec"},
			Why: "they are bytes with addresses",
		},
		{
			Name:     "the garden borrows only the reader of backup files",
			Packages: []string{"internal/emulator/..."}, House: []string{"internal/bakfile", "internal/emulator/..."},
			Outside: []string{"github.com/aliyun/aliyun-oss-go-sdk/oss"}, Never: []string{"database/sql/...", "os/exec"},
			Why: "an emulator that shared code with the product would share its errors; they meet on the wire",
		},
		{
			Name: "suites and samples for tests lean on the floors below", Packages: []string{"internal/bakfile/bakfiletest", "internal/bakfile/verify/verifytest", "internal/objectstore/objectstoretest", "internal/db/storetest"},
			House: below, Outside: pure, Never: []string{"database/sql/..."},
			Why: "tests of every room use them",
		},
		{
			Name: "the fences look at the house from outside", Packages: []string{"internal/fences"},
			Why: "they judge everybody and need nobody",
		},
		{
			Name: "the roof puts the parts together", Packages: []string{"internal/app"}, Outside: []string{"/..."},
			House: slices.Concat(below, rooms),
			Why:   "it may know every room; the garden is visited by address alone",
		},
		{
			Name: "the demo furnishes what the roof put together", Packages: []string{"internal/demo"},
			House: slices.Concat(below, rooms, []string{"internal/app", "internal/emulator/..."}), Never: []string{"database/sql/...", "os/exec"},
			Why: "what it adds goes through the use cases, as a person's orders do",
		},
		{
			Name:     "commands serve what the roof put together",
			Packages: []string{"cmd/..."}, Outside: []string{"/..."},
			House: slices.Concat(below, rooms, []string{"internal/app", "internal/demo", "internal/emulator/..."}),
			Why:   "they may know everybody except the helpers of tests",
		},
	}...)
}
