package aliyun

import (
	"regexp"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/kinds"
	"github.com/bakplane/bakplane/internal/secret"
)

// Kinds as they are stored.
const (
	AccountKind  endpoint.AccountKind  = "alibaba"
	InstanceKind endpoint.InstanceKind = "apsaradb"
	// BucketKind is of the buckets that instances read.
	BucketKind endpoint.BucketKind = "oss"
)

// Traits are those of ApsaraDB RDS for SQL Server (help topics on incremental
// migration, instance-level migration, and CreateMigrateTask: one file for each
// call, at most 3 TB, 20 calls a day for one database, 500 for one instance;
// names of files without special characters, ending in one of four extensions).
func Traits() endpoint.Traits {
	return endpoint.Traits{
		Reads:      []endpoint.BucketKind{BucketKind},
		Calls:      endpoint.Calls{Database: 20, Instance: 500},
		Task:       endpoint.OneTask,
		Keys:       endpoint.KeyRule{Refuses: `!@#$%^&*()+=|\:;"'<>?,`, Plain: true, Extensions: []string{".bak", ".diff", ".trn", ".log"}},
		MaxFile:    3 << 40,
		Bucket:     endpoint.BucketRule{Location: "oss-", Class: "Standard"},
		Increments: true, BacksUpItself: true,
	}
}

var (
	regionShape   = regexp.MustCompile(`^[a-z]{2}-[a-z]+(-[a-z0-9]+)*$`)
	instanceShape = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]{2,63}$`)
	keyShape      = regexp.MustCompile(`^[!-~]{3,128}$`)
)

// CheckRegion refuses what is not the id of a region.
func CheckRegion(region string) error {
	if !regionShape.MatchString(region) {
		return fault.Newf(fault.Invalid, "%q is not a region id.", region).WithFix("Write it as the cloud does, such as cn-hangzhou or ap-southeast-1.")
	}
	return nil
}

// Account is the kind of accounts of Alibaba Cloud. What its form asks for other
// services is given where the house is put together.
func Account(more ...endpoint.Field[endpoint.Account]) endpoint.AccountSpec {
	return endpoint.AccountSpec{Spec: endpoint.Spec[endpoint.Account]{
		Key: string(AccountKind), Page: "accounts", Thing: "cloud account",
		Intro: "The access key of a RAM user that may use RDS and OSS. The secret is sealed with the key file of this dashboard and never shown again.",
		Named: func(a endpoint.Account) string { return a.AccessKeyID },
		List: endpoint.List[endpoint.Account]{Title: "Cloud accounts", Note: "access keys, sealed at rest", Add: "Add an account",
			None: "No account yet.", Begin: "Begin here: the access key of a RAM user with AliyunRDSFullAccess and AliyunOSSFullAccess.",
			Columns: []endpoint.Column[endpoint.Account]{
				{Title: "Access key id", Get: func(a endpoint.Account) string { return a.AccessKeyID }},
				{Title: "Region", Get: func(a endpoint.Account) string { return a.Region }},
				{Title: "RDS API", Get: func(a endpoint.Account) string {
					if a.Address == "" {
						return "the region's own"
					}
					return a.Address
				}}}},
		Fields: append([]endpoint.Field[endpoint.Account]{
			endpoint.Text(endpoint.Field[endpoint.Account]{Name: "name", Label: "Name", Hint: "What your colleagues call it."}, func(a *endpoint.Account) *string { return &a.Name }),
			endpoint.Text(endpoint.Field[endpoint.Account]{Name: "access_key_id", Label: "Access key id", Mono: true}, func(a *endpoint.Account) *string { return &a.AccessKeyID }),
			{Name: "secret", Label: "Access key secret", Type: endpoint.Password,
				Set: func(a *endpoint.Account, s string) error { a.Secret = secret.NewText(s); return nil }},
			endpoint.Text(endpoint.Field[endpoint.Account]{Name: "region", Label: "Region", Mono: true, Placeholder: "cn-hangzhou"}, func(a *endpoint.Account) *string { return &a.Region }),
			endpoint.Text(endpoint.Field[endpoint.Account]{Name: "rds_address", Label: "Address of the RDS API", Mono: true, Optional: true, Placeholder: "rds.aliyuncs.com", Hint: "Empty: the region's own."},
				func(a *endpoint.Account) *string { return &a.Address }),
			endpoint.Text(endpoint.Field[endpoint.Account]{Name: "owner_id", Label: "Number of the cloud account", Mono: true, Optional: true, Hint: "When it is given, preflight compares it with the owner of bucket and instance."},
				func(a *endpoint.Account) *string { return &a.OwnerID }),
		}, more...),
		Check: func(a endpoint.Account) error {
			if !keyShape.MatchString(a.AccessKeyID) {
				return fault.New(fault.Invalid, "The access key id is empty or holds spaces.", "Copy it from the cloud's console, RAM, AccessKey.")
			}
			if err := CheckRegion(a.Region); err != nil {
				return err
			}
			return endpoint.CheckAddress(a.Address)
		},
	}}
}

// Instance is the kind of instances of ApsaraDB RDS for SQL Server.
func Instance() kinds.Instance {
	var clients kinds.Kept[Config, *Client]
	return kinds.Instance{
		InstanceSpec: endpoint.InstanceSpec{Traits: Traits(), Word: "ApsaraDB RDS", Spec: instanceForm(),
			Where: func(i endpoint.Instance) string { return i.InstanceID + " · " + i.Region }},
		Requests: wording{},
		Open: func(i endpoint.Instance, a endpoint.Account) (kinds.Ports, error) {
			client, err := clients.Open(Config{Endpoint: a.Address, Region: i.Region, AccessKeyID: a.AccessKeyID, Secret: a.Secret.Reveal()}, NewClient)
			if err != nil {
				return kinds.Ports{}, err
			}
			cloud := client.Cloud(i.InstanceID)
			return kinds.Ports{Target: client.Target(i.InstanceID), Backups: cloud, Policy: cloud}, nil
		},
	}
}

var _ backup.Cloud = (*Cloud)(nil)

func instanceForm() endpoint.Spec[endpoint.Instance] {
	fields := []endpoint.Field[endpoint.Instance]{
		endpoint.Text(endpoint.Field[endpoint.Instance]{Name: "instance_id", Label: "Instance id", Mono: true, Placeholder: "rm-bp1x…", Hint: "As the console's list of instances shows it."},
			func(i *endpoint.Instance) *string { return &i.InstanceID }),
		endpoint.Text(endpoint.Field[endpoint.Instance]{Name: "name", Label: "Name", Optional: true, Hint: "What your colleagues call it."}, func(i *endpoint.Instance) *string { return &i.Name }),
		endpoint.Text(endpoint.Field[endpoint.Instance]{Name: "region", Label: "Region", Mono: true, Placeholder: "cn-hangzhou"}, func(i *endpoint.Instance) *string { return &i.Region }),
		endpoint.Text(endpoint.Field[endpoint.Instance]{Name: "account_id", Label: "Cloud account", Type: endpoint.Accounts}, func(i *endpoint.Instance) *string { return &i.AccountID }),
		endpoint.Text(endpoint.Field[endpoint.Instance]{Name: "host", Label: "Host for reading", Mono: true, Optional: true, Placeholder: "rm-bp1x….sqlserver.rds.aliyuncs.com",
			Heading: "Reading contents", Under: "With host and login given, contents are read over SQL and compared with the source's after a cutover. Left empty, nothing is compared; everything else works without it."},
			func(i *endpoint.Instance) *string { return &i.Host }),
		endpoint.PortField("The console's page Database Connection shows it."),
		endpoint.Text(endpoint.Field[endpoint.Instance]{Name: "login", Label: "Login for reading", Mono: true, Optional: true, Hint: "A SQL login that may read the migrated databases (db_datareader). It changes nothing."},
			func(i *endpoint.Instance) *string { return &i.Login }),
		endpoint.PasswordField("Its password", true),
	}
	return endpoint.Spec[endpoint.Instance]{
		Key: string(InstanceKind), Page: "instances", Thing: "instance",
		Intro: "An ApsaraDB RDS for SQL Server instance that databases are migrated to.",
		Named: func(i endpoint.Instance) string { return i.InstanceID },
		List: endpoint.List[endpoint.Instance]{Title: "Instances", Note: "where databases go", Add: "Add an instance",
			None: "No instance yet.", Begin: "Add the ApsaraDB RDS for SQL Server instances that databases are migrated to.",
			Columns: []endpoint.Column[endpoint.Instance]{
				{Title: "Instance", Get: func(i endpoint.Instance) string { return i.InstanceID }},
				{Title: "Region", Get: func(i endpoint.Instance) string { return i.Region }},
				{Title: "Account", Get: func(i endpoint.Instance) string { return i.AccountID }, Of: endpoint.Accounts}}},
		Fields: append(fields, endpoint.ProtectionFields(endpoint.SQLHints{
			Full:      "TLS after the greeting. Switch on SSL for the instance.",
			None:      "Only the password is encrypted; rows do not travel, their sums can be read on the way.",
			Trust:     "Whoever stands between can pretend to be the instance and learn the password.",
			Authority: "PEM; the console offers it for download where SSL is switched on."})...),
		Check: checkInstance,
	}
}

func checkInstance(i endpoint.Instance) error {
	switch {
	case i.AccountID == "":
		return fault.New(fault.Invalid, "The instance has no account.", "Choose the cloud account it belongs to.")
	case !instanceShape.MatchString(i.InstanceID):
		return fault.Newf(fault.Invalid, "%q is not an instance id.", i.InstanceID).WithFix("Copy it from the console's list of instances; it looks like rm-bp1x….")
	}
	if err := CheckRegion(i.Region); err != nil {
		return err
	}
	if i.Host == "" && i.Login == "" {
		return nil
	}
	return i.CheckSQL("Give a SQL login of the instance that may read its databases.")
}
