package sqlerror

import (
	"regexp"
	"strconv"
	"strings"
)

// OfText finds the meaning of SQL Server's words where its number was lost or
// stands among them, as in the description of a cloud's task. Telling sentences
// come first, then numbers where the text says that they are error numbers:
// LSNs, sizes and the time in a file's name are none. What only says that a
// statement ended counts when nothing else is said.
func OfText(text string) (Meaning, bool) {
	low := strings.ToLower(text)
	for _, t := range texts {
		if t.in(low) {
			is, _ := OfError(t.number, text)
			return is, true
		}
	}
	for _, n := range Numbers(text) {
		if is, ok := OfNumber(n); ok {
			return is, true
		}
	}
	// The cloud's documentation explains this ending, alone, as a missing log.
	if strings.Contains(low, "restore log is terminating abnormally") && strings.Trim(endings.ReplaceAllString(low, ""), " .\t\r\n") == "" {
		return meaning(4305), true
	}
	return Meaning{}, false
}

func meaning(number int) Meaning {
	is, _ := OfNumber(number)
	return is
}

// errorNumber is "(4305)" at the end of a sentence or word, "Msg 4305" and
// "error 4305". "Operating system error 5" is another's number, and a number in
// brackets inside a name, such as "orders (4305).bak", is none.
var errorNumber = regexp.MustCompile(`(?i)(operating system |os )?(?:\bmsg|\berror:?(?: number| code)?:?) #?(\d{3,5})\b|\((\d{3,5})\)(?:[\s,;:]|\.\s|\.?$)`)

// Numbers are the error numbers that a text names, in order.
func Numbers(text string) (out []int) {
	for _, hit := range errorNumber.FindAllStringSubmatch(text, -1) {
		if hit[1] != "" {
			continue
		}
		n, _ := strconv.Atoi(hit[2] + hit[3])
		out = append(out, n)
	}
	return out
}

// endings are sentences that follow any error.
var endings = regexp.MustCompile(`(?:(?:restore|backup) (?:log|database|headeronly|filelist) is terminating abnormally` +
	`|problems were identified while planning for the restore statement|previous messages provide details` +
	`|the statement has been terminated|alter database statement failed)\.?|\[[a-z0-9 .]+\]|\(\d{3,5}\)|msg \d{3,5}(?:, level \d+)?(?:, state \d+)?(?:, line \d+)?`)

// text recognises an error by all its fragments, in lower case.
type text struct {
	number    int
	fragments []string
}

func (t text) in(low string) bool {
	for _, f := range t.fragments {
		if !strings.Contains(low, f) {
			return false
		}
	}
	return true
}

// texts are the engine's English sentences (sys.messages), by their fixed parts.
var texts = []text{
	{4305, []string{"too recent to apply"}},
	{4326, []string{"too early to apply"}},
	{4312, []string{"break in the log chain"}},
	{4330, []string{"recovery path", "inconsistent"}},
	{4330, []string{"recovery fork"}},
	{4319, []string{"previous restore operation was interrupted"}},
	{4335, []string{"stopat time is too early"}},
	{4333, []string{"cannot be recovered because the log was not restored"}},
	{4341, []string{"bulk-logged changes", "point in time"}},
	{3136, []string{"not been restored to the correct earlier state"}},
	{3117, []string{"no files are ready to roll"}},
	{3118, []string{"has not been restored while in norecovery"}},
	{3132, []string{"media families but only"}},
	{3132, []string{"media family", "members must be provided"}},
	{3231, []string{"media loaded on", "formatted to support"}},
	{3241, []string{"media family on device", "incorrectly formed"}},
	{3242, []string{"not a valid microsoft tape format"}},
	{3254, []string{"volume on device", "is empty"}},
	{3256, []string{"terminated while it was being created and is incomplete"}},
	{3183, []string{"restore detected an error on page"}},
	{3189, []string{"damage to the backup set was detected"}},
	{3187, []string{"restore with checksum cannot be specified"}},
	{3279, []string{"access is denied due to a password failure"}},
	{3154, []string{"backup of a database other than the existing"}},
	{3141, []string{"database to be restored was named", "reissue the statement"}},
	{3159, []string{"tail of the log for the database", "not been backed up"}},
	{3169, []string{"was backed up on a server running version"}},
	{3168, []string{"backup of the system database"}},
	{1801, []string{"database", "already exists. choose a different database name"}},
	{3156, []string{"cannot be restored to", "use with move"}},
	{1834, []string{"cannot be overwritten", "being used by database"}},
	{3257, []string{"insufficient free space on disk volume"}},
	{3144, []string{"was not backed up in file"}},
	{3234, []string{"logical file", "is not part of database"}},
	{5133, []string{"directory lookup for the file"}},
	{909, []string{"cannot be started in this edition of sql server"}},
	{12824, []string{"contained database authentication"}},
	{5591, []string{"filestream feature is disabled"}},
	{33111, []string{"cannot find server certificate with thumbprint"}},
	{3101, []string{"exclusive access could not be obtained"}},
	{5064, []string{"single-user mode", "currently connected"}},
	{1468, []string{"involved in a database mirroring session"}},
	{3104, []string{"has joined an availability group"}},
	{3059, []string{"not supported on a database mirror or secondary replica"}},
	{976, []string{"participating in an availability group and is currently not accessible"}},
	{983, []string{"unable to access", "replica role is"}},
	{35250, []string{"connection to the primary replica is not active"}},
	{927, []string{"in the middle of a restore"}},
	{3110, []string{"permission to restore database"}},
	{262, []string{"create database permission denied"}},
	{3204, []string{"backup or restore was aborted"}},
	{3201, []string{"cannot open backup device"}},
	{3203, []string{"read on", "failed:"}},
}
