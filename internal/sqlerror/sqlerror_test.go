package sqlerror

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
)

func TestEveryNumberMeansOneThing(t *testing.T) {
	seen := map[int]fault.Code{}
	for _, r := range numbers {
		for _, n := range r.numbers {
			if at, twice := seen[n]; twice {
				t.Errorf("%d is explained as %s and as %s", n, at, r.is.Code)
			}
			seen[n] = r.is.Code
			if is, ok := OfNumber(n); !ok || is != r.is || is.Kind == fault.Unknown || !explain.Known(is.Code) {
				t.Errorf("%d means %+v", n, is)
			}
			if Follows(n) {
				t.Errorf("%d follows another error and is explained", n)
			}
		}
	}
	for n, want := range map[int]fault.Code{12824: "contained", 5591: "filestream", 3279: "password", 1468: "group", 3059: "secondary", 976: "not-readable", 983: "no-primary", 35250: "no-primary", 5064: "single-user", 4335: "stop-too-early", 4305: "gap", 33111: "certificate"} {
		if is, _ := OfNumber(n); is.Code != want {
			t.Errorf("%d is %q, want %q", n, is.Code, want)
		}
	}
	if is, ok := OfNumber(49999); ok || is.Code != "" {
		t.Errorf("49999 is %+v", is)
	}
}

// samples are sentences of sys.messages, in English, with names filled in.
var samples = map[string]fault.Code{
	"The log in this backup set begins at LSN 39000000059500001, which is too recent to apply to the database. An earlier log backup that includes LSN 39000000059400001 can be restored.": "gap",
	"The log in this backup set terminates at LSN 39000000059500001, which is too early to apply to the database.":                                                                         "covered",
	"This log cannot be restored because a gap in the log chain was created. There is a break in the log chain.":                                                                           "gap",
	"This backup set cannot be applied because it is on a recovery path that is inconsistent with the database.":                                                                           "fork",
	"The backup set belongs to a recovery fork that is not that of the database.":                                                                                                          "fork",
	"A previous restore operation was interrupted and did not complete processing on file 'shop'.":                                                                                         "interrupted",
	"The specified STOPAT time is too early. All or part of the database is already rolled forward beyond that point.":                                                                     "stop-too-early",
	"The database cannot be recovered because the log was not restored.":                                                                                                                   "more-log",
	"This log backup contains bulk-logged changes. It cannot be used to stop at an arbitrary point in time.":                                                                               "stop-in-bulk",
	"This differential backup cannot be restored because the database has not been restored to the correct earlier state.":                                                                 "wrong-base",
	"The log or differential backup cannot be restored because no files are ready to rollforward.":                                                                                         "not-restoring",
	"The database \"shop\" has not been restored while in NORECOVERY.":                                                                                                                     "not-restoring",
	"The media set has 3 media families but only 1 are provided. All members must be provided.":                                                                                            "stripe",
	"The media family is one of 2; all members must be provided.":                                                                                                                          "stripe",
	"The media loaded on \"/x/a.bak\" is formatted to support 2 media families, but 1 media families are expected according to the backup device specification.":                           "stripe",
	"The media family on device '/x/a.bak' is incorrectly formed. SQL Server cannot process this media family.":                                                                            "unreadable",
	"The file on device '/x/a.zip' is not a valid Microsoft Tape Format backup set.":                                                                                                       "unreadable",
	"The volume on device '/x/a.bak' is empty.":                                                                                                                                            "incomplete",
	"The backup set on device '/x/a.bak' was terminated while it was being created and is incomplete. RESTORE sequence is terminated abnormally.":                                          "incomplete",
	"RESTORE detected an error on page (1:55) in database \"shop\" as read from the backup set.":                                                                                           "damaged",
	"Damage to the backup set was detected.":                                                                                                                                               "damaged",
	"RESTORE WITH CHECKSUM cannot be specified because the backup set does not contain checksum information.":                                                                              "no-checksums",
	"Access is denied due to a password failure.":                                                                                                                                          "password",
	"The backup set holds a backup of a database other than the existing 'shop' database.":                                                                                                 "other-database",
	"The database to be restored was named 'shop'. Reissue the statement using the WITH REPLACE option to overwrite the 'store' database.":                                                 "other-database",
	"The tail of the log for the database \"shop\" has not been backed up. Use BACKUP LOG WITH NORECOVERY to backup the log.":                                                              "unsaved-log",
	"The database was backed up on a server running version 16.00.4165. That version is incompatible with this server, which is running version 15.00.4430.":                               "version",
	"The backup of the system database on the device /x/master.bak cannot be restored because it was created by a different version of the server.":                                        "system",
	"Database 'shop' already exists. Choose a different database name.":                                                                                                                    "name-exists",
	"File 'shop' cannot be restored to 'D:\\data\\shop.mdf'. Use WITH MOVE to identify a valid location for the file.":                                                                     "file-clash",
	"The file '/data/shop_1.mdf' cannot be overwritten. It is being used by database 'other'.":                                                                                             "file-clash",
	"There is insufficient free space on disk volume '/data' to create the database. The database requires 4305 additional free bytes.":                                                    "space",
	"File 'shop' was not backed up in file 1 on device '/x/a.bak'. The file cannot be restored from this backup set.":                                                                      "not-in-backup",
	"Logical file 'shop2' is not part of database 'shop'. Use RESTORE FILELISTONLY to list the logical file names.":                                                                        "logical-name",
	"Directory lookup for the file \"E:\\data\\shop.mdf\" failed with the operating system error 5(Access is denied.).":                                                                    "service-account",
	"Directory lookup for the file \"E:\\data\\shop.mdf\" failed with the operating system error 3(The system cannot find the path specified.).":                                           "folder",
	"Database 'shop' cannot be started in this edition of SQL Server because it contains a partition function 'pf'.":                                                                       "edition",
	"The sp_configure value 'contained database authentication' must be set to 1 in order to restore a contained database.":                                                                "contained",
	"FILESTREAM feature is disabled.":                                        "filestream",
	"Cannot find server certificate with thumbprint '0x1234'.":               "certificate",
	"Exclusive access could not be obtained because the database is in use.": "in-use",
	"Changes to the state or options of database 'shop' cannot be made at this time. The database is in single-user mode, and a user is currently connected to it.":                                                     "single-user",
	"The operation cannot be performed on database \"shop\" because it is involved in a database mirroring session or an availability group.":                                                                           "group",
	"RESTORE cannot operate on database 'shop' because it is configured for database mirroring or has joined an availability group.":                                                                                    "group",
	"This BACKUP or RESTORE command is not supported on a database mirror or secondary replica.":                                                                                                                        "secondary",
	"The target database, 'shop', is participating in an availability group and is currently not accessible for queries. Either data movement is suspended or the availability replica is not enabled for read access.": "not-readable",
	"Unable to access database 'shop' because its replica role is RESOLVING which does not allow connections. Try the operation again later.":                                                                           "no-primary",
	"The connection to the primary replica is not active.  The command cannot be processed.":                                                                                                                            "no-primary",
	"Database 'shop' cannot be opened. It is in the middle of a restore.":                                                                                                                                               "restoring",
	"User does not have permission to RESTORE database 'shop'.":                                                                                                                                                         "rights",
	"CREATE DATABASE permission denied in database 'master'.":                                                                                                                                                           "rights",
	"The backup or restore was aborted.": "ended",
	"Cannot open backup device '/backups/a.bak'. Operating system error 2(The system cannot find the file specified.).": "file-missing",
	"Read on \"/x/a.bak\" failed: 38(Reached the end of the file.)":                                                     "read",
}

func TestEverySentenceHasASample(t *testing.T) {
	for _, row := range texts {
		found := false
		for said := range samples {
			found = found || row.in(strings.ToLower(said))
		}
		if !found {
			t.Errorf("no sample for %d %q", row.number, row.fragments)
		}
	}
}

// endingsSaid follow any refusal.
var endingsSaid = []string{
	"", "RESTORE LOG is terminating abnormally.", "RESTORE DATABASE is terminating abnormally.", "BACKUP DATABASE is terminating abnormally. (3013)", "Msg 3013, Level 16, State 1, Line 1",
	"Problems were identified while planning for the RESTORE statement. Previous messages provide details. (3119)", "[SQL Server]RESTORE LOG is terminating abnormally. (3013)",
	"Could not redo log record (1:2:3), for transaction ID (0:4), on page (1:5), database 'shop' (6:0). (3456)",
}

// noise are numbers that are no error numbers: they stand in our own file
// names, in sizes, LSNs and names of others.
var noise = []string{"shop_20261130143050.bak", "orders (4305).bak", "LSN 4330000004326", "4305 MB of 3132 MB", "Operating system error 4326(nothing)", "page (3136:4305)"}

// TestTellingSentencesAreHeardThrough crosses every row with every ending, on
// either side of it, and with numbers that mean nothing.
func TestTellingSentencesAreHeardThrough(t *testing.T) {
	for said, want := range samples {
		for _, end := range slices.Concat(endingsSaid, noise) {
			for _, text := range []string{said + " " + end, end + " " + said} {
				if is, ok := OfText(text); !ok || is.Code != want {
					// A system's error beside one of another file is taken for its own.
					if slices.Contains(noise, end) && end[:4] == "Oper" {
						continue
					}
					t.Errorf("%q is %q, want %q", text, is.Code, want)
				}
			}
		}
	}
}

// TestEveryNumberIsHeardInItsPlace crosses every number with the places where
// an error number stands, and with every ending.
func TestEveryNumberIsHeardInItsPlace(t *testing.T) {
	for _, r := range numbers {
		for _, n := range r.numbers {
			for _, format := range []string{"Etwas ging schief. (%d)", "Msg %d, Level 16, State 1: etwas", "error %d: etwas", "Error: %d etwas", "[SQL Server]Etwas (%d), etwas"} {
				for _, end := range endingsSaid {
					text := fmt.Sprintf(format, n) + " " + end
					if is, ok := OfText(text); !ok || is != r.is {
						t.Errorf("%q is %q, want %q", text, is.Code, r.is.Code)
					}
				}
			}
			for _, text := range []string{fmt.Sprintf("file_%d.bak", n), fmt.Sprintf("%d MB", n), fmt.Sprintf("LSN %d0000%d", n, n), fmt.Sprintf("a (%d).bak", n), fmt.Sprintf("Operating system error %d", n)} {
				if is, ok := OfText(text); ok {
					t.Errorf("%q is taken for %q", text, is.Code)
				}
			}
		}
	}
}

// TestEndingsAlone: the cloud's documentation explains one of them.
func TestEndingsAlone(t *testing.T) {
	for text, want := range map[string]fault.Code{
		"RESTORE LOG is terminating abnormally.": "gap", "[SQL Server]RESTORE LOG is terminating abnormally. (3013)": "gap",
		"RESTORE DATABASE is terminating abnormally.": "", "(3119)": "", "Something else. RESTORE LOG is terminating abnormally.": "",
	} {
		if is, _ := OfText(text); is.Code != want {
			t.Errorf("%q is %q, want %q", text, is.Code, want)
		}
	}
}

func TestWhatTheOperatingSystemSays(t *testing.T) {
	for _, c := range []struct {
		number int
		text   string
		code   fault.Code
		name   string
	}{
		{5120, `Unable to open the physical file "E:\data\shop.mdf". Operating system error 5: "5(Access is denied.)".`, "service-account", `E:\data\shop.mdf`},
		{5120, `Unable to open the physical file "E:\data\shop.mdf". Operating system error 2: "2(The system cannot find the file specified.)".`, "file-missing", `E:\data\shop.mdf`},
		{5133, `Directory lookup for the file "E:\data\shop.mdf" failed with the operating system error 5(Access is denied.).`, "service-account", `E:\data\shop.mdf`},
		{5133, `Directory lookup for the file "E:\data\shop.mdf" failed with the operating system error 2(The system cannot find the file specified.).`, "file-missing", `E:\data\shop.mdf`},
		{3634, `The operating system returned the error '5(Access is denied.)' while attempting 'RestoreContainer::ValidateTargetForCreation' on 'D:\2016(x)\shop.mdf'.`, "service-account", `D:\2016(x)\shop.mdf`},
		{3634, `The operating system returned the error '32(The process cannot access the file.)' while attempting 'RestoreContainer' on 'D:\shop.mdf'.`, "file-held", `D:\shop.mdf`},
		{3634, "The operating system returned an error that nobody knows.", "disk", ""},
		{3201, `Cannot open backup device 'D:\x (1)\y.bak'. Operating system error 1326(The user name or password is incorrect.).`, "share-login", `D:\x (1)\y.bak`},
		{3201, `Cannot open backup device '\\nas\s\y.bak'. Operating system error 53(The network path was not found.).`, "share", `\\nas\s\y.bak`},
		{3201, `Cannot open backup device '/x/y.bak'.`, "device", "/x/y.bak"},
		{3202, `Write on "/b/x.bak" failed: 112(There is not enough space on the disk.)`, "volume-full", "/b/x.bak"},
		{3203, `Read on "/b/x.bak" failed: 38(Reached the end of the file.)`, "read", "/b/x.bak"},
		{4305, "The log 'x' begins at LSN 5(", "gap", ""},
	} {
		if is, name := OfError(c.number, c.text); is.Code != c.code || name != c.name || !explain.Known(is.Code) {
			t.Errorf("%d %s\nis %q of %q, want %q of %q", c.number, c.text, is.Code, name, c.code, c.name)
		}
	}
}
