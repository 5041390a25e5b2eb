package aliyun

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/aliyun/signedcall"
	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/migration"
)

// Every code of the API becomes one of ours, and keeps the service's own words,
// code and request beside it.
func TestCodesOfTheAPI(t *testing.T) {
	client := &Client{keyID: "LTAI1"}
	for _, code := range slices.Concat(slices.Collect(maps.Keys(apiCodes)), slices.Collect(maps.Keys(backupCodes)), []string{"Throttling.User", "InvalidSecurityToken.New"}) {
		f := client.words(&signedcall.APIError{Status: 400, Code: code, RequestID: "R1", Message: "Raw words."})
		if f.Kind == fault.Unknown || !explain.Known(f.Code) || f.Code == explain.Unknown {
			t.Errorf("%s: kind %q, code %q", code, f.Kind, f.Code)
		}
		if f.Message.IsZero() || f.Fix.IsZero() || strings.Contains(f.Message.String(), "Raw words") || f.Said.String() != "The RDS API said: Raw words ("+code+", request R1)." {
			t.Errorf("%s: %q, %q, %q", code, f.Message, f.Fix, f.Said)
		}
	}
	for code, want := range map[string]fault.Code{
		"UploadLimitExceeded": "daily-limit", "ConcurrentTaskExceeded": "daily-limit", "IncorrectDBState": "under-way", "IncorrectDBInstanceState": "not-running",
		"OperationDenied.DBInstanceStatus": "not-running", "IncorrectDBInstanceLockMode": "locked", "IncorrectFileExtension": "name", "InvalidDBName": "bad-name",
		"InvalidDBName.NotFound": "name-exists", "InvalidOssUrl": "file-gone", "BakFileSizeExceeded": "too-large", "FileSizeExceeded": "space",
		"InvalidAccessKeyId.NotFound": "key-id", "IncompleteSignature": "secret", "Forbidden.RAM": "rights", "New.Code": explain.Unknown,
	} {
		if got := fault.CodeOf(client.words(&signedcall.APIError{Status: 400, Code: code})); got != want {
			t.Errorf("%s is %q, want %q", code, got, want)
		}
	}
	if f := client.words(&signedcall.APIError{Status: 400, Code: "New.Code", RequestID: "R1", Message: "Something new."}); f.Error() != "The RDS API refused the call. The RDS API said: Something new (New.Code, request R1).: "+f.Err.Error() {
		t.Errorf("an unknown code: %q", f)
	}
}

// descriptions are texts as the documentation prints them, or SQL Server's own
// as tasks were seen to quote them, with names filled in.
var descriptions = map[string]fault.Code{
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
	"Failed to open database orders.":                                           "edition",
	"Failed to verify orders.bak.":                                              "unreadable",
	"The database (orders) migration failed due to databases count limitation.": "too-many",
	"Failed to download orders.bak: InvalidAccessKeyId":                         "key-id",
	"Failed to download orders.bak: SignatureDoesNotMatch":                      "secret",
	"Failed to download orders.bak: AccessDenied":                               "rights",
	"The bucket you access does not belong to you.":                             "rights",
	"Failed to download: NoSuchBucket: The specified bucket does not exist.":    "bucket-gone",
	"Failed to download: NoSuchKey":                                             "file-gone",
	"There is no backup file on OSS Bucket migratetest under folder /.":         "file-gone",
	"Failed to download backup file since OSS URL was expired":                  "link-expired",
	"AliyunRDSImportRole is not authorized.":                                    "role",
	"orders.txt is not backup file, filtered.":                                  "name",
	"Temporary failure in name resolution":                                      "endpoint",
	"Max retries exceeded with url: /?bucketInfo=":                              "endpoint",
	"RDS engine doesn't support, this is only for RDS SQL Server engine.":       "engine",
	"The log in this backup set begins at LSN 39000000059500001, which is too recent to apply to the database. RESTORE LOG is terminating abnormally.": "gap",
	"The log in this backup set terminates at LSN 39000000059500001, which is too early to apply to the database.":                                     "covered",
	"RESTORE LOG is terminating abnormally.": "gap",
	"something nobody wrote down":            explain.Unknown,
}

func TestDescriptionsOfTasks(t *testing.T) {
	hit := map[string]bool{}
	for said, want := range descriptions {
		if got := descriptionCode(said); got != want || !explain.Known(got) {
			t.Errorf("%q is %q, want %q", said, got, want)
		}
		for _, r := range slices.Concat(sentences, introductions) {
			if explain.Recognised([]explain.Sentence{r}, said) != "" {
				hit[strings.Join(r.Fragments, "+")] = true
			}
		}
	}
	for _, r := range slices.Concat(sentences, introductions) {
		if !hit[strings.Join(r.Fragments, "+")] {
			t.Errorf("no sample for %q", r.Fragments)
		}
	}
}

// TestNoNumberOrEndingChangesADescription crosses every row with what may stand
// around it: our own file names hold the time, sizes and LSNs any digits, and
// SQL Server ends many refusals in the same words.
func TestNoNumberOrEndingChangesADescription(t *testing.T) {
	around := []string{
		"RESTORE LOG is terminating abnormally.", "RESTORE DATABASE is terminating abnormally.", "(3013)", "(3119)", "Msg 3013, Level 16, State 1.",
		"Problems were identified while planning for the RESTORE statement. Previous messages provide details. (3119)", "[SQL Server]RESTORE LOG is terminating abnormally. (3013)",
		"shop_20261130143050_4305.bak", "shop (4326).trn", "LSN 43050000043300001", "4330 MB", "3136 of 3132 pages",
	}
	for said, want := range descriptions {
		if want == explain.Unknown || said == "RESTORE LOG is terminating abnormally." {
			continue
		}
		for _, more := range around {
			for _, text := range []string{said + " " + more, more + " " + said} {
				if got := descriptionCode(text); got != want {
					t.Errorf("%q is %q, want %q", text, got, want)
				}
			}
		}
	}
	for _, more := range around[3:] {
		if got := descriptionCode("something nobody wrote down " + more); got != explain.Unknown {
			t.Errorf("%q is taken for %q", more, got)
		}
	}
}

func TestResultsOfChecks(t *testing.T) {
	for said, want := range map[string]migration.CheckResult{
		"Success to DBCC checkdb asynchronously": migration.CheckPassed, "DBCC checkdb failed": migration.CheckFailed,
		"asynchronously DBCC checkdb failed: CHECKDB found 0 allocation errors": migration.CheckFailed, "Success": "", "": "",
	} {
		if got := checkResult(said); got != want {
			t.Errorf("%q is %q, want %q", said, got, want)
		}
	}
}
