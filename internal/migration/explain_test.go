package migration

import "testing"

// Texts as the documentation prints them, with names filled in.
func TestExplain(t *testing.T) {
	for said, want := range map[string]string{
		"The database (orders) is already exist on RDS, please backup and drop it, then try again.":                 "name-exists",
		"Backup set (orders.bak) is a Database Differential backup, we only accept a FULL Backup.":                  "diff-first",
		"Backup set (orders.trn) is a Transaction Log backup, we only accept a FULL Backup.":                        "log-first",
		"Backup set (orders.bak) is a Database FULL backup, we only accept transaction log or differential backup.": "full-again",
		"Failed to verify orders.bak, backup file was corrupted or newer edition than RDS.":                         "unreadable",
		"DBCC checkdb failed": "check",
		"asynchronously DBCC checkdb failed: CHECKDB found 0 allocation errors and 2 consistency errors in table 'X' (object ID 5).":    "check-after",
		"Not Enough Disk Space for restoring, space left (10 MB) < needed (20 MB)":                                                      "space",
		"Not Enough Disk Space, space left 10 MB < bak file 20 MB":                                                                      "space",
		"Your RDS doesn't have any init account yet, please create one and grant permissions on RDS console to this migrated database.": "no-account",
		"Failed to open database orders.": "edition",
		"The log in this backup set begins at LSN 39000000059500001, which is too recent to apply to the database. RESTORE LOG is terminating abnormally.": "gap",
		"The log in this backup set terminates at LSN 39000000059500001, which is too early to apply to the database.":                                     "covered",
		"The database (orders) migration failed due to databases count limitation.":                                                                        "too-many",
		"InvalidAccessKeyId.NotFound: Specified access key is not found.":                                                                                  "key-id",
		"IncompleteSignature: The request signature does not conform to Aliyun standards.":                                                                 "secret",
		"Forbidden.RAM: User not authorized to operate on the specified resource.":                                                                         "rights",
		"The bucket you access does not belong to you.":                                                                                                    "rights",
		"NoSuchBucket: The specified bucket does not exist.":                                                                                               "bucket-gone",
		"There is no backup file on OSS Bucket migratetest under folder /.":                                                                                "file-gone",
		"orders.txt is not backup file, filtered.":                                                                                                         "name",
		"Temporary failure in name resolution":                                                                                                             "endpoint",
		"RDS engine doesn't support, this is only for RDS SQL Server engine.":                                                                              "engine",
		"UploadLimitExceeded":         "daily-limit",
		"ConcurrentTaskExceeded":      "daily-limit",
		"IncorrectDBState":            "under-way",
		"IncorrectDBInstanceState":    "not-running",
		"IncorrectDBInstanceLockMode": "locked",
		"IncorrectFileExtension":      "name",
		"InvalidDBName":               "bad-name",
		"InvalidDBName.NotFound":      "name-exists",
		"InvalidOssUrl":               "file-gone",
		"BakFileSizeExceeded":         "too-large",
		"something nobody wrote down": "unknown",
	} {
		e := Explain(said)
		if e.Code != want {
			t.Errorf("%q is explained as %q, want %q", said, e.Code, want)
		}
		if e.Cause == "" || e.Fix == "" || (len(e.Actions) == 0 && !e.Opened) {
			t.Errorf("%q lacks a cause, a fix or a next action: %+v", said, e)
		}
	}
}
