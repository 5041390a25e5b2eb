package instances

import "github.com/bakplane/bakplane/web/templates/kit"

// Instances is the list of SQL Servers we know.
type Instances struct {
	Rows  []InstanceRow
	Empty kit.Empty
}

// InstanceRow is one line of the list.
type InstanceRow struct {
	Name   kit.Link
	Kind   string // SQL Server, ApsaraDB RDS
	Where  string // host\instance,port, or the cloud's id and region
	Role   string // databases come from here, go here
	Moves  string // 2 on their way; empty = none known
	Action *kit.Action
}
