package migrations

import "github.com/bakplane/bakplane/web/templates/kit"

// Migrations is the list of databases on their way.
type Migrations struct {
	Under string
	Tabs  []kit.Tab
	Rows  []MigrationRow
	Pager kit.Pager
	Empty kit.Empty // shown when there are no rows
}

// Fragments of the list.
func (v Migrations) Fragments() []kit.Fragment {
	return []kit.Fragment{{ID: "migrations-list", Component: migrationRows(v)}}
}

// MigrationRow is one line of the list.
type MigrationRow struct {
	Name     kit.Link
	From, To string
	Badge    kit.Badge
	Progress *kit.Progress
	Next     string // what happens or is needed next
	Begun    kit.When
}
