package awsrds

import (
	"regexp"
	"strings"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/kinds"
)

// InstanceKind is the kind as it is stored.
const InstanceKind endpoint.InstanceKind = "awsrds"

// bucketKind is that of the buckets it reads.
const bucketKind endpoint.BucketKind = "s3"

// certificate is how one comes there (guide, "Backing up and restoring TDE
// certificates on RDS for SQL Server" and "… for on-premises databases").
const certificate = "CREATE CERTIFICATE is not allowed at RDS. Make a data key (aws kms generate-data-key --key-spec AES_256), BACKUP CERTIFICATE … WITH PRIVATE KEY (… ENCRYPTION BY PASSWORD = its plain text) at the source, put both files into a bucket, the key's with the metadata x-amz-meta-rds-tde-pwd = its CiphertextBlob, and at the target, whose option group needs TRANSPARENT_DATA_ENCRYPTION too and which must not be Multi-AZ: EXEC msdb.dbo.rds_restore_tde_certificate @certificate_name = N'UserTDECertificate_…', @certificate_file_s3_arn = N'arn:aws:s3:::…/….cer', @private_key_file_s3_arn = N'arn:aws:s3:::…/….pvk', @kms_password_key_arn = N'arn:aws:kms:…'."

// Traits are those of Amazon RDS for SQL Server (guide, "Importing and exporting
// SQL Server databases": a file has at most 5 TB, a backup at most ten; no
// FILESTREAM; TDE with the user's own certificate).
func Traits() endpoint.Traits {
	return endpoint.Traits{
		Reads:      []endpoint.BucketKind{bucketKind},
		Task:       endpoint.TaskPerFile,
		Keys:       endpoint.KeyRule{Refuses: "*"}, // stands for a set of several
		MaxFile:    5 << 40,
		Bucket:     endpoint.BucketRule{Sealed: true},
		Increments: true, Stripes: true, Prefixed: true, StopAt: true, Certificate: certificate, OpensWritable: true,
		KeepsWithLast: true, Capture: "EXEC msdb.dbo.rds_cdc_enable_db",
		Readable: true, Restores: true, CopiesLogs: true, Holds: true,
		Source: true, Freezes: []endpoint.Freeze{endpoint.FreezeReadOnly, endpoint.FreezeStopped},
		Lacks: endpoint.Lacks{Logs: true, CopyOnly: true, Names: true, Stripes: true, Verify: true, Replace: true, Follow: true},
	}
}

var regionShape = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-[0-9]+$`)

// Instance is the kind of instances of Amazon RDS for SQL Server.
func Instance(dial Dial, holds Holds) kinds.Instance {
	var targets kinds.Kept[key, *Target]
	var servers kinds.Kept[key, *Server]
	return kinds.Instance{
		InstanceSpec: endpoint.InstanceSpec{Traits: Traits(), Word: "AWS RDS", Spec: form(), Where: where},
		Requests:     wording{},
		Open: func(i endpoint.Instance, a endpoint.Account) (kinds.Ports, error) {
			server, err := dial(i)
			if err != nil {
				return kinds.Ports{}, err
			}
			t, err := targets.Open(key{server: server, id: where(i), region: i.Region}, func(k key) (*Target, error) {
				return &Target{server: k.server, id: k.id, region: k.region, checks: &checks{}}, nil
			})
			if err != nil {
				return kinds.Ports{}, err
			}
			s, err := servers.Open(key{server: server, encrypts: i.More[encryptField] != "", logKey: i.More[logKeyField]}, func(k key) (*Server, error) {
				return &Server{SQL: k.server, encrypts: k.encrypts, logKey: k.logKey}, nil
			})
			if err != nil {
				return kinds.Ports{}, err
			}
			return kinds.Ports{Target: t, Server: held(s, i, a, holds), Restorer: s}, nil
		},
	}
}

// key is what a Target is kept by: it remembers checks of databases.
type key struct {
	server     SQL
	id, region string
	encrypts   bool
	logKey     string
}

// encryptField is the field of an instance's More that has backups encrypted as
// their bucket says.
const encryptField = "bucket_encryption"

// logKeyField is the field of an instance's More with the KMS key of log copies.
const logKeyField = "log_key"

// keyShape is the ARN of a KMS key.
var keyShape = regexp.MustCompile(`^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/[A-Za-z0-9/_-]+$`)

var identifierShape = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,62}$`)

// identifier is what the service calls an instance: as it was given, or the
// first part of its endpoint.
func identifier(i endpoint.Instance) string {
	if i.InstanceID != "" {
		return i.InstanceID
	}
	name, _, _ := strings.Cut(i.Host, ".")
	return name
}

// where is how people know an instance.
func where(i endpoint.Instance) string { return i.Host + " · " + i.Region }

func form() endpoint.Spec[endpoint.Instance] {
	text := func(f endpoint.Field[endpoint.Instance], of func(*endpoint.Instance) *string) endpoint.Field[endpoint.Instance] {
		return endpoint.Text(f, of)
	}
	fields := []endpoint.Field[endpoint.Instance]{
		text(endpoint.Field[endpoint.Instance]{Name: "host", Label: "Endpoint", Mono: true, Placeholder: "shop.abc123xyz.eu-central-1.rds.amazonaws.com", Hint: "As the console shows it under Connectivity & security."},
			func(i *endpoint.Instance) *string { return &i.Host }),
		endpoint.PortField("Empty: 1433."),
		text(endpoint.Field[endpoint.Instance]{Name: "name", Label: "Name", Optional: true, Hint: "What your colleagues call it."}, func(i *endpoint.Instance) *string { return &i.Name }),
		text(endpoint.Field[endpoint.Instance]{Name: "region", Label: "Region", Mono: true, Placeholder: "eu-central-1", Hint: "Buckets must lie in the same one."}, func(i *endpoint.Instance) *string { return &i.Region }),
		text(endpoint.Field[endpoint.Instance]{Name: "login", Label: "Login", Mono: true, Placeholder: "admin", Hint: "The master user, or a login that was granted EXECUTE on the procedures of backup and restore. What it lacks is named before anything begins, with the GRANT."},
			func(i *endpoint.Instance) *string { return &i.Login }),
		endpoint.PasswordField("Password", false),
		text(endpoint.Field[endpoint.Instance]{Name: "folder_id", Label: "Bucket for backups", Type: endpoint.Services, Optional: true, Placeholder: "None: nothing is backed up from here",
			Heading: "Backups of its databases", Under: "Full and differential backups go into a bucket in S3 in the same region, by hand or by a policy. Log backups the service takes by itself.", Hint: "Added under Settings, S3 buckets."},
			func(i *endpoint.Instance) *string { return &i.FolderID }),
		{Name: encryptField, Label: "They are encrypted", Type: endpoint.Choices, Optional: true, Options: []endpoint.Option{
			{Value: "", Label: "with S3's own keys", Hint: "SSE-S3 (AES-256)."},
			{Value: "1", Label: "as the bucket says by default", Hint: "The way to SSE-KMS."}},
			Get: func(i endpoint.Instance) string { return i.More[encryptField] },
			Set: func(i *endpoint.Instance, s string) error {
				i.More = endpoint.WithMore(i.More, encryptField, s)
				return nil
			}},
		{Name: logKeyField, Label: "KMS key of log copies", Optional: true, Mono: true, Placeholder: "arn:aws:kms:eu-central-1:111122223333:key/…",
			Hint: "Where the instance's storage is encrypted the service copies log backups under a customer key alone, and only RDS reads such copies. Leave it empty where it is not.",
			Get:  func(i endpoint.Instance) string { return i.More[logKeyField] },
			Set: func(i *endpoint.Instance, s string) error {
				if s = strings.TrimSpace(s); s != "" && !keyShape.MatchString(s) {
					return fault.Newf(fault.Invalid, "%q is not the ARN of a KMS key.", s).WithFix("Write it as the console shows it: arn:aws:kms:region:account:key/id.")
				}
				i.More = endpoint.WithMore(i.More, logKeyField, s)
				return nil
			}},
		text(endpoint.Field[endpoint.Instance]{Name: "account_id", Label: "AWS account", Type: endpoint.Accounts, Optional: true, Placeholder: "None: what the service holds is not looked at",
			Heading: "What the service holds by itself", Under: "Its automated backups and snapshots hold the whole instance, and count as protection of databases that have no backup of their own.",
			Hint: "It must be allowed rds:DescribeDBInstances, rds:DescribeDBInstanceAutomatedBackups and rds:DescribeDBSnapshots."},
			func(i *endpoint.Instance) *string { return &i.AccountID }),
		text(endpoint.Field[endpoint.Instance]{Name: "instance_id", Label: "DB identifier", Optional: true, Mono: true, Hint: "As the console shows it. Empty: the first part of the endpoint."},
			func(i *endpoint.Instance) *string { return &i.InstanceID }),
	}
	return endpoint.Spec[endpoint.Instance]{
		Key: string(InstanceKind), Page: "aws", Thing: "AWS RDS instance",
		Intro: "An Amazon RDS for SQL Server instance. Its address and a SQL login are all that is needed: backups and restores are ordered by its own procedures, and files go through a bucket in S3. The instance's option group must have SQLSERVER_BACKUP_RESTORE, with a role that reaches the bucket.",
		Named: func(i endpoint.Instance) string { return i.Host },
		List: endpoint.List[endpoint.Instance]{Title: "AWS RDS instances", Note: "reached by their procedures", Add: "Add an AWS RDS instance",
			None: "No AWS RDS instance yet.", Begin: "Add the Amazon RDS for SQL Server instances that databases are migrated to.",
			Columns: []endpoint.Column[endpoint.Instance]{
				{Title: "Endpoint", Get: func(i endpoint.Instance) string { return i.Host }},
				{Title: "Region", Get: func(i endpoint.Instance) string { return i.Region }},
				{Title: "Login", Get: func(i endpoint.Instance) string { return i.Login }}}},
		Fields: append(fields, endpoint.ProtectionFields(endpoint.SQLHints{
			Full:      "TLS after the greeting. Every instance offers it.",
			None:      "Only the password is encrypted; everything else can be read and changed on the way.",
			Trust:     "Whoever stands between can pretend to be the instance and learn the password.",
			Authority: "PEM. The bundle of the region's certificate authorities, as the guide offers it for download."})...),
		Check: func(i endpoint.Instance) error {
			if !regionShape.MatchString(i.Region) {
				return fault.Newf(fault.Invalid, "%q is not a region.", i.Region).WithFix("Write it as AWS does, such as eu-central-1.")
			}
			if i.InstanceID != "" && !identifierShape.MatchString(i.InstanceID) {
				return fault.Newf(fault.Invalid, "%q is not a DB identifier.", i.InstanceID).WithFix("Write it as the console shows it, such as shop-prod.")
			}
			return i.CheckSQL("Give the master user or a login that may execute the procedures of backup and restore.")
		},
	}
}
