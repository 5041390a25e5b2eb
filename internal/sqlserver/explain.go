package sqlserver

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/bakplane/bakplane/internal/fault"
)

// explanation is what an error of the server means for a person.
type explanation struct {
	kind       fault.Kind
	cause, fix string
}

// explanationOf knows the errors that backups, restores and cutovers meet
// (documentation pages "Database Engine events and errors" 0–999, 1000–1999,
// 3000–3999, 4000–4999, 18000–18999). Unavailable means that repeating is
// right; those of the list had no effect.
func explanationOf(e ServerError) explanation {
	switch e.Number {
	case 3201:
		return device(e.Text)
	case 3202, 3203, 3271:
		return deviceIO(e.Text)
	}
	for _, group := range [][]numbered{login(), state(), space(), taking(), restoring()} {
		for _, n := range group {
			for _, number := range n.numbers {
				if number == e.Number {
					return n.is
				}
			}
		}
	}
	return explanation{kind: fault.Conflict}
}

type numbered struct {
	numbers []int
	is      explanation
}

func login() []numbered {
	return []numbered{
		{[]int{18456}, explanation{fault.Denied, "The login or its password is wrong.", "Check both. The server must accept SQL Server logins (mixed mode); its error log has the true reason."}},
		{[]int{18452}, explanation{fault.Denied, "The server takes Windows logins alone.", "Switch the server to mixed mode and restart it."}},
		{[]int{18470, 18486, 18487, 18488}, explanation{fault.Denied, "The login is disabled or locked, or its password must be changed.", "ALTER LOGIN … ENABLE, or give it a new password."}},
		{[]int{4060, 4064}, explanation{fault.Denied, "The login may not open the database it connects to.", "Give it a default database it can open: ALTER LOGIN … WITH DEFAULT_DATABASE = [master]."}},
		{[]int{229, 230, 262, 297, 300, 371, 916, 2571, 3110, 5011, 6102, 15247, 15151, 22048},
			explanation{fault.Denied, "The login may not do this.", "Grant the right that is named; the page of the instance lists what is missing with the statements."}},
	}
}

func state() []numbered {
	return []numbered{
		{[]int{911, 2702, 2520}, explanation{fault.NotFound, "The database does not exist.", "It was dropped or renamed, or the login may not see it."}},
		{[]int{208, 2812}, explanation{fault.NotFound, "The server does not know a view or procedure that is needed.", ""}},
		{[]int{927}, explanation{fault.Conflict, "The database is in the middle of a restore.", "Finish the restore: RESTORE DATABASE … WITH RECOVERY opens it."}},
		{[]int{942, 945, 926}, explanation{fault.Conflict, "The database is offline or cannot be opened.", "Look at its state and the server's error log."}},
		{[]int{924, 5064, 5070, 5061, 3101, 3702}, explanation{fault.Conflict, "The database is in use by others.", "Stop the application, or let its connections be ended."}},
		{[]int{3102}, explanation{fault.Conflict, "The database is in use by this session.", ""}},
		{[]int{976, 978, 983, 3059, 3104, 35250}, explanation{fault.Conflict, "The database belongs to an availability group, and this replica does not allow it.", "Do it on the primary replica, or take the database out of the group first."}},
		{[]int{3906, 3908}, explanation{fault.Conflict, "The database is read-only.", ""}},
		{[]int{3153}, explanation{fault.Conflict, "The database is open already.", ""}},
		{[]int{921, 922}, explanation{fault.Unavailable, "The database is still being recovered.", "It opens by itself."}},
		{[]int{6005, 17142, 17188, 17810, 18451}, explanation{fault.Unavailable, "The server is starting or shutting down, or takes no connections now.", "Wait until it runs."}},
		{[]int{1205, 1222, 701, 802, 8645, 8651, 17803}, explanation{fault.Unavailable, "The server was too busy.", "It is tried again."}},
		{[]int{596}, explanation{fault.Unavailable, "The session was ended by KILL.", ""}},
		{[]int{3021, 226}, explanation{fault.Conflict, "This cannot be done inside a transaction.", ""}},
	}
}

func space() []numbered {
	return []numbered{
		{[]int{1105, 1101}, explanation{fault.Conflict, "A data file is full.", "Make room on the volume, or let the file grow."}},
		{[]int{9002}, explanation{fault.Conflict, "The transaction log is full.", "Back up the log, or make room for it."}},
		{[]int{3257, 1827}, explanation{fault.Conflict, "There is too little room for the database's files.", "Make room on the volumes of the data and log folders, then retry."}},
		{[]int{5149, 823}, explanation{fault.Conflict, "The operating system could not write or read a database file.", "Check the free space and the disk."}},
	}
}

func taking() []numbered {
	return []numbered{
		{[]int{3023, 3022}, explanation{fault.Unavailable, "Another backup, or a change of files, of this database is running.", "It is tried again when that is done."}},
		{[]int{3035, 4214}, explanation{fault.Conflict, "There is no full backup to build on.", "Take a full backup first: until then the database is FULL in name only."}},
		{[]int{4208}, explanation{fault.Conflict, "The database is in recovery model SIMPLE, which has no log backups.", "ALTER DATABASE … SET RECOVERY FULL, then take a full backup."}},
		{[]int{4212}, explanation{fault.Invalid, "master takes full backups only.", ""}},
		{[]int{3147}, explanation{fault.Invalid, "tempdb cannot be backed up or restored.", ""}},
		{[]int{3036}, explanation{fault.Conflict, "The database is a standby between two restores.", "Finish the restore first."}},
		{[]int{1844}, explanation{fault.Invalid, "The server's edition cannot do this.", "Express compresses and encrypts no backups: leave compression out."}},
		{[]int{3043, 824}, explanation{fault.Conflict, "The database has a damaged page.", "Run DBCC CHECKDB; restore the page or the database from an older backup."}},
		{[]int{3057, 3044}, explanation{fault.Invalid, "The path of the backup file is too long or not valid.", "At most 259 characters."}},
		{[]int{3204}, explanation{fault.Conflict, "The statement was canceled, or its session was ended with KILL.", "Find out who ended it, then retry."}},
		{[]int{3205}, explanation{fault.Invalid, "A backup has at most 64 files.", "Take fewer."}},
		{[]int{3231, 3132}, explanation{fault.Invalid, "The number of files does not fit the stripes of the backup.", "Give all its files."}},
	}
}

func restoring() []numbered {
	return []numbered{
		{[]int{3117}, explanation{fault.Conflict, "The database is not ready for a further backup.", "Restore a full backup WITH NORECOVERY first."}},
		{[]int{3118}, explanation{fault.NotFound, "The database that this backup continues does not exist.", "Restore its full backup WITH NORECOVERY first."}},
		{[]int{3136}, explanation{fault.Conflict, "The differential backup belongs to another full backup.", "Take the differential of the full backup that is restored."}},
		{[]int{3141, 3154}, explanation{fault.Conflict, "The backup holds another database than the one of this name.", "Restore it under another name."}},
		{[]int{3142, 3156, 1834, 5170, 5123}, explanation{fault.Conflict, "A file of the database cannot be made at its place.", "Remove what is left there, or choose other data and log folders."}},
		{[]int{5133, 5105}, explanation{fault.NotFound, "A folder for the database's files does not exist, as the server sees it.", "Make it, or choose other data and log folders."}},
		{[]int{3159, 3173}, explanation{fault.Conflict, "A database of this name has log that was never backed up.", "Take a tail-log backup of it, or restore under another name."}},
		{[]int{1801}, explanation{fault.Conflict, "A database of this name exists already.", "Restore under another name."}},
		{[]int{3168}, explanation{fault.Invalid, "A system database comes only from a server of the same build.", ""}},
		{[]int{3169, 948, 1813}, explanation{fault.Invalid, "The backup comes from a newer version of SQL Server.", "Restore it on a server of the same or a newer version."}},
		{[]int{3234}, explanation{fault.Invalid, "The backup holds no file of that name.", "Read the names with RESTORE FILELISTONLY."}},
		{[]int{3241, 3242, 3266}, explanation{fault.Invalid, "The file is no backup that this server can read: cut off, damaged, or made by something else.", "Copy it again and compare the sizes."}},
		{[]int{3254, 3256}, explanation{fault.Invalid, "The file holds no complete backup.", "The backup did not end well: take it again."}},
		{[]int{3182, 3183, 3186, 3189}, explanation{fault.Invalid, "The backup is damaged.", "Use another copy, or take it again."}},
		{[]int{3187}, explanation{fault.Invalid, "The backup has no checksums to verify.", "Take it again WITH CHECKSUM."}},
		{[]int{3144}, explanation{fault.Invalid, "The file is not part of this backup.", ""}},
		{[]int{3279}, explanation{fault.Denied, "The backup has a password.", ""}},
		{[]int{4303, 4318}, explanation{fault.Conflict, "More log must be applied first.", "Apply the next log backup."}},
		{[]int{4305, 4349, 4312}, explanation{fault.Conflict, "A log backup between the last one applied and this one is missing.", "Apply the missing one first."}},
		{[]int{4326}, explanation{fault.Conflict, "Everything in this log backup is applied already.", "Go on with the next one."}},
		{[]int{4330, 3116, 3121}, explanation{fault.Conflict, "The backup belongs to another recovery fork.", "Apply the backups of the fork that the full backup belongs to."}},
		{[]int{4319}, explanation{fault.Conflict, "A restore was interrupted.", "Repeat the same restore."}},
		{[]int{4333}, explanation{fault.Conflict, "The log was not restored to the point that is asked for.", "Apply more log."}},
		{[]int{33111}, explanation{fault.Conflict, "The certificate that encrypts the backup or database is not on this server.", "Restore the certificate with its key in master first."}},
	}
}

var osError = regexp.MustCompile(`(\d+)\(`)

// osNumber finds the operating system's error in a text such as "Operating
// system error 5(Access is denied.)", in whatever language; 0 = none.
func osNumber(text string) int {
	all := osError.FindAllStringSubmatch(text, -1)
	if len(all) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(all[len(all)-1][1])
	return n
}

var quoted = regexp.MustCompile(`['"«„“]([^'"]+)['"»”]`)

// device explains why a backup file cannot be opened. Paths are the server's,
// and its service account needs the rights, not the login.
func device(text string) explanation {
	path := "the file"
	if m := quoted.FindStringSubmatch(text); m != nil {
		path = m[1]
	}
	switch osNumber(text) {
	case 2:
		return explanation{fault.NotFound, fmt.Sprintf("There is no %s, as the server sees it.", path), "Check the path on the server itself: it may see the folder under another name than this machine."}
	case 3:
		return explanation{fault.NotFound, fmt.Sprintf("The folder of %s does not exist, as the server sees it.", path), "Make the folder, or write it as the server sees it."}
	case 5:
		return explanation{fault.Denied, fmt.Sprintf("The service account of SQL Server may not use %s.", path), "Give the account that the SQL Server service runs under the right to change files in that folder; rights of the login do not count."}
	case 32:
		return explanation{fault.Unavailable, fmt.Sprintf("Another program holds %s open.", path), "Often a virus scanner or a file backup; it is tried again."}
	case 53, 67, 64, 51:
		return explanation{fault.NotFound, fmt.Sprintf("The service account of SQL Server does not reach the network path of %s.", path), "Check the share's name, and that the account the service runs under may use the network."}
	case 1326, 1327, 86:
		return explanation{fault.Denied, fmt.Sprintf("The other machine does not let the service account of SQL Server in to %s.", path), "Run the service under a domain account, and give that account rights on the share."}
	case 112, 39, 28:
		return full(path)
	}
	return explanation{fault.Conflict, fmt.Sprintf("SQL Server cannot open %s.", path), "Check the path as the server sees it, and the rights of the account that the service runs under."}
}

func deviceIO(text string) explanation {
	path := "the backup file"
	if m := quoted.FindStringSubmatch(text); m != nil {
		path = m[1]
	}
	switch osNumber(text) {
	case 112, 39, 28:
		return full(path)
	}
	return explanation{fault.Conflict, fmt.Sprintf("SQL Server could not write or read %s to its end.", path), "Check the disk or share and its free space, then retry."}
}

func full(path string) explanation {
	return explanation{fault.Conflict, fmt.Sprintf("The volume of %s is full, as the server sees it.", path), "Make room there, then retry."}
}
