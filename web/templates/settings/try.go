package settings

import "github.com/bakplane/bakplane/web/templates/kit"

// Trial is what was tried in a place, and what is worth knowing of it.
type Trial struct {
	Name    string
	Crumbs  []kit.Link
	Badge   kit.Badge
	Actions []kit.Action
	Rows    []Tried
	Notes   []kit.Help
}

// Tried is one thing that was tried.
type Tried struct {
	What  string
	Badge kit.Badge
	Note  string // why it failed and what to do
}
