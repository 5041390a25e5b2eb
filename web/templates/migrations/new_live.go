package migrations

import "github.com/bakplane/bakplane/web/templates/kit"

// PickLive is step 1 of a migration from a server at work: which database,
// where it goes, how it is followed.
type PickLive struct {
	From    []kit.Tab
	Servers []kit.Tab
	Form    *kit.Form  // nil when the server cannot be asked
	Trouble *kit.Help  // why it cannot
	Empty   *kit.Empty // something is missing before this can begin
}
