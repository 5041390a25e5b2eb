package templates

// Instances is the list of SQL Servers we know.
type Instances struct {
	Rows  []InstanceRow
	Empty Empty
}

// InstanceRow is one line of the list.
type InstanceRow struct {
	Name   Link
	Kind   string // SQL Server, ApsaraDB RDS
	Where  string // host\instance,port, or the cloud's id and region
	Role   string // databases come from here, go here
	Moves  string // 2 on their way; empty = none known
	Action *Action
}

// Instance is one server, asked just now.
type Instance struct {
	Name      string
	Crumbs    []Link
	Under     string
	Badge     Badge
	Actions   []Action
	Trouble   *Help // it could not be asked
	Tabs      []Tab // of an instance of a cloud
	Facts     []Fact
	Databases []DatabaseRow
	Bare      bool // nothing but names and sizes is told of the databases
	Empty     Empty
}

// DatabaseRow is one database of a server.
type DatabaseRow struct {
	Name     string
	Href     string // of its page; empty = it has none
	Badge    Badge  // state
	Recovery Badge  // recovery model
	Size     Size
	Note     string // log size, compatibility
	Full     Backed
	Diff     Backed
	Log      Backed
	Marks    []Badge // TDE, availability group, read-only
	Action   *Action
	Off      bool // a system database
}

// Backed is when a kind of backup was last taken.
type Backed struct {
	When When
	Ago  string // 2 h ago, never
	Tone Tone
}
