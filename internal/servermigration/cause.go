package servermigration

import (
	"strings"

	"github.com/bakplane/bakplane/internal/explain"
	"github.com/bakplane/bakplane/internal/fault"
)

// sentences are the texts in StatusInfo and in the agent's logs that the
// service's FAQ explains (sheet smc.md, section 9.2). Narrower ones stand first.
var sentences = []explain.Sentence{
	{Code: "smc-copy-cut", Fragments: []string{"do rsync disk"}},
	{Code: "smc-vss", Fragments: []string{"vsssnapshotul", "0x80042308"}},
	{Code: "smc-vss", Fragments: []string{"prepare for rsync disk 0"}},
	{Code: "smc-connect", Fragments: []string{"connect to server failed"}},
	{Code: "smc-linux", Fragments: []string{"do grub failed"}},
	{Code: "smc-linux", Fragments: []string{"check virtio failed"}},
	{Code: "smc-linux", Fragments: []string{"check rsync failed"}},
	{Code: "smc-linux", Fragments: []string{"rsync not found"}},
	{Code: "smc-linux", Fragments: []string{"check selinux failed"}},
	{Code: "smc-unreadable", Fragments: []string{"permission denied (13)"}},
	{Code: "smc-clock", Fragments: []string{"illegaltimestamp"}},
	{Code: "smc-balance", Fragments: []string{"invalidaccountstatus.notenoughbalance"}},
	{Code: "smc-snapshots", Fragments: []string{"snapshotserviceunavailable"}},
	{Code: "smc-vpcs", Fragments: []string{"quotaexceeded.vpc"}},
	{Code: "smc-vpcs", Fragments: []string{"create transition vpc failed"}},
	{Code: "smc-image-name", Fragments: []string{"invalidimagename.duplicated"}},
	{Code: "smc-may-not-buy", Fragments: []string{"forbidden.subuser"}},
	{Code: "smc-ecs-rights", Fragments: []string{"forbidden.ram"}},
	{Code: "smc-rights", Fragments: []string{"forbidden.unauthorized"}},
	{Code: "smc-role", Fragments: []string{"haven't authorized for smc ram role"}},
	{Code: "smc-real-name", Fragments: []string{"real-name authentication"}},
	{Code: "smc-agent", Fragments: []string{"sourceserver.offline"}},
}

// CodeRefused is of an order that a rule refuses in its own words.
const CodeRefused fault.Code = "smc-refused"

// CodeUnknown is an error inside a job that nobody has explained.
const CodeUnknown fault.Code = "smc-unknown"

// CauseOf is what a job's or a source server's own error means. The full list
// of codes inside jobs is not published in what we could read, so a text that is
// not known is shown as it is, with the code smc-unknown.
func CauseOf(code, text string) fault.Code {
	if code == "" && text == "" {
		return ""
	}
	if c := explain.Recognised(sentences, code+" "+text); c != "" {
		return c
	}
	if c := Refusal(code); c != "" {
		return c
	}
	return CodeUnknown
}

// refusal is an error code of the API.
type refusal struct {
	Says string
	Code fault.Code
}

// refusals are the error codes of SMC's API (its published metadata, sheet
// smc.md section 5), in small letters.
var refusals = []refusal{
	{Says: "replicationjob.invalidstatus", Code: "smc-status"},
	{Says: "replicationjob.invalidbusinessstatus", Code: "smc-phase"},
	{Says: "replicationjob.related", Code: "smc-source-job"},
	{Says: "replicationjobname.duplicate", Code: "smc-job-name"},
	{Says: "replicationjobdatadiskindex.invalid", Code: "smc-disk"},
	{Says: "datadisk.duplicateindex", Code: "smc-disk"},
	{Says: "imagename.usedbyreplicationjob", Code: "smc-image-name"},
	{Says: "vswitchidvpcid.mismatch", Code: "smc-network"},
	{Says: "invalidsecuritygroupid.incorrectnetworktype", Code: "smc-network"},
	{Says: "invalidsecuritygroupid.vpcmismatch", Code: "smc-network"},
	{Says: "quotaexceeded.replicationjob", Code: "smc-quota"},
	{Says: "invalidosmigrationtype.notmatched", Code: "smc-target"},
	{Says: "entitynotexist.role", Code: "smc-role"},
	{Says: "realnameauthenticationerror", Code: "smc-real-name"},
	{Says: "sourceserverstate.invalid", Code: "smc-agent"},
	{Says: "sourceserver.offline", Code: "smc-agent"},
	{Says: "sourceserver.withrunningreplicationjob", Code: "smc-source-running"},
	{Says: "forbidden.subuser", Code: "smc-may-not-buy"},
	{Says: "forbidden.ram", Code: "smc-ecs-rights"},
	{Says: "forbidden.unauthorized", Code: "smc-rights"},
	{Says: "illegaltimestamp", Code: "smc-clock"},
	{Says: "invalidaccountstatus.notenoughbalance", Code: "smc-balance"},
}

// Refusal is what an error code of SMC's API means; empty for one that is not
// known.
func Refusal(code string) fault.Code {
	code = strings.ToLower(code)
	for _, r := range refusals {
		if r.Says == code {
			return r.Code
		}
	}
	return ""
}
