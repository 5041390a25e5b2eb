// Package awsrds is the room for Amazon RDS for SQL Server: databases are
// restored there, backed up and copied by procedures that queue tasks (RDS User
// Guide, "Importing and exporting SQL Server databases using native backup and
// restore"; "Access to transaction log backups with RDS for SQL Server").
//
// A submitted task has no key of ours. Its id stands in the first column of the
// row that the procedure answers; where that is lost the list of tasks is looked
// through before anything is submitted again. What no public page tells is
// detected and tolerated: the spelling of columns, how many there are, and
// whether their times are local.
//
// SQL Server itself is reached through what is given to Instance, so that one
// room alone knows TDS.
package awsrds
