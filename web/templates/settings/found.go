package settings

import "github.com/bakplane/bakplane/web/templates/kit"

// Found is what an account holds, by sort.
type Found struct {
	Title  string
	Crumbs []kit.Link
	Sorts  []FoundSort
	Again  kit.Action
}

// FoundSort is one sort of things; Problem says why it could not be listed.
type FoundSort struct {
	Title   string
	Note    string
	Things  []FoundThing
	Problem *kit.Help
	Empty   kit.Empty
}

// FoundThing is one thing that can be added.
type FoundThing struct {
	Name   string
	Facts  []FoundFact
	Notes  []kit.Help
	Badge  kit.Badge // known already
	Action kit.Action
}

// FoundFact is one thing that the cloud tells.
type FoundFact struct{ Name, Value string }
