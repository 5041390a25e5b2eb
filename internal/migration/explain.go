package migration

import "strings"

// Explanation is what a text of the target means for a DBA.
type Explanation struct {
	Code    string
	Cause   string
	Fix     string
	Actions []Button
	Opened  bool // the database is open or restored all the same: a warning, not a failure
}

// Explain finds the explanation of a text from a task's or file's description
// or an API message. The table follows "Common errors" of the incremental
// migration topic, the full-backup topic and CreateMigrateTask's error codes
// in the ApsaraDB RDS for SQL Server documentation. Unknown texts get an
// honest answer with code "unknown".
func Explain(said string) Explanation {
	low := strings.ToLower(said)
	for _, row := range explanations {
		if row.matches(low) {
			return row.is
		}
	}
	return Explanation{
		Code:    "unknown",
		Cause:   "The target gave a reason that is not in its published list of errors.",
		Fix:     "Read its own words above. If they name something you can mend, mend it and retry from here.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}
}

// explanationRow matches when one of the alternatives has all its fragments,
// in lower case, somewhere in the text.
type explanationRow struct {
	any [][]string
	is  Explanation
}

func (r explanationRow) matches(low string) bool {
	for _, all := range r.any {
		hit := true
		for _, fragment := range all {
			hit = hit && strings.Contains(low, fragment)
		}
		if hit {
			return true
		}
	}
	return false
}

// explanations is in order: the first match counts, so the narrower texts
// stand before the wider ones that they contain.
var explanations = []explanationRow{
	{[][]string{{"asynchronously dbcc checkdb failed"}}, Explanation{
		Code: "check-after", Opened: true,
		Cause: "The database is open, and DBCC CHECKDB found consistency errors in it afterwards. They came with the backup: the source has them too.",
		Fix:   "Repair on the target with DBCC CHECKDB (…, REPAIR_ALLOW_DATA_LOSS), which may lose rows, or repair the source, back it up again and migrate again.",
	}},
	{[][]string{{"dbcc checkdb failed"}}, Explanation{
		Code:    "check",
		Cause:   "DBCC CHECKDB found consistency errors before the database was opened. They came with the backup: the source has them too.",
		Fix:     "Run DBCC CHECKDB on the source, repair it (REPAIR_ALLOW_DATA_LOSS may lose rows), take a new full backup and migrate again. Or open with the asynchronous check and repair on the target.",
		Actions: []Button{ButtonTerminate, ButtonOpen},
	}},
	{[][]string{{"init account"}}, Explanation{
		Code: "no-account", Opened: true,
		Cause:   "The database was restored, but the instance has no privileged account yet, so nobody can reach it.",
		Fix:     "Create a privileged account for the instance in the RDS console and grant it rights on this database.",
		Actions: []Button{ButtonRetry},
	}},
	{[][]string{{"already exist"}, {"invaliddbname.notfound"}, {"duplicate database"}}, Explanation{
		Code:    "name-exists",
		Cause:   "The target already has a database of this name, or left-over files of one.",
		Fix:     "Back up and drop the database on the target, or terminate this migration and start one under another name.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[][]string{{"database full backup", "only accept"}}, Explanation{
		Code:    "full-again",
		Cause:   "A full backup was given where the target expects a differential or log backup.",
		Fix:     "Add the differential or log backup that follows; the full is already applied.",
		Actions: []Button{ButtonAddFiles, ButtonTerminate},
	}},
	{[][]string{{"differential backup", "only accept a full"}, {"database differential", "only accept"}}, Explanation{
		Code:    "diff-first",
		Cause:   "A differential backup was given where the target expects the full backup.",
		Fix:     "Terminate and start again with the full backup the differential is based on.",
		Actions: []Button{ButtonTerminate},
	}},
	{[][]string{{"transaction log backup", "only accept a full"}}, Explanation{
		Code:    "log-first",
		Cause:   "A log backup was given where the target expects the full backup.",
		Fix:     "Terminate and start again with a full backup.",
		Actions: []Button{ButtonTerminate},
	}},
	{[][]string{{"too recent to apply"}, {"4305"}}, Explanation{
		Code:    "gap",
		Cause:   "A log backup between the last one applied and this one is missing.",
		Fix:     "Add the missing log backup. Files are applied in LSN order; everything applied so far stays.",
		Actions: []Button{ButtonAddFiles, ButtonRetry, ButtonTerminate},
	}},
	{[][]string{{"too early to apply"}, {"4326"}}, Explanation{
		Code:    "covered",
		Cause:   "Everything in this log backup is already applied.",
		Fix:     "Go on with the next log backup.",
		Actions: []Button{ButtonAddFiles, ButtonOpen, ButtonTerminate},
	}},
	{[][]string{{"restore log is terminating"}}, Explanation{
		Code:    "gap",
		Cause:   "The log backup does not join what is applied already.",
		Fix:     "Add the log backup whose first LSN is not after the last one applied.",
		Actions: []Button{ButtonAddFiles, ButtonRetry, ButtonTerminate},
	}},
	{[][]string{{"cannot apply", "differential"}, {"3136"}, {"does not have a matching", "base"}, {"not restored to the correct earlier state"}}, Explanation{
		Code:    "wrong-base",
		Cause:   "The differential backup belongs to another full backup than the one applied.",
		Fix:     "Add a differential of the applied full backup, or log backups from there on.",
		Actions: []Button{ButtonAddFiles, ButtonTerminate},
	}},
	{[][]string{{"recovery path"}, {"recovery fork"}, {"4330"}}, Explanation{
		Code:    "fork",
		Cause:   "The backup belongs to another recovery fork: the source was restored in between.",
		Fix:     "Add the backups of the fork that the applied full belongs to, or start again with a full backup of the new fork.",
		Actions: []Button{ButtonAddFiles, ButtonTerminate},
	}},
	{[][]string{{"media family"}, {"media set has"}, {"3132"}}, Explanation{
		Code:    "stripe",
		Cause:   "The backup is striped over several files; the target takes one file.",
		Fix:     "Take the backup again to a single file.",
		Actions: []Button{ButtonTerminate},
	}},
	{[][]string{{"failed to verify"}, {"newer edition"}, {"corrupted"}}, Explanation{
		Code:    "unreadable",
		Cause:   "The target could not read the backup: the file is damaged, or it comes from a newer version of SQL Server than the instance.",
		Fix:     "Compare the versions. If they fit, run RESTORE VERIFYONLY on the source's copy and take the backup again.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[][]string{{"bakfilesizeexceeded"}}, Explanation{
		Code:    "too-large",
		Cause:   "The backup file is larger than 3 TB, the most the target takes.",
		Fix:     "Take the backup again with compression.",
		Actions: []Button{ButtonTerminate},
	}},
	{[][]string{{"not enough disk space"}, {"filesizeexceeded"}}, Explanation{
		Code:    "space",
		Cause:   "The instance has too little free storage for the database files or the backup file.",
		Fix:     "Enlarge the instance's storage in the RDS console, then retry from here.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[][]string{{"failed to open database"}}, Explanation{
		Code:    "edition",
		Cause:   "The database uses features that the instance's edition does not have, such as compression or partitioning on Web Edition.",
		Fix:     "Remove the features at the source, back up and migrate again, or take an instance of the source's edition.",
		Actions: []Button{ButtonTerminate, ButtonRetry},
	}},
	{[][]string{{"count limitation"}, {"databases count"}}, Explanation{
		Code:    "too-many",
		Cause:   "The instance has as many databases as it may hold.",
		Fix:     "Drop databases that are no longer needed, or choose another instance.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[][]string{{"uploadlimitexceeded"}, {"concurrenttaskexceeded"}}, Explanation{
		Code:    "daily-limit",
		Cause:   "The calls a day are used up: 20 for one database, 500 for one instance.",
		Fix:     "Retry tomorrow. A differential backup replaces many logs in one call.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[][]string{{"incorrectdbstate"}}, Explanation{
		Code:    "under-way",
		Cause:   "A database of this name is being created or migrated at the instance by another task.",
		Fix:     "Look at the instance's migration records; end the other task or wait for it, then retry.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[][]string{{"incorrectdbinstancelockmode"}, {"lockmode"}}, Explanation{
		Code:    "locked",
		Cause:   "The instance is locked: its storage is full or a payment is overdue.",
		Fix:     "Unlock it in the RDS console, then retry from here.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[][]string{{"incorrectdbinstancestate"}}, Explanation{
		Code:    "not-running",
		Cause:   "The instance is not in the state Running.",
		Fix:     "Wait until it is, then retry from here.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[][]string{{"incorrectfileextension"}, {"is not backup file"}}, Explanation{
		Code:    "name",
		Cause:   "The target does not take a file of this name or extension.",
		Fix:     "Start again with safe names: letters and digits, ending in .bak.",
		Actions: []Button{ButtonTerminate},
	}},
	{[][]string{{"nosuchbucket"}}, Explanation{
		Code:    "bucket-gone",
		Cause:   "The bucket does not exist, or not in this region.",
		Fix:     "Check the bucket's name and region; restore the bucket or start again with another.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[][]string{{"nosuchkey"}, {"invalidossurl"}, {"no backup file on oss"}}, Explanation{
		Code:    "file-gone",
		Cause:   "The target did not find the file in the bucket.",
		Fix:     "Retry from here uploads it again. Keep files in the bucket until the migration is over.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[][]string{{"aliyunrdsimportrole"}, {"import role"}}, Explanation{
		Code:    "role",
		Cause:   "The RDS service is not allowed to read the account's OSS buckets.",
		Fix:     "Authorize AliyunRDSImportRole in the RDS console: Backup and Restoration, Migrate OSS Backup Data to RDS. Then retry.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[][]string{{"invalidaccesskeyid"}}, Explanation{
		Code:    "key-id",
		Cause:   "The cloud does not know the access key id.",
		Fix:     "Correct it under Settings, Accounts, then retry.",
		Actions: []Button{ButtonRetry},
	}},
	{[][]string{{"incompletesignature"}, {"signaturedoesnotmatch"}}, Explanation{
		Code:    "secret",
		Cause:   "The secret does not belong to the access key id.",
		Fix:     "Enter the secret again under Settings, Accounts, then retry.",
		Actions: []Button{ButtonRetry},
	}},
	{[][]string{{"forbidden.ram"}, {"not belong to you"}, {"accessdenied"}, {"no permission"}, {"invaliduseroperatorpermission"}}, Explanation{
		Code:    "rights",
		Cause:   "The account has no right to do this, or the bucket belongs to another account.",
		Fix:     "Grant AliyunRDSFullAccess and AliyunOSSFullAccess, or the narrower rights listed in the documentation, to the RAM user. Use a bucket of the same account.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[][]string{{"name resolution"}, {"max retries", "bucketinfo"}}, Explanation{
		Code:    "endpoint",
		Cause:   "The object store's endpoint is wrong or cannot be reached from the target.",
		Fix:     "Check the bucket's region and the host the cloud reads from.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[][]string{{"only for rds sql server"}, {"incorrectdbinstancetype"}, {"invaliddbinstanceenginetype"}}, Explanation{
		Code:    "engine",
		Cause:   "The instance is not an ApsaraDB RDS for SQL Server.",
		Fix:     "Choose another instance.",
		Actions: []Button{ButtonTerminate},
	}},
	{[][]string{{"invaliddbname"}}, Explanation{
		Code:    "bad-name",
		Cause:   "The target does not allow this database name.",
		Fix:     "Terminate and start again under another name; names of system databases are not allowed.",
		Actions: []Button{ButtonTerminate},
	}},
}
