package awsaccount

import (
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/words"
)

// editions are those of SQL Server by engine (RDS guide, "Microsoft SQL Server
// versions on Amazon RDS").
var editions = map[string]string{"sqlserver-ee": "Enterprise", "sqlserver-se": "Standard", "sqlserver-ex": "Express", "sqlserver-web": "Web", "sqlserver-dev-ee": "Developer"}

// card is what is told of one instance.
type card struct{ endpoint.Found }

func (c *card) fact(name string, value words.Text) {
	c.Facts = append(c.Facts, endpoint.Fact{Name: name, Value: value})
}

func (c *card) note(bad bool, text, fix words.Text) {
	c.Notes = append(c.Notes, endpoint.Note{Bad: bad, Text: text, Fix: fix})
}

// describe words an instance; groups are the option groups that were read.
func describe(a endpoint.Account, i types.DBInstance, groups map[string]group) endpoint.Found {
	name, edition := aws.ToString(i.DBInstanceIdentifier), editions[aws.ToString(i.Engine)]
	if edition == "" {
		edition = aws.ToString(i.Engine)
	}
	c := card{endpoint.Found{Page: instancePage, Name: name, Form: map[string]string{"name": name, "region": a.Region, "account_id": a.ID, "instance_id": name, "login": aws.ToString(i.MasterUsername)}}}
	c.fact("Engine", words.Say("SQL Server %s, %s", edition, aws.ToString(i.EngineVersion)))
	c.fact("State", words.Say("%s", aws.ToString(i.DBInstanceStatus)))
	if e := i.Endpoint; e != nil && aws.ToString(e.Address) != "" {
		c.Form["host"], c.Form["port"] = aws.ToString(e.Address), strconv.Itoa(int(aws.ToInt32(e.Port)))
	} else {
		c.note(true, words.Say("It has no address yet."), words.Say("Wait until the service has made it, then look again."))
	}
	zones := words.Say("in one zone")
	if aws.ToBool(i.MultiAZ) {
		zones = words.Say("Multi-AZ")
	}
	c.fact("Class", words.Say("%s, %s", aws.ToString(i.DBInstanceClass), zones))
	c.storage(i)
	c.backups(i)
	c.options(i, groups)
	return c.Found
}

func (c *card) storage(i types.DBInstance) {
	size := words.Bytes(int64(aws.ToInt32(i.AllocatedStorage)) << 30)
	switch key := aws.ToString(i.KmsKeyId); {
	case !aws.ToBool(i.StorageEncrypted):
		c.fact("Storage", words.Say("%s, not encrypted", size))
	case key != "":
		c.fact("Storage", words.Say("%s, encrypted with %s", size, key))
	default:
		c.fact("Storage", words.Say("%s, encrypted", size))
	}
}

// backups are those that the service takes by itself.
func (c *card) backups(i types.DBInstance) {
	days := int(aws.ToInt32(i.BackupRetentionPeriod))
	if days == 0 {
		c.note(false, words.Say("The service takes no backups by itself: nothing there can be restored to a moment."), words.Say("Set a backup retention of one day or more in the console."))
		return
	}
	c.fact("Backups by the service", words.Say("kept for %s, taken %s UTC", words.Count(days, "day", "days"), aws.ToString(i.PreferredBackupWindow)))
	if at := aws.ToTime(i.LatestRestorableTime); !at.IsZero() {
		c.fact("Restorable there until", words.Say("%s", at))
	}
}

// options tell whether native backup and restore can be used, and as whom.
func (c *card) options(i types.DBInstance, groups map[string]group) {
	var unread error
	for _, m := range i.OptionGroupMemberships {
		name, status := aws.ToString(m.OptionGroupName), aws.ToString(m.Status)
		g := groups[name]
		switch {
		case g.err != nil:
			unread = g.err
		case g.has && g.role == "":
			c.note(true, words.Say("The option %s of the group %s names no role.", backupOption, name), words.Say("Give it a role that may read and write the bucket."))
			return
		case g.has && status != "in-sync":
			c.fact("Native backup and restore", words.Say("as %s, by the group %s", g.role, name))
			c.note(false, words.Say("The group %s is not in force yet: %s.", name, status), words.Say("Wait until the service says in-sync."))
			return
		case g.has:
			c.fact("Native backup and restore", words.Say("as %s, by the group %s", g.role, name))
			return
		}
	}
	if unread != nil {
		message, fix := fault.Texts(unread)
		c.note(false, words.Say("Whether native backup and restore is on cannot be told: %s", message), fix)
		return
	}
	c.note(true, words.Say("Native backup and restore is off: no option group of it has %s.", backupOption), words.Say("Add the option, with a role that reaches the bucket, to the instance's option group in the console."))
}
