package templates

// Migrations is the list of databases on their way.
type Migrations struct {
	Under string
	Tabs  []Tab
	Rows  []MigrationRow
	Pager Pager
	Empty Empty // shown when there are no rows
}

// MigrationRow is one line of the list.
type MigrationRow struct {
	Name     Link
	From, To string
	Badge    Badge
	Progress *Progress
	Next     string // what happens or is needed next
	Begun    When
}

// Fragments of the list.
func (v Migrations) Fragments() []Fragment {
	return []Fragment{{"migrations-list", migrationRows(v)}}
}

// Migration is one database on its way.
type Migration struct {
	Name     string
	Crumbs   []Link
	Path     string // folder → instance
	Badge    Badge
	Actions  []Action
	Facts    []Fact
	Chain    Chain
	Joined   string    // by LSN · one fork · no gap
	Stop     *Stop     // of a migration that follows a source
	Contents *Contents // what both sides hold, as far as it was compared
	ByHand   []Tick    // what remains for people, once it is open
	Files    []MigrationFile
	Needs    []Help
	Steps    []Step
	Calls    []Call
	Live     bool // it follows a server at work: statements to it are among the calls
	Events   []Event
	More     *Action // to all events
}

// Tick is one thing to do by hand.
type Tick struct {
	What, How, Statement string
}

// MigrationFile is one backup file of the chain.
type MigrationFile struct {
	Name     string
	Note     string // staged under another name, refused because …
	Kind     Kind
	Taken    When
	Size     Size
	LastLSN  string
	Badge    Badge
	Progress *Progress
}

// Call is one changing call, exactly as it is or was sent.
type Call struct {
	Title   string // CreateMigrateTask, full backup
	Request string
	Badge   Badge // empty before it is made
	When    When
	Note    string
}

// Fragments of the page, in page order.
func (v Migration) Fragments() []Fragment {
	return []Fragment{
		{"migration-head", migrationHead(v)},
		{"migration-facts", Facts(v.Facts)},
		{"migration-chain", migrationChain(v)},
		{"migration-stop", migrationStop(v)},
		{"migration-contents", migrationContents(v)},
		{"migration-hand", migrationByHand(v)},
		{"migration-files", migrationFiles(v)},
		{"migration-calls", migrationCalls(v)},
		{"migration-needs", migrationNeeds(v)},
		{"migration-steps", migrationSteps(v)},
		{"migration-events", migrationEvents(v)},
	}
}

func (v Migration) callsTitle() string {
	if v.Live {
		return "Statements and calls"
	}
	return "Calls to the cloud"
}

// Decision is a page that asks once more before something is done: what will
// happen, the exact call, the choice, the button.
type Decision struct {
	Title  string
	Crumbs []Link
	Badge  Badge
	Intro  string
	Points []string // what will happen, in order
	Notes  []Help
	Stop   *Stop // how long writes would stop
	Calls  []Call
	Form   *Form // nil = it cannot be done now, Notes say why
}

// CloudFiles are the files of the restore task as the cloud sees them.
type CloudFiles struct {
	Who     string // cloud or target
	Title   string
	Crumbs  []Link
	Age     string // asked 12 s ago
	AgeTone Tone
	Refresh Action
	Pairs   []Pair // of the task
	Said    string // the task's own description
	Rows    []CloudFile
	Empty   Empty
	Note    *Help
}

// Pair is a word and its value.
type Pair struct {
	Key, Value string
	When       When
	Badge      Badge
}

// CloudFile is one row of DescribeOssDownloads.
type CloudFile struct {
	Name      string
	Kind      Kind
	Size      string // as the service writes it
	Badge     Badge
	Available string
	Created   When
	Ended     When
	Said      string
}
