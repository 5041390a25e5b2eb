package migration

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Explain finds the explanation of a text in the words of the migration's
// target.
func (m Migration) Explain(said string) Explanation {
	e := Explain(said)
	if m.Traits.Restores {
		e = ExplainServer(said)
	}
	if m.LiveSource != nil {
		e.Actions, e.Fix = liveButtons(e), liveFix.Replace(e.Fix)
		if e.Code == "gap" || e.Code == "covered" {
			e.Fix = gapDifferentialFix
		}
	}
	return e
}

// liveFix words a fix by the buttons there are.
var liveFix = strings.NewReplacer("Terminate", "Abort", "terminate", "abort")

// liveButtons are those of an explanation that make sense where files are
// taken from a source: nobody adds files there, the gate alone opens, and
// giving up gives the source back.
func liveButtons(e Explanation) (out []Button) {
	if e.Code == "gap" || e.Code == "covered" {
		out = append(out, ButtonGapDifferential, ButtonRetry)
	}
	for _, b := range e.Actions {
		switch b {
		case ButtonAddFiles, ButtonOpen:
			continue
		case ButtonTerminate:
			b = ButtonAbort
		}
		if !slices.Contains(out, b) {
			out = append(out, b)
		}
	}
	return out
}

// errorNumber is how the errors of a SQL Server end in what an adapter says of
// them.
var errorNumber = regexp.MustCompile(`\((\d{3,5})\)`)

// ExplainServer is Explain for a self-managed SQL Server, which speaks of its
// errors by number. Several numbers are in order, the telling one first; 3013,
// which only says that a statement ended, explains nothing.
func ExplainServer(said string) Explanation {
	for _, hit := range errorNumber.FindAllStringSubmatch(said, -1) {
		n, _ := strconv.Atoi(hit[1])
		for _, row := range serverErrors {
			for _, number := range row.numbers {
				if number == n {
					return row.is
				}
			}
		}
	}
	low := strings.ToLower(said)
	for _, row := range serverTexts {
		if row.matches(low) {
			return row.is
		}
	}
	return Explanation{
		Code:    "unknown",
		Cause:   "The target refused for a reason that is not explained here.",
		Fix:     "Read its own words above, and its error log. If they name something you can mend, mend it and retry from here.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}
}

// serverTexts are words without a number: of checks, and of what a restore was
// found to be.
var serverTexts = []explanationRow{
	{[][]string{{"asynchronously dbcc checkdb failed"}}, Explanation{
		Code: "check-after", Opened: true,
		Cause: "The database is open, and DBCC CHECKDB found consistency errors in it afterwards. They came with the backup: the source has them too.",
		Fix:   "Repair on the target with DBCC CHECKDB (…, REPAIR_ALLOW_DATA_LOSS), which may lose rows, or repair the source, back it up again and migrate again.",
	}},
	{[][]string{{"dbcc checkdb failed"}}, Explanation{
		Code:    "check",
		Cause:   "DBCC CHECKDB found consistency errors before everybody was let in. They came with the backup: the source has them too.",
		Fix:     "Look at the database as an administrator. Open lets everybody in all the same; or repair the source, back it up again and migrate again.",
		Actions: []Button{ButtonOpen, ButtonTerminate},
	}},
	{[][]string{{"takes no writes yet"}}, Explanation{
		Code:    "read-only",
		Cause:   "The database is online and still read-only, as the source was when it was frozen.",
		Fix:     "Retry sets it READ_WRITE. If that is refused, somebody uses the database at the target: end their sessions.",
		Actions: []Button{ButtonRetry},
	}},
	{[][]string{{"administrators alone"}}, Explanation{
		Code:    "restricted",
		Cause:   "The database is open to administrators alone: the check before the opening did not come to its end.",
		Fix:     "Retry begins the check anew. Open, where it is offered, lets everybody in without waiting for it.",
		Actions: []Button{ButtonRetry, ButtonOpen, ButtonTerminate},
	}},
	{[][]string{{"restore was interrupted"}}, Explanation{
		Code:    "interrupted-restore",
		Cause:   "A restore of the full backup was interrupted, and the database it left is not certainly this migration's, or it was interrupted again and again.",
		Fix:     "Retry begins the restore anew and replaces what is certainly its own. If it is refused, find out whose the database is; when nobody needs it, DROP DATABASE at the target and retry.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[][]string{{"database is gone"}, {"knows no restore"}}, Explanation{
		Code:    "gone",
		Cause:   "Somebody dropped or renamed the database at the target while it was being restored.",
		Fix:     "Retry begins again with the full backup.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[][]string{{"connection to", "was lost"}, {"was canceled"}, {"did not answer within"}}, Explanation{
		Code:    "connection",
		Cause:   "The connection that ran the restore ended, and the server stopped the statement.",
		Fix:     "Look at the server and the network. Retry restores the full backup again, or applies the log again.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[][]string{{"already exists on the server"}}, Explanation{
		Code:    "name-exists",
		Cause:   "The target already has a database of this name.",
		Fix:     "Back it up and drop it at the target, then retry, or terminate and start under another name.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
}

// serverErrors follow the documentation pages "Database Engine events and
// errors" 0–999, 1000–1999, 3000–3999 and 4000–4999, RESTORE and "Cannot find
// server certificate with thumbprint" (33111).
var serverErrors = []struct {
	numbers []int
	is      Explanation
}{
	{[]int{3201}, Explanation{
		Code:    "device",
		Cause:   "The target cannot open the backup file. The operating system's error behind it says why: 2 no such file, 3 no such folder, 5 its service account may not read it, 32 another program holds it, 53 or 67 the share is not found, 1326 the other machine does not let it in.",
		Fix:     "Give the account that the SQL Server service runs under the right to read the folder, and compare the folder as each side sees it. Then retry; nothing that was applied is lost.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[]int{3203, 3202, 3271}, Explanation{
		Code:    "read",
		Cause:   "The target began to read the backup file and could not go on: its disk or share failed, or the file ends early.",
		Fix:     "Look at the disk or share, compare the file's size with the source's, then retry.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[]int{3154, 3141}, Explanation{
		Code:    "other-database",
		Cause:   "The target has another database of this name, and the backup is not one of it.",
		Fix:     "Terminate and start under another name, or back that database up, drop it and retry. Bakplane does not replace databases that it did not make.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[]int{3159, 3173}, Explanation{
		Code:    "name-exists",
		Cause:   "A database of this name is in use at the target and has log that was never backed up.",
		Fix:     "Terminate and start under another name, or back that database up with its tail, drop it and retry.",
		Actions: []Button{ButtonTerminate, ButtonRetry},
	}},
	{[]int{1801, 3112}, Explanation{
		Code:    "name-exists",
		Cause:   "The target already has a database of this name.",
		Fix:     "Back it up and drop it at the target, then retry, or terminate and start under another name.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[]int{3169, 948, 1813}, Explanation{
		Code:    "version",
		Cause:   "The backup comes from a newer version of SQL Server than the target. It is never restored to an older one.",
		Fix:     "Terminate, and choose a target of the same or a newer version.",
		Actions: []Button{ButtonTerminate},
	}},
	{[]int{3168}, Explanation{
		Code:    "system",
		Cause:   "It is a system database: those are restored only by a server of the very same build.",
		Fix:     "Terminate. Move logins, jobs and settings by script instead.",
		Actions: []Button{ButtonTerminate},
	}},
	{[]int{3241, 3242, 3266, 3254, 3256}, Explanation{
		Code:    "unreadable",
		Cause:   "The target cannot read the file as a backup: it is cut off, damaged, encrypted by another tool, or of a newer format.",
		Fix:     "Compare its size and hash with the source's copy; run RESTORE VERIFYONLY there. Copy it again and retry, or take the backup again.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[]int{3182, 3183, 3186, 3189, 3187}, Explanation{
		Code:    "damaged",
		Cause:   "The backup set is damaged: a page or checksum in it is wrong.",
		Fix:     "Use another copy of the file, or run DBCC CHECKDB at the source and take the backup again.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[]int{3257, 1105, 1101, 5149, 823}, Explanation{
		Code:    "space",
		Cause:   "There is too little room for the database's files on the target's volumes.",
		Fix:     "Make room on the volumes of its default data and log folders, then retry from here.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[]int{1827}, Explanation{
		Code:    "too-large",
		Cause:   "The database is larger than the target's edition allows: 10 GB for Express up to 2022, 50 GB from 2025 on.",
		Fix:     "Terminate, and choose a server of another edition.",
		Actions: []Button{ButtonTerminate},
	}},
	{[]int{1834, 3142, 3156, 5170, 5123}, Explanation{
		Code:    "file-clash",
		Cause:   "A file of the database cannot be made at its place: another database uses that path, or a file is left there.",
		Fix:     "Remove what is left there, then retry; or terminate and start under another name, which gives the files other names.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[]int{5133, 5105}, Explanation{
		Code:    "folder",
		Cause:   "A folder for the database's files does not exist, as the target sees it.",
		Fix:     "Make its default data and log folders, or set others in the server's properties, then retry.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[]int{4305, 4349, 4312}, Explanation{
		Code:    "gap",
		Cause:   "A log backup between the last one applied and this one is missing.",
		Fix:     "Add the missing log backup. Files are applied in LSN order; everything applied so far stays.",
		Actions: []Button{ButtonAddFiles, ButtonRetry, ButtonTerminate},
	}},
	{[]int{4326}, Explanation{
		Code:    "covered",
		Cause:   "Everything in this log backup is already applied.",
		Fix:     "Go on with the next log backup.",
		Actions: []Button{ButtonAddFiles, ButtonOpen, ButtonTerminate},
	}},
	{[]int{3136}, Explanation{
		Code:    "wrong-base",
		Cause:   "The differential backup belongs to another full backup than the one applied.",
		Fix:     "Add a differential of the applied full backup, or log backups from there on.",
		Actions: []Button{ButtonAddFiles, ButtonTerminate},
	}},
	{[]int{4330, 3116, 3121}, Explanation{
		Code:    "fork",
		Cause:   "The backup belongs to another recovery fork: the source was restored in between.",
		Fix:     "Add the backups of the fork that the applied full belongs to, or start again with a full backup of the new fork.",
		Actions: []Button{ButtonAddFiles, ButtonTerminate},
	}},
	{[]int{3117, 3118}, Explanation{
		Code:    "not-restoring",
		Cause:   "The database at the target is not waiting for a backup any more: somebody opened, replaced or dropped it.",
		Fix:     "Look at the database. If what is there is not needed, drop it and terminate, then start again.",
		Actions: []Button{ButtonTerminate, ButtonRetry},
	}},
	{[]int{4319}, Explanation{
		Code:    "interrupted",
		Cause:   "A restore was interrupted before, and the database takes nothing but that same backup.",
		Fix:     "Retry repeats it.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[]int{4333, 4303, 4318}, Explanation{
		Code:    "more-log",
		Cause:   "More log must be applied before the database can be opened.",
		Fix:     "Add the log backup that follows the last one applied.",
		Actions: []Button{ButtonAddFiles, ButtonTerminate},
	}},
	{[]int{3132, 3231, 3144}, Explanation{
		Code:    "stripe",
		Cause:   "The backup is striped over several files, and they are not all there.",
		Fix:     "Start again with every stripe in the folder.",
		Actions: []Button{ButtonTerminate},
	}},
	{[]int{33111}, Explanation{
		Code:    "certificate",
		Cause:   "The database is encrypted (TDE) or the backup is, and the target does not have the certificate.",
		Fix:     "At the source: BACKUP CERTIFICATE … TO FILE … WITH PRIVATE KEY (…). In master at the target: CREATE CERTIFICATE … FROM FILE … WITH PRIVATE KEY (…). Then retry.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[]int{262, 3110, 229, 297, 300, 916, 15247, 15151}, Explanation{
		Code:    "rights",
		Cause:   "The login at the target may not restore: a new database needs CREATE DATABASE, an existing one sysadmin, dbcreator or its ownership.",
		Fix:     "At the target: ALTER SERVER ROLE [dbcreator] ADD MEMBER the login that Bakplane uses, then retry.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[]int{3101, 3102, 5061, 5064, 5070, 924}, Explanation{
		Code:    "in-use",
		Cause:   "Somebody uses the database at the target.",
		Fix:     "End their sessions (sys.dm_exec_sessions shows them), then retry.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[]int{927, 922, 921}, Explanation{
		Code:    "restoring",
		Cause:   "The database at the target is in the middle of a restore or recovery.",
		Fix:     "Wait until that is over, then retry.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
	{[]int{3104, 3059, 976, 978, 983, 35250}, Explanation{
		Code:    "group",
		Cause:   "The database belongs to an availability group, where nothing is restored over it.",
		Fix:     "Choose another name, or take that database out of the group first.",
		Actions: []Button{ButtonTerminate, ButtonRetry},
	}},
	{[]int{905, 909, 933, 3119, 945}, Explanation{
		Code:    "edition",
		Cause:   "The target's edition lacks features that the database uses, or it could not be opened for another reason that the words name.",
		Fix:     "Remove the features at the source and migrate again, or choose a server of the source's edition.",
		Actions: []Button{ButtonTerminate, ButtonRetry},
	}},
	{[]int{3204}, Explanation{
		Code:    "ended",
		Cause:   "The statement was canceled, or its session was ended with KILL.",
		Fix:     "Find out who ended it, then retry.",
		Actions: []Button{ButtonRetry, ButtonTerminate},
	}},
}
