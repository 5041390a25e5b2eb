package migrations

import "github.com/bakplane/bakplane/web/templates/kit"

// Migration is one database on its way.
type Migration struct {
	Name     string
	Crumbs   []kit.Link
	Path     string // folder → instance
	Badge    kit.Badge
	Actions  []kit.Action
	Facts    []kit.Fact
	Chain    kit.Chain
	Joined   string    // by LSN · one fork · no gap
	Stop     *kit.Stop // of a migration that follows a source
	Contents *Contents // what both sides hold, as far as it was compared
	ByHand   []Tick    // what remains for people, once it is open
	Files    []MigrationFile
	Needs    []kit.Help
	Steps    []kit.Step
	Calls    []kit.Call
	Live     bool // it follows a server at work: statements to it are among the calls
	Events   []kit.Event
	More     *kit.Action // to all events
}

// Fragments of the page, in page order.
func (v Migration) Fragments() []kit.Fragment {
	return []kit.Fragment{
		{ID: "migration-head", Component: migrationHead(v)},
		{ID: "migration-facts", Component: kit.Facts(v.Facts)},
		{ID: "migration-chain", Component: migrationChain(v)},
		{ID: "migration-stop", Component: migrationStop(v)},
		{ID: "migration-contents", Component: migrationContents(v)},
		{ID: "migration-hand", Component: migrationByHand(v)},
		{ID: "migration-files", Component: migrationFiles(v)},
		{ID: "migration-calls", Component: migrationCalls(v)},
		{ID: "migration-needs", Component: migrationNeeds(v)},
		{ID: "migration-steps", Component: migrationSteps(v)},
		{ID: "migration-events", Component: migrationEvents(v)},
	}
}

func (v Migration) callsTitle() string {
	if v.Live {
		return "Statements and calls"
	}
	return "Calls to the cloud"
}

// Tick is one thing to do by hand.
type Tick struct {
	What, How, Statement string
}

// MigrationFile is one backup file of the chain.
type MigrationFile struct {
	Name     string
	Note     string // staged under another name, refused because …
	Kind     kit.Kind
	Taken    kit.When
	Size     kit.Size
	LastLSN  string
	Badge    kit.Badge
	Progress *kit.Progress
}
