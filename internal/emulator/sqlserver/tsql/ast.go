package tsql

// Statement is one of the statement types of this package.
type Statement any

// Expr is one of the expression types of this package.
type Expr any

// Name is a name of up to four parts; left-out parts are empty.
type Name []string

// Last is the name's own part.
func (n Name) Last() string { return n[len(n)-1] }

// Part counts from the end: 0 the name itself, 1 the schema, 2 the database.
func (n Name) Part(fromEnd int) string {
	if fromEnd >= len(n) {
		return ""
	}
	return n[len(n)-1-fromEnd]
}

// TypeName is a type as written: decimal(25,0). Max stands as -1.
type TypeName struct {
	Name string // lower case
	Args []int
}

// Expressions.
type (
	Null   struct{}
	Number struct{ Text string }
	String struct{ Value string }
	Binary struct{ Hex string } // digits without 0x
	Var    struct{ Name string }
	Column struct{ Name Name }
	// Star is * or t.*, as an item or as an argument.
	Star   struct{ Of string }
	Invoke struct { // a function
		Name     Name
		Args     []Expr
		Distinct bool
		Over     *Over
	}
	Over struct {
		PartitionBy []Expr
		OrderBy     []Order
	}
	Cast struct { // CAST, CONVERT and their TRY_ forms
		X    Expr
		Type TypeName
		Try  bool
		// Style is CONVERT's third argument.
		Style Expr
	}
	Unary struct {
		Op string
		X  Expr
	} // - NOT ~
	Binop struct {
		Op   string
		L, R Expr
	} // + - * / % & | ^ = <> < <= > >= AND OR
	IsNull struct {
		X   Expr
		Not bool
	}
	In struct {
		X    Expr
		List []Expr
		Of   *Select
		Not  bool
	}
	Like struct {
		X, Pattern, Escape Expr
		Not                bool
	}
	Between struct {
		X, Low, High Expr
		Not          bool
	}
	Case struct {
		Of    Expr // nil in a searched CASE
		Whens []When
		Else  Expr
	}
	When   struct{ If, Then Expr }
	Exists struct{ Of *Select }
	Query  struct{ Of *Select } // a scalar subquery
)

// Sources of rows.
type (
	Table struct {
		Name  Name
		Alias string
	}
	Function struct {
		Name  Name
		Args  []Expr
		Alias string
	}
	Derived struct {
		Of      *Select
		Alias   string
		Columns []string
	}
	Rows struct { // (VALUES (…), (…)) AS alias (columns)
		Values  [][]Expr
		Alias   string
		Columns []string
	}
	Join struct {
		Kind string // INNER LEFT RIGHT FULL CROSS, CROSS APPLY, OUTER APPLY
		L, R any
		On   Expr
	}
)

// Select is a query.
type Select struct {
	With     []CTE
	Distinct bool
	Top      Expr
	Items    []Item
	From     any // nil: one row of nothing
	Where    Expr
	GroupBy  []Expr
	Having   Expr
	Union    []Union // further queries
	OrderBy  []Order
}

// CTE is a named query before a SELECT.
type CTE struct {
	Name    string
	Columns []string
	Of      *Select
}

// Union joins a further query.
type Union struct {
	All bool
	Of  *Select
}

// Item is a column of a result, or an assignment when Into is set.
type Item struct {
	X    Expr
	As   string
	Into string
}

// Order is a column to sort by.
type Order struct {
	By         Expr
	Descending bool
}

// Statements.
type (
	// SetOption is any SET that no emulation looks at.
	SetOption struct{ Name string }
	SetVar    struct {
		Name string
		X    Expr
	}
	Declare struct {
		Name string
		Type TypeName
		X    Expr
	}
	Use   struct{ Database string }
	Print struct{ X Expr }
	Wait  struct{ Delay Expr }
	If    struct {
		Cond       Expr
		Then, Else Statement
	}
	Block    struct{ Statements []Statement }
	Begin    struct{}
	Commit   struct{}
	Rollback struct{}
	Return   struct{}
	Raise    struct { // RAISERROR and THROW
		Number, Text, Severity, State Expr
	}
	Insert struct {
		Into    Name
		Columns []string
		Rows    [][]Expr
		From    *Select
	}
	Update struct {
		Of    Name
		Sets  []Assignment
		Where Expr
	}
	Assignment struct {
		Column string
		X      Expr
	}
	Delete struct {
		From  Name
		Where Expr
	}
	CreateTable struct {
		Name    Name
		Columns []ColumnDef
	}
	ColumnDef struct {
		Name    string
		Type    TypeName
		NotNull bool
		Key     bool
		// Identity columns count by themselves.
		Identity bool
	}
	DropTable struct {
		Name     Name
		IfExists bool
	}
	CreateDatabase struct{ Name string }
	DropDatabase   struct {
		Names    []string
		IfExists bool
	}
	AlterDatabase struct {
		Name    string // empty = CURRENT
		Sets    []Setting
		Rename  string
		Owner   string // of ALTER AUTHORIZATION ON DATABASE
		Rolling bool   // WITH ROLLBACK IMMEDIATE or AFTER n
		NoWait  bool
	}
	// AlterGroup is ALTER AVAILABILITY GROUP … ADD or REMOVE DATABASE.
	AlterGroup struct {
		Group, Database string
		Add             bool
	}
	// Setting is RECOVERY FULL, READ_ONLY, MULTI_USER, …: Word in upper case.
	Setting struct{ Word, Value string }
	CheckDB struct {
		Database Expr // nil = the current one
		Options  map[string]bool
	}
	Kill struct{ Session Expr }
	Exec struct {
		Name   Name
		Into   string // variable for the return status
		Args   []Arg
		String Expr // EXEC ('…')
	}
	Arg struct {
		Name   string // @name, empty for positional
		X      Expr
		Output bool
	}
	Backup struct {
		Log      bool
		Database Expr
		Devices  []Device
		Options  Options
	}
	Restore struct {
		Kind     string // DATABASE, LOG, HEADERONLY, FILELISTONLY, LABELONLY, VERIFYONLY
		Database Expr
		Devices  []Device // none: recovery only
		Options  Options
		Moves    []Move
	}
	Device struct {
		Kind string // DISK, URL or NAME for a logical device
		Path Expr
	}
	Move struct{ Logical, Path Expr }
)

// Options of BACKUP and RESTORE by their name in upper case; nil for those
// without a value.
type Options map[string]Expr

// Has reports whether the option was given.
func (o Options) Has(name string) bool { _, ok := o[name]; return ok }
