package migration

import (
	"github.com/bakplane/bakplane/internal/tsql"
	"github.com/bakplane/bakplane/internal/words"
)

// Remedy is something that a person may have done at a source so that a line
// of the preflight passes. Nothing of it happens by itself.
type Remedy string

const (
	RemedyRecovery   Remedy = "recovery-full" // recovery model FULL
	RemedyPageVerify Remedy = "page-verify"   // page verify CHECKSUM
	RemedyCheck      Remedy = "checkdb"       // DBCC CHECKDB
	// RemedyWritable is done at a target, after a cutover: see OrderWritable.
	RemedyWritable Remedy = "read-write"
)

// Title is what the button says.
func (r Remedy) Title() words.Text {
	return map[Remedy]words.Text{RemedyRecovery: words.Say("Set recovery model FULL"), RemedyPageVerify: words.Say("Set page verify CHECKSUM"), RemedyCheck: words.Say("Run DBCC CHECKDB now"), RemedyWritable: words.Say("Set the target READ_WRITE")}[r]
}

// Statement is what the server gets.
func (r Remedy) Statement(database string) string {
	switch r {
	case RemedyRecovery:
		return "ALTER DATABASE " + tsql.Shown(database) + " SET RECOVERY FULL"
	case RemedyPageVerify:
		return "ALTER DATABASE " + tsql.Shown(database) + " SET PAGE_VERIFY CHECKSUM"
	case RemedyWritable:
		return "ALTER DATABASE " + tsql.Shown(database) + " SET READ_WRITE WITH ROLLBACK IMMEDIATE"
	}
	return "DBCC CHECKDB (" + tsql.ShownText(database) + ") WITH NO_INFOMSGS, ALL_ERRORMSGS, TABLERESULTS"
}

// Effects say what it brings about, in order.
func (r Remedy) Effects() []string {
	switch r {
	case RemedyRecovery:
		return []string{"The log is kept from now on until it is backed up: without log backups it grows.",
			"A full backup must follow before log backups can. It is the first step of the migration; when you do not start it, take one by other means or set SIMPLE again."}
	case RemedyPageVerify:
		return []string{"Pages get a checksum when they are written next. Those that are not written keep none until their index is rebuilt."}
	}
	return []string{"Every page of the database is read: it takes as long as that does, and the server is busier meanwhile.", "Nothing is repaired. What is found is kept here with its date."}
}
